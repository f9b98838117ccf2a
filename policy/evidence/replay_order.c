/* SPDX-License-Identifier: Apache-2.0 */
/* from: the proven events of the boot log; to: reasons where types, separators and digests
 * contradict one another; never: judges an event of a PCR that is not proven. [PFP 1.06 3.3.4;
 * threats 22-24] */
#include "evidence/event_type.h"
#include "evidence/replay_work.h"

#define FIRMWARE_PCRS 8u

struct order {
    unsigned n_separators[LIMIT_PCRS];
};

static struct reason *
blame(struct replay_work *w, enum reason_code code, const struct replay_event *e, const char *found)
{
    struct reason *r =
        reasons_add_at(w->reasons, code, e->log, (int32_t)e->pcr, (int64_t)e->number);
    reason_set_found(r, found);
    const char *type = event_type_name(e->type);
    if (type)
        reason_set_what(r, type);
    return r;
}

static void
check_separator(struct replay_work *w, struct order *o, const struct replay_event *e)
{
    bool is_separator = e->meaning.kind == EVENT_KIND_STRUCTURAL && e->meaning.separator_known;
    if (is_separator)
        o->n_separators[e->pcr]++;
    if (is_separator != (e->type == EVENT_SEPARATOR)) {
        (void)blame(w, REASON_LOG_SEPARATOR, e,
                    is_separator ? "a separator's digest under another type"
                                 : "a separator's type over another digest");
        return;
    }
    if (!is_separator)
        return;
    if (e->meaning.separator == 1)
        (void)blame(w, REASON_LOG_ERROR_SEPARATOR, e, "error separator");
    else if (o->n_separators[e->pcr] > 1)
        (void)blame(w, REASON_LOG_SEPARATOR, e, "second separator");
}

/* An event whose type says that its digest covers its data, and it does not. */
static void
check_digest(struct replay_work *w, const struct replay_event *e)
{
    const struct event_type *type = event_type_find(e->type);
    if (type && type->must_bind && !e->meaning.bound && !e->meaning.weak &&
        e->type != EVENT_SEPARATOR)
        (void)blame(w, REASON_LOG_DIGEST, e, "the digest is not that of the data");
}

static void
note_quirk(struct replay_work *w, const struct replay_event *e)
{
    enum event_quirk quirk = e->meaning.quirk;
    if (quirk == EVENT_QUIRK_NONE)
        return;
    for (size_t i = 0; i < w->reasons->n_items; i++) {
        const struct reason *r = &w->reasons->items[i];
        if (r->code == REASON_LOG_QUIRK && r->pcr == (int32_t)e->pcr &&
            bytes_equal(bytes_of_text(r->what), bytes_of_text(event_quirk_name(quirk))))
            return; /* one fact a quirk and PCR */
    }
    struct reason *r = blame(w, REASON_LOG_QUIRK, e, "");
    r->bound = true;
    reason_set_what(r, event_quirk_name(quirk));
}

/* Every firmware PCR that is proven has a separator. */
static void
check_missing(struct replay_work *w, const struct order *o)
{
    unsigned n_missing = 0;
    unsigned n_proven = 0;
    for (uint32_t pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        bool proven = w->out->pcrs[pcr] == REPLAY_PCR_PROVEN;
        n_proven += proven;
        n_missing += proven && o->n_separators[pcr] == 0;
    }
    if (n_missing > 0 && n_missing == n_proven) {
        for (size_t bank = 0; bank < w->out->n_banks; bank++) {
            struct reason *r = reasons_add_at(w->reasons, REASON_LOG_BANK_UNCAPPED, REASON_LOG_BOOT,
                                              REASON_NO_PCR, REASON_NO_EVENT);
            r->bank = w->out->banks[bank];
        }
        return;
    }
    for (uint32_t pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        if (w->out->pcrs[pcr] != REPLAY_PCR_PROVEN || o->n_separators[pcr] > 0)
            continue;
        struct reason *r = reasons_add_at(w->reasons, REASON_LOG_SEPARATOR, REASON_LOG_BOOT,
                                          (int32_t)pcr, REASON_NO_EVENT);
        reason_set_found(r, "no separator");
    }
}

void
replay_order_check(struct replay_work *w)
{
    struct order o = {0};
    for (size_t i = 0; i < w->out->n_events; i++) {
        const struct replay_event *e = &w->out->events[i];
        if (e->pcr < FIRMWARE_PCRS)
            check_separator(w, &o, e);
        check_digest(w, e);
        note_quirk(w, e);
    }
    check_missing(w, &o);
}
