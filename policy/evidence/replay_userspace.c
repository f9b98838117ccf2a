/* SPDX-License-Identifier: Apache-2.0 */
/* from: the log of user space and what the boot log gave; to: how far the quote proves its records,
 * PCR by PCR; never: lets a record stand before the boot log. [standards 7; threats 23, 32] */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/replay_work.h"

#include <stdio.h>
#include <string.h>

#define PCR_PHASES 11u

const char replay_os_separator[] = "os-separator";

enum status
replay_userspace_load(struct replay_work *w)
{
    if (w->in->userspace_incomplete) {
        struct reason *r = reasons_add_at(w->reasons, REASON_LOG_INCOMPLETE, REASON_LOG_USERSPACE,
                                          REASON_NO_PCR, REASON_NO_EVENT);
        r->bound = false;
    }
    if (!w->in->userspace_present)
        return STATUS_OK;
    return userspace_parse(w->in->userspace_log, &w->out->userspace, w->reasons);
}

/* Extend one record into every quoted bank of its PCR that it has a digest for. */
enum status
replay_userspace_extend(struct replay_work *w, const struct userspace_record *r, struct digest *pcr,
                        bool *extended)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *d = userspace_digest(r, w->out->banks[bank]);
        if (!d || !replay_quoted(w, bank, r->pcr))
            continue;
        enum status s = digest_extend(w->h, &pcr[bank], digest_bytes(d));
        if (s != STATUS_OK)
            return s;
        extended[bank] = true;
    }
    return STATUS_OK;
}

bool
replay_userspace_is_reached(const struct replay_work *w, uint32_t pcr, const struct digest *values,
                            const bool *extended)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *quoted = replay_quoted(w, bank, pcr);
        if (quoted && (!extended[bank] || !digest_equal(quoted, &values[bank])))
            return false;
    }
    return true;
}

enum status
replay_userspace_match(struct replay_work *w, uint32_t pcr, bool *agrees)
{
    *agrees = false;
    const struct userspace *u = w->out->userspace;
    struct digest values[LIMIT_BANKS];
    bool extended[LIMIT_BANKS];
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        values[bank] = w->boot[bank][pcr];
        extended[bank] = w->extended[bank][pcr];
    }
    for (size_t i = 0; u && i < u->n_records; i++) {
        const struct userspace_record *r = &u->records[i];
        if (!r->has_pcr || r->pcr != pcr)
            continue;
        enum status s = replay_userspace_extend(w, r, values, extended);
        if (s != STATUS_OK)
            return s;
        if (!replay_userspace_is_reached(w, pcr, values, extended))
            continue;
        w->userspace_end[pcr] = i + 1;
        *agrees = true;
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* The text is what was hashed, in every quoted bank that the record has, and one of them counts. */
static enum status
bind(struct replay_work *w, const struct userspace_record *r, struct event_meaning *m)
{
    bool any = false;
    bool trusted = false;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *listed = userspace_digest(r, w->out->banks[bank]);
        if (!listed || !replay_quoted(w, bank, r->pcr))
            continue;
        struct digest computed;
        enum status s = digest_compute(w->h, listed->alg, r->text, &computed);
        if (s != STATUS_OK)
            return s;
        if (!digest_equal(listed, &computed))
            return STATUS_OK;
        any = true;
        trusted = trusted || alg_by_id(listed->alg)->trusted;
    }
    m->bound = any && trusted;
    m->weak = any && !trusted;
    return STATUS_OK;
}

/* Phases and the separator are normal wherever systemd runs: structure, no content of a boot. */
static void
name_structure(const struct userspace_record *r, struct event_meaning *m)
{
    if (!m->bound)
        return;
    if ((REPLAY_OS_SEPARATOR_PCRS & (1u << r->pcr)) != 0 &&
        bytes_equal(r->text, bytes_of_text(replay_os_separator))) {
        m->kind = EVENT_KIND_STRUCTURAL;
        m->action = replay_os_separator;
    }
    for (size_t i = 0; r->pcr == PCR_PHASES && i < REPLAY_N_PHASES; i++) {
        if (!bytes_equal(r->text, bytes_of_text(replay_phases[i])))
            continue;
        m->kind = EVENT_KIND_STRUCTURAL;
        m->action = replay_phases[i];
    }
}

/* Phases come once each, in their order; some may be left out. phase counts those passed. */
static void
check_phase(struct replay_work *w, const struct replay_event *e, size_t *phase)
{
    size_t i = 0;
    while (!text_equal(replay_phases[i], e->meaning.action))
        i++;
    if (i < *phase) {
        struct reason *r = reasons_add_at(w->reasons, REASON_LOG_ORDER, REASON_LOG_USERSPACE,
                                          (int32_t)PCR_PHASES, (int64_t)e->number);
        r->bound = true;
        reason_set_found(r, e->meaning.action);
    }
    *phase = i + 1;
}

/* systemd caps each PCR once in a boot. */
static void
check_separator(struct replay_work *w, const struct replay_event *e, uint32_t *capped)
{
    if ((*capped & (1u << e->pcr)) != 0) {
        struct reason *r = reasons_add_at(w->reasons, REASON_LOG_SEPARATOR, REASON_LOG_USERSPACE,
                                          (int32_t)e->pcr, (int64_t)e->number);
        r->bound = true;
        reason_set_found(r, "second os-separator");
    }
    *capped |= 1u << e->pcr;
}

/* What was seen of the structure of the log so far. */
struct progress {
    size_t phase;    /* phases passed */
    uint32_t capped; /* PCRs with an os-separator */
};

static enum status
take_record(struct replay_work *w, const struct userspace_record *r, struct progress *progress)
{
    struct replay_event *out = &w->out->events[w->out->n_events++];
    out->log = REASON_LOG_USERSPACE;
    out->number = r->number;
    out->pcr = r->pcr;
    out->type = REPLAY_TYPE_USERSPACE;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *d = userspace_digest(r, w->out->banks[bank]);
        if (d && replay_quoted(w, bank, r->pcr))
            out->digest[bank] = *d;
    }
    out->meaning.kind = EVENT_KIND_STRING;
    out->meaning.text = r->text;
    enum status s = bind(w, r, &out->meaning);
    name_structure(r, &out->meaning);
    if (s == STATUS_OK && r->pcr == PCR_PHASES && out->meaning.action)
        check_phase(w, out, &progress->phase);
    else if (s == STATUS_OK && out->meaning.action)
        check_separator(w, out, &progress->capped);
    return s;
}

static void
note_rest(struct replay_work *w, size_t n_unattested, size_t first)
{
    const struct userspace *u = w->out->userspace;
    if (n_unattested == 0 && !u->is_cut)
        return;
    struct reason *r = reasons_add_at(w->reasons, REASON_LOG_UNATTESTED, REASON_LOG_USERSPACE,
                                      REASON_NO_PCR, (int64_t)first);
    char text[64];
    (void)snprintf(text, sizeof text, "%zu records%s", n_unattested,
                   u->is_cut ? ", and one that is still being written" : "");
    reason_set_found(r, text);
}

enum status
replay_userspace_events(struct replay_work *w)
{
    const struct userspace *u = w->out->userspace;
    size_t n_unattested = 0;
    size_t first = u ? u->n_records : 0;
    struct progress progress = {0};
    for (size_t i = 0; u && i < u->n_records; i++) {
        const struct userspace_record *r = &u->records[i];
        bool quoted = r->has_pcr && w->out->pcrs[r->pcr] != REPLAY_PCR_NOT_QUOTED;
        if (quoted && i < w->userspace_end[r->pcr] && w->out->pcrs[r->pcr] == REPLAY_PCR_PROVEN) {
            enum status s = take_record(w, r, &progress);
            if (s != STATUS_OK)
                return s;
            continue;
        }
        first = n_unattested == 0 ? i : first;
        n_unattested++;
    }
    if (u)
        note_rest(w, n_unattested, first);
    if (progress.phase > 0)
        replay_note_phase(w, replay_phases[progress.phase - 1]);
    return STATUS_OK;
}
