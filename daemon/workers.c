/* SPDX-License-Identifier: Apache-2.0 */
/* from: jobs of HTTP threads; to: handlers on worker threads; never: knows what a job does. */
#include "daemon/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 256u
#define START_MS    1000 /* for threads that have no job yet */
#define A_CORE      2u
#define MIN_THREADS 4u /* so that one that is slow does not stop the others */
#define MAX_NESTED  32u

struct workers {
    pthread_mutex_t queue_lock; /* guards all below */
    pthread_cond_t queued;
    struct job *ring;
    size_t cap, head, n;
    bool ending;
    size_t n_threads, n_ended, n_idle;
    pthread_cond_t ended;
    struct worker {
        pthread_t thread;
        struct workers *all;
        struct hasher *hasher;
        struct bell bell;
        size_t n_nested; /* its own */
        bool waits;      /* in a job, for another that nests */
    } * threads;
};

/* Under the lock, with a job queued. */
static struct job
take_first(struct workers *w)
{
    struct job job = w->ring[w->head];
    w->head = (w->head + 1) % w->cap;
    w->n--;
    return job;
}

static bool
take(struct worker *self, struct job *out)
{
    struct workers *w = self->all;
    pthread_mutex_lock(&w->queue_lock);
    self->waits = false;
    w->n_idle++;
    while (w->n == 0 && !w->ending)
        pthread_cond_wait(&w->queued, &w->queue_lock);
    w->n_idle--;
    bool taken = w->n > 0;
    if (taken)
        *out = take_first(w);
    pthread_mutex_unlock(&w->queue_lock);
    return taken;
}

static struct worker *
find_worker(struct workers *w, const struct hasher *hasher)
{
    for (size_t i = 0; i < w->n_threads; i++) {
        if (w->threads[i].hasher == hasher)
            return &w->threads[i];
    }
    return NULL;
}

bool
workers_help(struct workers *w, struct hasher *hasher)
{
    struct job job;
    pthread_mutex_lock(&w->queue_lock);
    struct worker *self = find_worker(w, hasher);
    bool helps = self && self->n_nested < MAX_NESTED && w->n > 0 && w->ring[w->head].nests;
    if (helps)
        job = take_first(w);
    if (self)
        self->waits = !helps && self->n_nested < MAX_NESTED;
    pthread_mutex_unlock(&w->queue_lock);
    if (!helps)
        return false;
    self->n_nested++;
    job.run(job.subject, hasher);
    self->n_nested--;
    return true;
}

struct bell *
workers_bell(struct workers *w, const struct hasher *hasher)
{
    struct worker *self = find_worker(w, hasher);
    return self ? &self->bell : NULL;
}

static void *
work(void *argument)
{
    struct worker *self = argument;
    struct job job;
    while (take(self, &job))
        job.run(job.subject, self->hasher);
    pthread_mutex_lock(&self->all->queue_lock);
    self->all->n_ended++;
    pthread_cond_signal(&self->all->ended);
    pthread_mutex_unlock(&self->all->queue_lock);
    return NULL;
}

static unsigned
count_cores(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1u : (unsigned)n;
}

static unsigned
usual_number(void)
{
    unsigned n = A_CORE * count_cores();
    if (n < MIN_THREADS)
        return MIN_THREADS;
    return n < MAX_THREADS ? n : MAX_THREADS;
}

static enum status
start(struct workers *w, unsigned n_threads)
{
    for (unsigned i = 0; i < n_threads; i++) {
        struct worker *one = &w->threads[i];
        one->all = w;
        enum status s = hasher_new(&one->hasher);
        if (s != STATUS_OK)
            return s;
        bell_init(&one->bell);
        if (pthread_create(&one->thread, NULL, work, one) != 0) {
            bell_destroy(&one->bell);
            hasher_free(one->hasher);
            return STATUS_IO;
        }
        w->n_threads++;
    }
    return STATUS_OK;
}

enum status
workers_new(unsigned n_threads, size_t n_queued, struct workers **out)
{
    *out = NULL;
    if (n_threads == 0)
        n_threads = usual_number();
    if (n_threads > MAX_THREADS || n_queued == 0)
        return STATUS_LIMIT;
    struct workers *w = calloc(1, sizeof *w);
    if (!w)
        return STATUS_NOMEM;
    pthread_mutex_init(&w->queue_lock, NULL);
    pthread_cond_init(&w->queued, NULL);
    pthread_cond_init(&w->ended, NULL);
    w->cap = n_queued;
    w->ring = calloc(n_queued, sizeof *w->ring);
    w->threads = calloc(n_threads, sizeof *w->threads);
    enum status s = w->ring && w->threads ? start(w, n_threads) : STATUS_NOMEM;
    if (s != STATUS_OK) {
        (void)workers_free(w, START_MS);
        return s;
    }
    *out = w;
    return STATUS_OK;
}

/* Under the lock, for the job queued last: one whose own job waits, when the threads without any
 * have enough to do. */
static struct worker *
find_waiting(struct workers *w)
{
    if (w->n_idle >= w->n)
        return NULL;
    for (size_t i = 0; i < w->n_threads; i++) {
        if (w->threads[i].waits)
            return &w->threads[i];
    }
    return NULL;
}

/* Whoever is woken wants the lock, so it is let go before. */
enum status
workers_put(struct workers *w, struct job job)
{
    struct worker *waiting = NULL;
    pthread_mutex_lock(&w->queue_lock);
    bool fits = w->n < w->cap && !w->ending;
    if (fits) {
        w->ring[(w->head + w->n) % w->cap] = job;
        w->n++;
        waiting = job.nests ? find_waiting(w) : NULL;
        if (waiting)
            waiting->waits = false;
    }
    pthread_mutex_unlock(&w->queue_lock);
    if (waiting)
        bell_ring(&waiting->bell);
    else if (fits)
        pthread_cond_signal(&w->queued);
    return fits ? STATUS_OK : STATUS_BUSY;
}

/* Tell the threads to end, and wait for it. */
static bool
stop(struct workers *w, int64_t deadline_ms)
{
    struct timespec until = {0};
    int waited = 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(deadline_ms / 1000);
    until.tv_nsec += (long)(deadline_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&w->queue_lock);
    w->ending = true;
    pthread_cond_broadcast(&w->queued);
    while (w->n_ended < w->n_threads && waited == 0)
        waited = pthread_cond_clockwait(&w->ended, &w->queue_lock, CLOCK_MONOTONIC, &until);
    bool ended = w->n_ended == w->n_threads;
    pthread_mutex_unlock(&w->queue_lock);
    return ended;
}

bool
workers_free(struct workers *w, int64_t deadline_ms)
{
    if (!w)
        return true;
    if (!stop(w, deadline_ms))
        return false;
    for (size_t i = 0; i < w->n_threads; i++) {
        pthread_join(w->threads[i].thread, NULL);
        bell_destroy(&w->threads[i].bell);
        hasher_free(w->threads[i].hasher);
    }
    pthread_cond_destroy(&w->queued);
    pthread_cond_destroy(&w->ended);
    pthread_mutex_destroy(&w->queue_lock);
    free(w->ring);
    free(w->threads);
    free(w);
    return true;
}
