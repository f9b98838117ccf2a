/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection and its prepared statements. SQL is constant text, kept beside its use and told
 * apart by its address; a parameter is bound, and a column read, in the order of the text, one line
 * each. Not for two threads at once.
 */
#pragma once

#include "base/digest.h"

#define CONNECTION_SQL_MAX 128u /* prepared statements of one connection */

struct compress;
struct sqlite3;
struct sqlite3_stmt;

struct connection {
    struct sqlite3 *db;
    struct hasher *hasher;
    struct compress *compress;
    struct {
        const char *sql;
        struct sqlite3_stmt *stmt;
    } prepared[CONNECTION_SQL_MAX];
};

/* One statement under way. Sticky: after the first failure binds and reads do nothing, and
 * query_end() reports it. */
struct query {
    struct connection *connection;
    struct sqlite3_stmt *stmt;
    int code;   /* SQLite's */
    int at;     /* the parameter bound or the column read last */
    bool nomem; /* a copy of a column found no memory */
    bool unfit; /* a column is not what was written there */
};

struct query query_of(struct connection *c, const char *sql);
/* Bind the next parameter. Text and bytes are borrowed until query_end(); NULL text is NULL. */
void query_put_int(struct query *q, int64_t value);
void query_put_uint(struct query *q, uint64_t value); /* the same 64 bits */
void query_put_text(struct query *q, const char *value);
void query_put_bytes(struct query *q, struct bytes value);
void query_put_null(struct query *q);
/* On to the next row; false at the end and after a failure. */
bool query_next(struct query *q);
/* Read the next column of the row. Borrowed texts and bytes live until the next query_next(). */
int64_t query_get_int(struct query *q);
uint64_t query_get_uint(struct query *q);
bool query_is_null(struct query *q);         /* of the next column, without going on */
const char *query_get_text(struct query *q); /* NULL for NULL */
struct bytes query_get_bytes(struct query *q);
char *query_get_copy(struct query *q); /* on the heap; NULL for NULL */
void query_get_into(struct query *q, char *out, size_t out_size);
void query_get_exactly(struct query *q, uint8_t *out, size_t size);
void query_get_buffer(struct query *q, struct buffer *out); /* appended */
/* Mark the row unreadable: a word that is not ours. */
void query_fail(struct query *q);
/* STATUS_OK; STATUS_BUSY; STATUS_NOMEM; STATUS_MALFORMED: an unreadable row; STATUS_STORE. The last
 * two are told in the log. */
MUST_CHECK enum status query_end(struct query *q);
/* A statement without rows: step and end. *n_changed: rows changed; may be NULL. */
MUST_CHECK enum status query_run(struct query *q, size_t *n_changed);
/* query_next() once, for a statement of one row: STATUS_NOT_FOUND and ended when there is none. */
MUST_CHECK enum status query_first(struct query *q);
