/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The platforms that make boot logs, and the signs by which a log shows which one made it: a
 * reference set is for one of them, and the order of events is judged by it. Pure. [appraisal 2]
 */
#pragma once

#include "evidence/event.h"

/* Which platform made the log, by its bound version string and the value of its separators. It
 * decides what is normal:
 *   pc         separators of either value; images in PCR 4 before the boot attempt and after the
 *              separator
 *   uboot-efi  separators of zeros; the boot application stands before the boot attempt
 *   uboot-fit  separators of ones, the last event of their PCR and alone in PCR 2 to 7; no event of
 *              EFI; kernel in 8 and initrd in 9; boot arguments in 1 that their digest covers */
enum order_profile { ORDER_PC, ORDER_UBOOT_EFI, ORDER_UBOOT_FIT };

/* Its signs, gathered event by event. Zero value: none seen, so pc. */
struct order_signs {
    bool uboot;
    unsigned n_zeros, n_ones;
};
void order_signs_add(struct order_signs *s, uint32_t pcr, uint32_t type,
                     const struct event_meaning *m);
enum order_profile order_signs_profile(const struct order_signs *s);
/* "pc", "uboot-efi", "uboot-fit" */
const char *order_profile_name(enum order_profile profile);
