/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: a round's texts and evidence; to: frames against a round that was much like it; never:
 * changes or forgets a dictionary, since results that need it are kept for good.
 *
 * Devices of a kind differ in a few hundred bytes of ten thousand. A device's round is tried
 * against the dictionary that fitted its last one, then against the others in use, the newest use
 * first. A round that none fits becomes one itself, but seldom, and its device tries no more until
 * there is a new one: what is like nothing costs no more than a part of itself.
 */
#include "daemon/compress.h"
#include "daemon/store_sqlite.h"

#include <string.h>

#define IN_USE     32u
#define HINTS      4096u /* devices share them, which costs tries and nothing else */
#define FIT        4u    /* a frame that fits is at most this part of its content */
#define EVERY      64u   /* rounds from one dictionary to the next, at least */
#define SAMPLE_MAX (64u * 1024u)
#define KEPT_MAX   (256u * 1024u) /* memory from one round to the next */

static const char add_dictionary[] = "INSERT INTO dictionary (made_s, bytes) VALUES (?1, ?2)";
static const char get_new_dictionary[] = "SELECT last_insert_rowid()";
static const char list_newest[] = "SELECT id, bytes FROM dictionary ORDER BY id DESC LIMIT ?1";

struct known {
    uint64_t id;
    struct dictionary *dictionary;
};

struct hint {
    uint64_t id;     /* 0: none fitted */
    uint64_t n_made; /* of those that there were */
};

struct dictionaries {
    pthread_mutex_t lock;
    struct known known[IN_USE]; /* used last first */
    size_t n_known;
    uint64_t n_made;
    size_t n_rounds; /* since the last one was made */
    struct hint hints[HINTS];
    struct buffer texts, frame; /* of the round at hand; their memory is kept */
};

/* FNV-1a. */
static struct hint *
find_hint(struct dictionaries *d, const char *device)
{
    uint32_t hash = UINT32_C(2166136261);
    for (; *device != '\0'; device++)
        hash = (hash ^ (uint8_t)*device) * UINT32_C(16777619);
    return &d->hints[hash % HINTS];
}

static void
move_to_front(struct dictionaries *d, size_t i)
{
    struct known used = d->known[i];
    memmove(d->known + 1, d->known, i * sizeof *d->known);
    d->known[0] = used;
}

/* Takes dictionary over. */
static void
put_first(struct dictionaries *d, uint64_t id, struct dictionary *dictionary)
{
    if (d->n_known == IN_USE)
        dictionary_free(d->known[--d->n_known].dictionary);
    d->known[d->n_known++] = (struct known){.id = id, .dictionary = dictionary};
    move_to_front(d, d->n_known - 1);
    d->n_made++;
}

static enum status
load(struct dictionaries *d, struct connection *c)
{
    struct query q = query_of(c, list_newest);
    query_put_uint(&q, IN_USE);
    enum status s = STATUS_OK;
    while (s == STATUS_OK && query_next(&q)) {
        struct known *k = &d->known[d->n_known];
        k->id = query_get_uint(&q);
        s = dictionary_new(query_get_bytes(&q), &k->dictionary);
        d->n_known += s == STATUS_OK;
        d->n_made += s == STATUS_OK;
    }
    enum status ended = query_end(&q);
    return s == STATUS_OK ? ended : s;
}

enum status
store_open_dictionaries(struct store *s)
{
    struct connection *c = NULL;
    s->dictionaries = calloc(1, sizeof *s->dictionaries);
    if (!s->dictionaries)
        return STATUS_NOMEM;
    pthread_mutex_init(&s->dictionaries->lock, NULL);
    enum status status = store_begin_read(s, &c);
    return status == STATUS_OK ? store_end_read(s, c, load(s->dictionaries, c)) : status;
}

void
store_free_dictionaries(struct dictionaries *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->n_known; i++)
        dictionary_free(d->known[i].dictionary);
    buffer_free(&d->texts);
    buffer_free(&d->frame);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

/* A NUL behind each: store_sqlite_attestation.c takes them apart. */
static enum status
gather_texts(struct dictionaries *d, const struct store_round *round)
{
    const char *const all[] = {round->appraisal_json, round->inputs_json, round->result};
    size_t size = 0, sizes[sizeof all / sizeof *all];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        sizes[i] = strlen(all[i]) + 1;
        size += sizes[i];
    }
    buffer_reset(&d->texts);
    if (size > STORE_TEXTS_MAX)
        return STATUS_LIMIT;
    if (buffer_reserve(&d->texts, size) != STATUS_OK)
        return STATUS_NOMEM;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buffer_append(&d->texts, bytes_of(all[i], sizes[i]));
    return STATUS_OK;
}

/* *fits: then the dictionary at i is the first, and d has the texts' frame against it. */
static enum status
try_one(struct dictionaries *d, size_t i, struct compress *z, bool *fits)
{
    buffer_reset(&d->frame);
    enum status s =
        compress_encode_like(z, d->known[i].dictionary, buffer_bytes(&d->texts), &d->frame);
    *fits = s == STATUS_OK && d->frame.size * FIT <= d->texts.size;
    if (*fits)
        move_to_front(d, i);
    return s;
}

static enum status
try_others(struct dictionaries *d, uint64_t but, struct compress *z, bool *fits)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && !*fits && i < d->n_known; i++) {
        if (d->known[i].id != but)
            s = try_one(d, i, z, fits);
    }
    return s;
}

static enum status
try_all(struct dictionaries *d, struct hint *hint, struct compress *z, bool *fits)
{
    enum status s = STATUS_OK;
    bool is_strange = hint->id == 0 && hint->n_made == d->n_made;
    size_t i = 0;
    while (i < d->n_known && d->known[i].id != hint->id)
        i++;
    *fits = false;
    if (i < d->n_known)
        s = try_one(d, i, z, fits);
    if (s == STATUS_OK && !*fits && !is_strange)
        s = try_others(d, hint->id, z, fits);
    *hint = (struct hint){.id = *fits ? d->known[0].id : 0, .n_made = d->n_made};
    return s;
}

static enum status
take_sample(struct dictionaries *d, struct bytes evidence, struct framed *out)
{
    bool due = d->n_known == 0 || d->n_rounds >= EVERY;
    if (!due || d->texts.size + evidence.size > SAMPLE_MAX)
        return STATUS_OK;
    buffer_append(&out->sample, buffer_bytes(&d->texts));
    buffer_append(&out->sample, evidence);
    d->n_rounds = 0;
    enum status s = buffer_check(&out->sample);
    return s == STATUS_OK ? dictionary_new(buffer_bytes(&out->sample), &out->made) : s;
}

static enum status
frame_alike(struct dictionaries *d, struct compress *z, struct bytes evidence, struct framed *out)
{
    out->dictionary = d->known[0].id;
    buffer_append(&out->texts, buffer_bytes(&d->frame));
    enum status s = buffer_check(&out->texts);
    if (s == STATUS_OK && evidence.size > 0)
        s = compress_encode_like(z, d->known[0].dictionary, evidence, &out->evidence);
    return s;
}

static enum status
make_frames(struct dictionaries *d, struct compress *z, const struct store_round *round,
            struct framed *out)
{
    bool fits = false;
    d->n_rounds++;
    enum status s = gather_texts(d, round);
    if (s == STATUS_OK)
        s = try_all(d, find_hint(d, round->device), z, &fits);
    if (s != STATUS_OK)
        return s;
    out->texts_size = d->texts.size;
    out->evidence_size = round->evidence.size;
    if (fits)
        return frame_alike(d, z, round->evidence, out);
    s = compress_encode(z, buffer_bytes(&d->texts), &out->texts);
    if (s == STATUS_OK && round->evidence.size > 0)
        s = compress_encode(z, round->evidence, &out->evidence);
    return s == STATUS_OK ? take_sample(d, round->evidence, out) : s;
}

enum status
store_make_frames(struct store *s, struct compress *z, const struct store_round *round,
                  struct framed *out)
{
    struct dictionaries *d = s->dictionaries;
    pthread_mutex_lock(&d->lock);
    enum status status = make_frames(d, z, round, out);
    if (d->texts.cap + d->frame.cap > KEPT_MAX) {
        buffer_free(&d->texts);
        buffer_free(&d->frame);
    }
    pthread_mutex_unlock(&d->lock);
    return status;
}

void
store_free_frames(struct framed *f)
{
    buffer_free(&f->texts);
    buffer_free(&f->evidence);
    buffer_free(&f->sample);
    dictionary_free(f->made);
}

enum status
store_add_dictionary(struct connection *c, int64_t now_s, struct bytes sample, uint64_t *id)
{
    struct query q = query_of(c, add_dictionary);
    query_put_int(&q, now_s);
    query_put_bytes(&q, sample);
    enum status s = query_run(&q, NULL);
    if (s != STATUS_OK)
        return s;
    q = query_of(c, get_new_dictionary);
    s = query_first(&q);
    *id = query_get_uint(&q);
    return s == STATUS_OK ? query_end(&q) : s;
}

void
store_use_dictionary(struct store *s, uint64_t id, struct framed *f)
{
    pthread_mutex_lock(&s->dictionaries->lock);
    put_first(s->dictionaries, id, f->made);
    pthread_mutex_unlock(&s->dictionaries->lock);
    f->made = NULL;
}
