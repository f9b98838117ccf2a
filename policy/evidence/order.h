/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: the decoded events of a boot log, in order; to: reasons where types, digests, separators
 * and order contradict one another, and facts about quirks. A machine for each PCR: nothing binds
 * the order between PCRs. Judges only the PCRs that it is told to. Inside evidence, and for
 * inspection. Pure. [PFP 1.06 3.3.4; appraisal 2; threats 20, 22-24, 31]
 */
#pragma once

#include "evidence/order_profile.h"
#include "evidence/replay.h"

struct order_view {
    const struct replay_event *events; /* of a boot log; other logs' events are passed over */
    size_t n_events;
    uint32_t pcrs;  /* the PCRs to judge, as bits */
    uint32_t reset; /* those that a quote shows at their reset value: nothing capped them */
    size_t n_banks;
    uint16_t banks[LIMIT_BANKS];
};

void order_check(const struct order_view *v, struct reasons *reasons);
/* EV_NO_ACTION extends nothing, so its digests are zero; any other is log.digest. (Windows logs one
 * of no PCR with digests: passed over.) */
void order_check_no_action(const struct eventlog *log, uint32_t pcrs, struct reasons *reasons);
/* The fact of quirk region-tail. */
void order_tell_tail(const struct eventlog *log, struct reasons *reasons);
enum order_profile order_profile(const struct order_view *v);
