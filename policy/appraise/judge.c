/* SPDX-License-Identifier: Apache-2.0 */
/* from: what rules and replay found; to: reasons, and what they leave of a verdict; never: lets a
 * covered PCR that is not proven pass. */
#include "appraise/judge.h"

#include "base/text.h"

#include <stdio.h>

#define HAS_PCR(mask, pcr) (((mask) >> (pcr)) & 1u)
#define PCR_IMA            10u

static bool
is_same(const struct reason *a, const struct reason *b)
{
    return a->code == b->code && a->log == b->log && a->pcr == b->pcr && a->event == b->event &&
           a->bank == b->bank && text_equal(a->what, b->what) && text_equal(a->found, b->found);
}

static void
add_once(struct reasons *list, const struct reason *r)
{
    for (size_t i = 0; i < list->n_items; i++) {
        if (is_same(&list->items[i], r))
            return;
    }
    struct reason *copy = reasons_add(list, r->code);
    *copy = *r;
}

struct reason
judge_reason(enum reason_code code)
{
    return (struct reason){.code = code, .pcr = REASON_NO_PCR, .event = REASON_NO_EVENT};
}

struct reason
judge_reason_at(const struct judge *j, enum reason_code code, const struct replay_event *e)
{
    struct reason r = {.code = code,
                       .log = e->log,
                       .pcr = (int32_t)e->pcr,
                       .event = (int64_t)e->number,
                       .bound = e->meaning.bound};
    reason_set_found_hex(&r, proven_digest(j->proven, e, &r.bank));
    return r;
}

void
judge_blame(struct judge *j, const struct reason *r, enum policy_effect effect)
{
    enum verdict left = effect_verdict(r->code, effect);
    j->tally->blamed[left] = true;
    j->n_blamed++;
    effect_on_vector(r, effect, &j->out->vector);
    add_once(&j->out->reasons, r);
}

void
judge_note(struct judge *j, const struct reason *r)
{
    add_once(j->facts, r);
}

void
judge_cover(struct judge *j, uint32_t pcrs, enum policy_effect effect)
{
    if (effect == POLICY_ENFORCE)
        j->enforced |= pcrs;
    else
        j->warned |= pcrs;
}

bool
judge_line_counts(const struct judge *j, const struct proven_line *line)
{
    return HAS_PCR(j->matched, line->event->pcr);
}

bool
judge_is_proven(const struct judge *j, uint32_t pcr)
{
    enum replay_pcr state = replay_pcr_state(j->input->replay, pcr);
    return state == REPLAY_PCR_PROVEN || state == REPLAY_PCR_RESET;
}

/* ---- what replay found ---- */

static bool
has_log_rules(const struct judge *j)
{
    return (j->enforced | j->warned) != 0;
}

static bool
is_covered_proven(const struct judge *j)
{
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (HAS_PCR(j->enforced, pcr) && !judge_is_proven(j, pcr))
            return false;
    }
    return true;
}

/* How much a reason of replay counts here: a PCR that no rule covers is a warning at most. So is
 * the log of user space, which is always being written, as long as every covered PCR is proven
 * without what is wrong in it. */
enum policy_effect
judge_effect_found(const struct judge *j, const struct reason *r)
{
    bool only_warned = has_log_rules(j) && j->enforced == 0;
    bool userspace = r->log == REASON_LOG_USERSPACE && r->pcr == REASON_NO_PCR;
    if (userspace && has_log_rules(j) && is_covered_proven(j))
        return POLICY_WARN;
    if (r->pcr == REASON_NO_PCR || effect_is_whole(r->code))
        return only_warned ? POLICY_WARN : POLICY_ENFORCE;
    bool enforced = r->pcr < (int32_t)LIMIT_PCRS && HAS_PCR(j->enforced, (uint32_t)r->pcr);
    const struct policy_ima *ima = &j->policy->policy->ima;
    if (enforced && r->code == REASON_IMA_VIOLATION)
        return ima->violations;
    return enforced ? POLICY_ENFORCE : POLICY_WARN;
}

static void
blame_found(struct judge *j, const struct reason *r)
{
    switch (reason_code_kind(r->code)) {
    case REASON_KIND_REASON:
        judge_blame(j, r, judge_effect_found(j, r));
        return;
    case REASON_KIND_ATTEMPT: {
        /* There is a quote, so this cannot be: the stages before contradict each other. */
        struct reason internal = judge_reason(REASON_POLICY_INTERNAL);
        reason_set_found(&internal, reason_code_name(r->code));
        judge_blame(j, &internal, POLICY_ENFORCE);
        return;
    }
    case REASON_KIND_FACT:
        judge_note(j, r);
        return;
    }
}

bool
judge_is_explained(const struct judge *j, uint32_t pcr)
{
    const struct reasons *found = j->input->found;
    for (size_t i = 0; found && i < found->n_items; i++) {
        const struct reason *r = &found->items[i];
        if (reason_code_kind(r->code) != REASON_KIND_REASON)
            continue;
        bool whole = effect_is_whole(r->code) && r->log == REASON_LOG_BOOT && pcr != PCR_IMA;
        if (r->pcr == (int32_t)pcr || whole)
            return true;
    }
    return false;
}

static void
blame_pcr(struct judge *j, uint32_t pcr)
{
    enum policy_effect effect = HAS_PCR(j->enforced, pcr) ? POLICY_ENFORCE : POLICY_WARN;
    enum replay_pcr state = replay_pcr_state(j->input->replay, pcr);
    enum reason_code code = REASON_LOG_PCR_MISMATCH;
    if (state == REPLAY_PCR_NOT_QUOTED)
        code = REASON_POLICY_BANK;
    else if (judge_is_explained(j, pcr))
        return;
    else if (state == REPLAY_PCR_UNEXPLAINED)
        code = REASON_LOG_PCR_UNEXPLAINED;
    struct reason r = judge_reason(code);
    r.pcr = (int32_t)pcr;
    judge_blame(j, &r, effect);
}

/* What was dropped may have been a reason: a list that overflows never passes. */
static void
blame_dropped(struct judge *j, const struct reasons *found)
{
    struct reason r = judge_reason(REASON_LOG_LIMIT);
    char text[48];
    (void)snprintf(text, sizeof text, "%zu findings more than are kept", found->n_dropped);
    reason_set_found(&r, text);
    judge_blame(j, &r, judge_effect_found(j, &r));
}

void
judge_found(struct judge *j)
{
    const struct reasons *found = j->input->found;
    if (found && found->n_dropped > 0)
        blame_dropped(j, found);
    for (size_t i = 0; found && i < found->n_items; i++)
        blame_found(j, &found->items[i]);
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (HAS_PCR(j->enforced | j->warned, pcr) && !judge_is_proven(j, pcr))
            blame_pcr(j, pcr);
    }
}
