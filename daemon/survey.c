/* SPDX-License-Identifier: Apache-2.0 */
/* from: stored rounds; to: one answer of a question to them; never: writes to the store, or runs
 * before what a device or an operator waits for. */
#include "daemon/survey.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/store_place.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PAGE_ROWS   64u
#define MAX_THREADS 64u
#define ID_RANDOM   10u
#define NICE        19 /* rounds and people come first */

enum survey_state { SURVEY_RUNNING, SURVEY_DONE, SURVEY_FAILED };

struct survey {
    char id[SURVEY_ID_SIZE];
    const struct survey_kind *kind;
    char actor[sizeof((struct access *)0)->actor];
    int64_t started_s;
    atomic_int state;
    atomic_size_t n_rounds, n_skipped;
    struct buffer result; /* JSON, once done */
};

struct surveys {
    struct store *store;
    atomic_bool ending;
    pthread_mutex_t lock; /* guards kept, n_kept, running, thread */
    struct survey *kept[SURVEYS_KEPT];
    size_t n_kept;
    bool running;
    bool joinable;
    pthread_t thread; /* of the survey that runs, or ran last */
};

/* One survey while it runs. */
struct run {
    struct surveys *all;
    struct survey *survey;
    void *subject;
    bool every_boot;
    struct label *labels; /* the asker's scope */
    size_t n_labels;
    pthread_mutex_t lock; /* guards all below */
    struct store_place_list page;
    size_t at;
    char after[STORE_ID_SIZE];
    bool ended;
    enum status status;
};

/* ---- which rounds ---- */

static void
next_page(struct run *run)
{
    store_place_list_clear(&run->page);
    run->at = 0;
    enum status s =
        store_list_places(run->all->store, run->every_boot,
                          run->after[0] != '\0' ? run->after : NULL, PAGE_ROWS, &run->page);
    if (s != STATUS_OK)
        run->status = s;
    if (s != STATUS_OK || run->page.n_items == 0)
        run->ended = true;
    else
        (void)text_copy(run->after, sizeof run->after,
                        run->page.items[run->page.n_items - 1].cursor);
}

static bool
take_place(struct run *run, struct store_place *out)
{
    pthread_mutex_lock(&run->lock);
    if (!run->ended && run->at == run->page.n_items)
        next_page(run);
    bool taken = !run->ended && !atomic_load(&run->all->ending);
    if (taken)
        *out = run->page.items[run->at++];
    pthread_mutex_unlock(&run->lock);
    return taken;
}

static void
fail(struct run *run, enum status s)
{
    pthread_mutex_lock(&run->lock);
    run->status = s;
    run->ended = true;
    pthread_mutex_unlock(&run->lock);
}

/* ---- one round ---- */

static enum status
visit_kept(struct run *run, void *tally, struct hasher *h, const struct store_device *device,
           const struct store_kept *kept)
{
    CLEANUP(stored_round_freep) struct stored_round *round = NULL;
    struct stored_parts parts = {
        .evidence = buffer_bytes(&kept->evidence),
        .ak_public = buffer_bytes(&kept->ak_public),
        .boot_log = buffer_bytes(&kept->boot_log),
        .ima = buffer_bytes(&kept->ima),
        .userspace_log = buffer_bytes(&kept->userspace_log),
        .inputs = bytes_of_text(kept->attestation.inputs_json),
    };
    enum status s = stored_round_open(h, &parts, &round, NULL);
    if (s != STATUS_OK)
        return s;
    struct survey_round one = {
        .device = device, .attestation = kept->attestation.id, .round = round};
    return run->survey->kind->visit(run->subject, tally, h, &one);
}

static enum status
visit_place(struct run *run, void *tally, struct hasher *h, const struct store_place *place)
{
    CLEANUP(store_device_clear) struct store_device device = {0};
    CLEANUP(store_kept_clear) struct store_kept kept = {0};
    struct access scope = {.labels = run->labels, .n_labels = run->n_labels};
    enum status s = store_get_device(run->all->store, place->device, &device);
    if (s == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (s != STATUS_OK)
        return s;
    bool counts = device.state == LIFE_CYCLE_ENROLLED || device.state == LIFE_CYCLE_QUARANTINED;
    if (!counts || !access_covers(&scope, &device))
        return STATUS_OK;
    s = store_get_kept(run->all->store, place->attestation, &kept);
    if (s == STATUS_OK)
        s = visit_kept(run, tally, h, &device, &kept);
    /* Stored before all was kept, or damaged: told, and no reason to say nothing of the others. */
    bool unusable = s == STATUS_UNSUPPORTED || s == STATUS_INVALID || s == STATUS_MALFORMED ||
                    s == STATUS_STORE || s == STATUS_NOT_FOUND || s == STATUS_LIMIT ||
                    s == STATUS_BUSY;
    atomic_fetch_add(unusable ? &run->survey->n_skipped : &run->survey->n_rounds, 1);
    return unusable ? STATUS_OK : s;
}

struct worker {
    struct run *run;
    void *tally;
    pthread_t thread;
    bool started;
};

static void *
work(void *argument)
{
    struct worker *w = argument;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    struct store_place place;
    /* On Linux the priority is the thread's own. [setpriority(2)] */
    (void)setpriority(PRIO_PROCESS, 0, NICE);
    enum status s = hasher_new(&h);
    while (s == STATUS_OK && take_place(w->run, &place))
        s = visit_place(w->run, w->tally, h, &place);
    if (s != STATUS_OK)
        fail(w->run, s);
    return NULL;
}

/* ---- the whole ---- */

static size_t
count_threads(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > (long)MAX_THREADS ? MAX_THREADS : (size_t)n;
}

static void
run_workers(struct run *run, struct worker *workers, size_t n)
{
    const struct survey_kind *kind = run->survey->kind;
    for (size_t i = 0; i < n; i++) {
        workers[i].run = run;
        workers[i].tally = kind->new_tally(run->subject);
        if (!workers[i].tally)
            fail(run, STATUS_NOMEM);
        else
            workers[i].started = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
        if (workers[i].tally && !workers[i].started)
            fail(run, STATUS_IO);
    }
    for (size_t i = 0; i < n; i++) {
        if (workers[i].started)
            (void)pthread_join(workers[i].thread, NULL);
    }
}

static enum status
answer(struct run *run, struct worker *workers, size_t n)
{
    const struct survey_kind *kind = run->survey->kind;
    enum status s = atomic_load(&run->all->ending) ? STATUS_BUSY : run->status;
    for (size_t i = 1; s == STATUS_OK && i < n; i++)
        s = kind->merge(workers[0].tally, workers[i].tally);
    if (s != STATUS_OK)
        return s;
    struct emit e = emit_of(&run->survey->result);
    emit_object(&e);
    kind->emit(run->subject, workers[0].tally, &e);
    emit_end_object(&e);
    return emit_check(&e);
}

static void
free_run(struct run *run)
{
    if (run->subject)
        run->survey->kind->free_subject(run->subject);
    store_place_list_clear(&run->page);
    free(run->labels);
    pthread_mutex_destroy(&run->lock);
    free(run);
}

static void *
conduct(void *argument)
{
    struct run *run = argument;
    struct surveys *all = run->all;
    struct survey *survey = run->survey;
    struct worker workers[MAX_THREADS] = {0};
    size_t n = count_threads();
    run_workers(run, workers, n);
    enum status s = answer(run, workers, n);
    if (s != STATUS_OK)
        log_line(LOG_LEVEL_WARNING, "survey %s: %s", survey->id, status_name(s));
    for (size_t i = 0; i < n; i++) {
        if (workers[i].tally)
            survey->kind->free_tally(workers[i].tally);
    }
    free_run(run);
    /* At once: who sees it done may start the next. */
    pthread_mutex_lock(&all->lock);
    atomic_store(&survey->state, s == STATUS_OK ? SURVEY_DONE : SURVEY_FAILED);
    all->running = false;
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

/* ---- asking ---- */

static void
free_survey(struct survey *s)
{
    buffer_free(&s->result);
    free(s);
}

static enum status
copy_scope(const struct access *access, struct run *run)
{
    if (access->n_labels == 0)
        return STATUS_OK;
    size_t size = access->n_labels * sizeof *run->labels;
    for (size_t i = 0; i < access->n_labels; i++)
        size += strlen(access->labels[i].key) + strlen(access->labels[i].value) + 2;
    run->labels = malloc(size);
    if (!run->labels)
        return STATUS_NOMEM;
    char *at = (char *)(run->labels + access->n_labels);
    for (size_t i = 0; i < access->n_labels; i++) {
        run->labels[i].key = at;
        at = stpcpy(at, access->labels[i].key) + 1;
        run->labels[i].value = at;
        at = stpcpy(at, access->labels[i].value) + 1;
    }
    run->n_labels = access->n_labels;
    return STATUS_OK;
}

static enum status
new_survey(const struct survey_options *options, struct survey **out)
{
    uint8_t random[ID_RANDOM];
    enum status s = digest_random(random, sizeof random);
    struct survey *survey = s == STATUS_OK ? calloc(1, sizeof *survey) : NULL;
    if (!survey)
        return s == STATUS_OK ? STATUS_NOMEM : s;
    survey->id[0] = 's';
    (void)text_hex(bytes_of(random, sizeof random), survey->id + 1, sizeof survey->id - 1);
    survey->kind = options->kind;
    survey->started_s = options->now_s;
    (void)text_copy(survey->actor, sizeof survey->actor, options->access->actor);
    *out = survey;
    return STATUS_OK;
}

/* Under the lock: the oldest makes room. */
static void
keep(struct surveys *all, struct survey *survey)
{
    if (all->n_kept == SURVEYS_KEPT) {
        free_survey(all->kept[0]);
        memmove(all->kept, all->kept + 1, (SURVEYS_KEPT - 1) * sizeof all->kept[0]);
        all->n_kept--;
    }
    all->kept[all->n_kept++] = survey;
}

static enum status
launch(struct surveys *all, struct run *run)
{
    enum status s = STATUS_BUSY;
    struct survey *survey = run->survey; /* run is the thread's once it is there */
    pthread_mutex_lock(&all->lock);
    if (!all->running && !atomic_load(&all->ending)) {
        if (all->joinable)
            (void)pthread_join(all->thread, NULL);
        all->joinable = pthread_create(&all->thread, NULL, conduct, run) == 0;
        all->running = all->joinable;
        s = all->joinable ? STATUS_OK : STATUS_IO;
        if (all->joinable)
            keep(all, survey);
    }
    pthread_mutex_unlock(&all->lock);
    return s;
}

enum status
survey_start(struct surveys *all, const struct survey_options *options,
             char id[static SURVEY_ID_SIZE])
{
    struct survey *survey = NULL;
    struct run *run = calloc(1, sizeof *run);
    enum status s = run ? new_survey(options, &survey) : STATUS_NOMEM;
    if (s != STATUS_OK) {
        options->kind->free_subject(options->subject);
        free(run);
        return s;
    }
    run->all = all;
    run->survey = survey;
    run->subject = options->subject;
    run->every_boot = options->every_boot;
    pthread_mutex_init(&run->lock, NULL);
    (void)text_copy(id, SURVEY_ID_SIZE, survey->id);
    s = copy_scope(options->access, run);
    if (s == STATUS_OK)
        s = launch(all, run);
    if (s != STATUS_OK) {
        free_run(run);
        free_survey(survey);
    }
    return s;
}

static void
emit_survey(struct emit *e, struct survey *survey)
{
    static const char *const states[] = {"running", "done", "failed"};
    int state = atomic_load(&survey->state);
    emit_object(e);
    emit_text_member(e, "id", survey->id);
    emit_text_member(e, "state", states[state]);
    emit_time_member(e, "started", survey->started_s);
    emit_uint_member(e, "rounds", atomic_load(&survey->n_rounds));
    emit_uint_member(e, "skipped", atomic_load(&survey->n_skipped));
    emit_key(e, "result");
    if (state == SURVEY_DONE)
        emit_raw(e, buffer_bytes(&survey->result));
    else
        emit_null(e);
    emit_end_object(e);
}

enum status
survey_encode(struct surveys *all, const char *collection, const char *id,
              const struct access *access, struct buffer *out)
{
    enum status s = STATUS_NOT_FOUND;
    pthread_mutex_lock(&all->lock);
    for (size_t i = 0; i < all->n_kept; i++) {
        struct survey *survey = all->kept[i];
        if (!text_equal(survey->id, id) || !text_equal(survey->kind->collection, collection) ||
            !text_equal(survey->actor, access->actor))
            continue;
        struct emit e = emit_of(out);
        emit_survey(&e, survey);
        s = emit_check(&e);
    }
    pthread_mutex_unlock(&all->lock);
    return s;
}

enum status
surveys_open(struct store *store, struct surveys **out)
{
    *out = calloc(1, sizeof **out);
    if (!*out)
        return STATUS_NOMEM;
    (*out)->store = store;
    pthread_mutex_init(&(*out)->lock, NULL);
    return STATUS_OK;
}

void
surveys_close(struct surveys *all)
{
    if (!all)
        return;
    atomic_store(&all->ending, true);
    pthread_mutex_lock(&all->lock);
    bool joinable = all->joinable;
    all->joinable = false;
    pthread_mutex_unlock(&all->lock);
    if (joinable)
        (void)pthread_join(all->thread, NULL);
    for (size_t i = 0; i < all->n_kept; i++)
        free_survey(all->kept[i]);
    pthread_mutex_destroy(&all->lock);
    free(all);
}
