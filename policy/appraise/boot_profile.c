/* SPDX-License-Identifier: Apache-2.0 */
/* from: reference sets and a device; to: what each set expects of it; never: mixes the structures
 * of sets. */
#include "appraise/boot_profile.h"

#include "base/text.h"

static enum status
sort_components(struct arena *arena, const struct subject *subject, struct boot_profile *p)
{
    const struct reference *r = p->set->reference;
    const struct reference_component *all = r->components.items;
    const struct reference_component **sorted =
        arena_alloc_array(arena, r->components.n, sizeof *sorted);
    if (!sorted)
        return STATUS_NOMEM;
    for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        p->pcr[pcr].items = sorted;
        if (!((r->pcrs >> pcr) & 1u))
            continue;
        for (size_t i = 0; i < r->components.n; i++) {
            if (all[i].pcr != pcr || !selector_match(&all[i].scope, subject))
                continue;
            p->pcr[pcr].items[p->pcr[pcr].n++] = &all[i];
        }
        sorted += p->pcr[pcr].n;
        p->n_components += p->pcr[pcr].n;
    }
    return STATUS_OK;
}

/* Behind all that are as good or better. */
static void
insert(struct boot_profiles *p, const struct compiled_reference *r,
       const struct appraisal_input *input)
{
    enum generation_standing standing = compiled_stand(r, input->subject, input->now_s);
    size_t at = p->n++;
    for (; at > 0 && p->items[at - 1].standing > standing; at--)
        p->items[at] = p->items[at - 1];
    p->items[at] =
        (struct boot_profile){.set = r->document, .place = r->place, .standing = standing};
}

enum status
boot_profiles_init(struct arena *arena, const struct proven *proven,
                   const struct compiled_references *sets, const struct appraisal_input *input,
                   const struct announced *announced, struct boot_profiles *out)
{
    *out = (struct boot_profiles){
        .proven = proven, .input = input, .announced = announced, .arena = arena};
    out->items = arena_alloc_array(arena, sets->n, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    for (size_t i = 0; i < sets->n; i++)
        insert(out, &sets->items[i], input);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < out->n; i++)
        s = sort_components(arena, input->subject, &out->items[i]);
    return s;
}

/* Of two for the same digest, the one that counts longer. */
const struct reference_value *
boot_component_own_value(const struct boot_profiles *p, const struct reference_component *c,
                         const struct replay_event *e)
{
    size_t n = 0;
    const struct reference_value *best = NULL;
    const struct reference_value *own =
        reference_device_values(c, p->input->subject->device_id, &n);
    for (size_t i = 0; i < n; i++) {
        if (proven_matches(p->proven, e, &own[i]) &&
            (!best || best->approval->until_s < own[i].approval->until_s))
            best = &own[i];
    }
    return best;
}

static bool
takes_own(const struct boot_profiles *p, const struct reference_component *c,
          const struct replay_event *e)
{
    const struct reference_value *own = boot_component_own_value(p, c, e);
    return own && p->input->now_s <= own->approval->until_s;
}

static bool
takes_announced(const struct boot_profiles *p, const struct reference_component *c,
                const struct replay_event *e)
{
    const struct announced_event *a = announced_find(p->announced, e, c->role);
    return a && a->refusal == REASON_NONE;
}

bool
boot_component_takes(const struct boot_profiles *p, const struct reference_component *c,
                     const struct replay_event *e)
{
    const struct reference_value *values = c->values.items;
    for (size_t i = 0; i < c->values.n; i++) {
        if (proven_matches(p->proven, e, &values[i]))
            return true;
    }
    return takes_own(p, c, e) || takes_announced(p, c, e);
}

bool
boot_component_stands_for(const struct reference_component *a, const struct reference_component *b)
{
    return a == b ||
           (a->pcr == b->pcr && text_equal(a->role, b->role) && text_equal(a->bundle, b->bundle));
}

static bool
profile_takes(const struct boot_profiles *p, size_t k, const struct reference_component *c,
              const struct replay_event *e)
{
    const struct boot_components *list = &p->items[k].pcr[c->pcr];
    for (size_t i = 0; i < list->n; i++) {
        if (boot_component_stands_for(list->items[i], c) &&
            boot_component_takes(p, list->items[i], e))
            return true;
    }
    return false;
}

uint64_t
boot_profiles_taking(const struct boot_profiles *p, size_t k, const struct reference_component *c,
                     const struct replay_event *e)
{
    uint64_t mask = boot_component_takes(p, c, e) ? UINT64_C(1) << k : 0;
    for (size_t i = 0; i < p->n; i++) {
        if (i != k && profile_takes(p, i, c, e))
            mask |= UINT64_C(1) << i;
    }
    return mask;
}

/* The next component of a bundle at or after *i in one PCR. */
static const struct reference_component *
next_of(const struct boot_components *list, const char *bundle, size_t *i)
{
    while (*i < list->n) {
        const struct reference_component *c = list->items[(*i)++];
        if (text_equal(c->bundle, bundle))
            return c;
    }
    return NULL;
}

static bool
same_in_pcr(const struct boot_components *a, const struct boot_components *b, const char *bundle)
{
    size_t i = 0;
    size_t k = 0;
    for (;;) {
        const struct reference_component *x = next_of(a, bundle, &i);
        const struct reference_component *y = next_of(b, bundle, &k);
        if (!x || !y)
            return x == y;
        if (!boot_component_stands_for(x, y) || x->ordered != y->ordered || x->min != y->min ||
            x->max != y->max)
            return false;
    }
}

bool
boot_profiles_same_bundle(const struct boot_profiles *p, size_t a, size_t b, const char *bundle)
{
    for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        if (!same_in_pcr(&p->items[a].pcr[pcr], &p->items[b].pcr[pcr], bundle))
            return false;
    }
    return true;
}
