/* SPDX-License-Identifier: Apache-2.0 */
/* from: an announcement and proven events; to: which of them it explains; never: lets it explain
 * another boot than the one that it is for. */
#include "appraise/announced.h"

#include "base/cleanup.h"
#include "base/text.h"

/* When the boot was first seen, against the announcement's own end and the policy's life. */
static bool
is_late(const struct appraisal_input *input, const struct policy_announce *rule)
{
    const struct announcement *a = input->announcement;
    int64_t since_s = input->subject->boot_since_s;
    int64_t seen_s = since_s > 0 ? since_s : input->now_s;
    return seen_s > a->expires_s || seen_s > a->issued_s + rule->life_s;
}

static enum reason_code
refusal_of(const struct appraisal_input *input, const struct policy_announce *rule,
           const struct announcement_item *item)
{
    const struct announcement *a = input->announcement;
    if (!rule->present || !policy_announces(rule, item->role))
        return REASON_BOOT_ANNOUNCED_ROLE;
    if (quote_counters(input->quote)->reset_count != a->reset_count ||
        !text_equal(a->device_id, input->subject->device_id))
        return REASON_BOOT_ANNOUNCED_OTHER;
    return is_late(input, rule) ? REASON_BOOT_ANNOUNCED_LATE : REASON_NONE;
}

/* ---- one event ---- */

static bool
has_digests(const struct proven *p, const struct announcement_item *item,
            const struct replay_event *e)
{
    struct reference_value value = {.n_digests = item->n_digests};
    for (size_t i = 0; i < item->n_digests && i < ALG_COUNT; i++)
        value.digests[i] = item->digests[i];
    return item->n_digests <= ALG_COUNT && proven_matches(p, e, &value);
}

/* Text that a digest binds; the EFI stub's options are known by their digest alone. */
static enum status
has_text(struct hasher *h, const struct proven *p, const struct announcement_item *item,
         const struct replay_event *e, bool *has)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    if (e->meaning.kind == EVENT_KIND_LOAD_OPTIONS)
        return proven_is_load_options(h, p, e, item->text, has);
    if (!e->meaning.bound || e->meaning.text.size == 0)
        return STATUS_OK;
    enum status s = event_text(&e->meaning, &text);
    const char *found = s == STATUS_OK ? buffer_text(&text) : NULL;
    if (!found)
        return STATUS_NOMEM;
    *has = text_equal(found, item->text);
    return STATUS_OK;
}

static enum status
is_announced(struct hasher *h, const struct proven *p, const struct announcement_item *item,
             const struct replay_event *e, bool *is)
{
    *is = false;
    if (item->text)
        return has_text(h, p, item, e, is);
    *is = has_digests(p, item, e);
    return STATUS_OK;
}

/* ---- all of them ---- */

struct work {
    struct hasher *h;
    struct arena *arena;
    const struct proven *proven;
    size_t room;
    struct announced *out;
};

static enum status
add(struct work *w, const struct announced_event *event)
{
    struct announced *out = w->out;
    if (out->n == w->room) {
        size_t room = w->room == 0 ? 16 : 2 * w->room;
        struct announced_event *larger = arena_alloc_array(w->arena, room, sizeof *larger);
        if (!larger)
            return STATUS_NOMEM;
        for (size_t i = 0; i < out->n; i++)
            larger[i] = out->events[i];
        out->events = larger;
        w->room = room;
    }
    out->events[out->n++] = *event;
    return STATUS_OK;
}

static enum status
find_item(struct work *w, const struct announcement_item *item, enum reason_code refusal)
{
    enum status s = STATUS_OK;
    for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        for (size_t i = 0; s == STATUS_OK && i < w->proven->n_events[pcr]; i++) {
            const struct replay_event *e = w->proven->events[pcr][i];
            bool is = false;
            s = is_announced(w->h, w->proven, item, e, &is);
            if (s == STATUS_OK && is)
                s = add(w, &(struct announced_event){e, item, refusal});
        }
    }
    return s;
}

enum status
announced_init(struct arena *arena, struct hasher *h, const struct appraisal_input *input,
               const struct policy_announce *rule, const struct proven *proven,
               struct announced *out)
{
    *out = (struct announced){0};
    struct work w = {.h = h, .arena = arena, .proven = proven, .out = out};
    const struct announcement *a = input->announcement;
    enum status s = STATUS_OK;
    for (size_t i = 0; a && s == STATUS_OK && i < a->n_items && i < ANNOUNCEMENT_MAX; i++) {
        enum reason_code refusal = refusal_of(input, rule, &a->items[i]);
        out->expected = out->expected || refusal == REASON_NONE;
        s = find_item(&w, &a->items[i], refusal);
    }
    return s;
}

const struct announced_event *
announced_find(const struct announced *a, const struct replay_event *e, const char *role)
{
    const struct announced_event *refused = NULL;
    for (size_t i = 0; i < a->n; i++) {
        const struct announced_event *at = &a->events[i];
        if (at->event != e || !text_equal(at->item->role, role))
            continue;
        if (at->refusal == REASON_NONE)
            return at;
        refused = at;
    }
    return refused;
}
