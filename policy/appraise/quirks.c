/* SPDX-License-Identifier: Apache-2.0 */
/* from: proven events whose data was bound by a named quirk, and a log that counts by one; to: a
 * reason where policy denies it; never: lets a repair pass that policy refuses. [threats 30] */
#include "appraise/rules.h"

#define HAS_BIT(mask, bit) (((mask) >> (bit)) & 1u)

static void
blame(struct judge *j, const struct replay_event *e)
{
    struct reason r = judge_reason_at(j, REASON_LOG_DIGEST, e);
    r.bound = false;
    reason_set_what(&r, event_quirk_name(e->meaning.quirk));
    reason_set_expected(&r, "data bound without this quirk");
    judge_blame(j, &r, HAS_BIT(j->enforced, e->pcr) ? POLICY_ENFORCE : POLICY_WARN);
}

/* What the log as a whole needed: nothing of it stands then. */
static void
judge_log(struct judge *j, uint32_t denied)
{
    uint32_t used = replay_quirks(j->input->replay) & denied;
    for (unsigned quirk = 0; quirk < EVENT_QUIRK_COUNT; quirk++) {
        if (!HAS_BIT(used, quirk))
            continue;
        struct reason r = judge_reason(REASON_LOG_QUIRK_DENIED);
        r.log = REASON_LOG_BOOT;
        reason_set_what(&r, event_quirk_name((enum event_quirk)quirk));
        judge_blame(j, &r, POLICY_ENFORCE);
    }
}

/* One reason a quirk and PCR: its first event. */
void
quirks_judge(struct judge *j)
{
    uint32_t denied = j->policy->policy->quirks_denied;
    judge_log(j, denied);
    uint32_t told[EVENT_QUIRK_COUNT] = {0};
    for (size_t i = 0; denied != 0 && i < replay_n_events(j->input->replay); i++) {
        const struct replay_event *e = replay_event_at(j->input->replay, i);
        enum event_quirk quirk = e->meaning.quirk;
        if (!HAS_BIT(denied, quirk) || HAS_BIT(told[quirk], e->pcr))
            continue;
        told[quirk] |= 1u << e->pcr;
        blame(j, e);
    }
}
