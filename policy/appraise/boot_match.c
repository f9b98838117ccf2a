/* SPDX-License-Identifier: Apache-2.0 */
/* from: a profile and proven events; to: what each event was taken for; never: takes an event
 * twice. */
#include "appraise/boot_match.h"

#include "appraise/boot_align.h"
#include "base/text.h"

#include <string.h>

#define COST_MIXED 16u /* a set that misses a component explains more than a mixture */

/* Room for one more item of a list that grows in the arena. */
static bool
grow(struct arena *arena, void **items, size_t n, size_t *room, size_t item_size)
{
    if (n < *room)
        return true;
    size_t wanted = *room == 0 ? 16 : *room * 2;
    void *larger = arena_alloc_array(arena, wanted, item_size);
    if (!larger)
        return false;
    if (n > 0)
        memcpy(larger, *items, n * item_size);
    *items = larger;
    *room = wanted;
    return true;
}

enum status
boot_match_find(const struct boot_profiles *p, struct boot_match *m,
                const struct boot_finding *finding, unsigned cost)
{
    void *items = m->findings;
    if (!grow(p->arena, &items, m->n_findings, &m->room_findings, sizeof *m->findings))
        return STATUS_NOMEM;
    m->findings = items;
    m->findings[m->n_findings++] = *finding;
    m->cost += cost;
    return STATUS_OK;
}

enum status
boot_match_take(const struct boot_profiles *p, struct boot_match *m, const struct boot_taken *taken)
{
    void *items = m->taken;
    if (!grow(p->arena, &items, m->n_taken, &m->room_taken, sizeof *m->taken))
        return STATUS_NOMEM;
    m->taken = items;
    m->taken[m->n_taken++] = *taken;
    return STATUS_OK;
}

/* ---- quick ---- */

/* How far a walk over one PCR's components is. */
struct walk {
    const struct boot_profiles *profiles;
    const struct boot_components *list;
    uint32_t *counts; /* events taken, by component */
    size_t at;        /* the ordered component that takes events now */
};

static bool
takes(const struct walk *w, size_t i, const struct replay_event *e)
{
    const struct reference_component *c = w->list->items[i];
    return w->counts[i] < c->max && boot_component_takes(w->profiles, c, e);
}

/* The component that takes the event: an unordered one, else the present one or the next whose
 * predecessors have what they need. */
static bool
find_taker(struct walk *w, const struct replay_event *e, size_t *taker)
{
    for (size_t i = 0; i < w->list->n; i++) {
        if (w->list->items[i]->ordered || !takes(w, i, e))
            continue;
        *taker = i;
        return true;
    }
    for (size_t i = w->at; i < w->list->n; i++) {
        const struct reference_component *c = w->list->items[i];
        if (!c->ordered)
            continue;
        if (takes(w, i, e)) {
            w->at = i;
            *taker = i;
            return true;
        }
        if (w->counts[i] < c->min)
            return false;
    }
    return false;
}

static bool
is_complete(const struct walk *w)
{
    for (size_t i = 0; i < w->list->n; i++) {
        if (w->counts[i] < w->list->items[i]->min)
            return false;
    }
    return true;
}

enum status
boot_match_quick(const struct boot_profiles *p, uint32_t pcr, struct boot_match *m, bool *fits)
{
    struct walk w = {.profiles = p, .list = &p->items[m->profile].pcr[pcr]};
    w.counts = arena_alloc_array(p->arena, w.list->n, sizeof *w.counts);
    if (!w.counts)
        return STATUS_NOMEM;
    *fits = false;
    for (size_t i = 0; i < p->proven->n_events[pcr]; i++) {
        const struct replay_event *e = p->proven->events[pcr][i];
        size_t taker = 0;
        if (!find_taker(&w, e, &taker))
            return STATUS_OK;
        w.counts[taker]++;
        struct boot_taken taken = {e, w.list->items[taker], UINT64_C(1) << m->profile};
        enum status s = boot_match_take(p, m, &taken);
        if (s != STATUS_OK)
            return s;
    }
    *fits = is_complete(&w);
    return STATUS_OK;
}

/* ---- bundles ---- */

/* Of a quick match the taken events have their own profile's word only, so all are asked here. */
uint64_t
boot_match_bundle_sets(const struct boot_profiles *p, const struct boot_match *m,
                       const char *bundle)
{
    uint64_t common = UINT64_MAX;
    for (size_t i = 0; i < m->n_taken; i++) {
        const struct boot_taken *t = &m->taken[i];
        if (text_equal(t->component->bundle, bundle))
            common &= boot_profiles_taking(p, m->profile, t->component, t->event);
    }
    for (size_t k = 0; k < p->n; k++) {
        if (k != m->profile && (common >> k & 1u) &&
            !boot_profiles_same_bundle(p, m->profile, k, bundle))
            common &= ~(UINT64_C(1) << k);
    }
    return common;
}

/* The first event, from i on, that no profile takes together with those of its bundle before it. */
static size_t
find_stranger(const struct boot_match *m, size_t i)
{
    const char *bundle = m->taken[i].component->bundle;
    uint64_t common = m->taken[i].sets;
    size_t last = i;
    for (size_t k = i + 1; common != 0 && k < m->n_taken; k++) {
        if (!text_equal(m->taken[k].component->bundle, bundle))
            continue;
        common &= m->taken[k].sets;
        last = k;
    }
    return last;
}

static bool
is_first_of_bundle(const struct boot_match *m, size_t i)
{
    for (size_t k = 0; k < i; k++) {
        if (text_equal(m->taken[k].component->bundle, m->taken[i].component->bundle))
            return false;
    }
    return true;
}

static void
narrow(struct boot_match *m, const char *bundle, uint64_t sets)
{
    for (size_t i = 0; i < m->n_taken; i++) {
        if (text_equal(m->taken[i].component->bundle, bundle))
            m->taken[i].sets = sets;
    }
}

enum status
boot_match_bundles(const struct boot_profiles *p, struct boot_match *m)
{
    for (size_t i = 0; i < m->n_taken; i++) {
        const char *bundle = m->taken[i].component->bundle;
        if (!bundle || !is_first_of_bundle(m, i))
            continue;
        uint64_t common = boot_match_bundle_sets(p, m, bundle);
        if (common != 0) {
            narrow(m, bundle, common);
            continue;
        }
        const struct boot_taken *stranger = &m->taken[find_stranger(m, i)];
        struct boot_finding finding = {REASON_BOOT_MIXED_GENERATION, stranger->event->pcr,
                                       stranger->event, stranger->component};
        enum status s = boot_match_find(p, m, &finding, COST_MIXED);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}
