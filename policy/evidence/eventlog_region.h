/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the log of a U-Boot without EFI ends. Its first event is U-Boot's version in PCR 0; its
 * last eight are the separators of PCR 0 to 7, FFFFFFFF, or 00000001 after an error: U-Boot
 * measures nothing after them. The log stands in a larger region of memory, so what follows is not
 * the log's. A quote decides whether that was all. Inside evidence only. Pure. [U-Boot bootm]
 */
#pragma once

#include "evidence/eventlog.h"

#define EVENTLOG_UBOOT "U-Boot " /* how U-Boot's version string begins */

struct eventlog_region {
    bool begun; /* the first event was looked at */
    bool uboot; /* and it was U-Boot's version */
    uint32_t n_closed;
};

/* After each record but the first, the Spec ID event. */
void eventlog_region_step(struct eventlog_region *region, const struct event *e);
bool eventlog_region_is_closed(const struct eventlog_region *region);
/* Nothing, or 0x00 or 0xFF to the end. */
bool eventlog_region_is_filler(struct bytes rest);
