/* SPDX-License-Identifier: Apache-2.0 */
/* from: an event and all sets that take it; to: what it is worth; never: lets the word of the
 * chosen set alone retire or revoke what another, better one has too. */
#include "appraise/boot_standing.h"

static enum generation_standing
worse(enum generation_standing a, enum generation_standing b)
{
    return a > b ? a : b;
}

/* The best of one component's values that take the event. */
static bool
value_stand(const struct boot_profiles *p, size_t k, const struct reference_component *c,
            const struct replay_event *e, enum generation_standing *out)
{
    const struct reference_value *values = c->values.items;
    bool found = false;
    for (size_t i = 0; i < c->values.n; i++) {
        if (values[i].status == REFERENCE_STATUS_REVOKED ||
            !proven_matches(p->proven, e, &values[i]))
            continue;
        enum generation_standing standing = p->items[k].standing;
        if (values[i].status == REFERENCE_STATUS_RETIRED)
            standing = worse(standing, GENERATION_STANDING_RETIRED);
        if (!found || standing < *out)
            *out = standing;
        found = true;
    }
    if (found && *out <= p->items[k].standing)
        return true;
    const struct reference_value *own = boot_component_own_value(p, c, e);
    if (own && p->input->now_s <= own->approval->until_s) {
        *out = p->items[k].standing;
        found = true;
    }
    return found;
}

static void
better(struct boot_worth *worth, bool *found, enum generation_standing standing, size_t k)
{
    if (*found && worth->standing <= standing)
        return;
    *worth = (struct boot_worth){.standing = standing, .profile = k};
    *found = true;
}

/* The sets that are asked. A mixture, which is blamed by itself, is judged value by value. */
static uint64_t
find_voters(const struct boot_profiles *p, const struct boot_match *m, const char *bundle)
{
    uint64_t sets = bundle ? boot_match_bundle_sets(p, m, bundle) : UINT64_MAX;
    return sets != 0 ? sets : UINT64_MAX;
}

struct boot_worth
boot_value_stand(const struct boot_profiles *p, const struct boot_match *m,
                 const struct boot_taken *t)
{
    struct boot_worth worth = {.standing = GENERATION_STANDING_ACTIVE};
    enum generation_standing own = GENERATION_STANDING_CLOSED;
    bool found = false;
    if ((t->sets >> m->profile & 1u) && value_stand(p, m->profile, t->component, t->event, &own) &&
        own == GENERATION_STANDING_ACTIVE)
        return worth; /* the usual case: nobody can have a better word */
    uint64_t voters = find_voters(p, m, t->component->bundle);
    for (size_t k = 0; k < p->n; k++) {
        const struct boot_components *list = &p->items[k].pcr[t->component->pcr];
        for (size_t i = 0; (voters >> k & 1u) && i < list->n; i++) {
            enum generation_standing standing = GENERATION_STANDING_CLOSED;
            if (boot_component_stands_for(list->items[i], t->component) &&
                value_stand(p, k, list->items[i], t->event, &standing))
                better(&worth, &found, standing, k);
        }
        if (found && worth.standing == GENERATION_STANDING_ACTIVE)
            break;
    }
    worth.announced = !found;
    return worth;
}
