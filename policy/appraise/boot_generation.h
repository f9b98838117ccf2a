/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts of generations: which one each bundle of a boot comes from (boot.generation), that it is
 * older than the boot before (boot.went-back), that a newer one was open to the device when it
 * booted (boot.not-taken). Pure. [appraisal 2]
 */
#pragma once

#include "appraise/boot.h"

/* Call for a boot that matched a set. */
void boot_generation_note(struct judge *j, const struct boot *b);
