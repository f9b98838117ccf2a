/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: a path; to: an open store and its transactions; never: knows what is in a table.
 * WAL, synchronous=FULL. After a commit whose outcome is unknown nothing touches the file again.
 */
#include "daemon/store_sqlite.h"

#include "base/log.h"
#include "base/text.h"
#include "daemon/schema.h"
#include "daemon/schema_2.h"
#include "daemon/schema_3.h"
#include "daemon/schema_4.h"
#include "daemon/schema_5.h"
#include "daemon/schema_6.h"

#include <sqlite3.h>
#include <string.h>
#include <time.h>

#define APPLICATION_ID 1635021668 /* "atsd", as in schema.sql */
#define NODE_RANDOM    8u
#define CLAUSE         "store"

/* A disk may hang; who waits for it must not. */
static struct timespec
deadline_in(long ms)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += ms / 1000 + (t.tv_nsec + ms % 1000 * 1000000) / 1000000000;
    t.tv_nsec = (t.tv_nsec + ms % 1000 * 1000000) % 1000000000;
    return t;
}

/* The writer, for as long as its thread works with it. */
static enum status
take_writer(struct store *s)
{
    const struct timespec until = deadline_in(STORE_BUSY_MS);
    int waited = 0;
    pthread_mutex_lock(&s->turns_lock);
    while (s->writing && waited == 0)
        waited = pthread_cond_clockwait(&s->writer_free, &s->turns_lock, CLOCK_MONOTONIC, &until);
    bool taken = !s->writing;
    s->writing = true;
    pthread_mutex_unlock(&s->turns_lock);
    return taken ? STATUS_OK : STATUS_BUSY;
}

static void
release_writer(struct store *s)
{
    pthread_mutex_lock(&s->turns_lock);
    s->writing = false;
    pthread_cond_signal(&s->writer_free);
    pthread_mutex_unlock(&s->turns_lock);
}

static enum status
get_number(struct connection *c, const char *pragma, int64_t *out)
{
    struct query q = query_of(c, pragma);
    *out = query_next(&q) ? query_get_int(&q) : -1;
    return query_end(&q);
}

static enum status
run(struct connection *c, const char *sql)
{
    struct query q = query_of(c, sql);
    return query_run(&q, NULL);
}

static void
roll_back(struct connection *c)
{
    if (!sqlite3_get_autocommit(c->db))
        (void)run(c, "ROLLBACK");
}

/* Whether the file is ours and not newer than we are. *schema is 0 for an empty one. */
static enum status
check_schema(struct connection *c, int64_t *schema, struct diag *diag)
{
    int64_t application = 0, changes = 0;
    enum status s = get_number(c, "PRAGMA application_id", &application);
    if (s == STATUS_OK)
        s = get_number(c, "PRAGMA user_version", schema);
    if (s == STATUS_OK)
        s = get_number(c, "PRAGMA schema_version", &changes);
    if (s == STATUS_BUSY || s == STATUS_NOMEM)
        return s;
    bool empty = application == 0 && *schema == 0 && changes == 0;
    if (s != STATUS_OK || (!empty && application != APPLICATION_ID))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "not a database of attestd");
    if (*schema > STORE_SCHEMA)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "schema %d is newer than this program's, %d", (int)*schema, STORE_SCHEMA);
    return STATUS_OK;
}

/* In one view, since another process may be making the schema at this moment. */
static enum status
look_at_schema(struct connection *c, int64_t *schema, struct diag *diag)
{
    enum status s = run(c, "BEGIN");
    if (s == STATUS_OK)
        s = check_schema(c, schema, diag);
    roll_back(c);
    return s;
}

/* Every statement of an embedded text, one after the other. */
static enum status
apply_schema(struct connection *c, const char *sql)
{
    int code = SQLITE_OK;
    for (const char *at = sql; code == SQLITE_OK && *at != '\0';) {
        sqlite3_stmt *stmt = NULL;
        code = sqlite3_prepare_v2(c->db, at, -1, &stmt, &at);
        if (code == SQLITE_OK && stmt) {
            code = sqlite3_step(stmt);
            code = code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
        }
        sqlite3_finalize(stmt);
    }
    if (code != SQLITE_OK)
        log_line(LOG_LEVEL_ERROR, "store: schema: %s", sqlite3_errmsg(c->db));
    return code == SQLITE_OK ? STATUS_OK : STATUS_STORE;
}

static enum status
name_node(struct connection *c)
{
    uint8_t random[NODE_RANDOM];
    char node[2 * NODE_RANDOM + 1];
    enum status s = digest_random(random, sizeof random);
    if (s != STATUS_OK)
        return s;
    struct query q = query_of(c, "INSERT INTO store (one, node, generation) VALUES (1, ?1, 1)");
    query_put_text(&q, text_hex(bytes_of(random, sizeof random), node, sizeof node));
    return query_run(&q, NULL);
}

/* Number i leads from schema i to the next, the first from an empty file. Forward only: what was
 * released never changes. */
static const char *const migrations[STORE_SCHEMA] = {schema_sql,   schema_2_sql, schema_3_sql,
                                                     schema_4_sql, schema_5_sql, schema_6_sql};

static enum status
advance(struct connection *c, int64_t *schema, struct diag *diag)
{
    int64_t before = *schema;
    enum status status = apply_schema(c, migrations[before]);
    if (status == STATUS_OK && before == 0)
        status = name_node(c);
    if (status == STATUS_OK)
        status = check_schema(c, schema, diag);
    if (status == STATUS_OK && *schema != before + 1)
        status = diag_set(diag, STATUS_STORE, CLAUSE, 0, "migration %d did not lead to its schema",
                          (int)before);
    return status;
}

/* Two processes may do this at once: the second finds the first one's schema. */
static enum status
migrate(struct store *s, struct diag *diag)
{
    struct connection *c = NULL;
    int64_t schema = 0;
    enum status status = store_begin_write(s, &c);
    if (status != STATUS_OK)
        return status;
    status = check_schema(c, &schema, diag);
    while (status == STATUS_OK && schema < STORE_SCHEMA)
        status = advance(c, &schema, diag);
    return store_end_write(s, status);
}

static enum status
load_node(struct store *s)
{
    struct connection *c = NULL;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, "SELECT node FROM store");
    status = query_first(&q);
    if (status == STATUS_OK) {
        query_get_into(&q, s->node, sizeof s->node);
        status = query_end(&q);
    }
    return store_end_read(s, c, status);
}

/* After each commit of ours. */
static int
count_frames(void *context, sqlite3 *db, const char *name, int n_frames)
{
    (void)db;
    (void)name;
    struct store *s = context;
    atomic_store(&s->n_wal_frames, n_frames);
    return SQLITE_OK;
}

static enum status
open_writer(struct store *s, struct diag *diag)
{
    int64_t schema = 0;
    enum status status = connection_create_file(s->path, diag);
    if (status == STATUS_OK)
        status = connection_open_writer(s->path, &s->writer);
    if (status == STATUS_OK)
        status = look_at_schema(&s->writer, &schema, diag);
    if (status == STATUS_OK)
        status = connection_use_wal(&s->writer, diag);
    if (status != STATUS_OK)
        return status;
    (void)sqlite3_wal_hook(s->writer.db, count_frames, s);
    status = migrate(s, diag);
    return status == STATUS_OK ? load_node(s) : status;
}

static enum status
check_location(const char *location, struct diag *diag)
{
    if (text_starts(location, "postgres"))
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0, "no PostgreSQL engine in this build");
    if (location[0] == '\0' || location[0] == ':')
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "not the path of a file");
    if (sqlite3_threadsafe() == 0)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0, "SQLite was built without threads");
    return STATUS_OK;
}

enum status
store_open(const char *location, struct store **out, struct diag *diag)
{
    *out = NULL;
    enum status status = check_location(location, diag);
    if (status != STATUS_OK)
        return status;
    struct store *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NOMEM;
    pthread_mutex_init(&s->turns_lock, NULL);
    pthread_cond_init(&s->writer_free, NULL);
    pthread_cond_init(&s->reader_free, NULL);
    pthread_cond_init(&s->readers_gone, NULL);
    s->pause_at = STORE_WAL_MAX;
    s->path = strdup(location);
    status = s->path ? store_new_notes(&s->notes) : STATUS_NOMEM;
    if (status == STATUS_OK)
        status = open_writer(s, diag);
    if (status == STATUS_OK)
        status = store_open_dictionaries(s);
    if (status != STATUS_OK) {
        if (diag && diag->text[0] == '\0')
            (void)diag_set(diag, status, CLAUSE, 0, "cannot open the database: %s",
                           status_name(status));
        store_close(s);
        return status;
    }
    *out = s;
    return STATUS_OK;
}

/* False when a reader stays taken. */
static bool
close_readers(struct store *s)
{
    const struct timespec until = deadline_in(STORE_BUSY_MS);
    int waited = 0;
    pthread_mutex_lock(&s->turns_lock);
    while (s->n_taken > 0 && waited == 0)
        waited = pthread_cond_clockwait(&s->readers_gone, &s->turns_lock, CLOCK_MONOTONIC, &until);
    bool gone = s->n_taken == 0;
    for (size_t i = 0; gone && i < STORE_READERS; i++)
        connection_close(&s->readers[i]);
    pthread_mutex_unlock(&s->turns_lock);
    return gone;
}

void
store_close(struct store *s)
{
    if (!s)
        return;
    if (s->node[0] != '\0' && !atomic_load(&s->failed)) {
        store_flush_notes(s, true);
        store_tend(s);
    }
    if (!close_readers(s) || take_writer(s) != STATUS_OK) {
        log_line(LOG_LEVEL_ERROR, "store: a verb hangs: left open");
        return;
    }
    connection_close(&s->writer);
    pthread_mutex_destroy(&s->turns_lock);
    pthread_cond_destroy(&s->writer_free);
    pthread_cond_destroy(&s->reader_free);
    pthread_cond_destroy(&s->readers_gone);
    store_free_notes(s->notes);
    store_free_dictionaries(s->dictionaries);
    free(s->path);
    free(s);
}

bool
store_ready(struct store *s)
{
    return !atomic_load(&s->failed);
}

static enum status
fail_for_good(struct store *s, const char *what)
{
    atomic_store(&s->failed, true);
    log_line(LOG_LEVEL_ERROR, "store: %s: %s; closed for good", what, sqlite3_errmsg(s->writer.db));
    return STATUS_UNCERTAIN;
}

enum status
store_begin_write(struct store *s, struct connection **out)
{
    *out = NULL;
    enum status status = take_writer(s);
    if (status != STATUS_OK)
        return status;
    s->head.known = false;
    status = atomic_load(&s->failed) ? STATUS_STORE : run(&s->writer, "BEGIN IMMEDIATE");
    if (status != STATUS_OK) {
        release_writer(s);
        return status;
    }
    *out = &s->writer;
    return STATUS_OK;
}

/* A full disk is certain: the frame that commits is the last one written, and it is not whole. Any
 * other failure may have come after it. */
static enum status
commit(struct store *s)
{
    struct query q = query_of(&s->writer, "COMMIT");
    (void)query_next(&q);
    int code = q.code & 0xff;
    enum status status = query_end(&q);
    if (status == STATUS_OK)
        return STATUS_OK;
    if (code != SQLITE_BUSY && code != SQLITE_FULL)
        status = fail_for_good(s, "whether a commit took effect is unknown");
    roll_back(&s->writer);
    return status;
}

static void
checkpoint(struct store *s)
{
    int n_frames = 0, n_done = 0;
    int code = sqlite3_wal_checkpoint_v2(s->writer.db, NULL, SQLITE_CHECKPOINT_PASSIVE, &n_frames,
                                         &n_done);
    if (code == SQLITE_OK && n_done == n_frames)
        atomic_store(&s->n_wal_frames, 0);
    else if (code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY)
        (void)fail_for_good(s, "cannot write the database back from its WAL");
}

/* A WAL starts over only when no reader is left in it. While there always is one it would grow
 * without end, and SQLite's own waiting starves (tried: 3 s with three readers of 8 ms): so our
 * readers pause for this one. */
static void
checkpoint_alone(struct store *s)
{
    const struct timespec until = deadline_in(STORE_PAUSE_MS);
    int waited = 0;
    pthread_mutex_lock(&s->turns_lock);
    s->pausing = true;
    while (s->n_taken > 0 && waited == 0)
        waited = pthread_cond_clockwait(&s->readers_gone, &s->turns_lock, CLOCK_MONOTONIC, &until);
    pthread_mutex_unlock(&s->turns_lock);
    checkpoint(s);
    int n_left = atomic_load(&s->n_wal_frames);
    s->pause_at = (n_left < STORE_WAL_MAX ? 0 : n_left) + STORE_WAL_MAX;
    pthread_mutex_lock(&s->turns_lock);
    s->pausing = false;
    pthread_cond_broadcast(&s->reader_free);
    pthread_mutex_unlock(&s->turns_lock);
}

enum status
store_end_write(struct store *s, enum status so_far)
{
    if (so_far == STATUS_OK)
        so_far = commit(s);
    else
        roll_back(&s->writer);
    if (!atomic_load(&s->failed) && atomic_load(&s->n_wal_frames) >= s->pause_at)
        checkpoint_alone(s);
    release_writer(s);
    return so_far == STATUS_MALFORMED ? STATUS_STORE : so_far;
}

enum status
store_begin_member(struct store *s)
{
    s->head_before = s->head;
    return run(&s->writer, "SAVEPOINT member");
}

enum status
store_end_member(struct store *s, enum status so_far)
{
    if (sqlite3_get_autocommit(s->writer.db))
        return STATUS_STORE;
    enum status status = STATUS_OK;
    if (so_far != STATUS_OK) {
        s->head = s->head_before;
        status = run(&s->writer, "ROLLBACK TO member");
    }
    return status == STATUS_OK ? run(&s->writer, "RELEASE member") : status;
}

/* An open one that is free, else one that is not open yet, else STORE_READERS. */
static size_t
find_reader(const struct store *s)
{
    size_t found = STORE_READERS;
    for (size_t i = 0; i < STORE_READERS; i++) {
        if (s->taken[i])
            continue;
        if (s->readers[i].db)
            return i;
        if (found == STORE_READERS)
            found = i;
    }
    return found;
}

/* NULL when all stay taken. */
static struct connection *
take_reader(struct store *s)
{
    const struct timespec until = deadline_in(STORE_BUSY_MS);
    int waited = 0;
    pthread_mutex_lock(&s->turns_lock);
    size_t i = find_reader(s);
    while ((s->pausing || i == STORE_READERS) && waited == 0) {
        waited = pthread_cond_clockwait(&s->reader_free, &s->turns_lock, CLOCK_MONOTONIC, &until);
        i = find_reader(s);
    }
    bool free = !s->pausing && i < STORE_READERS;
    if (free) {
        s->taken[i] = true;
        s->n_taken++;
    }
    pthread_mutex_unlock(&s->turns_lock);
    return free ? &s->readers[i] : NULL;
}

static void
release_reader(struct store *s, struct connection *c)
{
    pthread_mutex_lock(&s->turns_lock);
    s->taken[c - s->readers] = false;
    s->n_taken--;
    pthread_cond_signal(&s->reader_free);
    if (s->n_taken == 0)
        pthread_cond_signal(&s->readers_gone);
    pthread_mutex_unlock(&s->turns_lock);
}

static enum status
open_reader(struct store *s, struct connection *c)
{
    struct connection opened = {0};
    enum status status = connection_open_reader(s->path, &opened);
    if (status != STATUS_OK) {
        connection_close(&opened);
        return status;
    }
    *c = opened;
    return STATUS_OK;
}

enum status
store_begin_read(struct store *s, struct connection **out)
{
    *out = NULL;
    struct connection *c = take_reader(s);
    if (!c)
        return STATUS_BUSY;
    enum status status = atomic_load(&s->failed) ? STATUS_STORE : STATUS_OK;
    if (status == STATUS_OK && !c->db)
        status = open_reader(s, c);
    if (status == STATUS_OK)
        status = run(c, "BEGIN");
    if (status != STATUS_OK) {
        release_reader(s, c);
        return status;
    }
    *out = c;
    return STATUS_OK;
}

enum status
store_end_read(struct store *s, struct connection *c, enum status so_far)
{
    roll_back(c);
    release_reader(s, c);
    return so_far == STATUS_MALFORMED ? STATUS_STORE : so_far;
}

enum status
store_generation(struct store *s, uint64_t *out)
{
    struct connection *c = NULL;
    *out = 0;
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    struct query q = query_of(c, "SELECT generation FROM store");
    status = query_first(&q);
    if (status == STATUS_OK) {
        *out = query_get_uint(&q);
        status = query_end(&q);
    }
    return store_end_read(s, c, status);
}

void
store_tend(struct store *s)
{
    if (atomic_load(&s->failed))
        return;
    store_flush_notes(s, false);
    if (atomic_load(&s->n_wal_frames) < STORE_WAL_FRAMES)
        return;
    if (take_writer(s) != STATUS_OK)
        return;
    checkpoint(s); /* with readers about: as far as it goes */
    release_writer(s);
}
