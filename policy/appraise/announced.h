/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which proven events a device announced, under one policy: each with the role that it was
 * announced for, and why it does not count where it does not. Made once a policy and round; borrows
 * the announcement. Pure. [appraisal 2]
 */
#pragma once

#include "appraise/announcement.h"
#include "appraise/appraise.h"
#include "appraise/policy.h"
#include "appraise/proven.h"

struct announced_event {
    const struct replay_event *event;
    const struct announcement_item *item;
    /* REASON_NONE: explains the event. REASON_BOOT_ANNOUNCED_OTHER, _LATE, _ROLE: another boot,
     * seen too late, a role that policy does not let be announced. */
    enum reason_code refusal;
};

/* Zero value: nothing was announced. */
struct announced {
    size_t n;
    struct announced_event *events;
    bool expected; /* an announcement counts for this boot */
};

/* Lists lie in the arena. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status announced_init(struct arena *arena, struct hasher *h,
                                      const struct appraisal_input *input,
                                      const struct policy_announce *rule,
                                      const struct proven *proven, struct announced *out);
/* The event as announced for a role; one that counts before one that does not. NULL: none. */
const struct announced_event *announced_find(const struct announced *a,
                                             const struct replay_event *e, const char *role);
