/* SPDX-License-Identifier: Apache-2.0 */
/* from: addresses and times; to: yes or later; never: grows. */
#include "daemon/rate.h"

#include "base/digest.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define N_SETS    1024u
#define N_WAYS    4u
#define MINUTE_MS 60000

/* Levels are in requests times MINUTE_MS, so that a rate a minute is a rise a millisecond. */
struct bucket {
    uint8_t address[16]; /* IPv4 in its mapped form */
    bool used;
    uint64_t level;
    int64_t filled_ms;
};

struct rate {
    pthread_mutex_t lock; /* guards buckets and total */
    uint64_t each, all;   /* a minute */
    uint64_t seed;        /* so that nobody can choose which addresses share a set */
    struct bucket total;
    struct bucket buckets[N_SETS][N_WAYS];
};

enum status
rate_new(uint64_t each, uint64_t total, struct rate **out)
{
    *out = NULL;
    if (each == 0 || total == 0 || each > UINT32_MAX || total > UINT32_MAX)
        return STATUS_INVALID;
    struct rate *r = calloc(1, sizeof *r);
    if (!r)
        return STATUS_NOMEM;
    r->each = each;
    r->all = total;
    r->total.level = total * MINUTE_MS;
    enum status s = digest_random((uint8_t *)&r->seed, sizeof r->seed);
    if (s == STATUS_OK && pthread_mutex_init(&r->lock, NULL) != 0)
        s = STATUS_NOMEM;
    if (s != STATUS_OK) {
        free(r);
        return s;
    }
    *out = r;
    return STATUS_OK;
}

void
rate_free(struct rate *r)
{
    if (!r)
        return;
    (void)pthread_mutex_destroy(&r->lock);
    free(r);
}

/* One machine has a /64 of IPv6 to itself. */
static void
parse_address(const char *text, uint8_t out[static 16])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    memset(out, 0, 16);
    if (inet_pton(AF_INET, text, out + sizeof mapped) == 1) {
        memcpy(out, mapped, sizeof mapped);
        return;
    }
    if (inet_pton(AF_INET6, text, out) != 1)
        memset(out, 0, 16);
    else if (memmem(out, 16, mapped, sizeof mapped) != out)
        memset(out + 8, 0, 8);
}

static size_t
choose_set(const struct rate *r, const uint8_t address[static 16])
{
    uint64_t hash = r->seed;
    for (size_t i = 0; i < 16; i++) {
        hash = (hash ^ address[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return hash % N_SETS;
}

static void
fill(struct bucket *b, uint64_t per_minute, int64_t now_ms)
{
    uint64_t most = per_minute * MINUTE_MS;
    int64_t passed_ms = now_ms - b->filled_ms;
    b->filled_ms = now_ms;
    if (passed_ms <= 0) /* a clock that was set back: no rise, and no long wait */
        return;
    if (passed_ms >= MINUTE_MS || b->level + (uint64_t)passed_ms * per_minute > most)
        b->level = most;
    else
        b->level += (uint64_t)passed_ms * per_minute;
}

/* The address's bucket; a new one takes the place of the fullest, which remembers least. */
static struct bucket *
find_bucket(struct rate *r, const uint8_t address[static 16], int64_t now_ms)
{
    struct bucket *set = r->buckets[choose_set(r, address)];
    struct bucket *fullest = &set[0];
    for (size_t i = 0; i < N_WAYS; i++) {
        if (set[i].used && bytes_equal(bytes_of(set[i].address, 16), bytes_of(address, 16)))
            return &set[i];
    }
    for (size_t i = 0; i < N_WAYS; i++) {
        if (!set[i].used) {
            fullest = &set[i];
            break;
        }
        fill(&set[i], r->each, now_ms);
        if (set[i].level > fullest->level)
            fullest = &set[i];
    }
    *fullest = (struct bucket){.used = true, .level = r->each * MINUTE_MS, .filled_ms = now_ms};
    memcpy(fullest->address, address, 16);
    return fullest;
}

static unsigned
wait_of(const struct bucket *b, uint64_t per_minute)
{
    uint64_t missing = b->level < MINUTE_MS ? MINUTE_MS - b->level : 0;
    return (unsigned)(missing / per_minute / 1000) + 1;
}

bool
rate_take(struct rate *r, const char *address, int64_t now_ms, unsigned *wait_s)
{
    uint8_t key[16];
    parse_address(address, key);
    *wait_s = 0;
    (void)pthread_mutex_lock(&r->lock);
    struct bucket *b = find_bucket(r, key, now_ms);
    fill(b, r->each, now_ms);
    fill(&r->total, r->all, now_ms);
    bool permitted = b->level >= MINUTE_MS && r->total.level >= MINUTE_MS;
    if (permitted) {
        b->level -= MINUTE_MS;
        r->total.level -= MINUTE_MS;
    } else if (b->level < MINUTE_MS) {
        *wait_s = wait_of(b, r->each);
    } else {
        *wait_s = wait_of(&r->total, r->all);
    }
    (void)pthread_mutex_unlock(&r->lock);
    return permitted;
}
