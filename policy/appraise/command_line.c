/* SPDX-License-Identifier: Apache-2.0 */
/* from: command lines that a digest covers; to: whether each fits a template; never: reads
 * /proc/cmdline or text that nothing binds. */
#include "appraise/rules.h"
#include "base/text.h"

#include <string.h>

#define PCR_FILES 9u

/* All templates of the rule: its own, or those of the boot rule's reference sets that are open to
 * the device. */
static const struct shape_list *
list_at(const struct judge *j, size_t i)
{
    const struct policy_command_line *rule = &j->policy->policy->command_line;
    if (!rule->from_references)
        return i == 0 ? &rule->templates : NULL;
    const struct compiled_references *sets = &j->policy->boot;
    static const struct shape_list none = {0};
    if (i >= sets->n)
        return NULL;
    enum generation_standing standing =
        compiled_stand(&sets->items[i], j->input->subject, j->input->now_s);
    bool closed = standing == GENERATION_STANDING_REVOKED || standing == GENERATION_STANDING_CLOSED;
    return closed ? &none : &sets->items[i].document->reference->command_lines;
}

static enum status
fits_any(const struct judge *j, const char *text, bool *fits)
{
    *fits = false;
    const struct shape_list *list;
    for (size_t i = 0; (list = list_at(j, i)) != NULL; i++) {
        struct template *const *templates = list->items;
        for (size_t k = 0; k < list->n && !*fits; k++) {
            enum status s = template_match(templates[k], bytes_of_text(text), fits);
            if (s != STATUS_OK)
                return s;
        }
    }
    return STATUS_OK;
}

/* The EFI stub's command line is known by its digest alone; a template without holes names it. */
static enum status
fits_load_options(const struct judge *j, const struct replay_event *e, bool *fits)
{
    const struct shape_list *list;
    for (size_t i = 0; (list = list_at(j, i)) != NULL; i++) {
        struct template *const *templates = list->items;
        for (size_t k = 0; k < list->n && !*fits; k++) {
            const char *literal;
            for (size_t n = 0; !*fits && (literal = template_literal(templates[k], n)); n++) {
                enum status s = proven_is_load_options(j->h, j->proven, e, literal, fits);
                if (s != STATUS_OK)
                    return s;
            }
        }
    }
    return STATUS_OK;
}

/* What the device said, while it was trusted, that this boot's line would be. */
static bool
is_announced(const struct judge *j, const struct replay_event *e)
{
    static const char *const roles[] = {"command-line", "load-options"};
    for (size_t i = 0; j->announced && i < 2; i++) {
        const struct announced_event *a = announced_find(j->announced, e, roles[i]);
        if (a && a->refusal == REASON_NONE)
            return true;
    }
    return false;
}

/* Each of them: a kernel that the stub starts may start another. */
static enum status
find_load_options(const struct judge *j, bool *fits)
{
    enum status s = STATUS_OK;
    size_t n = (j->matched >> PCR_FILES & 1u) ? j->proven->n_events[PCR_FILES] : 0;
    size_t n_seen = 0;
    size_t n_known = 0;
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        const struct replay_event *e = j->proven->events[PCR_FILES][i];
        if (e->meaning.kind != EVENT_KIND_LOAD_OPTIONS)
            continue;
        bool known = is_announced(j, e);
        if (!known)
            s = fits_load_options(j, e, &known);
        n_seen++;
        n_known += known;
    }
    *fits = n_seen > 0 && n_known == n_seen;
    return s;
}

static void
blame_line(struct judge *j, const struct proven_line *line)
{
    struct reason r = judge_reason_at(j, REASON_COMMAND_LINE, line->event);
    r.bank = 0;
    r.bound = true;
    reason_set_what(&r, "command line");
    const struct shape_list *first = list_at(j, 0);
    if (first && first->n == 1)
        reason_set_expected(&r, template_text(((struct template *const *)first->items)[0]));
    reason_set_found(&r, line->text);
    judge_blame(j, &r, j->policy->policy->command_line.effect);
}

/* Every line must fit: more than one is measured when a loader is chained, and any may be the
 * kernel's. */
static enum status
judge_lines(struct judge *j)
{
    for (size_t i = 0; i < j->proven->n_lines; i++) {
        bool fits = false;
        enum status s = fits_any(j, j->proven->lines[i].text, &fits);
        if (s != STATUS_OK)
            return s;
        if (!fits && !is_announced(j, j->proven->lines[i].event))
            blame_line(j, &j->proven->lines[i]);
    }
    return STATUS_OK;
}

/* A covered PCR that could carry the line and is not proven was blamed for that already. */
static bool
is_line_hidden(const struct judge *j)
{
    static const uint32_t pcrs[] = {8, 9, 11, 12};
    for (size_t i = 0; i < sizeof pcrs / sizeof pcrs[0]; i++) {
        bool matched = (j->matched >> pcrs[i] & 1u) != 0;
        if (matched && !judge_is_proven(j, pcrs[i]))
            return true;
    }
    return false;
}

static bool
has_line(const struct judge *j)
{
    for (size_t i = 0; i < j->proven->n_lines; i++) {
        if (judge_line_counts(j, &j->proven->lines[i]))
            return true;
    }
    return false;
}

/* Every bound line, and each argument on it. A line that is known by its digest alone shows no
 * arguments. */
static enum status
judge_rule(struct judge *j, const struct policy_command_line *rule, bool *shown)
{
    bool whole = rule->from_references || rule->templates.n > 0;
    bool parts = rule->required.n > 0 || rule->forbidden.n > 0;
    enum status s = STATUS_OK;
    *shown = has_line(j);
    argument_judge(j);
    if (whole)
        s = judge_lines(j);
    if (s == STATUS_OK && !*shown && !parts)
        s = find_load_options(j, shown);
    return s;
}

enum status
command_line_judge(struct judge *j)
{
    const struct policy_command_line *rule = &j->policy->policy->command_line;
    if (!rule->present)
        return STATUS_OK;
    size_t n_before = j->n_blamed;
    bool shown = false;
    enum status s = judge_rule(j, rule, &shown);
    if (s != STATUS_OK)
        return s;
    if (!shown && !is_line_hidden(j)) {
        struct reason r = judge_reason(REASON_COMMAND_LINE_UNBOUND);
        reason_set_what(&r, "command line");
        judge_blame(j, &r, rule->effect);
    }
    j->tally->command_line_shown =
        j->tally->command_line_shown || (shown && j->n_blamed == n_before);
    return STATUS_OK;
}
