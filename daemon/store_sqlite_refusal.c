/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: what was refused before anything could be said of a device; to: bounded rows, counted by
 * the hour; never: writes while the caller waits. Notes gather in memory until the store is tended,
 * so a flood of refusals costs one small transaction, and a crash loses counts, nothing else.
 */
#include "base/log.h"
#include "base/text.h"
#include "daemon/store_sqlite.h"
#include "evidence/enrollment.h"

#include <string.h>
#include <time.h>

#define NOTES_MAX 256u
#define KEEP_S    (INT64_C(30) * 86400)
#define HOUR_S    3600

static const char ENROLLMENT[] = "enrollment";
static const char ATTEMPT[] = "attempt";

static const char remove_before[] =
    "DELETE FROM refusal WHERE kind IN ('enrollment', 'attempt') AND hour_s < ?1";
static const char count_rows[] = "SELECT count(*), coalesce(min(hour_s), 0) FROM refusal";
static const char find_device[] = "SELECT 1 FROM device WHERE id = ?1";
static const char add_count[] =
    "UPDATE refusal SET count = count + ?6"
    " WHERE kind = ?1 AND hour_s = ?2 AND subject = ?3 AND address = ?4 AND code = ?5";
static const char add_row[] = "INSERT INTO refusal (kind, hour_s, subject, address, code, count)"
                              " VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
static const char list_rows[] =
    "SELECT hour_s, subject, address, code, count FROM refusal"
    " WHERE kind = ?1 AND (?2 = '' OR subject = ?2)"
    " ORDER BY hour_s DESC, count DESC, subject, address, code LIMIT ?3";

struct note {
    const char *kind;
    int64_t hour_s;
    char subject[65];
    char address[46];
    char code[64];
    uint64_t count;
};

struct notes {
    pthread_mutex_t lock;
    struct note *items; /* NOTES_MAX of them, made with the first */
    size_t n;
    struct timespec flushed; /* CLOCK_MONOTONIC */
};

static void
free_notep(struct note **items)
{
    free(*items);
}

enum status
store_new_notes(struct notes **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return STATUS_NOMEM;
    pthread_mutex_init(&(*out)->lock, NULL);
    return STATUS_OK;
}

void
store_free_notes(struct notes *notes)
{
    if (!notes)
        return;
    pthread_mutex_destroy(&notes->lock);
    free(notes->items);
    free(notes);
}

static bool
is_same(const struct note *a, const struct note *b)
{
    return a->kind == b->kind && a->hour_s == b->hour_s && text_equal(a->subject, b->subject) &&
           text_equal(a->address, b->address) && text_equal(a->code, b->code);
}

/* One more of what is noted already, else one more note while there is room. */
static void
gather(struct notes *notes, const struct note *note)
{
    for (size_t i = 0; i < notes->n; i++) {
        if (is_same(&notes->items[i], note)) {
            notes->items[i].count += note->count;
            return;
        }
    }
    if (!notes->items)
        notes->items = calloc(NOTES_MAX, sizeof *notes->items);
    if (notes->items && notes->n < NOTES_MAX)
        notes->items[notes->n++] = *note;
}

static void
take_note(struct store *s, const char *kind, const char *subject, const char *address,
          const char *code, int64_t now_s)
{
    struct note note = {.kind = kind, .hour_s = now_s - now_s % HOUR_S, .count = 1};
    (void)text_copy(note.subject, sizeof note.subject, subject);
    (void)text_copy(note.address, sizeof note.address, address ? address : "");
    (void)text_copy(note.code, sizeof note.code, code);
    pthread_mutex_lock(&s->notes->lock);
    gather(s->notes, &note);
    pthread_mutex_unlock(&s->notes->lock);
}

void
store_note_refusal(struct store *s, const char *address, const uint8_t *ek_sha256, const char *code,
                   int64_t now_s)
{
    char hex[2 * DIGEST_SHA256_SIZE + 1] = "";
    if (ek_sha256)
        (void)text_hex(bytes_of(ek_sha256, DIGEST_SHA256_SIZE), hex, sizeof hex);
    take_note(s, ENROLLMENT, hex, address, code, now_s);
}

void
store_note_attempt(struct store *s, const char *device, const char *address, const char *code,
                   int64_t now_s)
{
    bool named = device && enrollment_is_device_id(device);
    take_note(s, ATTEMPT, named ? device : "", address, code, now_s);
}

/* ---- writing ---- */

static enum status
remove_old(struct connection *c, int64_t before_s)
{
    struct query q = query_of(c, remove_before);
    query_put_int(&q, before_s);
    return query_run(&q, NULL);
}

static enum status
count_table(struct connection *c, size_t *n_rows, int64_t *oldest_s)
{
    struct query q = query_of(c, count_rows);
    enum status s = query_first(&q);
    if (s != STATUS_OK)
        return s;
    *n_rows = (size_t)query_get_uint(&q);
    *oldest_s = query_get_int(&q);
    return query_end(&q);
}

/* Room for n_new rows, hour by hour from the oldest; never out of the present one, so that a flood
 * cannot push out its own beginning. */
static enum status
make_room(struct connection *c, int64_t now_s, size_t n_new, size_t *n_rows)
{
    int64_t oldest_s = 0;
    enum status s = remove_old(c, now_s - KEEP_S);
    if (s == STATUS_OK)
        s = count_table(c, n_rows, &oldest_s);
    while (s == STATUS_OK && *n_rows + n_new > STORE_REFUSALS_MAX && oldest_s < now_s) {
        s = remove_old(c, oldest_s + 1);
        if (s == STATUS_OK)
            s = count_table(c, n_rows, &oldest_s);
    }
    return s;
}

/* A name that nobody enrolled with is no subject: anybody can make up as many as he likes. */
static enum status
check_subject(struct connection *c, struct note *note)
{
    if (note->kind != ATTEMPT || note->subject[0] == '\0')
        return STATUS_OK;
    struct query q = query_of(c, find_device);
    query_put_text(&q, note->subject);
    bool known = query_next(&q);
    enum status s = query_end(&q);
    if (s == STATUS_OK && !known)
        note->subject[0] = '\0';
    return s;
}

static enum status
run_note(struct connection *c, const char *sql, const struct note *note, size_t *n_changed)
{
    struct query q = query_of(c, sql);
    query_put_text(&q, note->kind);
    query_put_int(&q, note->hour_s);
    query_put_text(&q, note->subject);
    query_put_text(&q, note->address);
    query_put_text(&q, note->code);
    query_put_uint(&q, note->count);
    return query_run(&q, n_changed);
}

static enum status
write_notes(struct connection *c, struct note *items, size_t n)
{
    size_t n_rows = 0;
    int64_t now_s = 0;
    for (size_t i = 0; i < n; i++)
        now_s = items[i].hour_s > now_s ? items[i].hour_s : now_s;
    enum status s = make_room(c, now_s, n, &n_rows);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        size_t n_changed = 0;
        s = check_subject(c, &items[i]);
        if (s == STATUS_OK)
            s = run_note(c, add_count, &items[i], &n_changed);
        if (s != STATUS_OK || n_changed > 0 || n_rows >= STORE_REFUSALS_MAX)
            continue;
        s = run_note(c, add_row, &items[i], NULL);
        n_rows++;
    }
    return s;
}

/* Whether a second has gone by since the last time; a rush of groups need not bring a transaction
 * of notes each. */
static bool
is_time(struct notes *notes)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    if (now.tv_sec == notes->flushed.tv_sec)
        return false;
    notes->flushed = now;
    return true;
}

void
store_flush_notes(struct store *s, bool at_once)
{
    struct connection *c = NULL;
    pthread_mutex_lock(&s->notes->lock);
    if (!at_once && !is_time(s->notes)) {
        pthread_mutex_unlock(&s->notes->lock);
        return;
    }
    CLEANUP(free_notep) struct note *items = s->notes->items;
    size_t n = s->notes->n;
    s->notes->items = NULL;
    s->notes->n = 0;
    pthread_mutex_unlock(&s->notes->lock);
    if (n == 0)
        return;
    enum status status = store_begin_write(s, &c);
    if (status == STATUS_OK)
        status = store_end_write(s, write_notes(c, items, n));
    if (status != STATUS_OK)
        log_line(LOG_LEVEL_WARNING, "store: %zu notes of refusals are lost: %s", n,
                 status_name(status));
}

/* ---- reading ---- */

static void
read_row(struct query *q, bool of_device, struct store_refusal *r)
{
    r->hour_s = query_get_int(q);
    if (of_device)
        query_get_into(q, r->device, sizeof r->device);
    else
        query_get_into(q, r->ek_sha256, sizeof r->ek_sha256);
    query_get_into(q, r->address, sizeof r->address);
    query_get_into(q, r->code, sizeof r->code);
    r->count = query_get_uint(q);
}

static enum status
list_page(struct connection *c, const char *device, size_t limit, struct store_refusal_list *out)
{
    out->items = calloc(limit, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    struct query q = query_of(c, list_rows);
    query_put_text(&q, device ? ATTEMPT : ENROLLMENT);
    query_put_text(&q, device ? device : "");
    query_put_uint(&q, limit);
    while (out->n_items < limit && query_next(&q))
        read_row(&q, device != NULL, &out->items[out->n_items++]);
    return query_end(&q);
}

enum status
store_list_refusals(struct store *s, const char *device, size_t limit,
                    struct store_refusal_list *out)
{
    struct connection *c = NULL;
    *out = (struct store_refusal_list){0};
    if (limit == 0 || limit > LIMIT_PAGE)
        return STATUS_LIMIT;
    store_flush_notes(s, true);
    enum status status = store_begin_read(s, &c);
    if (status != STATUS_OK)
        return status;
    status = store_end_read(s, c, list_page(c, device, limit, out));
    if (status != STATUS_OK)
        store_refusal_list_clear(out);
    return status;
}

void
store_refusal_list_clear(struct store_refusal_list *l)
{
    free(l->items);
    *l = (struct store_refusal_list){0};
}
