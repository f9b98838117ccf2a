/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: what happened, in the transaction in which it did; to: numbered events; never: tells
 * anybody. A number is given after commit, by one sequencer at a time, so none appears below one
 * already seen.
 */
#include "daemon/store_sqlite.h"

#define SEQUENCE_MAX 1000

static const char add_event[] =
    "INSERT INTO outbox (time_s, type, object, data) VALUES (?1, ?2, ?3, ?4)";
static const char any_outbox[] = "SELECT 1 FROM outbox LIMIT 1";
static const char number_events[] =
    "INSERT INTO event (time_s, type, object, data)"
    " SELECT time_s, type, object, data FROM outbox ORDER BY id LIMIT ?1";
static const char empty_outbox[] =
    "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox ORDER BY id LIMIT ?1)";
static const char list_events[] =
    "SELECT seq, time_s, type, object, data FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2";

enum status
store_add_event(struct connection *c, int64_t time_s, const char *type, const char *object,
                struct buffer *data)
{
    const char *text = buffer_text(data);
    if (!text)
        return STATUS_NOMEM;
    struct query q = query_of(c, add_event);
    query_put_int(&q, time_s);
    query_put_text(&q, type);
    query_put_text(&q, object);
    query_put_text(&q, text);
    return query_run(&q, NULL);
}

static enum status
is_outbox_empty(struct store *s, bool *empty)
{
    struct connection *c = NULL;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, any_outbox);
    *empty = !query_next(&q);
    return store_end_read(s, c, query_end(&q));
}

static enum status
move_events(struct connection *c, size_t *n_numbered)
{
    size_t n_removed = 0;
    struct query q = query_of(c, number_events);
    query_put_int(&q, SEQUENCE_MAX);
    enum status s = query_run(&q, n_numbered);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, empty_outbox);
    query_put_int(&q, SEQUENCE_MAX);
    s = query_run(&q, &n_removed);
    return s == STATUS_OK && n_removed != *n_numbered ? STATUS_STORE : s;
}

enum status
store_sequence_events(struct store *s, size_t *n_numbered)
{
    struct connection *c = NULL;
    bool empty = false;
    *n_numbered = 0;
    enum status status = is_outbox_empty(s, &empty);
    if (status != STATUS_OK || empty)
        return status;
    status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_write(s, move_events(c, n_numbered));
    if (status != STATUS_OK)
        *n_numbered = 0;
    return status;
}

static enum status
list_page(struct connection *c, uint64_t after_seq, size_t limit, struct store_event_list *out)
{
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    struct query q = query_of(c, list_events);
    query_put_uint(&q, after_seq);
    query_put_uint(&q, limit);
    while (out->n_items < limit && query_next(&q)) {
        struct store_event *e = &out->items[out->n_items++];
        e->seq = query_get_uint(&q);
        e->time_s = query_get_int(&q);
        e->type = query_get_copy(&q);
        e->object = query_get_copy(&q);
        e->data = query_get_copy(&q);
    }
    return query_end(&q);
}

enum status
store_list_events(struct store *s, uint64_t after_seq, size_t limit, struct store_event_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_event_list){0};
    if (limit == 0 || limit > LIMIT_PAGE || after_seq > INT64_MAX)
        return STATUS_LIMIT;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, list_page(c, after_seq, limit, out));
    if (status != STATUS_OK)
        store_event_list_clear(out);
    return status;
}

void
store_event_list_clear(struct store_event_list *l)
{
    for (size_t i = 0; i < l->n_items; i++) {
        free(l->items[i].type);
        free(l->items[i].object);
        free(l->items[i].data);
    }
    free(l->items);
    *l = (struct store_event_list){0};
}
