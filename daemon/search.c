/* SPDX-License-Identifier: Apache-2.0 */
/* from: stored rounds and digests; to: who measured them; never: reads an event that no quote
 * proves. */
#include "daemon/search.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

struct search {
    size_t n;
    struct digest digests[SEARCH_DIGESTS_MAX]; /* alg 0: whichever has that size */
};

struct found {
    char device[DEVICE_ID_SIZE];
    char attestation[STORE_ID_SIZE];
    enum reason_log log;
    uint32_t pcr;
    int64_t since_s;
};

struct tally {
    struct {
        size_t n_devices, n_found, room;
        struct found *found;
    } digests[SEARCH_DIGESTS_MAX];
};

void *
search_new(const struct digest *digests, size_t n)
{
    struct search *s = calloc(1, sizeof *s);
    for (size_t i = 0; s && i < n && i < SEARCH_DIGESTS_MAX; i++)
        s->digests[s->n++] = digests[i];
    return s;
}

static void *
new_tally(const void *subject)
{
    (void)subject;
    return calloc(1, sizeof(struct tally));
}

static void
free_tally(void *tally)
{
    struct tally *t = tally;
    for (size_t i = 0; i < SEARCH_DIGESTS_MAX; i++)
        free(t->digests[i].found);
    free(t);
}

/* A device is one device, however many of its boots show it; the earliest counts. */
static enum status
put(struct tally *t, size_t i, const struct found *f)
{
    struct found *known = t->digests[i].found;
    for (size_t k = 0; k < t->digests[i].n_found; k++) {
        if (!text_equal(known[k].device, f->device))
            continue;
        if (f->since_s < known[k].since_s)
            known[k] = *f;
        return STATUS_OK;
    }
    t->digests[i].n_devices++;
    if (t->digests[i].n_found == SEARCH_FOUND_MAX)
        return STATUS_OK;
    if (t->digests[i].n_found == t->digests[i].room) {
        size_t room = t->digests[i].room == 0 ? 16 : 2 * t->digests[i].room;
        struct found *more = realloc(known, room * sizeof *more);
        if (!more)
            return STATUS_NOMEM;
        t->digests[i].found = more;
        t->digests[i].room = room;
    }
    t->digests[i].found[t->digests[i].n_found++] = *f;
    return STATUS_OK;
}

/* Where a round shows a digest. */
static bool
find_event(const struct replay *r, const struct digest *d, struct found *out)
{
    for (size_t i = 0; i < replay_n_events(r); i++) {
        const struct replay_event *e = replay_event_at(r, i);
        for (size_t bank = 0; bank < LIMIT_BANKS; bank++) {
            if (!bytes_equal(digest_bytes(&e->digest[bank]), digest_bytes(d)))
                continue;
            out->log = e->log;
            out->pcr = e->pcr;
            return true;
        }
    }
    return false;
}

static bool
find_entry(const struct replay *r, const struct digest *d, struct found *out)
{
    for (size_t i = 0; i < replay_n_ima(r); i++) {
        const struct ima_entry *e = replay_ima_at(r, i);
        if (!bytes_equal(e->file_digest, digest_bytes(d)))
            continue;
        out->log = REASON_LOG_IMA;
        out->pcr = e->pcr;
        return true;
    }
    return false;
}

static enum status
visit(const void *subject, void *tally, struct hasher *h, const struct survey_round *one)
{
    const struct search *search = subject;
    const struct replay *r = stored_round_replay(one->round);
    const struct stored_inputs *in = stored_round_inputs(one->round);
    enum status s = STATUS_OK;
    (void)h;
    for (size_t i = 0; s == STATUS_OK && i < search->n; i++) {
        struct found f = {0};
        if (!find_event(r, &search->digests[i], &f) && !find_entry(r, &search->digests[i], &f))
            continue;
        (void)text_copy(f.device, sizeof f.device, one->device->id);
        (void)text_copy(f.attestation, sizeof f.attestation, one->attestation);
        f.since_s = in->subject.boot_since_s > 0 ? in->subject.boot_since_s : in->now_s;
        s = put(tally, i, &f);
    }
    return s;
}

static enum status
merge(void *tally, const void *from)
{
    const struct tally *other = from;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < SEARCH_DIGESTS_MAX; i++) {
        for (size_t k = 0; s == STATUS_OK && k < other->digests[i].n_found; k++)
            s = put(tally, i, &other->digests[i].found[k]);
    }
    return s;
}

static int
order_found(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
    if (left->since_s != right->since_s)
        return left->since_s < right->since_s ? -1 : 1;
    return text_order(left->device, right->device);
}

static void
emit_found(struct emit *e, const struct found *f)
{
    emit_object(e);
    emit_text_member(e, "device", f->device);
    emit_text_member(e, "attestation", f->attestation);
    emit_text_member(e, "log", reason_log_name(f->log));
    emit_uint_member(e, "pcr", f->pcr);
    emit_time_member(e, "since", f->since_s);
    emit_end_object(e);
}

static void
emit_result(const void *subject, void *tally, struct emit *e)
{
    const struct search *search = subject;
    struct tally *t = tally;
    emit_key(e, "digests");
    emit_array(e);
    for (size_t i = 0; i < search->n; i++) {
        size_t n = t->digests[i].n_found;
        if (n > 1)
            qsort(t->digests[i].found, n, sizeof *t->digests[i].found, order_found);
        emit_object(e);
        emit_hex_member(e, "digest", digest_bytes(&search->digests[i]));
        emit_uint_member(e, "devices", t->digests[i].n_devices);
        emit_time_member(e, "since", n > 0 ? t->digests[i].found[0].since_s : 0);
        emit_key(e, "found");
        emit_array(e);
        for (size_t k = 0; k < n; k++)
            emit_found(e, &t->digests[i].found[k]);
        emit_end_array(e);
        emit_end_object(e);
    }
    emit_end_array(e);
}

const struct survey_kind search_kind = {
    .collection = SEARCH_COLLECTION,
    .new_tally = new_tally,
    .visit = visit,
    .merge = merge,
    .emit = emit_result,
    .free_tally = free_tally,
    .free_subject = free,
};
