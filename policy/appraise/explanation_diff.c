/* SPDX-License-Identifier: Apache-2.0 */
/* from: the proven events of two rounds; to: those that only one has; never: compares digests of
 * different algorithms. */
#include "appraise/explanation_diff.h"

#include "base/text.h"
#include "evidence/event_type.h"

struct side_event {
    const struct replay_event *event;
    const struct digest *digest; /* in the algorithm of the comparison */
    const char *component;
    bool used;
};

struct side {
    const struct explanation_side *of;
    const struct replay *replay;
    size_t bank, n;
    struct side_event *events; /* of the PCR at hand */
};

struct work {
    struct side now, good;
    uint16_t alg;
    struct explanation_diff *out;
};

const char *
explanation_change_name(enum explanation_change change)
{
    static const char *const names[] = {"added", "gone", "changed"};
    return (size_t)change < sizeof names / sizeof *names ? names[change] : "unknown";
}

/* The first trusted bank that both quotes have. */
static void
choose_bank(struct work *w)
{
    w->now.bank = w->good.bank = LIMIT_BANKS;
    for (size_t i = 0; i < ALG_COUNT && w->alg == 0; i++) {
        const struct alg *alg = alg_at(i);
        size_t now = replay_bank(w->now.replay, alg->id),
               good = replay_bank(w->good.replay, alg->id);
        if (!alg->trusted || now >= LIMIT_BANKS || good >= LIMIT_BANKS)
            continue;
        w->alg = alg->id;
        w->now.bank = now;
        w->good.bank = good;
    }
}

/* The role that the boot rule took it for; else what a reason calls it; else its type. */
static const char *
name_component(const struct side *side, const struct replay_event *e)
{
    const struct appraisal *a = side->of->appraisal;
    for (size_t i = 0; i < appraisal_n_parts(a); i++) {
        if (appraisal_part(a, i)->event == e)
            return appraisal_part(a, i)->role;
    }
    for (size_t i = 0; i < appraisal_n_perspectives(a); i++) {
        const struct reasons *list = &appraisal_perspective(a, i)->reasons;
        for (size_t k = 0; k < list->n_items; k++) {
            const struct reason *r = &list->items[k];
            if (r->event == (int64_t)e->number && r->log == e->log && r->what[0] != '\0')
                return r->what;
        }
    }
    const struct event_type *type = event_type_find(e->type);
    return type && type->name ? type->name : "event";
}

static enum status
take_side(struct work *w, struct side *side, uint32_t pcr)
{
    size_t n_all = replay_n_events(side->replay);
    side->n = 0;
    side->events = arena_alloc_array(&w->out->arena, n_all, sizeof *side->events);
    if (!side->events)
        return STATUS_NOMEM;
    for (size_t i = 0; i < n_all; i++) {
        const struct replay_event *e = replay_event_at(side->replay, i);
        if (e->pcr != pcr || e->meaning.kind == EVENT_KIND_STRUCTURAL)
            continue;
        side->events[side->n++] = (struct side_event){
            .event = e, .digest = &e->digest[side->bank], .component = name_component(side, e)};
    }
    return STATUS_OK;
}

static enum status
add(struct work *w, const struct explanation_item *item)
{
    struct explanation_diff *out = w->out;
    if (out->n_items == out->room) {
        size_t room = out->room == 0 ? 16 : 2 * out->room;
        struct explanation_item *larger = arena_alloc_array(&out->arena, room, sizeof *larger);
        if (!larger)
            return STATUS_NOMEM;
        for (size_t i = 0; i < out->n_items; i++)
            larger[i] = out->items[i];
        out->items = larger;
        out->room = room;
    }
    out->items[out->n_items++] = *item;
    return STATUS_OK;
}

/* What both have stays out. */
static void
strike_equal(struct work *w)
{
    for (size_t i = 0; i < w->now.n; i++) {
        for (size_t k = 0; k < w->good.n && !w->now.events[i].used; k++) {
            if (w->good.events[k].used ||
                !digest_equal(w->now.events[i].digest, w->good.events[k].digest))
                continue;
            w->now.events[i].used = true;
            w->good.events[k].used = true;
        }
    }
}

static struct side_event *
find_gone(struct work *w, const char *component)
{
    for (size_t k = 0; k < w->good.n; k++) {
        if (!w->good.events[k].used && text_equal(w->good.events[k].component, component))
            return &w->good.events[k];
    }
    return NULL;
}

static enum status
add_now(struct work *w, const struct side_event *came)
{
    struct side_event *gone = find_gone(w, came->component);
    if (gone)
        gone->used = true;
    return add(w, &(struct explanation_item){
                      .change = gone ? EXPLANATION_CHANGED : EXPLANATION_ADDED,
                      .component = came->component,
                      .pcr = came->event->pcr,
                      .log = came->event->log,
                      .event = came->event->number,
                      .alg = w->alg,
                      .was = gone ? gone->digest : NULL,
                      .is = came->digest,
                  });
}

static enum status
compare_pcr(struct work *w, uint32_t pcr)
{
    enum status s = take_side(w, &w->now, pcr);
    if (s == STATUS_OK)
        s = take_side(w, &w->good, pcr);
    if (s != STATUS_OK)
        return s;
    strike_equal(w);
    for (size_t i = 0; s == STATUS_OK && i < w->now.n; i++) {
        if (!w->now.events[i].used)
            s = add_now(w, &w->now.events[i]);
    }
    for (size_t k = 0; s == STATUS_OK && k < w->good.n; k++) {
        const struct side_event *gone = &w->good.events[k];
        if (!gone->used)
            s = add(w, &(struct explanation_item){.change = EXPLANATION_GONE,
                                                  .component = gone->component,
                                                  .pcr = pcr,
                                                  .log = gone->event->log,
                                                  .event = gone->event->number,
                                                  .alg = w->alg,
                                                  .was = gone->digest});
    }
    return s;
}

enum status
explanation_diff_make(const struct explanation_side *now, const struct explanation_side *good,
                      struct explanation_diff *out)
{
    *out = (struct explanation_diff){0};
    struct work w = {.now = {.of = now, .replay = stored_round_replay(now->round)},
                     .good = {.of = good, .replay = stored_round_replay(good->round)},
                     .out = out};
    choose_bank(&w);
    enum status s = STATUS_OK;
    for (uint32_t pcr = 0; w.alg != 0 && s == STATUS_OK && pcr < LIMIT_PCRS; pcr++) {
        bool proven = replay_pcr_state(w.now.replay, pcr) == REPLAY_PCR_PROVEN &&
                      replay_pcr_state(w.good.replay, pcr) == REPLAY_PCR_PROVEN;
        if (proven)
            s = compare_pcr(&w, pcr);
    }
    return s;
}

void
explanation_diff_clear(struct explanation_diff *d)
{
    arena_free(&d->arena);
    *d = (struct explanation_diff){0};
}
