/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of boot_match: the alignment of one PCR's events with its components. Pure.
 */
#pragma once

#include "appraise/boot_match.h"

MUST_CHECK enum status boot_match_take(const struct boot_profiles *p, struct boot_match *m,
                                       const struct boot_taken *taken);
