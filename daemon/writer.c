/* SPDX-License-Identifier: Apache-2.0 */
/* from: rounds of the workers; to: groups for the store; never: waits without a deadline. */
#include "daemon/writer.h"

#include "base/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TICK_MS   1000
#define GROUP_MAX 256u

enum stage { QUEUED, TAKEN, DONE };

/* A round on its way, with all that it borrows behind it in one allocation. */
struct item {
    struct store_round round;
    enum stage stage;
    bool abandoned; /* nobody waits any more: the writer frees it */
    enum status status, result;
    struct bell *bell; /* its worker's */
    bool answered;     /* under the bell's lock; then the item is its worker's alone */
    struct item *next;
    uint8_t bytes[];
};

struct writer {
    struct store *store;
    struct writer_options options;
    pthread_t thread;
    pthread_mutex_t queue_lock; /* guards all below, and the items' stages */
    pthread_cond_t queued, ended_changed;
    struct item *first, **last;
    size_t n_queued;
    bool idle; /* the thread waits for a first round */
    bool ending, ended;
    uint64_t n_rounds, n_commits; /* the thread's own */
};

static struct timespec
in_ms(int64_t ms)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    return t;
}

/* ---- copying ---- */

static size_t
text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static const char *
keep_text(const char *text, uint8_t **at)
{
    if (!text)
        return NULL;
    size_t size = text_size(text);
    char *kept = memcpy(*at, text, size);
    *at += size;
    return kept;
}

static struct bytes
keep_bytes(struct bytes b, uint8_t **at)
{
    struct bytes kept = bytes_of(*at, b.size);
    if (b.size > 0)
        memcpy(*at, b.data, b.size);
    *at += b.size;
    return kept;
}

static struct item *
new_item(const struct store_round *r)
{
    size_t size = text_size(r->device) + text_size(r->appraisal_json) + text_size(r->inputs_json) +
                  text_size(r->result) + text_size(r->announcement_json) + r->boot_log.size +
                  r->ima_segment.size + r->ima_rest.size + r->userspace_log.size + r->evidence.size;
    struct item *item = malloc(sizeof *item + size);
    if (!item)
        return NULL;
    *item = (struct item){.round = *r, .status = STATUS_STORE, .result = STATUS_STORE};
    uint8_t *at = item->bytes;
    item->round.device = keep_text(r->device, &at);
    item->round.appraisal_json = keep_text(r->appraisal_json, &at);
    item->round.inputs_json = keep_text(r->inputs_json, &at);
    item->round.result = keep_text(r->result, &at);
    item->round.announcement_json = keep_text(r->announcement_json, &at);
    item->round.boot_log = keep_bytes(r->boot_log, &at);
    item->round.ima_segment = keep_bytes(r->ima_segment, &at);
    item->round.ima_rest = keep_bytes(r->ima_rest, &at);
    item->round.userspace_log = keep_bytes(r->userspace_log, &at);
    item->round.evidence = keep_bytes(r->evidence, &at);
    return item;
}

/* ---- the queue, under its lock ---- */

static void
append(struct writer *w, struct item *item)
{
    *w->last = item;
    w->last = &item->next;
    w->n_queued++;
    if (w->idle)
        pthread_cond_signal(&w->queued);
}

static struct item *
take_first(struct writer *w)
{
    struct item *item = w->first;
    w->first = item->next;
    if (!w->first)
        w->last = &w->first;
    item->next = NULL;
    w->n_queued--;
    return item;
}

static void
withdraw(struct writer *w, const struct item *item)
{
    for (struct item **at = &w->first; *at; at = &(*at)->next) {
        if (*at != item)
            continue;
        *at = item->next;
        if (!*at)
            w->last = at;
        w->n_queued--;
        return;
    }
}

static size_t
take_group(struct writer *w, struct item **group)
{
    size_t n = 0;
    while (w->first && n < w->options.n_group) {
        group[n] = take_first(w);
        group[n++]->stage = TAKEN;
    }
    return n;
}

/* ---- the thread ---- */

/* Those of one sleeper together, the first of group among them, so that it wakes once. Afterwards
 * they are its own. */
static void
answer_sleeper(struct item **group, size_t n)
{
    bool *answers[GROUP_MAX];
    struct bell *bell = group[0]->bell;
    size_t n_answers = 0;
    for (size_t i = 0; i < n; i++) {
        if (!group[i] || group[i]->bell != bell)
            continue;
        answers[n_answers++] = &group[i]->answered;
        group[i] = NULL;
    }
    bell_answer(bell, answers, n_answers);
}

static void
answer_group(struct writer *w, struct item **group, size_t n, enum status status,
             const enum status *results)
{
    pthread_mutex_lock(&w->queue_lock);
    for (size_t i = 0; i < n; i++) {
        group[i]->stage = DONE;
        group[i]->status = status;
        group[i]->result = results[i];
        if (!group[i]->abandoned)
            continue;
        free(group[i]);
        group[i] = NULL;
    }
    for (size_t i = 0; i < n; i++) {
        if (group[i])
            answer_sleeper(group + i, n - i);
    }
    pthread_mutex_unlock(&w->queue_lock);
}

static void
commit_group(struct writer *w, struct item **group, size_t n)
{
    const struct store_round *rounds[GROUP_MAX];
    enum status results[GROUP_MAX];
    for (size_t i = 0; i < n; i++)
        rounds[i] = &group[i]->round;
    enum status status = store_put_rounds(w->store, rounds, n, results);
    w->n_rounds += n;
    w->n_commits++;
    answer_group(w, group, n, status, results);
}

/* Under the lock, which is free meanwhile: a commit costs much the same for one round and for many,
 * so those that are on their way come along. */
static void
gather(struct writer *w)
{
    if (w->options.gather_ms == 0 || w->n_queued >= w->options.n_group)
        return;
    const struct timespec pause = {.tv_nsec = (long)w->options.gather_ms * 1000000};
    pthread_mutex_unlock(&w->queue_lock);
    (void)nanosleep(&pause, NULL);
    pthread_mutex_lock(&w->queue_lock);
}

/* The next group, at most a tick later; 0 when there is none by then. *go_on: false at the end. */
static size_t
wait_for_group(struct writer *w, struct item **group, bool *go_on)
{
    const struct timespec until = in_ms(TICK_MS);
    int waited = 0;
    pthread_mutex_lock(&w->queue_lock);
    w->idle = true;
    while (!w->first && !w->ending && waited == 0)
        waited = pthread_cond_clockwait(&w->queued, &w->queue_lock, CLOCK_MONOTONIC, &until);
    w->idle = false;
    if (w->first && !w->ending)
        gather(w);
    size_t n = take_group(w, group);
    *go_on = n > 0 || !w->ending;
    pthread_mutex_unlock(&w->queue_lock);
    return n;
}

static void *
write_groups(void *argument)
{
    struct writer *w = argument;
    struct item *group[GROUP_MAX];
    bool go_on = true;
    while (go_on) {
        size_t n = wait_for_group(w, group, &go_on);
        if (n > 0)
            commit_group(w, group, n);
        store_tend(w->store);
    }
    pthread_mutex_lock(&w->queue_lock);
    w->ended = true;
    pthread_cond_broadcast(&w->ended_changed);
    pthread_mutex_unlock(&w->queue_lock);
    return NULL;
}

/* ---- the workers' side ---- */

static enum status
take_answer(struct item *item, enum status *result)
{
    enum status status = item->status;
    *result = item->result;
    free(item);
    return status;
}

/* Under the lock, at the deadline; it may be done just now. */
static enum status
give_up(struct writer *w, struct item *item, enum status *result)
{
    enum status status = STATUS_BUSY;
    switch (item->stage) {
    case DONE:
        status = take_answer(item, result);
        break;
    case QUEUED:
        withdraw(w, item);
        free(item);
        break;
    case TAKEN:
        item->abandoned = true;
        status = STATUS_UNCERTAIN;
        break;
    }
    return status;
}

/* True when its group was committed, or could not be. */
static bool
await(struct item *item, const struct writer_meanwhile *meanwhile, const struct timespec *until)
{
    bool in_time = true;
    bool answered = bell_is_answered(item->bell, &item->answered);
    while (!answered && in_time) {
        if (!meanwhile || !meanwhile->run(meanwhile->context))
            in_time = bell_wait(item->bell, &item->answered, until);
        answered = bell_is_answered(item->bell, &item->answered);
    }
    return answered;
}

static enum status
put(struct writer *w, struct item *item, const struct writer_meanwhile *meanwhile,
    enum status *result)
{
    const struct timespec until = in_ms(w->options.deadline_ms);
    pthread_mutex_lock(&w->queue_lock);
    if (w->ending || w->n_queued >= w->options.n_queued) {
        pthread_mutex_unlock(&w->queue_lock);
        free(item);
        return STATUS_BUSY;
    }
    append(w, item);
    pthread_mutex_unlock(&w->queue_lock);
    if (await(item, meanwhile, &until))
        return take_answer(item, result);
    pthread_mutex_lock(&w->queue_lock);
    enum status status = give_up(w, item, result);
    pthread_mutex_unlock(&w->queue_lock);
    return status;
}

enum status
writer_put(struct writer *w, const struct store_round *round,
           const struct writer_meanwhile *meanwhile, enum status *result)
{
    struct bell own;
    *result = STATUS_STORE;
    struct item *item = new_item(round);
    if (!item)
        return STATUS_NOMEM;
    if (meanwhile) {
        item->bell = meanwhile->bell;
        return put(w, item, meanwhile, result);
    }
    bell_init(&own);
    item->bell = &own;
    enum status status = put(w, item, NULL, result);
    bell_destroy(&own);
    return status;
}

/* ---- making and ending ---- */

enum status
writer_new(struct store *store, const struct writer_options *options, struct writer **out)
{
    const struct writer_options usual = WRITER_OPTIONS;
    *out = NULL;
    struct writer *w = calloc(1, sizeof *w);
    if (!w)
        return STATUS_NOMEM;
    w->store = store;
    w->options = options ? *options : usual;
    if (w->options.n_group == 0 || w->options.n_group > GROUP_MAX)
        w->options.n_group = GROUP_MAX;
    w->last = &w->first;
    pthread_mutex_init(&w->queue_lock, NULL);
    pthread_cond_init(&w->queued, NULL);
    pthread_cond_init(&w->ended_changed, NULL);
    if (pthread_create(&w->thread, NULL, write_groups, w) != 0) {
        free(w);
        return STATUS_IO;
    }
    *out = w;
    return STATUS_OK;
}

bool
writer_stop(struct writer *w, int64_t deadline_ms)
{
    const struct timespec until = in_ms(deadline_ms);
    int waited = 0;
    pthread_mutex_lock(&w->queue_lock);
    w->ending = true;
    pthread_cond_signal(&w->queued);
    while (!w->ended && waited == 0)
        waited = pthread_cond_clockwait(&w->ended_changed, &w->queue_lock, CLOCK_MONOTONIC, &until);
    bool ended = w->ended;
    pthread_mutex_unlock(&w->queue_lock);
    return ended;
}

bool
writer_free(struct writer *w)
{
    if (!w)
        return true;
    if (!writer_stop(w, w->options.deadline_ms)) {
        log_line(LOG_LEVEL_ERROR, "writer: hangs in the store: left behind");
        return false;
    }
    (void)pthread_join(w->thread, NULL);
    log_line(LOG_LEVEL_INFO, "writer: %llu rounds in %llu commits", (unsigned long long)w->n_rounds,
             (unsigned long long)w->n_commits);
    pthread_mutex_destroy(&w->queue_lock);
    pthread_cond_destroy(&w->queued);
    pthread_cond_destroy(&w->ended_changed);
    free(w);
    return true;
}
