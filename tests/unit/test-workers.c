/* SPDX-License-Identifier: Apache-2.0 */
/* A worker whose job waits takes up others that may be run within it, and no others; asleep, it is
 * woken for one when the other threads have enough to do. */
#include "daemon/workers.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#define END_MS    5000
#define PAUSE_NS  1000000
#define N_THREADS 4u

struct scene {
    struct workers *workers;
    atomic_bool go; /* all is queued */
    atomic_bool found_none;
    atomic_bool woken, helped;
    atomic_uint n_run;
    unsigned n_helped;    /* within the first job */
    unsigned n_at_return; /* of n_run when it had helped */
};

static void
await_go(struct scene *s)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    while (!atomic_load(&s->go))
        (void)nanosleep(&pause, NULL);
}

static void
await(atomic_bool *flag)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (int ms = 0; ms < END_MS && !atomic_load(flag); ms++)
        (void)nanosleep(&pause, NULL);
    assert_true(atomic_load(flag));
}

static void
run_one(void *subject, struct hasher *hasher)
{
    struct scene *s = subject;
    assert_non_null(hasher);
    atomic_fetch_add(&s->n_run, 1);
}

static void
run_first(void *subject, struct hasher *hasher)
{
    struct scene *s = subject;
    await_go(s);
    while (workers_help(s->workers, hasher))
        s->n_helped++;
    s->n_at_return = atomic_load(&s->n_run);
}

/* As a round does that waits for its commit in turn. */
static void
run_deeper(void *subject, struct hasher *hasher)
{
    struct scene *s = subject;
    await_go(s);
    atomic_fetch_add(&s->n_run, 1);
    if (workers_help(s->workers, hasher))
        s->n_helped++;
    if (s->n_at_return == 0)
        s->n_at_return = atomic_load(&s->n_run); /* the deepest returns first */
}

static bool
sleep_at(struct bell *bell, long ms)
{
    const bool never = false;
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return bell_wait(bell, &never, &until);
}

/* As a round does that waits while nothing is queued. */
static void
run_asleep(void *subject, struct hasher *hasher)
{
    struct scene *s = subject;
    struct bell *bell = workers_bell(s->workers, hasher);
    assert_false(workers_help(s->workers, hasher));
    atomic_store(&s->found_none, true);
    atomic_store(&s->woken, sleep_at(bell, atomic_load(&s->go) ? 500 : END_MS));
    atomic_store(&s->helped, workers_help(s->workers, hasher));
}

/* Looks for another job once, as one does whose answer is there by then. */
static void
run_glance(void *subject, struct hasher *hasher)
{
    struct scene *s = subject;
    atomic_fetch_add(&s->n_run, 1);
    while (atomic_load(&s->n_run) < N_THREADS)
        (void)sched_yield();
    (void)workers_help(s->workers, hasher);
}

static void
run_blocked(void *subject, struct hasher *hasher)
{
    struct scene *s = subject;
    (void)hasher;
    atomic_fetch_add(&s->n_run, 1);
    await_go(s);
}

static void
await_run(struct scene *s, unsigned n)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    for (int ms = 0; ms < END_MS && atomic_load(&s->n_run) < n; ms++)
        (void)nanosleep(&pause, NULL);
    assert_int_equal(n, atomic_load(&s->n_run));
}

static void
put(struct scene *s, void (*run)(void *, struct hasher *), bool nests)
{
    assert_status(STATUS_OK,
                  workers_put(s->workers, (struct job){.run = run, .subject = s, .nests = nests}));
}

static void
finish(struct scene *s)
{
    atomic_store(&s->go, true);
    assert_true(workers_free(s->workers, END_MS));
}

static void
takes_up_jobs_while_one_waits(void **state)
{
    (void)state;
    struct scene s = {0};
    assert_status(STATUS_OK, workers_new(1, 100, &s.workers));
    put(&s, run_first, false);
    for (int i = 0; i < 10; i++)
        put(&s, run_one, true);
    finish(&s);
    assert_int_equal(10, s.n_helped);
    assert_int_equal(10, s.n_at_return);
}

static void
leaves_jobs_that_do_not_nest_to_others(void **state)
{
    (void)state;
    struct scene s = {0};
    assert_status(STATUS_OK, workers_new(1, 100, &s.workers));
    put(&s, run_first, false);
    put(&s, run_one, true);
    put(&s, run_one, false);
    put(&s, run_one, true);
    finish(&s);
    assert_int_equal(1, s.n_helped);
    assert_int_equal(3, atomic_load(&s.n_run)); /* afterwards, one by one */
}

static void
nests_to_a_bounded_depth(void **state)
{
    (void)state;
    struct scene s = {0};
    assert_status(STATUS_OK, workers_new(1, 100, &s.workers));
    for (int i = 0; i < 100; i++)
        put(&s, run_deeper, true);
    finish(&s);
    assert_int_equal(100, atomic_load(&s.n_run));
    assert_int_equal(33, s.n_at_return); /* itself and 32 within it */
}

static void
helps_none_but_its_own_threads(void **state)
{
    (void)state;
    struct scene s = {0};
    struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, workers_new(1, 100, &s.workers));
    put(&s, run_first, false);
    put(&s, run_one, true);
    assert_false(workers_help(s.workers, h));
    assert_null(workers_bell(s.workers, h));
    finish(&s);
    hasher_free(h);
}

static void
wakes_one_that_waits_for_a_job_that_nests(void **state)
{
    (void)state;
    struct scene s = {0};
    assert_status(STATUS_OK, workers_new(1, 100, &s.workers));
    put(&s, run_asleep, true);
    await(&s.found_none);
    put(&s, run_one, true);
    finish(&s);
    assert_true(atomic_load(&s.woken));
    assert_true(atomic_load(&s.helped));
}

/* Each of the others looked for a job once, and does something else since. */
static void
wakes_the_one_that_waits_still(void **state)
{
    (void)state;
    struct scene s = {0};
    assert_status(STATUS_OK, workers_new(N_THREADS, 100, &s.workers));
    for (unsigned i = 0; i < N_THREADS; i++)
        put(&s, run_glance, false);
    await_run(&s, N_THREADS);
    for (unsigned i = 1; i < N_THREADS; i++)
        put(&s, run_blocked, false);
    await_run(&s, 2 * N_THREADS - 1);
    put(&s, run_asleep, true);
    await(&s.found_none);
    put(&s, run_one, true);
    await(&s.helped);
    assert_true(atomic_load(&s.woken));
    finish(&s);
}

static void
wakes_none_for_a_job_that_does_not_nest(void **state)
{
    (void)state;
    struct scene s = {0};
    atomic_store(&s.go, true); /* a short sleep */
    assert_status(STATUS_OK, workers_new(1, 100, &s.workers));
    put(&s, run_asleep, true);
    await(&s.found_none);
    put(&s, run_one, false);
    finish(&s);
    assert_false(atomic_load(&s.woken));
    assert_false(atomic_load(&s.helped));
    assert_int_equal(1, atomic_load(&s.n_run));
}

static void
lets_one_that_waits_sleep_while_another_has_no_job(void **state)
{
    (void)state;
    const struct timespec pause = {.tv_nsec = 200 * PAUSE_NS};
    struct scene s = {0};
    atomic_store(&s.go, true);
    assert_status(STATUS_OK, workers_new(2, 100, &s.workers));
    put(&s, run_asleep, true);
    await(&s.found_none);
    (void)nanosleep(&pause, NULL); /* for the other thread to begin */
    put(&s, run_one, true);
    finish(&s);
    assert_false(atomic_load(&s.woken));
    assert_int_equal(1, atomic_load(&s.n_run));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_up_jobs_while_one_waits),
        cmocka_unit_test(leaves_jobs_that_do_not_nest_to_others),
        cmocka_unit_test(nests_to_a_bounded_depth),
        cmocka_unit_test(helps_none_but_its_own_threads),
        cmocka_unit_test(wakes_one_that_waits_for_a_job_that_nests),
        cmocka_unit_test(wakes_the_one_that_waits_still),
        cmocka_unit_test(wakes_none_for_a_job_that_does_not_nest),
        cmocka_unit_test(lets_one_that_waits_sleep_while_another_has_no_job),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
