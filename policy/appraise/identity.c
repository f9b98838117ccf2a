/* SPDX-License-Identifier: Apache-2.0 */
/* from: what the verifier knows of a device, and when the quote was asked for; to: reasons; never:
 * believes the device's own word on either. */
#include "appraise/rules.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>

static void
judge_freshness(struct judge *j)
{
    enum freshness_kind kind = quote_freshness(j->input->quote);
    if (kind == FRESHNESS_CHALLENGE || kind == FRESHNESS_SESSION_NONCE)
        return;
    struct reason r = judge_reason(REASON_EVIDENCE_FRESHNESS);
    judge_blame(j, &r, POLICY_ENFORCE);
}

static void
judge_age(struct judge *j)
{
    int64_t time_ms = quote_time_ms(j->input->quote);
    int64_t max_age_s = j->policy->policy->evidence_age_s;
    if (time_ms < 0)
        return; /* not known: then the kind of freshness is a reason already */
    int64_t age_s = j->input->now_s - time_ms / 1000;
    if (age_s <= max_age_s)
        return;
    struct reason r = judge_reason(REASON_EVIDENCE_AGE);
    char text[40];
    (void)snprintf(text, sizeof text, "at most %" PRId64 " s", max_age_s);
    reason_set_expected(&r, text);
    (void)snprintf(text, sizeof text, "%" PRId64 " s", age_s);
    reason_set_found(&r, text);
    bool late = age_s < policy_lapse_age_s(j->policy->policy);
    judge_blame(j, &r, late ? POLICY_WARN : POLICY_ENFORCE);
}

static void
judge_state(struct judge *j)
{
    enum life_cycle state = j->input->subject->state;
    if (state == LIFE_CYCLE_ENROLLED)
        return;
    struct reason r = judge_reason(REASON_DEVICE_STATE);
    reason_set_expected(&r, life_cycle_name(LIFE_CYCLE_ENROLLED));
    reason_set_found(&r, life_cycle_name(state));
    judge_blame(j, &r, POLICY_ENFORCE);
}

static void
judge_genuine(struct judge *j)
{
    const struct policy *p = j->policy->policy;
    enum genuine genuine = j->input->subject->genuine;
    if (p->genuine & (1u << genuine))
        return;
    struct reason r = judge_reason(REASON_DEVICE_NOT_GENUINE);
    reason_set_found(&r, genuine_name(genuine));
    judge_blame(j, &r, p->genuine_effect);
}

static void
judge_member(struct judge *j)
{
    const struct policy *p = j->policy->policy;
    enum member_by by = j->input->subject->member_by;
    if (p->member & (1u << by))
        return;
    struct reason r = judge_reason(REASON_DEVICE_NOT_MEMBER);
    reason_set_found(&r, member_by_name(by));
    judge_blame(j, &r, p->member_effect);
}

void
identity_judge(struct judge *j)
{
    judge_freshness(j);
    judge_age(j);
    judge_state(j);
    judge_genuine(j);
    judge_member(j);
    if (j->input->subject->member_by == MEMBER_BY_FIRST_USE) {
        struct reason first_use = judge_reason(REASON_DEVICE_FIRST_USE);
        judge_note(j, &first_use);
    }
    if (!quote_exporter_bound(j->input->quote)) {
        struct reason off = judge_reason(REASON_EXPORTER_OFF);
        judge_note(j, &off);
    }
}
