/* SPDX-License-Identifier: Apache-2.0 */
/* Documents of 1,000 components and 1,000,000 file digests: memory a digest, a round under them
 * over one under 1,000 digests, and how long a round waits while they are swapped. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/bench/bench.h"
#include "tests/bench/scene.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COMPONENTS 950u /* besides those of the boot */
#define PARTS      4u
#define PART       200000u
#define ENTRIES    1000u
#define SWAPS      2u
#define PAUSE_MS   5.0

struct round {
    struct appraise_case *scene;
    struct documents *documents;
};

static struct document *
parse(struct hasher *h, const struct buffer *text)
{
    struct document *d = NULL;
    struct diag diag = {0};
    if (document_parse(h, buffer_bytes(text), &d, &diag) != STATUS_OK)
        bench_demand(false, diag.text);
    return d;
}

static void
insert(struct buffer *text, const char *behind, const struct buffer *with)
{
    const char *whole = buffer_text(text);
    const char *at = strstr(whole, behind);
    bench_demand(at, behind);
    struct buffer out = {0};
    size_t n = (size_t)(at - whole) + strlen(behind);
    buffer_append(&out, bytes_of(whole, n));
    buffer_append(&out, buffer_bytes(with));
    buffer_append_text(&out, whole + n);
    buffer_free(text);
    *text = out;
}

static void
append_number_digest(struct hasher *h, uint64_t i, struct buffer *out)
{
    struct digest d;
    bench_demand(digest_compute(h, ALG_SHA256, bytes_of(&i, sizeof i), &d) == STATUS_OK, "hash");
    text_append_hex(out, digest_bytes(&d));
}

/* Optional ones of another boot path. */
static void
add_components(struct appraise_case *c)
{
    CLEANUP(buffer_free) struct buffer more = {0};
    for (uint64_t i = 0; i < COMPONENTS; i++) {
        buffer_append_format(&more, "{\"role\":\"other-%u\",\"pcr\":4,\"count\":[0,1],",
                             (unsigned)i);
        buffer_append_text(&more, "\"values\":[{\"sha256\":\"");
        append_number_digest(c->h, UINT64_MAX - i, &more);
        buffer_append_text(&more, "\"}]},");
    }
    insert(&c->documents[1], "\"components\": [", &more);
}

static struct document *
file_set(struct hasher *h, unsigned part)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(
        &text, "{\"type\":\"reference\",\"id\":\"files-%u\",\"version\":1,\"files\":[", part);
    for (uint64_t i = 0; i < PART; i++) {
        buffer_append_text(&text, i > 0 ? ",\"sha256:" : "\"sha256:");
        append_number_digest(h, part * (uint64_t)PART + i, &text);
        buffer_append_text(&text, "\"");
    }
    buffer_append_text(&text, "]}");
    return parse(h, &text);
}

/* The scene's documents with more sets of files, or without. */
static struct documents *
compile(struct appraise_case *c, unsigned parts)
{
    struct document *list[2 + PARTS];
    struct documents *out = NULL;
    struct diag diag = {0};
    CLEANUP(buffer_free) struct buffer policy = {0};
    CLEANUP(buffer_free) struct buffer names = {0};
    buffer_append(&policy, buffer_bytes(&c->documents[0]));
    for (unsigned i = 0; i < parts; i++)
        buffer_append_format(&names, "\"files-%u\", ", i);
    insert(&policy, "\"ima\": {\"references\": [", &names);
    list[0] = parse(c->h, &policy);
    list[1] = parse(c->h, &c->documents[1]);
    for (unsigned i = 0; i < parts; i++)
        list[2 + i] = file_set(c->h, i);
    if (documents_new(list, 2 + parts, 1, &out, &diag) != STATUS_OK)
        bench_demand(false, diag.text);
    return out;
}

static void
appraise_under(struct appraise_case *c, struct documents *documents)
{
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    const struct appraisal_input input = {.documents = documents,
                                          .quote = c->quote,
                                          .replay = c->replay,
                                          .subject = &c->subject,
                                          .found = &c->found,
                                          .now_s = c->now_s};
    bench_demand(appraise(c->h, &input, &a) == STATUS_OK, "appraise");
    bench_demand(appraisal_verdict(a) == VERDICT_TRUSTED, "the round is not trusted");
}

static void
run(void *work)
{
    struct round *r = work;
    appraise_under(r->scene, r->documents);
}

/* ---- memory ---- */

static double
memory_used(void)
{
    struct mallinfo2 m = mallinfo2();
    return (double)m.uordblks + (double)m.hblkhd;
}

/* ---- swapping ---- */

struct swap {
    pthread_mutex_t lock; /* guards current, as the daemon's snapshot does */
    struct documents *current;
    struct appraise_case *scene;
    atomic_bool done;
    double worst_ms;
};

static double
now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* What a round pays for its documents: the reference that it takes, and letting go of it. */
static void *
run_rounds(void *work)
{
    struct swap *s = work;
    while (!atomic_load(&s->done)) {
        double begin = now_ms();
        pthread_mutex_lock(&s->lock);
        struct documents *d = documents_ref(s->current);
        pthread_mutex_unlock(&s->lock);
        double taken = now_ms() - begin;
        appraise_under(s->scene, d);
        begin = now_ms();
        documents_unref(d);
        double given = now_ms() - begin;
        s->worst_ms = taken > s->worst_ms ? taken : s->worst_ms;
        s->worst_ms = given > s->worst_ms ? given : s->worst_ms;
    }
    return NULL;
}

static void
swap_documents(struct swap *s, struct documents *next)
{
    pthread_mutex_lock(&s->lock);
    struct documents *old = s->current;
    s->current = next;
    pthread_mutex_unlock(&s->lock);
    static const struct timespec moment = {.tv_nsec = 1000000};
    while (!documents_is_last(old))
        (void)nanosleep(&moment, NULL);
    documents_unref(old);
}

static double
worst_pause_ms(struct appraise_case *c, struct documents *first /* taken over */)
{
    struct swap s = {.current = first, .scene = c};
    pthread_t reader;
    pthread_mutex_init(&s.lock, NULL);
    bench_demand(pthread_create(&reader, NULL, run_rounds, &s) == 0, "thread");
    for (unsigned i = 0; i < SWAPS; i++) {
        struct documents *next = compile(c, SWAPS - 1 - i);
        swap_documents(&s, next);
    }
    atomic_store(&s.done, true);
    (void)pthread_join(reader, NULL);
    documents_unref(s.current);
    pthread_mutex_destroy(&s.lock);
    return s.worst_ms;
}

int
main(void)
{
    /* A device's own files are in the first set, among 200,000 or 1,000. */
    const struct scene_options small = {.n_events = 100, .n_ima = ENTRIES, .n_files = ENTRIES};
    const struct scene_options large = {.n_events = 100, .n_ima = ENTRIES, .n_files = PART};
    struct appraise_case *c = scene_new(&small);
    struct appraise_case *l = scene_new(&large);
    add_components(c);
    add_components(l);
    struct round few = {c, compile(c, 0)};
    double before = memory_used();
    struct round many = {l, compile(l, PARTS)};
    double digests = (double)(PARTS + 1) * PART;
    bench_value("documents.memory-a-digest", "bytes", (memory_used() - before) / digests, 80,
                "\"digests\":1000000,\"components\":1000");
    bench_ratio(&(struct bench){.name = "documents.round-1000000-over-1000",
                                .subject = run,
                                .floor = run,
                                .work = &many,
                                .floor_work = &few,
                                .limit = 1.3});
    bench_value("documents.swap-pause", "ms", worst_pause_ms(l, many.documents), PAUSE_MS,
                "\"swaps\":2");
    documents_unref(few.documents);
    appraise_case_free(c);
    appraise_case_free(l);
    return bench_end();
}
