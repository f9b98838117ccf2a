/* SPDX-License-Identifier: Apache-2.0 */
/* The look-up of file digests: 1,000,000 allowed ones over 1,000. */
#include "appraise/file_set.h"
#include "tests/bench/bench.h"

#include <stdlib.h>
#include <string.h>

#define FEW    1000u
#define MANY   1000000u
#define PROBES 4096u

struct lookup {
    struct file_set set;
    struct arena arena;
    uint8_t (*probes)[DIGEST_SHA256_SIZE]; /* every second one is allowed */
    size_t n_allowed;
};

static void
look_up(void *work)
{
    struct lookup *l = work;
    size_t n = 0;
    for (size_t i = 0; i < PROBES; i++) {
        size_t ahead = (i + FILE_SET_AHEAD) % PROBES;
        file_set_expect(&l->set, ALG_SHA256, bytes_of(l->probes[ahead], sizeof l->probes[ahead]));
        n += file_set_has(&l->set, ALG_SHA256, bytes_of(l->probes[i], sizeof l->probes[i]));
    }
    bench_demand(n == l->n_allowed, "not as many allowed as expected");
}

static void
number_digest(struct hasher *h, size_t i, struct digest *out)
{
    bench_demand(digest_compute(h, ALG_SHA256, bytes_of(&i, sizeof i), out) == STATUS_OK, "hash");
}

/* Hits and misses in turn; the hits all over the set. */
static void
lookup_init(struct lookup *l, struct hasher *h, size_t n_files)
{
    struct digest d;
    *l = (struct lookup){.probes = calloc(PROBES, sizeof *l->probes), .n_allowed = PROBES / 2};
    bench_demand(l->probes, "memory");
    bench_demand(file_set_reserve(&l->set, &l->arena, ALG_SHA256, n_files) == STATUS_OK, "memory");
    for (size_t i = 0; i < n_files; i++) {
        number_digest(h, i, &d);
        bench_demand(file_set_add(&l->set, &d) == STATUS_OK, "add");
    }
    for (size_t i = 0; i < PROBES; i++) {
        size_t allowed = i * 2654435761u % n_files;
        number_digest(h, i % 2 == 0 ? allowed : n_files + i, &d);
        memcpy(l->probes[i], d.data, d.size);
    }
}

static void
lookup_clear(struct lookup *l)
{
    arena_free(&l->arena);
    free(l->probes);
}

int
main(void)
{
    static struct lookup few, many;
    struct hasher *h = NULL;
    bench_demand(hasher_new(&h) == STATUS_OK, "hasher");
    lookup_init(&few, h, FEW);
    lookup_init(&many, h, MANY);
    bench_ratio(&(struct bench){.name = "files.lookup-1000000-over-1000",
                                .subject = look_up,
                                .floor = look_up,
                                .work = &many,
                                .floor_work = &few,
                                .limit = 1.3});
    lookup_clear(&few);
    lookup_clear(&many);
    hasher_free(h);
    return bench_end();
}
