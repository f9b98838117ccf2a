/* SPDX-License-Identifier: Apache-2.0 */
/* A boot log of 120 events in three banks: parse and replay, over the bare hashing of the same
 * extends. usage: bench-log [FILE SIZE]; with FILE: write a boot log of at least SIZE bytes there.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "tests/bench/bench.h"
#include "tests/bench/scene.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 120u

struct work {
    struct hasher *h;
    struct buffer bytes;
    struct eventlog *log; /* parsed once, for the floor */
    EVP_MD *mds[LIMIT_BANKS];
    EVP_MD_CTX *contexts[LIMIT_BANKS];
    struct eventlog_pcrs pcrs;
    uint8_t floor[LIMIT_BANKS][LIMIT_PCRS][ALG_MAX_SIZE];
};

static void
parse_and_replay(void *work)
{
    struct work *w = work;
    struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    bench_demand(eventlog_parse(buffer_bytes(&w->bytes), &log, &reasons) == STATUS_OK && log,
                 "boot log refused");
    bench_demand(eventlog_replay(w->h, log, &w->pcrs) == STATUS_OK, "replay");
}

static void
extend(struct work *w, size_t bank, const struct event *e)
{
    EVP_MD_CTX *context = w->contexts[bank];
    uint8_t *pcr = w->floor[bank][e->pcr];
    bench_demand(EVP_DigestInit_ex2(context, w->mds[bank], NULL) &&
                     EVP_DigestUpdate(context, pcr, e->digest[bank].size) &&
                     EVP_DigestUpdate(context, e->digest[bank].data, e->digest[bank].size) &&
                     EVP_DigestFinal_ex(context, pcr, NULL),
                 "hash");
}

static void
only_hash(void *work)
{
    struct work *w = work;
    memset(w->floor, 0, sizeof w->floor);
    for (size_t i = 0; i < w->log->n_events; i++) {
        if (!eventlog_is_extend(&w->log->events[i]))
            continue;
        for (size_t bank = 0; bank < w->log->n_banks; bank++)
            extend(w, bank, &w->log->events[i]);
    }
}

static void
prepare(struct work *w)
{
    struct reasons reasons = {0};
    bench_demand(hasher_new(&w->h) == STATUS_OK, "hasher");
    scene_boot_log(EVENTS, &w->bytes);
    bench_demand(eventlog_parse(buffer_bytes(&w->bytes), &w->log, &reasons) == STATUS_OK && w->log,
                 "boot log refused");
    bench_demand(w->log->n_events == EVENTS && w->log->n_banks == 3,
                 "not the log that is asked for");
    for (size_t bank = 0; bank < w->log->n_banks; bank++) {
        w->mds[bank] = EVP_MD_fetch(NULL, alg_by_id(w->log->banks[bank])->evp_name, NULL);
        w->contexts[bank] = EVP_MD_CTX_new();
        bench_demand(w->mds[bank] && w->contexts[bank], "libcrypto");
    }
}

/* Both sides compute the same PCRs, so neither leaves work out. */
static void
check(struct work *w)
{
    parse_and_replay(w);
    only_hash(w);
    for (size_t bank = 0; bank < w->log->n_banks; bank++) {
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *d = &w->pcrs.pcr[bank][pcr];
            bench_demand(memcmp(d->data, w->floor[bank][pcr], d->size) == 0, "not the same PCRs");
        }
    }
}

/* Events more until it has the size. */
static void
write_log(const char *path, size_t size)
{
    CLEANUP(buffer_free) struct buffer log = {0};
    for (size_t n = EVENTS; log.size < size; n += EVENTS / 4) {
        buffer_reset(&log);
        scene_boot_log(n, &log);
    }
    struct diag diag = {0};
    bench_demand(file_save(path, buffer_bytes(&log), 0600, &diag) == STATUS_OK, diag.text);
}

int
main(int argc, char **argv)
{
    static struct work w;
    if (argc == 3) {
        write_log(argv[1], strtoul(argv[2], NULL, 10));
        return 0;
    }
    prepare(&w);
    check(&w);
    bench_ratio(&(struct bench){.name = "log.replay-120-events-3-banks",
                                .subject = parse_and_replay,
                                .floor = only_hash,
                                .work = &w,
                                .limit = 1.5});
    eventlog_free(w.log);
    buffer_free(&w.bytes);
    hasher_free(w.h);
    for (size_t bank = 0; bank < LIMIT_BANKS; bank++) {
        EVP_MD_CTX_free(w.contexts[bank]);
        EVP_MD_free(w.mds[bank]);
    }
    return bench_end();
}
