/* SPDX-License-Identifier: Apache-2.0 */
/* from: a path; to: a configured connection; never: knows a schema. */
#include "base/log.h"
#include "base/text.h"
#include "daemon/compress.h"
#include "daemon/store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <time.h>

#define CLAUSE   "store"
#define PAUSE_MS 10

static const char *const writer_pragmas[] = {
    "PRAGMA synchronous = FULL",     "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 0", "PRAGMA journal_size_limit = 67108864",
    "PRAGMA temp_store = MEMORY",    "PRAGMA cell_size_check = ON",
    "PRAGMA cache_size = -16384",
};

static const char *const reader_pragmas[] = {
    "PRAGMA query_only = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cell_size_check = ON",
};

/* Create with our mode. O_EXCL, since closing a descriptor of a file that this process has open
 * would drop SQLite's locks on it. */
enum status
connection_create_file(const char *path, struct diag *diag)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        (void)close(fd);
    else if (errno == EACCES || errno == EPERM)
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0, "may not create the database");
    else if (errno != EEXIST)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot create the database: errno %d", errno);
    return STATUS_OK;
}

/* Its count of allocations takes one lock for all threads at each of them. Before the first use of
 * the library, else it is left as it is. */
static void
count_nothing(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static enum status
open_file(const char *path, struct connection *c)
{
    static pthread_once_t configured = PTHREAD_ONCE_INIT;
    (void)pthread_once(&configured, count_nothing);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, &c->db, flags, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(c->db, STORE_BUSY_MS);
    if (code == SQLITE_OK)
        code = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (code != SQLITE_OK) {
        log_line(LOG_LEVEL_ERROR, "store: cannot open: %s", sqlite3_errstr(code));
        return STATUS_STORE;
    }
    if (sqlite3_db_readonly(c->db, "main") != 0)
        return STATUS_DENIED;
    enum status s = compress_new(&c->compress);
    return s == STATUS_OK ? hasher_new(&c->hasher) : s;
}

static enum status
run_pragma(struct connection *c, const char *pragma)
{
    struct query q = query_of(c, pragma);
    while (query_next(&q))
        ;
    return query_end(&q);
}

static enum status
run_pragmas(struct connection *c, const char *const *pragmas, size_t n)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < n; i++)
        s = run_pragma(c, pragmas[i]);
    return s;
}

void
connection_close(struct connection *c)
{
    for (size_t i = 0; i < CONNECTION_SQL_MAX; i++)
        sqlite3_finalize(c->prepared[i].stmt);
    (void)sqlite3_close(c->db);
    hasher_free(c->hasher);
    compress_free(c->compress);
    *c = (struct connection){0};
}

enum status
connection_open_writer(const char *path, struct connection *c)
{
    return open_file(path, c);
}

enum status
connection_open_reader(const char *path, struct connection *c)
{
    enum status s = open_file(path, c);
    if (s == STATUS_OK)
        s = run_pragmas(c, reader_pragmas, sizeof reader_pragmas / sizeof reader_pragmas[0]);
    return s;
}

static enum status
try_wal(struct connection *c, struct diag *diag)
{
    struct query q = query_of(c, "PRAGMA journal_mode = WAL");
    bool wal = query_next(&q) && text_equal(query_get_text(&q), "wal");
    enum status s = query_end(&q);
    if (s == STATUS_OK && !wal)
        return diag_set(diag, STATUS_STORE, CLAUSE, 0, "the file system cannot hold a WAL");
    return s;
}

/* SQLite does not wait for another process that does the same to the same new file. */
enum status
connection_use_wal(struct connection *c, struct diag *diag)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000};
    enum status s =
        run_pragmas(c, writer_pragmas, sizeof writer_pragmas / sizeof writer_pragmas[0]);
    if (s == STATUS_OK)
        s = try_wal(c, diag);
    for (int waited_ms = 0; s == STATUS_BUSY && waited_ms < STORE_BUSY_MS; waited_ms += PAUSE_MS) {
        (void)nanosleep(&pause, NULL);
        s = try_wal(c, diag);
    }
    return s;
}
