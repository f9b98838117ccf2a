/* SPDX-License-Identifier: Apache-2.0 */
/* from: constant SQL and values; to: rows, column by column; never: begins or ends a transaction.
 */
#include "daemon/store_sqlite_query.h"

#include "base/log.h"

#include <sqlite3.h>
#include <string.h>

/* Statements are told apart by the address of their text: no two texts share one, none moves. */
static size_t
find_slot(const struct connection *c, const char *sql)
{
    size_t slot = ((uintptr_t)sql >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (size_t i = 0; i < CONNECTION_SQL_MAX; i++) {
        size_t at = (slot + i) % CONNECTION_SQL_MAX;
        if (c->prepared[at].sql == sql || !c->prepared[at].sql)
            return at;
    }
    return CONNECTION_SQL_MAX;
}

struct query
query_of(struct connection *c, const char *sql)
{
    struct query q = {.connection = c};
    size_t at = find_slot(c, sql);
    if (at == CONNECTION_SQL_MAX) {
        q.code = SQLITE_NOMEM;
        return q;
    }
    if (!c->prepared[at].stmt) {
        q.code = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                    &c->prepared[at].stmt, NULL);
        if (q.code == SQLITE_OK)
            c->prepared[at].sql = sql;
    }
    q.stmt = c->prepared[at].stmt;
    return q;
}

void
query_put_int(struct query *q, int64_t value)
{
    if (q->code == SQLITE_OK)
        q->code = sqlite3_bind_int64(q->stmt, ++q->at, value);
}

void
query_put_uint(struct query *q, uint64_t value)
{
    query_put_int(q, (int64_t)value);
}

void
query_put_text(struct query *q, const char *value)
{
    if (q->code == SQLITE_OK)
        q->code = sqlite3_bind_text64(q->stmt, ++q->at, value, value ? strlen(value) : 0,
                                      SQLITE_STATIC, SQLITE_UTF8);
}

void
query_put_bytes(struct query *q, struct bytes value)
{
    if (q->code == SQLITE_OK)
        q->code =
            sqlite3_bind_blob64(q->stmt, ++q->at, value.size > 0 ? value.data : (const void *)"",
                                value.size, SQLITE_STATIC);
}

void
query_put_null(struct query *q)
{
    if (q->code == SQLITE_OK)
        q->code = sqlite3_bind_null(q->stmt, ++q->at);
}

bool
query_next(struct query *q)
{
    if ((q->code != SQLITE_OK && q->code != SQLITE_ROW) || q->nomem || q->unfit)
        return false;
    q->at = 0;
    q->code = sqlite3_step(q->stmt);
    return q->code == SQLITE_ROW;
}

/* The next column, or -1 when no row is there to read. */
static int
next_column(struct query *q)
{
    return q->code == SQLITE_ROW ? q->at++ : -1;
}

int64_t
query_get_int(struct query *q)
{
    int column = next_column(q);
    return column < 0 ? 0 : sqlite3_column_int64(q->stmt, column);
}

uint64_t
query_get_uint(struct query *q)
{
    return (uint64_t)query_get_int(q);
}

bool
query_is_null(struct query *q)
{
    return q->code != SQLITE_ROW || sqlite3_column_type(q->stmt, q->at) == SQLITE_NULL;
}

const char *
query_get_text(struct query *q)
{
    int column = next_column(q);
    return column < 0 ? NULL : (const char *)sqlite3_column_text(q->stmt, column);
}

struct bytes
query_get_bytes(struct query *q)
{
    int column = next_column(q);
    if (column < 0)
        return (struct bytes){0};
    const void *data = sqlite3_column_blob(q->stmt, column);
    int size = sqlite3_column_bytes(q->stmt, column);
    return bytes_of(data, size > 0 ? (size_t)size : 0);
}

char *
query_get_copy(struct query *q)
{
    const char *text = query_get_text(q);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        q->nomem = true;
    return copy;
}

void
query_get_into(struct query *q, char *out, size_t out_size)
{
    const char *text = query_get_text(q);
    size_t size = text ? strlen(text) + 1 : 0;
    if (size == 0 || size > out_size) {
        q->unfit = true;
        out[0] = '\0';
        return;
    }
    memcpy(out, text, size);
}

void
query_get_exactly(struct query *q, uint8_t *out, size_t size)
{
    struct bytes found = query_get_bytes(q);
    if (found.size != size) {
        q->unfit = true;
        memset(out, 0, size);
        return;
    }
    memcpy(out, found.data, size);
}

void
query_get_buffer(struct query *q, struct buffer *out)
{
    buffer_append(out, query_get_bytes(q));
    if (out->failed)
        q->nomem = true;
}

void
query_fail(struct query *q)
{
    q->unfit = true;
}

static enum status
fold(const struct query *q, int code)
{
    if (q->nomem)
        return STATUS_NOMEM;
    switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return q->unfit ? STATUS_MALFORMED : STATUS_OK;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STATUS_BUSY;
    case SQLITE_NOMEM:
        return STATUS_NOMEM;
    default:
        return STATUS_STORE;
    }
}

enum status
query_end(struct query *q)
{
    enum status s = fold(q, q->code);
    if (s == STATUS_STORE || s == STATUS_MALFORMED)
        log_line(LOG_LEVEL_ERROR, "store: %s: %s",
                 q->unfit ? "unreadable row" : sqlite3_errmsg(q->connection->db),
                 q->stmt ? sqlite3_sql(q->stmt) : "cannot prepare a statement");
    if (q->stmt) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
    }
    q->stmt = NULL;
    q->code = SQLITE_MISUSE;
    return s;
}

enum status
query_run(struct query *q, size_t *n_changed)
{
    struct sqlite3 *db = q->connection->db;
    (void)query_next(q);
    enum status s = query_end(q);
    if (n_changed)
        *n_changed = s == STATUS_OK ? (size_t)sqlite3_changes(db) : 0;
    return s;
}

enum status
query_first(struct query *q)
{
    if (query_next(q))
        return STATUS_OK;
    enum status s = query_end(q);
    return s == STATUS_OK ? STATUS_NOT_FOUND : s;
}
