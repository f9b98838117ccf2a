/* SPDX-License-Identifier: Apache-2.0 */
/* An IMA list of 10,000 ima-ng entries, SHA-1 list and SHA-256 bank: replayed, and from bytes to a
 * verdict, over their bare hashing; 100 more entries after it. */
#include "base/cleanup.h"
#include "tests/bench/bench.h"
#include "tests/bench/scene.h"

#include <openssl/evp.h>
#include <string.h>

#define EVENTS  49u /* as recorded */
#define ENTRIES 10000u
#define MORE    100u
#define FILES   50000u
#define SHA1    0u
#define SHA256  1u
#define N_HASH  2u

struct work {
    struct appraise_case *scene;
    struct ima_entry *entries; /* for the floor */
    size_t n_entries;
    struct bytes list;
    EVP_MD *mds[N_HASH];
    EVP_MD_CTX *contexts[N_HASH];
    uint8_t pcr[DIGEST_SHA256_SIZE]; /* what the floor made of PCR 10 */
    struct replay_input in;
    struct standing *standing; /* of the entries before in; NULL: there are none */
};

static void
hash(struct work *w, unsigned alg, struct bytes a, struct bytes b, uint8_t *out)
{
    bench_demand(EVP_DigestInit_ex2(w->contexts[alg], w->mds[alg], NULL) &&
                     EVP_DigestUpdate(w->contexts[alg], a.data, a.size) &&
                     EVP_DigestUpdate(w->contexts[alg], b.data, b.size) &&
                     EVP_DigestFinal_ex(w->contexts[alg], out, NULL),
                 "hash");
}

/* ---- subjects ---- */

static struct replay *
replay(struct work *w, struct reasons *found)
{
    struct replay *out = NULL;
    bench_demand(replay_verify(w->scene->h, w->scene->quote, &w->in, &out, found) == STATUS_OK,
                 "replay");
    bench_demand(replay_pcr_state(out, IMA_PCR) == REPLAY_PCR_PROVEN, "PCR 10 is not proven");
    return out;
}

static void
only_replay(void *work)
{
    struct work *w = work;
    CLEANUP(reasons_free) struct reasons found = {0};
    CLEANUP(replay_freep) struct replay *r = replay(w, &found);
    bench_demand(replay_n_ima(r) == ENTRIES, "not all entries");
}

static void
replay_and_appraise(void *work)
{
    struct work *w = work;
    CLEANUP(reasons_free) struct reasons found = {0};
    CLEANUP(replay_freep) struct replay *r = replay(w, &found);
    const struct appraisal_input input = {.documents = w->scene->snapshot,
                                          .quote = w->scene->quote,
                                          .replay = r,
                                          .subject = &w->scene->subject,
                                          .standing = w->standing,
                                          .found = &found,
                                          .now_s = w->scene->now_s};
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    bench_demand(appraise(w->scene->h, &input, &a) == STATUS_OK, "appraise");
    bench_demand(appraisal_verdict(a) == VERDICT_TRUSTED, "not trusted");
}

/* ---- floors ---- */

/* The same bytes twice with one context. */
static void
hash_twice(void *work)
{
    struct work *w = work;
    uint8_t out[DIGEST_SHA256_SIZE];
    for (size_t i = 0; i < w->n_entries; i++) {
        hash(w, SHA256, w->entries[i].data, (struct bytes){0}, out);
        hash(w, SHA256, w->entries[i].data, (struct bytes){0}, out);
    }
}

/* The list's SHA-1, the bank's SHA-256, the extend: nothing of an entry is proven without them. */
static void
hash_all(void *work)
{
    struct work *w = work;
    uint8_t sha1[20], sha256[DIGEST_SHA256_SIZE];
    memset(w->pcr, 0, sizeof w->pcr);
    for (size_t i = 0; i < w->n_entries; i++) {
        hash(w, SHA1, w->entries[i].data, (struct bytes){0}, sha1);
        hash(w, SHA256, w->entries[i].data, (struct bytes){0}, sha256);
        hash(w, SHA256, bytes_of(w->pcr, sizeof w->pcr), bytes_of(sha256, sizeof sha256), w->pcr);
    }
}

/* ---- */

static void
read_entries(struct work *w)
{
    w->list = buffer_bytes(&w->scene->log.ima);
    w->entries = calloc(ENTRIES, sizeof *w->entries);
    struct ima_reader r;
    bench_demand(w->entries && ima_open(w->list, 0, &r, NULL) == STATUS_OK, "list");
    while (w->n_entries < ENTRIES &&
           ima_next(&r, NULL, &w->entries[w->n_entries], NULL) == STATUS_OK)
        w->n_entries++;
    bench_demand(w->n_entries == ENTRIES && r.offset == w->list.size, "not the list asked for");
}

static void
prepare(struct work *w)
{
    static const char *const names[N_HASH] = {"SHA1", "SHA2-256"};
    const struct scene_options options = {.n_events = EVENTS, .n_ima = ENTRIES, .n_files = FILES};
    w->scene = scene_new(&options);
    w->in = w->scene->in;
    read_entries(w);
    for (size_t i = 0; i < N_HASH; i++) {
        w->mds[i] = EVP_MD_fetch(NULL, names[i], NULL);
        w->contexts[i] = EVP_MD_CTX_new();
        bench_demand(w->mds[i] && w->contexts[i], "libcrypto");
    }
    hash_all(w);
    const struct digest *quoted = quote_pcr(w->scene->quote, ALG_SHA256, IMA_PCR);
    bench_demand(memcmp(quoted->data, w->pcr, sizeof w->pcr) == 0, "the floor is not the work");
}

/* 100 more entries, as the daemon gets them in a later round of the same boot. */
static void
add_later(struct work *w)
{
    CLEANUP(reasons_free) struct reasons found = {0};
    CLEANUP(replay_freep) struct replay *before = replay(w, &found);
    w->standing = standing_ref(appraisal_standing(w->scene->appraisal));
    const struct appraisal_input input = {.documents = w->scene->snapshot,
                                          .subject = &w->scene->subject,
                                          .standing = w->standing,
                                          .now_s = w->scene->now_s};
    bench_demand(appraise_knows(&input, replay_state_after(before)),
                 "the earlier entries are not remembered");
    size_t held = w->list.size;
    for (size_t i = 1; i <= MORE; i++)
        scene_add_ima(w->scene, i);
    appraise_case_run(w->scene);
    struct bytes list = buffer_bytes(&w->scene->log.ima);
    w->in.state = *replay_state_after(before);
    w->in.ima = bytes_slice(list, held, list.size - held);
}

static void
finish(struct work *w)
{
    free(w->entries);
    for (size_t i = 0; i < N_HASH; i++) {
        EVP_MD_CTX_free(w->contexts[i]);
        EVP_MD_free(w->mds[i]);
    }
    standing_unref(w->standing);
    appraise_case_free(w->scene);
}

int
main(void)
{
    static struct work w, more;
    prepare(&w);
    prepare(&more);
    add_later(&more);
    bench_ratio(&(struct bench){.name = "ima.replay-10000-entries-over-hashing-twice",
                                .subject = only_replay,
                                .floor = hash_twice,
                                .work = &w,
                                .limit = 2.0});
    bench_ratio(&(struct bench){.name = "ima.verdict-10000-entries-50000-files-over-hashing",
                                .subject = replay_and_appraise,
                                .floor = hash_all,
                                .work = &w,
                                .limit = 1.5});
    bench_ratio(&(struct bench){.name = "ima.verdict-100-more-over-10000",
                                .subject = replay_and_appraise,
                                .floor = replay_and_appraise,
                                .work = &more,
                                .floor_work = &w,
                                .limit = 0.03});
    finish(&w);
    finish(&more);
    return bench_end();
}
