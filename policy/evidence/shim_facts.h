/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What shim measures of the machine owner's keys into PCR 14: the name of a variable in the log,
 * which nothing covers, and the digest of its value, which is not in the log. A value that shim
 * itself writes is recognised by its digest; of any other there is the digest only, and it is said
 * so. Pure. [threats 23, 25]
 */
#pragma once

#include "evidence/replay.h"

#define SHIM_FACTS_PCR  14u
#define SHIM_FACTS_CCEL 3u /* the same as a measurement register */

/* Is this the name of a variable of shim's that holds a switch, not a key. */
bool shim_is_switch(const char *name);
/* Add secure-boot.mok, claimed, for the events of that PCR. STATUS_CRYPTO. */
MUST_CHECK enum status shim_facts_tell(struct hasher *h, const struct replay_event *events,
                                       size_t n, uint32_t pcr, struct reasons *reasons);
