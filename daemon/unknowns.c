/* SPDX-License-Identifier: Apache-2.0 */
/* from: stored rounds and the documents in force; to: digests that these do not explain; never:
 * accepts one. */
#include "daemon/unknowns.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>

#define EXAMPLES 5u

struct unknown {
    char digest[2 * ALG_MAX_SIZE + 1]; /* hex */
    struct reason reason;              /* of the first device */
    size_t n_devices;
    size_t visit;    /* that counted it last: two perspectives are one device */
    int64_t since_s; /* of the boots that show it now, the earliest */
    size_t n_examples;
    char examples[EXAMPLES][DEVICE_ID_SIZE];
};

struct tally {
    size_t n_unknown, room, n_dropped, n_devices;
    struct unknown *unknown;
};

void *
unknowns_new(struct documents *in_force)
{
    return in_force;
}

static void
free_subject(void *subject)
{
    documents_unref(subject);
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
    free(t->unknown);
    free(t);
}

/* What was found is the digest of a thing that no document names, or none any more; events of
 * proven PCRs only, so the digest is what was measured, whatever their data say. */
static bool
is_unknown(const struct reason *r)
{
    static const enum reason_code codes[] = {
        REASON_BOOT_UNKNOWN_IMAGE,   REASON_BOOT_SURPLUS,        REASON_BOOT_APPROVAL_OVER,
        REASON_BOOT_ANNOUNCED_OTHER, REASON_BOOT_ANNOUNCED_LATE, REASON_BOOT_ANNOUNCED_ROLE,
        REASON_IMA_UNKNOWN_FILE};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (r->code == codes[i])
            return true;
    }
    return false;
}

/* What was found is the digest alone, or a text where more was found than is named. */
static bool
read_digest(const struct reason *r, char *out, size_t out_size)
{
    struct digest unused;
    for (size_t i = 0; i < ALG_COUNT; i++) {
        if (text_parse_hex_exact(r->found, unused.data, alg_at(i)->size) == STATUS_OK)
            return text_copy(out, out_size, r->found);
    }
    return false;
}

static struct unknown *
find(struct tally *t, const char *digest)
{
    for (size_t i = 0; i < t->n_unknown; i++) {
        if (text_equal(t->unknown[i].digest, digest))
            return &t->unknown[i];
    }
    return NULL;
}

/* STATUS_OK and *out NULL past the limit. */
static enum status
find_or_add(struct tally *t, const char *digest, const struct reason *r, struct unknown **out)
{
    *out = find(t, digest);
    if (*out || t->n_unknown == UNKNOWNS_MAX)
        return STATUS_OK;
    if (t->n_unknown == t->room) {
        size_t room = t->room == 0 ? 16 : 2 * t->room;
        struct unknown *more = realloc(t->unknown, room * sizeof *more);
        if (!more)
            return STATUS_NOMEM;
        t->unknown = more;
        t->room = room;
    }
    *out = &t->unknown[t->n_unknown++];
    **out = (struct unknown){.reason = *r, .since_s = INT64_MAX};
    (void)text_copy((*out)->digest, sizeof(*out)->digest, digest);
    return STATUS_OK;
}

static void
count(struct unknown *u, size_t visit, const char *device, int64_t since_s)
{
    if (u->visit == visit)
        return;
    u->visit = visit;
    u->n_devices++;
    u->since_s = since_s < u->since_s ? since_s : u->since_s;
    if (u->n_examples < EXAMPLES)
        (void)text_copy(u->examples[u->n_examples++], DEVICE_ID_SIZE, device);
}

static enum status
take(struct tally *t, const struct survey_round *one, const struct reasons *reasons)
{
    const struct stored_inputs *in = stored_round_inputs(one->round);
    int64_t since_s = in->subject.boot_since_s > 0 ? in->subject.boot_since_s : in->now_s;
    for (size_t i = 0; i < reasons->n_items; i++) {
        char digest[2 * ALG_MAX_SIZE + 1];
        struct unknown *u = NULL;
        if (!is_unknown(&reasons->items[i]) ||
            !read_digest(&reasons->items[i], digest, sizeof digest))
            continue;
        enum status s = find_or_add(t, digest, &reasons->items[i], &u);
        if (s != STATUS_OK)
            return s;
        if (u)
            count(u, t->n_devices, one->device->id, since_s);
        else
            t->n_dropped++;
    }
    t->n_dropped += reasons->n_dropped;
    return STATUS_OK;
}

static enum status
visit(const void *subject, void *tally, struct hasher *h, const struct survey_round *one)
{
    struct tally *t = tally;
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    struct subject device = stored_round_inputs(one->round)->subject;
    const struct stored_view view = {.subject = &device};
    device.labels = one->device->labels;
    device.n_labels = one->device->n_labels;
    t->n_devices++;
    /* The reference is the survey's, and is not given away here. */
    struct documents *in_force = documents_ref((struct documents *)(uintptr_t)subject);
    enum status s = stored_round_appraise_as(h, one->round, &view, in_force, &a);
    documents_unref(in_force);
    for (size_t i = 0; s == STATUS_OK && i < appraisal_n_perspectives(a); i++)
        s = take(t, one, &appraisal_perspective(a, i)->reasons);
    return s;
}

static enum status
merge(void *tally, const void *from)
{
    struct tally *t = tally;
    const struct tally *other = from;
    t->n_dropped += other->n_dropped;
    t->n_devices += other->n_devices;
    for (size_t i = 0; i < other->n_unknown; i++) {
        const struct unknown *theirs = &other->unknown[i];
        struct unknown *u = NULL;
        enum status s = find_or_add(t, theirs->digest, &theirs->reason, &u);
        if (s != STATUS_OK)
            return s;
        if (!u) {
            t->n_dropped++;
            continue;
        }
        u->n_devices += theirs->n_devices;
        u->since_s = theirs->since_s < u->since_s ? theirs->since_s : u->since_s;
        for (size_t k = 0; k < theirs->n_examples && u->n_examples < EXAMPLES; k++)
            (void)text_copy(u->examples[u->n_examples++], DEVICE_ID_SIZE, theirs->examples[k]);
    }
    return STATUS_OK;
}

static int
order_unknown(const void *a, const void *b)
{
    const struct unknown *left = a, *right = b;
    if (left->n_devices != right->n_devices)
        return left->n_devices > right->n_devices ? -1 : 1;
    return text_order(left->digest, right->digest);
}

static void
emit_unknown(struct emit *e, const struct unknown *u)
{
    emit_object(e);
    emit_text_member(e, "digest", u->digest);
    emit_text_member(e, "code", reason_code_name(u->reason.code));
    emit_text_member(e, "log", reason_log_name(u->reason.log));
    emit_int_member(e, "pcr", u->reason.pcr);
    emit_text_member(e, "what", u->reason.what[0] != '\0' ? u->reason.what : NULL);
    emit_text_member(e, "found", u->reason.found);
    emit_uint_member(e, "devices", u->n_devices);
    emit_time_member(e, "since", u->since_s);
    emit_key(e, "examples");
    emit_array(e);
    for (size_t i = 0; i < u->n_examples; i++)
        emit_text(e, u->examples[i]);
    emit_end_array(e);
    emit_end_object(e);
}

static void
emit_result(const void *subject, void *tally, struct emit *e)
{
    struct tally *t = tally;
    (void)subject;
    if (t->n_unknown > 1)
        qsort(t->unknown, t->n_unknown, sizeof *t->unknown, order_unknown);
    emit_uint_member(e, "devices", t->n_devices);
    emit_key(e, "unknown");
    emit_array(e);
    for (size_t i = 0; i < t->n_unknown; i++)
        emit_unknown(e, &t->unknown[i]);
    emit_end_array(e);
    emit_uint_member(e, "dropped", t->n_dropped);
}

const struct survey_kind unknowns_kind = {
    .collection = UNKNOWNS_COLLECTION,
    .new_tally = new_tally,
    .visit = visit,
    .merge = merge,
    .emit = emit_result,
    .free_tally = free_tally,
    .free_subject = free_subject,
};
