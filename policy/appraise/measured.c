/* SPDX-License-Identifier: Apache-2.0 */
/* from: bound command lines, the phase reached, quoted PCRs; to: whether they are as policy wants;
 * never: takes a root hash that nothing binds. */
#include "appraise/argument.h"
#include "appraise/rules.h"
#include "base/text.h"

#include <stdio.h>

#define PCR_PHASES 11u

/* ---- arguments of command lines ---- */

static void
blame_argument(struct judge *j, enum reason_code code, const struct proven_line *line,
               const char *argument)
{
    struct reason r = judge_reason_at(j, code, line->event);
    r.bank = 0;
    r.bound = true;
    reason_set_what(&r, "command line");
    reason_set_expected(&r, argument);
    reason_set_found(&r, line->text);
    judge_blame(j, &r, j->policy->policy->command_line.effect);
}

static void
judge_line(struct judge *j, const struct proven_line *line)
{
    const struct policy_command_line *rule = &j->policy->policy->command_line;
    char *const *required = rule->required.items;
    char *const *forbidden = rule->forbidden.items;
    bool clear = argument_line_is_clear(line->text);
    for (size_t i = 0; i < rule->required.n; i++) {
        if (!clear || !argument_counts(line->text, required[i]))
            blame_argument(j, REASON_COMMAND_LINE_REQUIRED, line, required[i]);
    }
    if (rule->forbidden.n > 0 && !argument_line_is_plain(line->text)) {
        blame_argument(j, REASON_COMMAND_LINE_FORBIDDEN, line, "plain ASCII, quoted plainly");
        return;
    }
    for (size_t i = 0; i < rule->forbidden.n; i++) {
        if (argument_stands(line->text, forbidden[i]))
            blame_argument(j, REASON_COMMAND_LINE_FORBIDDEN, line, forbidden[i]);
    }
}

void
argument_judge(struct judge *j)
{
    for (size_t i = 0; i < j->proven->n_lines; i++)
        judge_line(j, &j->proven->lines[i]);
}

/* ---- dm-verity ---- */

static bool
has_root_hash(const struct policy_verity *rule, struct bytes found)
{
    char *const *values = rule->values.items;
    for (size_t i = 0; i < rule->values.n; i++) {
        if (bytes_equal(bytes_of_text(values[i]), found))
            return true;
    }
    return false;
}

static void
blame_root_hash(struct judge *j, enum reason_code code, const struct replay_event *e,
                struct bytes found)
{
    const struct policy_verity *rule = &j->policy->policy->verity;
    struct reason r = e ? judge_reason_at(j, code, e) : judge_reason(code);
    char *const *values = rule->values.items;
    char text[sizeof r.found];
    r.bank = 0;
    r.bound = e != NULL;
    reason_set_what(&r, rule->argument ? rule->argument : "roothash");
    if (rule->values.n == 1)
        reason_set_expected(&r, values[0]);
    reason_set_found(&r, text_escape(found, text, sizeof text));
    judge_blame(j, &r, rule->effect);
}

/* Every one that the line has: which of two the initrd takes is not measured. systemd reads it, so
 * a line that it would cut elsewhere may have one that is not seen here. */
static void
judge_root_hashes(struct judge *j, const struct proven_line *line, bool *shown)
{
    const struct policy_verity *rule = &j->policy->policy->verity;
    const char *name = rule->argument ? rule->argument : "roothash";
    bool counts = judge_line_counts(j, line);
    struct bytes value;
    if (!argument_line_is_clear(line->text)) {
        *shown = *shown || counts;
        blame_root_hash(j, REASON_VERITY_UNKNOWN, line->event, bytes_of_text(line->text));
    }
    for (size_t n = 0; argument_value(line->text, name, n, &value); n++) {
        *shown = *shown || counts;
        if (!has_root_hash(rule, value))
            blame_root_hash(j, REASON_VERITY_UNKNOWN, line->event, value);
    }
}

void
verity_judge(struct judge *j)
{
    const struct policy_verity *rule = &j->policy->policy->verity;
    bool shown = false;
    for (size_t i = 0; rule->present && i < j->proven->n_lines; i++)
        judge_root_hashes(j, &j->proven->lines[i], &shown);
    if (rule->present && !shown)
        blame_root_hash(j, REASON_VERITY_UNBOUND, NULL, (struct bytes){0});
}

/* ---- the phase of PCR 11 ---- */

static bool
is_accepted(const struct policy_phase *rule, const char *phase)
{
    for (size_t i = 0; replay_phase(i); i++) {
        if ((rule->accepted >> i & 1u) && text_equal(replay_phase(i), phase))
            return true;
    }
    return false;
}

void
phase_judge(struct judge *j)
{
    const struct policy_phase *rule = &j->policy->policy->phase;
    if (rule->accepted == 0 || !judge_is_proven(j, PCR_PHASES))
        return; /* a covered PCR that is not proven is blamed by judge_found() */
    const struct reason *fact =
        j->input->found ? reasons_find(j->input->found, REASON_BOOT_PHASE) : NULL;
    if (fact && is_accepted(rule, fact->found))
        return;
    struct reason r = judge_reason(REASON_PHASE);
    r.pcr = (int32_t)PCR_PHASES;
    r.bound = true;
    reason_set_found(&r, fact ? fact->found : "");
    judge_blame(j, &r, rule->effect);
}

/* ---- PCR values ---- */

static void
judge_pcr(struct judge *j, uint16_t alg, const struct policy_pcr *wanted)
{
    const struct digest *now = quote_pcr(j->input->quote, alg, wanted->pcr);
    const struct digest *values = wanted->values.items;
    for (size_t i = 0; now && i < wanted->values.n; i++) {
        if (digest_equal(now, &values[i]))
            return;
    }
    struct reason r = judge_reason(now ? REASON_PCR_VALUE : REASON_POLICY_BANK);
    r.pcr = (int32_t)wanted->pcr;
    r.bank = alg;
    r.bound = now != NULL;
    if (wanted->values.n == 1)
        reason_set_expected_hex(&r, digest_bytes(&values[0]));
    if (now)
        reason_set_found_hex(&r, digest_bytes(now));
    judge_blame(j, &r, j->policy->policy->pcrs.effect);
}

void
pcrs_judge(struct judge *j)
{
    const struct shape_list *banks = &j->policy->policy->pcrs.banks;
    for (size_t i = 0; i < banks->n; i++) {
        const struct policy_pcr_bank *bank = (const struct policy_pcr_bank *)banks->items + i;
        const struct policy_pcr *pcrs = bank->pcrs.items;
        for (size_t k = 0; k < bank->pcrs.n; k++)
            judge_pcr(j, bank->alg, &pcrs[k]);
    }
}
