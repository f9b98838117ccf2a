/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a replay is computed from; to: the replay; never: gives one that was computed from
 * anything else. */
#include "daemon/replay_memory.h"

#include "base/cleanup.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define N_PLACES 256u

struct replay_kept {
    atomic_size_t n_owners;
    struct buffer boot_log, userspace_log; /* its own, when it is kept */
    size_t size;
    struct replay *replay;
    struct reasons reasons;
};

struct place {
    struct replay_kept *content; /* NULL: free */
    uint64_t used_at;
    uint64_t hint; /* the digest's first bytes, to be looked at first */
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

struct replay_memory {
    pthread_mutex_t places_lock; /* guards all below */
    size_t max_size, size;
    uint64_t n_uses;
    struct place places[N_PLACES];
};

/* ---- the key ---- */

static void
append_pcrs(const struct quote *quote, struct buffer *out)
{
    const struct selection *s = quote_selection(quote);
    buffer_append_be32(out, (uint32_t)s->n_banks);
    for (size_t b = 0; b < s->n_banks; b++) {
        buffer_append_be16(out, s->banks[b].alg);
        buffer_append_be32(out, s->banks[b].mask);
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *value = quote_pcr(quote, s->banks[b].alg, pcr);
            buffer_append_u8(out, value != NULL);
            if (value)
                buffer_append(out, digest_bytes(value));
        }
    }
}

static enum status
append_logs(struct hasher *h, const struct replay_input *in, const uint8_t *boot_log_sha256,
            struct buffer *out)
{
    uint8_t userspace[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, in->userspace_log, userspace);
    buffer_append_u8(out, in->boot_log_present);
    if (in->boot_log_present)
        buffer_append(out, bytes_of(boot_log_sha256, DIGEST_SHA256_SIZE));
    buffer_append_u8(out, in->userspace_present);
    buffer_append_u8(out, in->userspace_incomplete);
    buffer_append(out, bytes_of(userspace, sizeof userspace));
    buffer_append_u8(out, in->ima_present);
    return s;
}

enum status
replay_key_of(struct hasher *h, const struct quote *quote, const struct replay_input *input,
              const uint8_t boot_log_sha256[static DIGEST_SHA256_SIZE], struct replay_key *out)
{
    /* All of struct replay_input is in the key: whatever is new in it must be put there too. */
    struct all_of_input {
        struct bytes boot_log;
        bool boot_log_present;
        struct bytes ima;
        bool ima_present;
        struct bytes userspace_log;
        bool userspace_present, userspace_incomplete;
        struct replay_state state;
        bool ima_starts_over;
        struct bytes ima_older;
    };
    static_assert(sizeof(struct all_of_input) == sizeof(struct replay_input),
                  "struct replay_input has changed");
    CLEANUP(buffer_free) struct buffer text = {0};
    *out = (struct replay_key){0};
    if (input->ima.size > 0 || input->ima_older.size > 0 || input->ima_starts_over)
        return STATUS_OK;
    append_pcrs(quote, &text);
    enum status s = append_logs(h, input, boot_log_sha256, &text);
    if (s == STATUS_OK)
        s = replay_state_encode(&input->state, &text);
    if (s == STATUS_OK)
        s = buffer_check(&text);
    if (s == STATUS_OK)
        s = digest_sha256(h, buffer_bytes(&text), out->sha256);
    out->fits = s == STATUS_OK;
    return s;
}

/* ---- one replay ---- */

void
replay_kept_unref(struct replay_kept *k)
{
    if (!k || atomic_fetch_sub_explicit(&k->n_owners, 1, memory_order_acq_rel) != 1)
        return;
    replay_free(k->replay);
    reasons_free(&k->reasons);
    buffer_free(&k->boot_log);
    buffer_free(&k->userspace_log);
    free(k);
}

static void
unref_kept(struct replay_kept **k)
{
    replay_kept_unref(*k);
}

/* The views of a kept replay lie in its own copies. */
static enum status
own_logs(struct replay_kept *k, struct replay_input *in)
{
    buffer_append(&k->boot_log, in->boot_log);
    buffer_append(&k->userspace_log, in->userspace_log);
    in->boot_log = buffer_bytes(&k->boot_log);
    in->userspace_log = buffer_bytes(&k->userspace_log);
    enum status s = buffer_check(&k->boot_log);
    return s == STATUS_OK ? buffer_check(&k->userspace_log) : s;
}

static size_t
size_of(const struct replay_kept *k)
{
    /* A parsed event takes less than a proven one. */
    return sizeof *k + k->boot_log.cap + k->userspace_log.cap +
           k->reasons.n_room * sizeof(struct reason) +
           2 * replay_n_events(k->replay) * sizeof(struct replay_event);
}

enum status
replay_kept_new(struct hasher *h, const struct quote *quote, const struct replay_input *input,
                const struct replay_key *key, struct replay_kept **out)
{
    struct replay_input in = *input;
    *out = NULL;
    CLEANUP(unref_kept) struct replay_kept *k = calloc(1, sizeof *k);
    if (!k)
        return STATUS_NOMEM;
    atomic_init(&k->n_owners, 1);
    enum status s = key->fits ? own_logs(k, &in) : STATUS_OK;
    if (s == STATUS_OK)
        s = replay_verify(h, quote, &in, &k->replay, &k->reasons);
    if (s == STATUS_OK && k->reasons.failed)
        s = STATUS_NOMEM;
    if (s != STATUS_OK)
        return s;
    k->size = size_of(k);
    *out = k;
    k = NULL;
    return STATUS_OK;
}

const struct replay *
replay_kept_replay(const struct replay_kept *k)
{
    return k->replay;
}

const struct reasons *
replay_kept_reasons(const struct replay_kept *k)
{
    return &k->reasons;
}

/* ---- the memory ---- */

enum status
replay_memory_new(size_t max_size, struct replay_memory **out)
{
    struct replay_memory *m = calloc(1, sizeof *m);
    *out = m;
    if (!m)
        return STATUS_NOMEM;
    m->max_size = max_size;
    pthread_mutex_init(&m->places_lock, NULL);
    return STATUS_OK;
}

static uint64_t
hint_of(const uint8_t *sha256)
{
    uint64_t hint;
    memcpy(&hint, sha256, sizeof hint);
    return hint;
}

static struct place *
find(struct replay_memory *m, const uint8_t *sha256)
{
    uint64_t hint = hint_of(sha256);
    for (size_t i = 0; i < N_PLACES; i++) {
        if (m->places[i].content && m->places[i].hint == hint &&
            digest_bytes_equal(bytes_of(m->places[i].sha256, DIGEST_SHA256_SIZE),
                               bytes_of(sha256, DIGEST_SHA256_SIZE)))
            return &m->places[i];
    }
    return NULL;
}

static void
clear(struct replay_memory *m, struct place *at)
{
    if (!at->content)
        return;
    m->size -= at->content->size;
    replay_kept_unref(at->content);
    *at = (struct place){0};
}

/* A free place, with room for size more bytes. */
static struct place *
make_room(struct replay_memory *m, size_t size)
{
    for (;;) {
        struct place *free_place = NULL;
        struct place *oldest = NULL;
        for (size_t i = 0; i < N_PLACES; i++) {
            struct place *at = &m->places[i];
            if (!at->content)
                free_place = at;
            else if (!oldest || at->used_at < oldest->used_at)
                oldest = at;
        }
        if (free_place && (!oldest || m->size + size <= m->max_size))
            return free_place;
        clear(m, oldest);
    }
}

struct replay_kept *
replay_memory_get(struct replay_memory *m, const struct replay_key *key)
{
    struct replay_kept *found = NULL;
    if (!m || !key->fits)
        return NULL;
    pthread_mutex_lock(&m->places_lock);
    struct place *at = find(m, key->sha256);
    if (at) {
        at->used_at = ++m->n_uses;
        found = at->content;
        (void)atomic_fetch_add_explicit(&found->n_owners, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&m->places_lock);
    return found;
}

void
replay_memory_put(struct replay_memory *m, const struct replay_key *key, struct replay_kept *k)
{
    if (!m || !key->fits || k->size > m->max_size)
        return;
    (void)atomic_fetch_add_explicit(&k->n_owners, 1, memory_order_relaxed);
    pthread_mutex_lock(&m->places_lock);
    struct place *at = find(m, key->sha256);
    if (at)
        clear(m, at);
    at = make_room(m, k->size);
    *at = (struct place){.content = k, .used_at = ++m->n_uses, .hint = hint_of(key->sha256)};
    memcpy(at->sha256, key->sha256, sizeof at->sha256);
    m->size += k->size;
    pthread_mutex_unlock(&m->places_lock);
}

size_t
replay_memory_count(struct replay_memory *m)
{
    size_t n = 0;
    pthread_mutex_lock(&m->places_lock);
    for (size_t i = 0; i < N_PLACES; i++)
        n += m->places[i].content != NULL;
    pthread_mutex_unlock(&m->places_lock);
    return n;
}

void
replay_memory_free(struct replay_memory *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < N_PLACES; i++)
        clear(m, &m->places[i]);
    pthread_mutex_destroy(&m->places_lock);
    free(m);
}
