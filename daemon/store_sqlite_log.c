/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: log bytes; to: content-addressed, compressed segments, and back; never: believes a digest
 * that it was told, or a row that does not give its own.
 */
#include "daemon/compress.h"
#include "daemon/store_sqlite.h"

#define SEGMENT_MAX  LIMIT_IMA_SEGMENT /* the largest log of the wire */
#define IMA_BOOT_MAX (4u * (size_t)LIMIT_IMA_SEGMENT)

static const char find_segment[] = "SELECT 1 FROM segment WHERE sha256 = ?1 AND size > 0";
static const char add_segment[] =
    "INSERT INTO segment (sha256, size, data) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET"
    " size = excluded.size, data = excluded.data WHERE segment.size = 0";
static const char hold_log[] =
    "INSERT INTO held_log (device, sha256) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
static const char find_log[] = "SELECT 1 FROM held_log WHERE device = ?1 AND sha256 = ?2";
static const char get_log[] =
    "SELECT g.sha256, g.size, g.data FROM held_log h JOIN segment g ON g.sha256 = h.sha256"
    " WHERE h.device = ?1 AND h.sha256 = ?2";
static const char get_segment[] = "SELECT sha256, size, data FROM segment WHERE sha256 = ?1";
static const char get_ima[] =
    "SELECT g.sha256, g.size, g.data FROM ima_segment i JOIN segment g ON g.sha256 = i.sha256"
    " WHERE i.boot = ?1 ORDER BY i.position";

enum status
store_make_segment(struct connection *c, struct bytes log, struct segment *out)
{
    *out = (struct segment){0};
    if (log.size == 0)
        return STATUS_OK;
    if (log.size > SEGMENT_MAX)
        return STATUS_LIMIT;
    enum status s = digest_sha256(c->hasher, log, out->sha256);
    if (s != STATUS_OK)
        return s;
    struct query q = query_of(c, find_segment);
    query_put_bytes(&q, bytes_of(out->sha256, sizeof out->sha256));
    out->held = query_next(&q);
    s = query_end(&q);
    if (s == STATUS_OK && !out->held)
        s = compress_encode(c->compress, log, &out->frame);
    out->size = log.size;
    out->present = s == STATUS_OK;
    return s;
}

void
store_free_segment(struct segment *g)
{
    buffer_free(&g->frame);
    *g = (struct segment){0};
}

/* It was when it was prepared; it may have been emptied since. */
static enum status
confirm_held(struct connection *c, const struct segment *g)
{
    struct query q = query_of(c, find_segment);
    query_put_bytes(&q, bytes_of(g->sha256, sizeof g->sha256));
    bool held = query_next(&q);
    enum status s = query_end(&q);
    return s == STATUS_OK && !held ? STATUS_CONFLICT : s;
}

enum status
store_add_segment(struct connection *c, const struct segment *g)
{
    if (!g->present)
        return STATUS_OK;
    if (g->held)
        return confirm_held(c, g);
    struct query q = query_of(c, add_segment);
    query_put_bytes(&q, bytes_of(g->sha256, sizeof g->sha256));
    query_put_uint(&q, g->size);
    query_put_bytes(&q, buffer_bytes(&g->frame));
    return query_run(&q, NULL);
}

enum status
store_hold_log(struct connection *c, const char *device,
               const uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    struct query q = query_of(c, hold_log);
    query_put_text(&q, device);
    query_put_bytes(&q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    return query_run(&q, NULL);
}

enum status
store_find_log(struct connection *c, const char *device,
               const uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    struct query q = query_of(c, find_log);
    query_put_text(&q, device);
    query_put_bytes(&q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    enum status s = query_first(&q);
    return s == STATUS_OK ? query_end(&q) : s;
}

/* A row of digest, size, frame: the bytes appended to out, which are those that the digest names.
 */
static enum status
read_segment(struct query *q, size_t room, struct buffer *out)
{
    const struct connection *c = q->connection;
    uint8_t expected[DIGEST_SHA256_SIZE], found[DIGEST_SHA256_SIZE];
    query_get_exactly(q, expected, sizeof expected);
    uint64_t size = query_get_uint(q);
    if (size > room)
        return STATUS_LIMIT;
    size_t before = out->size;
    enum status s = compress_decode(c->compress, query_get_bytes(q), (size_t)size, out);
    if (s == STATUS_OK)
        s = digest_sha256(c->hasher, bytes_slice(buffer_bytes(out), before, (size_t)size), found);
    if (s == STATUS_OK &&
        !digest_bytes_equal(bytes_of(expected, sizeof expected), bytes_of(found, sizeof found)))
        s = STATUS_MALFORMED;
    if (s == STATUS_MALFORMED)
        query_fail(q);
    return s;
}

static enum status
read_segments(struct query *q, size_t max, struct buffer *out, size_t *n)
{
    enum status s = STATUS_OK;
    *n = 0;
    while (s == STATUS_OK && query_next(q)) {
        s = read_segment(q, max - out->size, out);
        (*n)++;
    }
    enum status end = query_end(q);
    if (s == STATUS_OK)
        s = end;
    if (s != STATUS_OK)
        buffer_reset(out);
    return s;
}

enum status
store_get_log(struct store *s, const char *device, const uint8_t sha256[static DIGEST_SHA256_SIZE],
              struct buffer *out)
{
    struct connection *c = NULL;
    size_t n = 0;
    buffer_reset(out);
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, get_log);
    query_put_text(&q, device);
    query_put_bytes(&q, bytes_of(sha256, DIGEST_SHA256_SIZE));
    status = read_segments(&q, SEGMENT_MAX, out, &n);
    if (status == STATUS_OK && n == 0)
        status = STATUS_NOT_FOUND;
    return store_end_read(s, c, status);
}

enum status
store_get_ima(struct store *s, uint64_t boot, struct buffer *out)
{
    struct connection *c = NULL;
    size_t n = 0;
    buffer_reset(out);
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, get_ima);
    query_put_uint(&q, boot);
    return store_end_read(s, c, read_segments(&q, IMA_BOOT_MAX, out, &n));
}

enum status
store_load_segment(struct connection *c, struct bytes sha256, size_t room, struct buffer *out)
{
    struct query q = query_of(c, get_segment);
    query_put_bytes(&q, sha256);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    s = read_segment(&q, room, out);
    enum status end = query_end(&q);
    return s == STATUS_OK ? end : s;
}

/* Segments may have been joined since, so the last one may reach further. */
enum status
store_load_ima(struct connection *c, uint64_t boot, uint64_t size, struct buffer *out)
{
    if (size > IMA_BOOT_MAX)
        return STATUS_LIMIT;
    size_t end_at = out->size + (size_t)size;
    enum status s = STATUS_OK;
    struct query q = query_of(c, get_ima);
    query_put_uint(&q, boot);
    while (s == STATUS_OK && out->size < end_at && query_next(&q))
        s = read_segment(&q, IMA_BOOT_MAX - out->size, out);
    if (s == STATUS_OK && out->size < end_at)
        query_fail(&q);
    enum status end = query_end(&q);
    if (s == STATUS_OK && end == STATUS_OK)
        out->size = end_at;
    return s == STATUS_OK ? end : s;
}
