/* SPDX-License-Identifier: Apache-2.0 */
/* from: one PCR's events and components; to: the alignment that leaves the least wrong, and what is
 * wrong in it; never: backtracks (a table of events times slots). */
#include "appraise/boot_align.h"

#include <string.h>

#define COST_SURPLUS 8u
#define COST_MISSING 8u
#define COST_WASTED  1u
#define COST_UNKNOWN 12u /* less than a missing component and a surplus event together */

/* One event that a component may take. The first min of a component must be filled. */
struct slot {
    size_t component;
    bool optional;
};

enum move { MOVE_TAKE, MOVE_REPLACE, MOVE_SKIP_EVENT, MOVE_SKIP_SLOT };

struct cell {
    uint32_t cost;
    uint8_t move;
};

enum fate { FATE_TAKEN, FATE_UNKNOWN, FATE_SURPLUS, FATE_ORDER };

struct line {
    const struct replay_event *event;
    enum fate fate;
    size_t component; /* for TAKEN, UNKNOWN, ORDER */
    bool is_named;    /* some component takes it by a digest */
    bool is_known;    /* some component of the PCR takes it */
};

struct align {
    struct arena scratch; /* what ends with the alignment */
    const struct boot_profiles *profiles;
    struct boot_match *match;
    uint32_t pcr;
    const struct boot_components *list;
    size_t n_lines;
    struct line *lines; /* every event */
    size_t n_rest;
    size_t *rest;     /* lines that no unordered component took */
    uint64_t *sets;   /* of line i and component c: sets[i * n + c] */
    uint32_t *counts; /* events taken, by component */
    size_t n_slots;
    struct slot *slots;
    struct cell *cells; /* (n_rest + 1) * (n_slots + 1) */
};

static uint64_t
sets_of(const struct align *a, size_t line, size_t component)
{
    return a->sets[line * a->list->n + component];
}

/* ---- what there is ---- */

static bool
is_any(const struct reference_component *c)
{
    const struct reference_value *values = c->values.items;
    for (size_t i = 0; i < c->values.n; i++) {
        if (values[i].any)
            return true;
    }
    return false;
}

static enum status
look_up(struct align *a)
{
    const struct proven *proven = a->profiles->proven;
    struct arena *arena = &a->scratch;
    a->list = &a->profiles->items[a->match->profile].pcr[a->pcr];
    a->n_lines = proven->n_events[a->pcr];
    a->lines = arena_alloc_array(arena, a->n_lines, sizeof *a->lines);
    a->rest = arena_alloc_array(arena, a->n_lines, sizeof *a->rest);
    a->counts = arena_alloc_array(arena, a->list->n, sizeof *a->counts);
    a->sets = arena_alloc_array(arena, a->n_lines * a->list->n, sizeof *a->sets);
    if (!a->lines || !a->rest || !a->counts || !a->sets)
        return STATUS_NOMEM;
    for (size_t i = 0; i < a->n_lines; i++) {
        a->lines[i] = (struct line){.event = proven->events[a->pcr][i], .fate = FATE_SURPLUS};
        for (size_t c = 0; c < a->list->n; c++) {
            uint64_t sets = boot_profiles_taking(a->profiles, a->match->profile, a->list->items[c],
                                                 a->lines[i].event);
            a->sets[i * a->list->n + c] = sets;
            a->lines[i].is_known = a->lines[i].is_known || sets != 0;
            a->lines[i].is_named =
                a->lines[i].is_named || (sets != 0 && !is_any(a->list->items[c]));
        }
    }
    return STATUS_OK;
}

/* Unordered components take theirs first: they share no value with others of their PCR. */
static void
take_unordered(struct align *a)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        size_t c = 0;
        while (c < a->list->n && (a->list->items[c]->ordered || sets_of(a, i, c) == 0 ||
                                  a->counts[c] >= a->list->items[c]->max))
            c++;
        if (c == a->list->n) {
            a->rest[a->n_rest++] = i;
            continue;
        }
        a->counts[c]++;
        a->lines[i].fate = FATE_TAKEN;
        a->lines[i].component = c;
    }
}

static uint32_t
slots_of(const struct align *a, size_t c)
{
    const struct reference_component *component = a->list->items[c];
    size_t most = a->n_rest > component->min ? a->n_rest : component->min;
    return component->max < most ? component->max : (uint32_t)most;
}

/* False: too many for a table. */
static bool
count_slots(struct align *a)
{
    a->n_slots = 0;
    for (size_t c = 0; c < a->list->n; c++) {
        if (a->list->items[c]->ordered)
            a->n_slots += slots_of(a, c);
        if (a->n_slots > BOOT_MATCH_CELLS)
            return false;
    }
    return (a->n_rest + 1) * (a->n_slots + 1) <= BOOT_MATCH_CELLS;
}

static enum status
make_slots(struct align *a)
{
    struct arena *arena = &a->scratch;
    a->slots = arena_alloc_array(arena, a->n_slots, sizeof *a->slots);
    a->cells = arena_alloc_array(arena, (a->n_rest + 1) * (a->n_slots + 1), sizeof *a->cells);
    if (!a->slots || !a->cells)
        return STATUS_NOMEM;
    size_t n = 0;
    for (size_t c = 0; c < a->list->n; c++) {
        uint32_t wanted = a->list->items[c]->ordered ? slots_of(a, c) : 0;
        for (uint32_t i = 0; i < wanted; i++)
            a->slots[n++] = (struct slot){c, i >= a->list->items[c]->min};
    }
    return STATUS_OK;
}

/* ---- the table: cell (i, k) is the best for events from i on and slots from k on ---- */

static struct cell *
cell_at(const struct align *a, size_t i, size_t k)
{
    return &a->cells[i * (a->n_slots + 1) + k];
}

static void
better(struct cell *cell, enum move move, uint32_t cost)
{
    if (cost < cell->cost)
        *cell = (struct cell){cost, (uint8_t)move};
}

/* A volatile component takes what another one is for, or one takes a value that it revokes: both
 * may be, but only where nothing better is. */
static bool
is_wasted(const struct align *a, const struct line *line, const struct reference_component *c)
{
    const struct reference_value *values = c->values.items;
    if (line->is_named && is_any(c))
        return true;
    for (size_t i = 0; i < c->values.n; i++) {
        if (values[i].status == REFERENCE_STATUS_REVOKED &&
            proven_matches(a->profiles->proven, line->event, &values[i]))
            return true;
    }
    return false;
}

static void
fill_cell(const struct align *a, size_t i, size_t k)
{
    struct cell *cell = cell_at(a, i, k);
    *cell = (struct cell){UINT32_MAX, MOVE_SKIP_EVENT};
    bool has_event = i < a->n_rest;
    bool has_slot = k < a->n_slots;
    if (!has_event && !has_slot)
        cell->cost = 0;
    if (has_event && has_slot) {
        const struct line *line = &a->lines[a->rest[i]];
        uint32_t after = cell_at(a, i + 1, k + 1)->cost;
        bool wasted = is_wasted(a, line, a->list->items[a->slots[k].component]);
        if (sets_of(a, a->rest[i], a->slots[k].component) != 0)
            better(cell, MOVE_TAKE, after + (wasted ? COST_WASTED : 0));
        else if (!line->is_known && !a->slots[k].optional)
            better(cell, MOVE_REPLACE, after + COST_UNKNOWN);
    }
    if (has_event)
        better(cell, MOVE_SKIP_EVENT, cell_at(a, i + 1, k)->cost + COST_SURPLUS);
    if (has_slot)
        better(cell, MOVE_SKIP_SLOT,
               cell_at(a, i, k + 1)->cost + (a->slots[k].optional ? 0 : COST_MISSING));
}

static void
fill(const struct align *a)
{
    for (size_t i = a->n_rest + 1; i-- > 0;) {
        for (size_t k = a->n_slots + 1; k-- > 0;)
            fill_cell(a, i, k);
    }
}

static void
walk(struct align *a)
{
    size_t i = 0;
    size_t k = 0;
    while (i < a->n_rest || k < a->n_slots) {
        enum move move = (enum move)cell_at(a, i, k)->move;
        if (move == MOVE_TAKE || move == MOVE_REPLACE) {
            struct line *line = &a->lines[a->rest[i]];
            line->fate = move == MOVE_TAKE ? FATE_TAKEN : FATE_UNKNOWN;
            line->component = a->slots[k].component;
            a->counts[line->component]++;
        }
        i += move != MOVE_SKIP_SLOT;
        k += move != MOVE_SKIP_EVENT;
    }
}

/* ---- what is wrong in it ---- */

/* A surplus event that a component misses stands at the wrong place. */
static void
find_misplaced(struct align *a)
{
    for (size_t c = 0; c < a->list->n; c++) {
        for (size_t i = 0; i < a->n_lines; i++) {
            struct line *line = &a->lines[i];
            if (a->counts[c] >= a->list->items[c]->min)
                break;
            if (line->fate != FATE_SURPLUS || sets_of(a, i, c) == 0)
                continue;
            line->fate = FATE_ORDER;
            line->component = c;
            a->counts[c]++;
        }
    }
}

/* The unordered component that an unknown event is nearest to: one that misses some, else the
 * first. */
static size_t
nearest_unordered(const struct align *a)
{
    size_t first = a->list->n;
    for (size_t c = 0; c < a->list->n; c++) {
        if (a->list->items[c]->ordered)
            continue;
        if (a->counts[c] < a->list->items[c]->min)
            return c;
        if (first == a->list->n)
            first = c;
    }
    return first;
}

static bool
same_digests(const struct replay_event *a, const struct replay_event *b)
{
    bool any = false;
    for (size_t bank = 0; bank < LIMIT_BANKS; bank++) {
        if (a->digest[bank].size == 0)
            continue;
        if (!digest_equal(&a->digest[bank], &b->digest[bank]))
            return false;
        any = true;
    }
    return any;
}

/* An image that is measured twice is unknown twice. */
static bool
repeats_unknown(const struct align *a, size_t i, size_t *component)
{
    for (size_t k = 0; k < a->n_lines; k++) {
        if (a->lines[k].fate != FATE_UNKNOWN || !same_digests(a->lines[k].event, a->lines[i].event))
            continue;
        *component = a->lines[k].component;
        return true;
    }
    return false;
}

static void
find_unknown(struct align *a)
{
    for (size_t i = 0; i < a->n_lines; i++) {
        struct line *line = &a->lines[i];
        if (line->fate != FATE_SURPLUS || line->is_known)
            continue;
        size_t c = nearest_unordered(a);
        if (repeats_unknown(a, i, &c) || c < a->list->n) {
            line->fate = FATE_UNKNOWN;
            line->component = c;
            a->counts[c]++;
        }
    }
}

static enum status
tell_line(const struct align *a, size_t i)
{
    static const struct {
        enum reason_code code;
        unsigned cost;
    } rows[] = {
        [FATE_UNKNOWN] = {REASON_BOOT_UNKNOWN_IMAGE, COST_UNKNOWN},
        [FATE_SURPLUS] = {REASON_BOOT_SURPLUS, COST_SURPLUS},
        [FATE_ORDER] = {REASON_BOOT_ORDER, COST_SURPLUS + COST_MISSING},
    };
    const struct line *line = &a->lines[i];
    bool named = line->fate != FATE_SURPLUS;
    const struct reference_component *c = named ? a->list->items[line->component] : NULL;
    if (line->fate == FATE_TAKEN) {
        struct boot_taken taken = {line->event, c, sets_of(a, i, line->component)};
        return boot_match_take(a->profiles, a->match, &taken);
    }
    struct boot_finding finding = {rows[line->fate].code, a->pcr, line->event, c};
    return boot_match_find(a->profiles, a->match, &finding, rows[line->fate].cost);
}

static enum status
tell(const struct align *a)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < a->n_lines; i++)
        s = tell_line(a, i);
    for (size_t c = 0; s == STATUS_OK && c < a->list->n; c++) {
        if (a->counts[c] >= a->list->items[c]->min)
            continue;
        struct boot_finding finding = {REASON_BOOT_MISSING, a->pcr, NULL, a->list->items[c]};
        s = boot_match_find(a->profiles, a->match, &finding, COST_MISSING);
    }
    return s;
}

/* Too many events for a table: the first that no unordered component took. */
static enum status
tell_too_many(const struct align *a)
{
    struct boot_finding finding = {REASON_BOOT_SURPLUS, a->pcr,
                                   a->n_rest > 0 ? a->lines[a->rest[0]].event : NULL, NULL};
    return boot_match_find(a->profiles, a->match, &finding, BOOT_MATCH_CELLS);
}

static enum status
align(struct align *a)
{
    enum status s = look_up(a);
    if (s != STATUS_OK)
        return s;
    take_unordered(a);
    if (!count_slots(a))
        return tell_too_many(a);
    s = make_slots(a);
    if (s != STATUS_OK)
        return s;
    fill(a);
    walk(a);
    find_misplaced(a);
    find_unknown(a);
    return tell(a);
}

enum status
boot_match_align(const struct boot_profiles *p, uint32_t pcr, struct boot_match *m)
{
    struct align a = {.profiles = p, .match = m, .pcr = pcr};
    size_t n_components = p->items[m->profile].pcr[pcr].n;
    if (p->proven->n_events[pcr] * n_components > BOOT_MATCH_CELLS) {
        struct boot_finding finding = {REASON_BOOT_SURPLUS, pcr, p->proven->events[pcr][0], NULL};
        return boot_match_find(p, m, &finding, BOOT_MATCH_CELLS);
    }
    enum status s = align(&a);
    arena_free(&a.scratch);
    return s;
}
