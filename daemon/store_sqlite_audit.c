/* SPDX-License-Identifier: Apache-2.0 */
/* from: who did what; to: the next row of this node's chain; never: changes a row. */
#include "base/text.h"
#include "daemon/audit.h"
#include "daemon/store_sqlite.h"

#include <string.h>

#define CHECK_PAGE 1000

static const char get_head[] =
    "SELECT seq, hash FROM audit WHERE node = ?1 ORDER BY seq DESC LIMIT 1";
static const char add_row[] =
    "INSERT INTO audit (node, seq, time_s, actor, verb, object, detail, previous, hash)"
    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
static const char list_rows[] =
    "SELECT node, seq, time_s, actor, verb, object, detail, previous, hash FROM audit"
    " WHERE node = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
static const char rows_after[] =
    "SELECT node, seq, time_s, actor, verb, object, detail, previous, hash FROM audit"
    " WHERE (node, seq) > (?1, ?2) ORDER BY node, seq LIMIT ?3";
static const char get_hash[] = "SELECT hash FROM audit WHERE node = ?1 AND seq = ?2";
static const char add_checkpoint[] =
    "INSERT INTO audit_checkpoint (node, seq, time_s, hash, token) VALUES (?1, ?2, ?3, ?4, ?5)"
    " ON CONFLICT DO NOTHING";
static const char first_untrue[] =
    "SELECT k.seq FROM audit_checkpoint k WHERE NOT EXISTS (SELECT 1 FROM audit a"
    " WHERE a.node = k.node AND a.seq = k.seq AND a.hash = k.hash) ORDER BY k.seq LIMIT 1";

static enum status
load_head(struct store *s, struct audit_head *head)
{
    *head = (struct audit_head){.known = true};
    struct query q = query_of(&s->writer, get_head);
    query_put_text(&q, s->node);
    enum status status = query_first(&q);
    if (status == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (status != STATUS_OK)
        return status;
    head->seq = query_get_uint(&q);
    query_get_exactly(&q, head->hash, sizeof head->hash);
    return query_end(&q);
}

static enum status
insert_row(struct connection *c, const struct audit_entry *e, const uint8_t *hash)
{
    struct query q = query_of(c, add_row);
    query_put_text(&q, e->node);
    query_put_uint(&q, e->seq);
    query_put_int(&q, e->time_s);
    query_put_text(&q, e->actor);
    query_put_text(&q, e->verb);
    query_put_text(&q, e->object);
    query_put_text(&q, e->detail);
    query_put_bytes(&q, bytes_of(e->previous, DIGEST_SHA256_SIZE));
    query_put_bytes(&q, bytes_of(hash, DIGEST_SHA256_SIZE));
    return query_run(&q, NULL);
}

enum status
store_add_audit(struct store *s, const struct store_actor *who, const char *verb,
                const char *object, struct buffer *detail)
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    enum status status = s->head.known ? STATUS_OK : load_head(s, &s->head);
    if (status != STATUS_OK)
        return status;
    struct audit_entry e = {
        .node = s->node,
        .seq = s->head.seq + 1,
        .time_s = who->now_s,
        .actor = who->name,
        .verb = verb,
        .object = object,
        .detail = buffer_text(detail),
        .previous = s->head.hash,
    };
    status = audit_hash(s->writer.hasher, &e, hash);
    if (status == STATUS_OK)
        status = insert_row(&s->writer, &e, hash);
    if (status == STATUS_OK) {
        s->head.seq = e.seq;
        memcpy(s->head.hash, hash, sizeof hash);
    }
    return status;
}

static void
read_row(struct query *q, struct store_audit_row *row)
{
    query_get_into(q, row->node, sizeof row->node);
    row->seq = query_get_uint(q);
    row->time_s = query_get_int(q);
    row->actor = query_get_copy(q);
    row->verb = query_get_copy(q);
    row->object = query_get_copy(q);
    row->detail = query_get_copy(q);
    query_get_exactly(q, row->previous, sizeof row->previous);
    query_get_exactly(q, row->hash, sizeof row->hash);
}

static enum status
list_page(struct store *s, struct connection *c, uint64_t after_seq, size_t limit,
          struct store_audit_list *out)
{
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    struct query q = query_of(c, list_rows);
    query_put_text(&q, s->node);
    query_put_uint(&q, after_seq);
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
store_list_audit(struct store *s, uint64_t after_seq, size_t limit, struct store_audit_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_audit_list){0};
    if (limit == 0 || limit > LIMIT_PAGE || after_seq > INT64_MAX)
        return STATUS_LIMIT;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, list_page(s, c, after_seq, limit, out));
    if (status != STATUS_OK)
        store_audit_list_clear(out);
    return status;
}

static void
clear_row(struct store_audit_row *row)
{
    free(row->actor);
    free(row->verb);
    free(row->object);
    free(row->detail);
    *row = (struct store_audit_row){0};
}

void
store_audit_list_clear(struct store_audit_list *l)
{
    for (size_t i = 0; i < l->n_items; i++)
        clear_row(&l->items[i]);
    free(l->items);
    *l = (struct store_audit_list){0};
}

/* What the walk along the chains remembers of the row before. */
struct walk {
    char node[LIMIT_NAME + 1];
    uint64_t seq;
    uint8_t hash[DIGEST_SHA256_SIZE];
};

static enum status
check_row(struct hasher *h, const struct store_audit_row *row, struct walk *last)
{
    if (!text_equal(row->node, last->node)) {
        *last = (struct walk){0};
        (void)text_copy(last->node, sizeof last->node, row->node);
    }
    struct audit_entry e = {
        .node = row->node,
        .seq = row->seq,
        .time_s = row->time_s,
        .actor = row->actor,
        .verb = row->verb,
        .object = row->object,
        .detail = row->detail,
        .previous = row->previous,
    };
    enum status s = audit_check(h, &e, row->hash, last->seq, last->hash);
    last->seq++;
    memcpy(last->hash, row->hash, sizeof last->hash);
    return s;
}

/* One row of the walk. *broken_seq is set where it breaks. */
static enum status
check_next(struct query *q, struct walk *last, uint64_t *broken_seq)
{
    struct store_audit_row row = {0};
    read_row(q, &row);
    uint64_t expected_seq = text_equal(row.node, last->node) ? last->seq + 1 : 1;
    enum status s = q->unfit ? STATUS_CONFLICT : check_row(q->connection->hasher, &row, last);
    if (s == STATUS_CONFLICT)
        *broken_seq = expected_seq;
    clear_row(&row);
    return s;
}

/* A page of the walk in a view of its own: a long one would keep the WAL from starting over. */
static enum status
check_page(struct store *s, struct walk *last, uint64_t *broken_seq, uint64_t *last_seq, bool *more)
{
    struct connection *c = NULL;
    size_t n = 0;
    enum status found = store_begin_read(s, &c);
    if (found != STATUS_OK)
        return found;
    struct query q = query_of(c, rows_after);
    query_put_text(&q, last->node);
    query_put_uint(&q, last->seq);
    query_put_int(&q, CHECK_PAGE);
    for (; found == STATUS_OK && query_next(&q); n++) {
        found = check_next(&q, last, broken_seq);
        if (found == STATUS_OK && text_equal(last->node, s->node))
            *last_seq = last->seq;
    }
    enum status end = query_end(&q);
    *more = found == STATUS_OK && n == CHECK_PAGE;
    if (found == STATUS_CONFLICT)
        found = STATUS_OK;
    else if (found == STATUS_OK)
        found = end;
    return store_end_read(s, c, found);
}

/* A chain that fits may still have lost its end: what was signed must be there. */
static enum status
check_checkpoints(struct store *s, uint64_t *broken_seq)
{
    struct connection *c = NULL;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, first_untrue);
    if (query_next(&q))
        *broken_seq = query_get_uint(&q);
    return store_end_read(s, c, query_end(&q));
}

enum status
store_check_audit(struct store *s, uint64_t *broken_seq, uint64_t *last_seq)
{
    struct walk last = {0};
    enum status status = STATUS_OK;
    *broken_seq = 0;
    *last_seq = 0;
    for (bool more = true; status == STATUS_OK && more;)
        status = check_page(s, &last, broken_seq, last_seq, &more);
    return status == STATUS_OK && *broken_seq == 0 ? check_checkpoints(s, broken_seq) : status;
}

static enum status
check_hash(struct store *s, struct connection *c, uint64_t seq, const uint8_t *hash)
{
    uint8_t found[DIGEST_SHA256_SIZE];
    struct query q = query_of(c, get_hash);
    query_put_text(&q, s->node);
    query_put_uint(&q, seq);
    enum status status = query_first(&q);
    if (status != STATUS_OK)
        return status == STATUS_NOT_FOUND ? STATUS_CONFLICT : status;
    query_get_exactly(&q, found, sizeof found);
    status = query_end(&q);
    if (status != STATUS_OK)
        return status;
    return digest_bytes_equal(bytes_of(found, sizeof found), bytes_of(hash, DIGEST_SHA256_SIZE))
               ? STATUS_OK
               : STATUS_CONFLICT;
}

enum status
store_put_checkpoint(struct store *s, uint64_t seq, const uint8_t hash[static DIGEST_SHA256_SIZE],
                     const char *token, int64_t now_s)
{
    struct connection *c = NULL;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = check_hash(s, c, seq, hash);
    if (status == STATUS_OK) {
        struct query q = query_of(c, add_checkpoint);
        query_put_text(&q, s->node);
        query_put_uint(&q, seq);
        query_put_int(&q, now_s);
        query_put_bytes(&q, bytes_of(hash, DIGEST_SHA256_SIZE));
        query_put_text(&q, token);
        status = query_run(&q, NULL);
    }
    return store_end_write(s, status);
}
