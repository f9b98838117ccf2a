/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the bound Secure Boot variables of a boot say, as facts for people: keys, what let an image
 * run, SBAT's level, how far the change of Microsoft's certificates has come. Pure. [UEFI 2.10 32;
 * appraisal 1; threats 25]
 */
#pragma once

#include "evidence/replay.h"

#define BOOT_FACTS_PCR  7u /* Secure Boot, on a PC */
#define BOOT_FACTS_CCEL 1u /* the same as a measurement register */

/* Add secure-boot.keys, .authority, .sbat and .microsoft for the events of that PCR whose data is
 * bound. */
void boot_facts_tell(const struct replay_event *events, size_t n, uint32_t pcr,
                     struct reasons *reasons);
