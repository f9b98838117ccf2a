/* SPDX-License-Identifier: Apache-2.0 */
/* from: the TPM's counters now and in the last accepted round; to: what went back, and what
 * happened between; never: takes a power cut, a suspend or TPM2_Clear for a clone. [protocol 4;
 * TPM2 P1 36] */
#include "appraise/rules.h"

#include <inttypes.h>
#include <stdio.h>

struct ledger {
    const struct subject_counters *before;
    const struct quote_counters *now;
};

static void
set_numbers(struct reason *r, uint64_t before, uint64_t now)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, before);
    reason_set_expected(r, text);
    (void)snprintf(text, sizeof text, "%" PRIu64, now);
    reason_set_found(r, text);
    r->bound = true;
}

static void
blame(struct judge *j, enum reason_code code, uint64_t before, uint64_t now)
{
    struct reason r = judge_reason(code);
    set_numbers(&r, before, now);
    judge_blame(j, &r, j->policy->policy->ledger);
}

static void
note(struct judge *j, enum reason_code code, uint64_t before, uint64_t now)
{
    struct reason r = judge_reason(code);
    set_numbers(&r, before, now);
    judge_note(j, &r);
}

/* TPM2_Clear sets clock, resetCount and restartCount to zero. [TPM2 P3 24.6] */
static bool
was_cleared(const struct ledger *l)
{
    bool zero = l->now->reset_count == 0 && l->now->restart_count == 0;
    return zero && l->now->clock_ms < l->before->clock_ms;
}

/* The clock rises inside one boot; over a restart it does not fall while it says that it is safe.
 * Without that a power cut takes it back to the last value that was written down. */
static void
judge_clock(struct judge *j, const struct ledger *l, bool same_run)
{
    if (l->now->clock_ms >= l->before->clock_ms)
        return;
    if (same_run || l->now->safe)
        blame(j, REASON_LEDGER_CLOCK_BACK, l->before->clock_ms, l->now->clock_ms);
}

static void
note_boot(struct judge *j, const struct ledger *l)
{
    note(j, REASON_LEDGER_BOOT, l->before->reset_count, l->now->reset_count);
    uint32_t step = l->now->reset_count - l->before->reset_count;
    if (step > 1) {
        struct reason r = judge_reason(REASON_LEDGER_BOOTS_UNSEEN);
        char text[16];
        (void)snprintf(text, sizeof text, "%" PRIu32, step - 1);
        reason_set_found(&r, text);
        r.bound = true;
        judge_note(j, &r);
    }
}

/* Equal resetCount: nothing happened, a suspend, or a suspend that lost power (a TPM Restart). */
static void
judge_restart(struct judge *j, const struct ledger *l)
{
    uint32_t before = l->before->restart_count;
    uint32_t now = l->now->restart_count;
    if (now < before) {
        blame(j, REASON_LEDGER_RESTART_BACK, before, now);
        return;
    }
    judge_clock(j, l, now == before);
    if (now > before)
        note(j, j->input->subject->continues_boot ? REASON_LEDGER_RESUME : REASON_LEDGER_BOOT,
             before, now);
}

void
ledger_judge(struct judge *j)
{
    struct ledger l = {&j->input->subject->last, quote_counters(j->input->quote)};
    if (!l.before->present)
        return;
    if (was_cleared(&l)) {
        blame(j, REASON_LEDGER_CLEARED, l.before->reset_count, l.now->reset_count);
    } else if (l.now->reset_count < l.before->reset_count) {
        blame(j, REASON_LEDGER_RESET_BACK, l.before->reset_count, l.now->reset_count);
    } else if (l.now->reset_count == l.before->reset_count) {
        judge_restart(j, &l);
    } else {
        judge_clock(j, &l, false);
        note_boot(j, &l);
    }
    if (l.now->firmware_version < l.before->firmware_version)
        blame(j, REASON_LEDGER_FIRMWARE_BACK, l.before->firmware_version, l.now->firmware_version);
}
