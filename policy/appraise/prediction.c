/* SPDX-License-Identifier: Apache-2.0 */
/* from: a boot's components and the set that candidates would bring; to: replaced events; never:
 * gives a boot a component that it has no event of. */
#include "appraise/prediction.h"

#include "appraise/compiled.h"
#include "appraise/proven.h"
#include "base/cleanup.h"
#include "base/text.h"

#define SLOTS_MAX 4096u /* events of one PCR */

/* One event of the boot. */
struct old_event {
    const struct replay_event *event;
    const char *role; /* NULL: taken for no component */
    bool used;
};

struct work {
    const struct prediction_input *in;
    struct prediction *out;
    const struct reference *set;
    const struct proven *proven;
    size_t n_old;
    struct old_event *old; /* of the PCR at hand, in its order */
    struct prediction_event *events;
    size_t n_events;
    size_t n_changed;
};

/* ---- what the candidates bring ---- */

static bool
is_in_force(const struct documents *d, const struct document_info *info)
{
    for (size_t i = 0; i < documents_count(d); i++) {
        if (digest_equal(&documents_info(d, i)->sha256, &info->sha256))
            return true;
    }
    return false;
}

/* The first set, in the order of policies and their sets, that the device does not have yet. */
static const struct reference *
find_set(const struct prediction_input *in)
{
    const struct documents *d = in->candidates;
    for (size_t i = 0; i < compiled_n_policies(d); i++) {
        const struct compiled_policy *p = compiled_policy_at(d, i);
        if (!p->policy->boot.present || !selector_match(&p->policy->select, in->subject))
            continue;
        for (size_t k = 0; k < p->boot.n; k++) {
            const struct document *set = p->boot.items[k].document;
            if (!is_in_force(in->in_force, &set->info))
                return set->reference;
        }
    }
    return NULL;
}

/* ---- the boot as it was ---- */

static const char *
role_of(const struct appraisal *a, const struct replay_event *e)
{
    for (size_t i = 0; i < appraisal_n_parts(a); i++) {
        if (appraisal_part(a, i)->event == e)
            return appraisal_part(a, i)->role;
    }
    return NULL;
}

static enum status
take_old(struct work *w, uint32_t pcr)
{
    w->n_old = w->proven->n_events[pcr];
    w->old = arena_alloc_array(&w->out->arena, w->n_old, sizeof *w->old);
    w->events = arena_alloc_array(&w->out->arena, SLOTS_MAX, sizeof *w->events);
    w->n_events = 0;
    w->n_changed = 0;
    if (!w->old || !w->events)
        return STATUS_NOMEM;
    for (size_t i = 0; i < w->n_old; i++) {
        w->old[i].event = w->proven->events[pcr][i];
        w->old[i].role = role_of(w->in->now, w->old[i].event);
    }
    return STATUS_OK;
}

static bool
shows(const struct work *w, const struct replay_event *e, const struct reference_component *c)
{
    const struct reference_value *values = c->values.items;
    for (size_t i = 0; i < c->values.n; i++) {
        if (proven_matches(w->proven, e, &values[i]))
            return true;
    }
    return false;
}

/* ---- the boot as it will be ---- */

static void
put(struct work *w, const struct replay_event *e, const struct reference_value *value)
{
    if (w->n_events < SLOTS_MAX)
        w->events[w->n_events++] = (struct prediction_event){.event = e, .value = value};
    w->n_changed += value != NULL;
}

/* The n-th value that may be used, else the first; NULL: none is named. */
static const struct reference_value *
choose_value(const struct reference_component *c, size_t n)
{
    const struct reference_value *values = c->values.items, *first = NULL;
    for (size_t i = 0; i < c->values.n; i++) {
        if (values[i].any || values[i].approval || values[i].status != REFERENCE_STATUS_ACTIVE)
            continue;
        if (!first)
            first = &values[i];
        if (n-- == 0)
            return &values[i];
    }
    return first;
}

/* The first event of the role that is left; shown: that the component takes as it is. */
static struct old_event *
find_old(struct work *w, const struct reference_component *c, bool shown, bool used)
{
    for (size_t i = 0; i < w->n_old; i++) {
        struct old_event *old = &w->old[i];
        if (old->used == used && text_equal(old->role, c->role) &&
            (!shown || shows(w, old->event, c)))
            return old;
    }
    return NULL;
}

/* What fits stays, as often as the component may have it; then it is brought to its least number
 * by the update's values. */
static void
put_component(struct work *w, const struct reference_component *c)
{
    size_t n = 0;
    struct old_event *old = NULL;
    for (; n < c->max && (old = find_old(w, c, true, false)); n++) {
        old->used = true;
        put(w, old->event, NULL);
    }
    for (; n < c->min; n++) {
        old = find_old(w, c, false, false);
        const struct old_event *like = old ? old : find_old(w, c, false, true);
        const struct reference_value *value = choose_value(c, n);
        if (!like || !value)
            return;
        if (old)
            old->used = true;
        put(w, like->event, value);
    }
}

static bool
has_role(const struct work *w, uint32_t pcr, const char *role)
{
    const struct reference_component *items = w->set->components.items;
    for (size_t i = 0; i < w->set->components.n; i++) {
        if (items[i].pcr == pcr && text_equal(items[i].role, role) &&
            selector_match(&items[i].scope, w->in->subject))
            return true;
    }
    return false;
}

/* Events of roles that the set does not know stay where they were: at the end of the list, since
 * whatever order they have, the set has no place for them. Of known roles the rest is gone. */
static void
put_rest(struct work *w, uint32_t pcr)
{
    for (size_t i = 0; i < w->n_old; i++) {
        struct old_event *old = &w->old[i];
        if (old->used)
            continue;
        if (old->role && has_role(w, pcr, old->role))
            w->n_changed++;
        else
            put(w, old->event, NULL);
    }
}

static enum status
predict_pcr(struct work *w, uint32_t pcr)
{
    const struct reference_component *items = w->set->components.items;
    if (!(w->set->pcrs >> pcr & 1u) || w->proven->n_events[pcr] == 0)
        return STATUS_OK;
    enum status s = take_old(w, pcr);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < w->set->components.n; i++) {
        if (items[i].pcr == pcr && selector_match(&items[i].scope, w->in->subject))
            put_component(w, &items[i]);
    }
    put_rest(w, pcr);
    if (w->n_changed == 0)
        return STATUS_OK;
    w->out->pcrs |= 1u << pcr;
    w->out->pcr[pcr].n = w->n_events;
    w->out->pcr[pcr].events = w->events;
    return STATUS_OK;
}

enum status
prediction_make(struct hasher *h, const struct prediction_input *in, struct prediction *out,
                enum prediction_outcome *outcome)
{
    CLEANUP(proven_clear) struct proven proven = {0};
    struct work w = {.in = in, .out = out, .set = find_set(in), .proven = &proven};
    *out = (struct prediction){0};
    *outcome = PREDICTION_UNTOUCHED;
    if (!w.set)
        return STATUS_OK;
    if (appraisal_n_parts(in->now) == 0) {
        *outcome = PREDICTION_UNKNOWN;
        return STATUS_OK;
    }
    enum status s = proven_init(h, in->replay, NULL, &proven);
    for (uint32_t pcr = 0; s == STATUS_OK && pcr < LIMIT_PCRS; pcr++)
        s = predict_pcr(&w, pcr);
    if (s == STATUS_OK && out->pcrs != 0)
        *outcome = PREDICTION_MADE;
    return s;
}

void
prediction_clear(struct prediction *p)
{
    arena_free(&p->arena);
    *p = (struct prediction){0};
}
