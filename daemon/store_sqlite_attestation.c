/* SPDX-License-Identifier: Apache-2.0 */
/* from: rows of rounds; to: attestations, newest first by the device's own order; never: writes. */
#include "base/text.h"
#include "daemon/compress.h"
#include "daemon/store_place.h"
#include "daemon/store_sqlite.h"

#include <string.h>

#define ROW                                                                                        \
    "SELECT a.id, a.device, a.time_s, a.evidence_s, a.expires_s, a.verdict, a.result,"             \
    " a.texts_size, a.texts, c.bytes"

static const char get_by_id[] =
    ROW " FROM attestation a LEFT JOIN dictionary c ON c.id = a.dictionary WHERE a.id = ?1";
static const char get_newest[] =
    ROW " FROM attestation a LEFT JOIN dictionary c ON c.id = a.dictionary WHERE a.device = ?1"
        " ORDER BY a.version DESC LIMIT 1";
static const char get_kept[] =
    ROW ", a.evidence_size, a.evidence, c.bytes, a.boot, a.ima_size, a.boot_log, a.userspace_log,"
        " a.ima_rest, k.public FROM attestation a LEFT JOIN dictionary c ON c.id = a.dictionary"
        " LEFT JOIN ak k ON k.device = a.device AND k.serial = a.ak_serial WHERE a.id = ?1";
static const char list_newest[] =
    "SELECT d.id, d.id, (SELECT a.id FROM attestation a WHERE a.device = d.id"
    " ORDER BY a.version DESC LIMIT 1) AS newest FROM device d"
    " WHERE d.id > ?1 AND newest IS NOT NULL ORDER BY d.id LIMIT ?2";
static const char list_boots[] =
    "SELECT b.id, b.device, (SELECT a.id FROM attestation a WHERE a.device = b.device"
    " AND a.boot = b.id ORDER BY a.version DESC LIMIT 1) AS newest FROM boot b"
    " WHERE b.id > ?1 AND newest IS NOT NULL ORDER BY b.id LIMIT ?2";
static const char list_generation[] =
    "SELECT d.id, coalesce(b.generation, ''), EXISTS (SELECT 1 FROM boot x WHERE x.device = d.id"
    " AND x.generation = ?1) FROM device d LEFT JOIN boot b ON b.id = d.boot"
    " WHERE d.state IN ('enrolled', 'quarantined') AND d.id > ?2 ORDER BY d.id LIMIT ?3";
static const char get_evidence[] =
    "SELECT a.evidence_size, a.evidence, c.bytes FROM attestation a"
    " LEFT JOIN dictionary c ON c.id = a.dictionary WHERE a.id = ?1 AND a.evidence <> x''";
static const char get_position[] = "SELECT version FROM attestation WHERE id = ?1 AND device = ?2";
static const char list_of_device[] =
    "SELECT id, device, time_s, evidence_s, expires_s, verdict FROM attestation"
    " WHERE device = ?1 AND version < ?2 ORDER BY version DESC LIMIT ?3";

static void
read_row(struct query *q, struct store_attestation *a)
{
    query_get_into(q, a->id, sizeof a->id);
    query_get_into(q, a->device, sizeof a->device);
    a->time_s = query_get_int(q);
    a->evidence_s = query_get_int(q);
    a->expires_s = query_get_int(q);
    if (!verdict_parse(query_get_text(q), &a->verdict))
        query_fail(q);
}

/* The next text up to its NUL, on the heap; NULL: there is none. */
static char *
next_text(struct query *q, struct bytes *rest)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, 0, rest->size) : NULL;
    if (!end) {
        query_fail(q);
        return NULL;
    }
    size_t size = (size_t)(end - rest->data) + 1;
    char *text = malloc(size);
    if (text)
        memcpy(text, rest->data, size);
    else
        q->nomem = true;
    *rest = bytes_slice(*rest, size, rest->size - size);
    return text;
}

/* The appraisal, its inputs and, unless it has a column of its own as of schema 5, the token. */
static void
split_texts(struct query *q, struct bytes texts, struct store_attestation *a)
{
    a->appraisal_json = next_text(q, &texts);
    a->inputs_json = next_text(q, &texts);
    if (!a->result)
        a->result = next_text(q, &texts);
    if (texts.size > 0)
        query_fail(q);
}

/* Appends the size bytes of a frame, at most max. The next column is its dictionary. */
static void
decode(struct query *q, struct bytes frame, uint64_t size, size_t max, struct buffer *out)
{
    struct compress *z = q->connection->compress;
    bool plain = query_is_null(q);
    struct bytes dictionary = query_get_bytes(q);
    enum status s = STATUS_MALFORMED;
    if (size <= max)
        s = plain ? compress_decode(z, frame, (size_t)size, out)
                  : compress_decode_like(z, dictionary, frame, (size_t)size, out);
    if (s == STATUS_NOMEM)
        q->nomem = true;
    else if (s != STATUS_OK)
        query_fail(q);
}

static void
read_texts(struct query *q, struct store_attestation *a)
{
    CLEANUP(buffer_free) struct buffer texts = {0};
    a->result = query_get_copy(q);
    if (a->result && a->result[0] == '\0') {
        free(a->result);
        a->result = NULL;
    }
    uint64_t size = query_get_uint(q);
    decode(q, query_get_bytes(q), size, STORE_TEXTS_MAX, &texts);
    split_texts(q, buffer_bytes(&texts), a);
}

/* Nothing when it was dropped; no frame as of schema 5. */
static void
read_evidence(struct query *q, struct buffer *out)
{
    uint64_t size = query_get_uint(q);
    if (size == 0) {
        query_get_buffer(q, out);
        (void)query_get_bytes(q);
        return;
    }
    struct bytes frame = query_get_bytes(q);
    if (frame.size > 0)
        decode(q, frame, size, LIMIT_BODY_LARGE, out);
    else
        (void)query_get_bytes(q);
}

static enum status
load_one(struct store *s, const char *sql, const char *key, struct store_attestation *out)
{
    struct connection *c = NULL;
    *out = (struct store_attestation){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, sql);
    query_put_text(&q, key);
    status = query_first(&q);
    if (status == STATUS_OK) {
        read_row(&q, out);
        read_texts(&q, out);
        status = query_end(&q);
    }
    status = store_end_read(s, c, status);
    if (status != STATUS_OK)
        store_attestation_clear(out);
    return status;
}

enum status
store_get_attestation(struct store *s, const char *id, struct store_attestation *out)
{
    return load_one(s, get_by_id, id, out);
}

enum status
store_get_latest(struct store *s, const char *device, struct store_attestation *out)
{
    return load_one(s, get_newest, device, out);
}

/* Where the logs of a round are. */
struct places {
    uint64_t boot, ima_size;
    struct buffer boot_log, userspace_log, ima_rest; /* digests; empty: none */
    bool whole;                                      /* the row was written by a schema 2 */
};

static void
free_places(struct places *p)
{
    buffer_free(&p->boot_log);
    buffer_free(&p->userspace_log);
    buffer_free(&p->ima_rest);
}

static enum status
read_kept(struct connection *c, const char *attestation, struct store_kept *out, struct places *p)
{
    struct query q = query_of(c, get_kept);
    query_put_text(&q, attestation);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    read_row(&q, &out->attestation);
    read_texts(&q, &out->attestation);
    read_evidence(&q, &out->evidence);
    p->boot = query_get_uint(&q);
    p->ima_size = query_get_uint(&q);
    query_get_buffer(&q, &p->boot_log);
    query_get_buffer(&q, &p->userspace_log);
    query_get_buffer(&q, &p->ima_rest);
    p->whole = !query_is_null(&q);
    query_get_buffer(&q, &out->ak_public);
    return query_end(&q);
}

static enum status
load_if_any(struct connection *c, const struct buffer *sha256, size_t room, struct buffer *out)
{
    if (sha256->size == 0)
        return STATUS_OK;
    enum status s = store_load_segment(c, buffer_bytes(sha256), room, out);
    return s == STATUS_NOT_FOUND ? STATUS_MALFORMED : s;
}

static enum status
load_kept(struct connection *c, const char *attestation, struct store_kept *out)
{
    CLEANUP(free_places) struct places p = {0};
    enum status s = read_kept(c, attestation, out, &p);
    if (s == STATUS_OK && (!p.whole || out->evidence.size == 0))
        return STATUS_UNSUPPORTED;
    if (s == STATUS_OK)
        s = load_if_any(c, &p.boot_log, LIMIT_BOOT_LOG, &out->boot_log);
    if (s == STATUS_OK)
        s = load_if_any(c, &p.userspace_log, LIMIT_USERSPACE_LOG, &out->userspace_log);
    if (s == STATUS_OK)
        s = store_load_ima(c, p.boot, p.ima_size, &out->ima);
    if (s == STATUS_OK)
        s = load_if_any(c, &p.ima_rest, LIMIT_IMA_SEGMENT, &out->ima);
    return s;
}

enum status
store_get_kept(struct store *s, const char *attestation, struct store_kept *out)
{
    struct connection *c = NULL;
    *out = (struct store_kept){0};
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, load_kept(c, attestation, out));
    if (status != STATUS_OK)
        store_kept_clear(out);
    return status;
}

void
store_kept_clear(struct store_kept *k)
{
    store_attestation_clear(&k->attestation);
    buffer_free(&k->evidence);
    buffer_free(&k->ak_public);
    buffer_free(&k->boot_log);
    buffer_free(&k->userspace_log);
    buffer_free(&k->ima);
    *k = (struct store_kept){0};
}

enum status
store_get_evidence(struct store *s, const char *attestation, struct buffer *out)
{
    struct connection *c = NULL;
    buffer_reset(out);
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, get_evidence);
    query_put_text(&q, attestation);
    status = query_first(&q);
    if (status == STATUS_OK) {
        read_evidence(&q, out);
        status = query_end(&q);
    }
    return store_end_read(s, c, status);
}

/* The device's version after the round that the cursor names. */
static enum status
find_position(struct connection *c, const char *device, const char *before, uint64_t *version)
{
    *version = INT64_MAX;
    if (!before)
        return STATUS_OK;
    struct query q = query_of(c, get_position);
    query_put_text(&q, before);
    query_put_text(&q, device);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    *version = query_get_uint(&q);
    return query_end(&q);
}

static enum status
list_page(struct connection *c, const char *device, const char *before, size_t limit,
          struct store_attestation_list *out)
{
    uint64_t version = 0;
    enum status s = find_position(c, device, before, &version);
    if (s != STATUS_OK)
        return s;
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    struct query q = query_of(c, list_of_device);
    query_put_text(&q, device);
    query_put_uint(&q, version);
    query_put_uint(&q, limit + 1);
    while (query_next(&q)) {
        if (out->n_items == limit) {
            out->more = true;
            break;
        }
        read_row(&q, &out->items[out->n_items++]);
    }
    return query_end(&q);
}

enum status
store_list_attestations(struct store *s, const char *device, const char *before, size_t limit,
                        struct store_attestation_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_attestation_list){0};
    if (limit == 0 || limit > LIMIT_PAGE)
        return STATUS_LIMIT;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, list_page(c, device, before, limit, out));
    if (status != STATUS_OK)
        store_attestation_list_clear(out);
    return status;
}

void
store_attestation_clear(struct store_attestation *a)
{
    free(a->appraisal_json);
    free(a->inputs_json);
    free(a->result);
    *a = (struct store_attestation){0};
}

void
store_attestation_list_clear(struct store_attestation_list *l)
{
    for (size_t i = 0; i < l->n_items; i++)
        store_attestation_clear(&l->items[i]);
    free(l->items);
    *l = (struct store_attestation_list){0};
}

enum status
store_list_places(struct store *s, bool every_boot, const char *after, size_t limit,
                  struct store_place_list *out)
{
    struct connection *c = NULL;
    uint64_t boot = 0;
    *out = (struct store_place_list){0};
    if (every_boot && after && text_parse_u64(after, INT64_MAX, &boot) != STATUS_OK)
        return STATUS_INVALID;
    if (limit == 0 || limit > LIMIT_PAGE)
        return STATUS_LIMIT;
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, every_boot ? list_boots : list_newest);
    if (every_boot)
        query_put_uint(&q, boot);
    else
        query_put_text(&q, after ? after : "");
    query_put_uint(&q, limit);
    while (out->n_items < limit && query_next(&q)) {
        struct store_place *p = &out->items[out->n_items++];
        query_get_into(&q, p->cursor, sizeof p->cursor);
        query_get_into(&q, p->device, sizeof p->device);
        query_get_into(&q, p->attestation, sizeof p->attestation);
    }
    return store_end_read(s, c, query_end(&q));
}

void
store_place_list_clear(struct store_place_list *l)
{
    free(l->items);
    *l = (struct store_place_list){0};
}

enum status
store_list_generation(struct store *s, const char *generation, const char *after, size_t limit,
                      struct store_generation_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_generation_list){0};
    if (limit == 0 || limit > LIMIT_PAGE)
        return STATUS_LIMIT;
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, list_generation);
    query_put_text(&q, generation);
    query_put_text(&q, after ? after : "");
    query_put_uint(&q, limit);
    while (out->n_items < limit && query_next(&q)) {
        struct store_generation_row *row = &out->items[out->n_items++];
        query_get_into(&q, row->device, sizeof row->device);
        query_get_into(&q, row->generation, sizeof row->generation);
        row->had = query_get_int(&q) != 0;
    }
    return store_end_read(s, c, query_end(&q));
}

void
store_generation_list_clear(struct store_generation_list *l)
{
    free(l->items);
    *l = (struct store_generation_list){0};
}
