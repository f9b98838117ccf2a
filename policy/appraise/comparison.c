/* SPDX-License-Identifier: Apache-2.0 */
/* from: two appraisals of one round; to: counted groups of causes; never: judges anything itself.
 */
#include "appraise/comparison.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups ---- */

static bool
is_same_cause(const struct reason *a, const struct reason *b)
{
    return a->code == b->code && a->log == b->log && a->pcr == b->pcr &&
           text_equal(a->what, b->what);
}

static bool
is_same_group(const struct comparison_group *a, const struct comparison_group *b)
{
    return a->before == b->before && a->after == b->after && a->gone == b->gone &&
           text_equal(a->perspective, b->perspective) && is_same_cause(&a->cause, &b->cause);
}

/* The group like this one, made when there is none; NULL past the limit. */
static enum status
find_group(struct comparison *c, const struct comparison_group *like, struct comparison_group **out)
{
    *out = NULL;
    for (size_t i = 0; i < c->n_groups; i++) {
        if (is_same_group(&c->groups[i], like)) {
            *out = &c->groups[i];
            return STATUS_OK;
        }
    }
    if (c->n_groups == COMPARISON_GROUPS)
        return STATUS_OK;
    if ((c->n_groups & (c->n_groups - 1)) == 0) {
        size_t room = c->n_groups == 0 ? 1 : 2 * c->n_groups;
        struct comparison_group *more = realloc(c->groups, room * sizeof *more);
        if (!more)
            return STATUS_NOMEM;
        c->groups = more;
    }
    *out = &c->groups[c->n_groups++];
    **out = *like;
    (*out)->n_devices = 0;
    (*out)->n_examples = 0;
    return STATUS_OK;
}

static void
add_example(struct comparison_group *g, const struct comparison_example *example)
{
    if (g->n_examples < COMPARISON_EXAMPLES)
        g->examples[g->n_examples++] = *example;
}

static enum status
add_cause(struct comparison *c, const char *device_id, const struct comparison_group *like,
          const struct reason *cause)
{
    struct comparison_group wanted = *like, *g = NULL;
    struct comparison_example example = {0};
    wanted.cause = *cause;
    enum status s = find_group(c, &wanted, &g);
    if (s != STATUS_OK)
        return s;
    if (!g) {
        c->n_dropped++;
        return STATUS_OK;
    }
    (void)text_copy(example.device, sizeof example.device, device_id);
    (void)text_copy(example.expected, sizeof example.expected, cause->expected);
    (void)text_copy(example.found, sizeof example.found, cause->found);
    g->n_devices++;
    add_example(g, &example);
    return STATUS_OK;
}

/* ---- one device ---- */

static const struct appraisal_perspective *
find_perspective(const struct appraisal *a, const char *name)
{
    for (size_t i = 0; i < appraisal_n_perspectives(a); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(a, i);
        if (text_equal(p->name, name))
            return p;
    }
    return NULL;
}

static bool
has_cause(const struct appraisal_perspective *p, const struct reason *cause)
{
    for (size_t i = 0; p && i < p->reasons.n_items; i++) {
        if (is_same_cause(&p->reasons.items[i], cause))
            return true;
    }
    return false;
}

static bool
is_told_before(const struct appraisal_perspective *p, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (is_same_cause(&p->reasons.items[k], &p->reasons.items[i]))
            return true;
    }
    return false;
}

/* Reasons that one side has and the other has not; without such, all that it has: then the effect
 * of a rule changed, not what it found. */
static enum status
add_causes(struct comparison *c, const char *device_id, const struct comparison_group *like,
           const struct appraisal_perspective *with, const struct appraisal_perspective *without)
{
    size_t n_added = 0;
    for (int all = 0; all < 2 && n_added == 0; all++) {
        for (size_t i = 0; with && i < with->reasons.n_items; i++) {
            const struct reason *r = &with->reasons.items[i];
            if ((!all && has_cause(without, r)) || is_told_before(with, i))
                continue;
            enum status s = add_cause(c, device_id, like, r);
            if (s != STATUS_OK)
                return s;
            n_added++;
        }
    }
    if (n_added > 0)
        return STATUS_OK;
    struct reason none = {
        .code = REASON_POLICY_NONE, .pcr = REASON_NO_PCR, .event = REASON_NO_EVENT};
    return add_cause(c, device_id, like, &none);
}

static enum status
compare(struct comparison *c, const char *device_id, const char *name,
        const struct appraisal_perspective *before, const struct appraisal_perspective *after)
{
    struct comparison_group like = {.before = before ? before->verdict : VERDICT_NONE,
                                    .after = after ? after->verdict : VERDICT_NONE};
    if (like.before == like.after)
        return STATUS_OK;
    (void)text_copy(like.perspective, sizeof like.perspective, name);
    like.gone = verdict_worse(like.before, like.after) == like.before;
    return like.gone ? add_causes(c, device_id, &like, before, after)
                     : add_causes(c, device_id, &like, after, before);
}

enum status
comparison_add(struct comparison *c, const char *device_id, const struct appraisal *before,
               const struct appraisal *after)
{
    enum status s = STATUS_OK;
    enum verdict was = appraisal_verdict(before), is = appraisal_verdict(after);
    c->n_devices++;
    c->n_changed += was != is;
    c->n_verdicts[was][is]++;
    for (size_t i = 0; s == STATUS_OK && i < appraisal_n_perspectives(before); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(before, i);
        s = compare(c, device_id, p->name, p, find_perspective(after, p->name));
    }
    for (size_t i = 0; s == STATUS_OK && i < appraisal_n_perspectives(after); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(after, i);
        if (!find_perspective(before, p->name))
            s = compare(c, device_id, p->name, NULL, p);
    }
    return s;
}

enum status
comparison_merge(struct comparison *c, const struct comparison *from)
{
    c->n_devices += from->n_devices;
    c->n_changed += from->n_changed;
    c->n_dropped += from->n_dropped;
    for (size_t i = 0; i < 16; i++)
        c->n_verdicts[i / 4][i % 4] += from->n_verdicts[i / 4][i % 4];
    for (size_t i = 0; i < from->n_groups; i++) {
        struct comparison_group *g = NULL;
        enum status s = find_group(c, &from->groups[i], &g);
        if (s != STATUS_OK)
            return s;
        if (!g) {
            c->n_dropped += from->groups[i].n_devices;
            continue;
        }
        g->n_devices += from->groups[i].n_devices;
        for (size_t k = 0; k < from->groups[i].n_examples; k++)
            add_example(g, &from->groups[i].examples[k]);
    }
    return STATUS_OK;
}

/* ---- JSON ---- */

/* Most devices first; the rest so that equal comparisons give equal texts. */
static int
order_groups(const void *left, const void *right)
{
    const struct comparison_group *a = left, *b = right;
    if (a->n_devices != b->n_devices)
        return a->n_devices > b->n_devices ? -1 : 1;
    int by_name = text_order(a->perspective, b->perspective);
    if (by_name == 0 && a->cause.code != b->cause.code)
        by_name = a->cause.code < b->cause.code ? -1 : 1;
    if (by_name == 0 && a->cause.pcr != b->cause.pcr)
        by_name = a->cause.pcr < b->cause.pcr ? -1 : 1;
    return by_name != 0 ? by_name : text_order(a->cause.what, b->cause.what);
}

static void
emit_text_if_any(struct emit *e, const char *name, const char *text)
{
    emit_text_member(e, name, text[0] != '\0' ? text : NULL);
}

static void
emit_group(struct emit *e, const struct comparison_group *g)
{
    emit_object(e);
    emit_text_member(e, "perspective", g->perspective);
    emit_text_member(e, "before", verdict_name(g->before));
    emit_text_member(e, "after", verdict_name(g->after));
    emit_key(e, "cause");
    emit_object(e);
    emit_text_member(e, "code", reason_code_name(g->cause.code));
    emit_text_member(e, "log",
                     g->cause.log == REASON_LOG_NONE ? NULL : reason_log_name(g->cause.log));
    emit_key(e, "pcr");
    if (g->cause.pcr < 0)
        emit_null(e);
    else
        emit_int(e, g->cause.pcr);
    emit_text_if_any(e, "what", g->cause.what);
    emit_text_member(e, "sentence", reason_code_sentence(g->cause.code));
    emit_bool_member(e, "gone", g->gone);
    emit_end_object(e);
    emit_uint_member(e, "devices", g->n_devices);
    emit_key(e, "examples");
    emit_array(e);
    for (size_t i = 0; i < g->n_examples; i++) {
        emit_object(e);
        emit_text_member(e, "device", g->examples[i].device);
        emit_text_if_any(e, "expected", g->examples[i].expected);
        emit_text_if_any(e, "found", g->examples[i].found);
        emit_end_object(e);
    }
    emit_end_array(e);
    emit_end_object(e);
}

static void
emit_verdicts(struct emit *e, const struct comparison *c)
{
    emit_key(e, "verdicts");
    emit_array(e);
    for (size_t i = 0; i < 16; i++) {
        if (c->n_verdicts[i / 4][i % 4] == 0)
            continue;
        emit_object(e);
        emit_text_member(e, "before", verdict_name((enum verdict)(i / 4)));
        emit_text_member(e, "after", verdict_name((enum verdict)(i % 4)));
        emit_uint_member(e, "devices", c->n_verdicts[i / 4][i % 4]);
        emit_end_object(e);
    }
    emit_end_array(e);
}

void
comparison_emit(struct comparison *c, struct emit *e)
{
    if (c->n_groups > 1)
        qsort(c->groups, c->n_groups, sizeof *c->groups, order_groups);
    emit_uint_member(e, "devices", c->n_devices);
    emit_uint_member(e, "changed", c->n_changed);
    emit_verdicts(e, c);
    emit_key(e, "groups");
    emit_array(e);
    for (size_t i = 0; i < c->n_groups; i++)
        emit_group(e, &c->groups[i]);
    emit_end_array(e);
    emit_uint_member(e, "groups_dropped", c->n_dropped);
}

void
comparison_free(struct comparison *c)
{
    free(c->groups);
    *c = (struct comparison){0};
}
