/* SPDX-License-Identifier: Apache-2.0 */
/* from: boots that ended, lists in many small segments; to: less of it; never: touches what a
 * device's current boot needs, or a result. Each call is one short transaction. */
#include "base/limits.h"
#include "daemon/store_sqlite.h"

#define STEP_ROUNDS 256u            /* whose evidence one call drops */
#define JOINED_MAX  (1024u * 1024u) /* bytes that one call joins */

/* The condition is the index's own. Segments to join: as many as schema_4.sql says. */
static const char find_to_join[] =
    "SELECT id, n_joined FROM boot WHERE n_ima_segments - n_joined >= 16 LIMIT 1";
static const char get_tail[] =
    "SELECT sha256 FROM ima_segment WHERE boot = ?1 AND position >= ?2 ORDER BY position";
static const char delete_tail[] = "DELETE FROM ima_segment WHERE boot = ?1 AND position >= ?2";
static const char add_joined[] =
    "INSERT INTO ima_segment (boot, position, sha256) VALUES (?1, ?2, ?3)";
static const char set_joined[] = "UPDATE boot SET n_joined = n_ima_segments WHERE id = ?1";

/* A boot ended when the device's next one began. */
static const char find_aged[] =
    "SELECT b.id FROM boot b WHERE b.first_version <= b.last_version AND b.opened_s < ?1"
    " AND (SELECT n.opened_s FROM boot n WHERE n.device = b.device AND n.id > b.id"
    " ORDER BY n.id LIMIT 1) < ?1 ORDER BY b.opened_s LIMIT 1";
static const char find_surplus[] =
    "SELECT b.id FROM boot b WHERE b.first_version <= b.last_version"
    " AND (SELECT count(*) FROM boot n WHERE n.device = b.device AND n.id > b.id) > ?1 LIMIT 1";
static const char get_ended[] =
    "SELECT b.device, b.first_version, b.last_version FROM boot b WHERE b.id = ?1"
    " AND b.first_version <= b.last_version"
    " AND EXISTS (SELECT 1 FROM boot n WHERE n.device = b.device AND n.id > b.id)";
static const char empty_rounds[] =
    "UPDATE attestation SET evidence = x'', boot_log = NULL, userspace_log = NULL, ima_rest = NULL"
    " WHERE device = ?1 AND version >= ?2 AND version < ?3 AND boot = ?4";
static const char set_kept[] = "UPDATE boot SET first_version = ?2 WHERE id = ?1";
static const char list_segments[] = "SELECT sha256 FROM ima_segment WHERE boot = ?1"
                                    " UNION SELECT sha256 FROM boot_segment WHERE boot = ?1";
static const char delete_list[] = "DELETE FROM ima_segment WHERE boot = ?1";
static const char delete_named[] = "DELETE FROM boot_segment WHERE boot = ?1";
static const char forget_boot_log[] = "UPDATE boot SET boot_log = NULL WHERE id = ?1";
static const char let_go[] =
    "DELETE FROM held_log WHERE device = ?1 AND sha256 = ?2 AND NOT EXISTS (SELECT 1 FROM"
    " boot_segment s JOIN boot b ON b.id = s.boot WHERE s.sha256 = ?2 AND b.device = ?1)";
static const char empty_segment[] =
    "UPDATE segment SET size = 0, data = x'' WHERE sha256 = ?1"
    " AND NOT EXISTS (SELECT 1 FROM ima_segment i WHERE i.sha256 = ?1)"
    " AND NOT EXISTS (SELECT 1 FROM boot_segment s WHERE s.sha256 = ?1)";

static struct bytes
digest_at(const struct buffer *list, size_t i)
{
    return bytes_slice(buffer_bytes(list), i * DIGEST_SHA256_SIZE, DIGEST_SHA256_SIZE);
}

static enum status
run_on_boot(struct connection *c, const char *sql, uint64_t boot)
{
    struct query q = query_of(c, sql);
    query_put_uint(&q, boot);
    return query_run(&q, NULL);
}

/* Emptied, not deleted: a row of some bytes stays, and no table of rounds has to be searched. */
static enum status
empty_unused(struct connection *c, const struct buffer *list)
{
    enum status s = buffer_check(list);
    for (size_t i = 0; s == STATUS_OK && i < list->size / DIGEST_SHA256_SIZE; i++) {
        struct query q = query_of(c, empty_segment);
        query_put_bytes(&q, digest_at(list, i));
        s = query_run(&q, NULL);
    }
    return s;
}

/* ---- joining ---- */

struct tail {
    uint64_t boot, begin;
    struct buffer digests; /* of its segments */
};

static enum status
read_tail(struct connection *c, struct tail *t)
{
    struct query q = query_of(c, get_tail);
    query_put_uint(&q, t->boot);
    query_put_uint(&q, t->begin);
    while (query_next(&q))
        buffer_append(&t->digests, query_get_bytes(&q));
    enum status s = query_end(&q);
    return s == STATUS_OK ? buffer_check(&t->digests) : s;
}

static enum status
load_tail(struct connection *c, const struct tail *t, struct buffer *out)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < t->digests.size / DIGEST_SHA256_SIZE; i++)
        s = store_load_segment(c, digest_at(&t->digests, i), JOINED_MAX - out->size, out);
    return s;
}

static enum status
replace_tail(struct connection *c, const struct tail *t, const struct segment *joined)
{
    enum status s = store_add_segment(c, joined);
    if (s != STATUS_OK)
        return s;
    struct query q = query_of(c, delete_tail);
    query_put_uint(&q, t->boot);
    query_put_uint(&q, t->begin);
    s = query_run(&q, NULL);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, add_joined);
    query_put_uint(&q, t->boot);
    query_put_uint(&q, t->begin);
    query_put_bytes(&q, bytes_of(joined->sha256, sizeof joined->sha256));
    s = query_run(&q, NULL);
    return s == STATUS_OK ? empty_unused(c, &t->digests) : s;
}

/* Large ones stay as they are; damaged ones too, for whoever reads them to say so. */
static enum status
join_tail(struct connection *c, const struct tail *t)
{
    CLEANUP(buffer_free) struct buffer bytes = {0};
    CLEANUP(store_free_segment) struct segment joined = {0};
    enum status s = load_tail(c, t, &bytes);
    if (s == STATUS_MALFORMED || s == STATUS_NOT_FOUND || s == STATUS_LIMIT)
        return STATUS_OK;
    if (s == STATUS_OK)
        s = store_make_segment(c, buffer_bytes(&bytes), &joined);
    return s == STATUS_OK && joined.present ? replace_tail(c, t, &joined) : s;
}

static enum status
join_one(struct connection *c, bool *more)
{
    CLEANUP(buffer_free) struct buffer digests = {0};
    struct tail t = {0};
    struct query q = query_of(c, find_to_join);
    enum status s = query_first(&q);
    *more = s == STATUS_OK;
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_OK : s;
    t.boot = query_get_uint(&q);
    t.begin = query_get_uint(&q);
    s = query_end(&q);
    if (s == STATUS_OK)
        s = read_tail(c, &t);
    digests = t.digests;
    if (s == STATUS_OK)
        s = join_tail(c, &t);
    return s == STATUS_OK ? run_on_boot(c, set_joined, t.boot) : s;
}

enum status
store_join_segments(struct store *s, bool *more)
{
    struct connection *c = NULL;
    *more = false;
    enum status status = store_begin_write(s, &c);
    return status == STATUS_OK ? store_end_write(s, join_one(c, more)) : status;
}

/* ---- dropping ---- */

/* The oldest boot that the rule drops; 0: none. */
static enum status
find_boot(struct connection *c, const char *sql, int64_t limit, uint64_t *boot)
{
    struct query q = query_of(c, sql);
    query_put_int(&q, limit);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_OK : s;
    *boot = query_get_uint(&q);
    return query_end(&q);
}

/* On a reader, since it may take some time. */
static enum status
choose_boot(struct store *s, const struct store_retention *rule, uint64_t *boot)
{
    struct connection *c = NULL;
    *boot = 0;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    if (rule->age_s > 0)
        status = find_boot(c, find_aged, rule->now_s - rule->age_s, boot);
    if (status == STATUS_OK && *boot == 0 && rule->n_boots > 0 && rule->n_boots <= INT64_MAX)
        status = find_boot(c, find_surplus, (int64_t)rule->n_boots, boot);
    return store_end_read(s, c, status);
}

static enum status
drop_segments(struct connection *c, const char *device, uint64_t boot)
{
    CLEANUP(buffer_free) struct buffer list = {0};
    struct query q = query_of(c, list_segments);
    query_put_uint(&q, boot);
    while (query_next(&q))
        buffer_append(&list, query_get_bytes(&q));
    enum status s = query_end(&q);
    if (s == STATUS_OK)
        s = run_on_boot(c, delete_list, boot);
    if (s == STATUS_OK)
        s = run_on_boot(c, delete_named, boot);
    if (s == STATUS_OK)
        s = run_on_boot(c, forget_boot_log, boot);
    for (size_t i = 0; s == STATUS_OK && i < list.size / DIGEST_SHA256_SIZE; i++) {
        q = query_of(c, let_go);
        query_put_text(&q, device);
        query_put_bytes(&q, digest_at(&list, i));
        s = query_run(&q, NULL);
    }
    return s == STATUS_OK ? empty_unused(c, &list) : s;
}

static enum status
drop_rounds(struct connection *c, const char *device, uint64_t boot, uint64_t first)
{
    struct query q = query_of(c, empty_rounds);
    query_put_text(&q, device);
    query_put_uint(&q, first);
    query_put_uint(&q, first + STEP_ROUNDS);
    query_put_uint(&q, boot);
    enum status s = query_run(&q, NULL);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, set_kept);
    query_put_uint(&q, boot);
    query_put_uint(&q, first + STEP_ROUNDS);
    return query_run(&q, NULL);
}

/* Another node may have been here since it was chosen. */
static enum status
drop_step(struct connection *c, uint64_t boot)
{
    char device[DEVICE_ID_SIZE];
    struct query q = query_of(c, get_ended);
    query_put_uint(&q, boot);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_OK : s;
    query_get_into(&q, device, sizeof device);
    uint64_t first = query_get_uint(&q);
    uint64_t last = query_get_uint(&q);
    s = query_end(&q);
    if (s == STATUS_OK)
        s = drop_rounds(c, device, boot, first);
    bool done = first + STEP_ROUNDS > last;
    return s == STATUS_OK && done ? drop_segments(c, device, boot) : s;
}

enum status
store_drop_evidence(struct store *s, const struct store_retention *rule, bool *more)
{
    struct connection *c = NULL;
    uint64_t boot = 0;
    *more = false;
    enum status status = choose_boot(s, rule, &boot);
    if (status != STATUS_OK || boot == 0)
        return status;
    status = store_begin_write(s, &c);
    if (status == STATUS_OK)
        status = store_end_write(s, drop_step(c, boot));
    *more = status == STATUS_OK;
    return status;
}
