/* SPDX-License-Identifier: Apache-2.0 */
/* The writer over a store of the test's own, which can be made to hang, refuse and remember. */
#include "base/text.h"
#include "daemon/writer.h"
#include "tests/lib/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_SEEN 64

/* ---- the store ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool hangs;   /* commits wait while this is set */
    bool waiting; /* one does */
    size_t n_groups, n_seen;
    size_t group_size[MAX_SEEN];
    char attestation[MAX_SEEN][STORE_ID_SIZE];
    char result[MAX_SEEN][16];
    char announcement[MAX_SEEN][16];
    enum status commit;
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

enum status
store_put_rounds(struct store *s, const struct store_round *const *rounds, size_t n,
                 enum status *results)
{
    (void)s;
    pthread_mutex_lock(&fake.lock);
    fake.waiting = true;
    pthread_cond_broadcast(&fake.changed);
    while (fake.hangs)
        pthread_cond_wait(&fake.changed, &fake.lock);
    fake.waiting = false;
    fake.group_size[fake.n_groups++] = n;
    for (size_t i = 0; i < n; i++) {
        (void)text_copy(fake.attestation[fake.n_seen], STORE_ID_SIZE, rounds[i]->attestation);
        (void)text_copy(fake.result[fake.n_seen], 16, rounds[i]->result);
        const char *announcement = rounds[i]->announcement_json;
        (void)text_copy(fake.announcement[fake.n_seen++], 16, announcement ? announcement : "");
        results[i] = text_starts(rounds[i]->attestation, "stale") ? STATUS_STALE : STATUS_OK;
    }
    enum status status = fake.commit;
    pthread_mutex_unlock(&fake.lock);
    return status;
}

void
store_tend(struct store *s)
{
    (void)s;
}

static void
set_hangs(bool hangs)
{
    pthread_mutex_lock(&fake.lock);
    fake.hangs = hangs;
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
}

static void
await_commit(void)
{
    pthread_mutex_lock(&fake.lock);
    while (!fake.waiting)
        pthread_cond_wait(&fake.changed, &fake.lock);
    pthread_mutex_unlock(&fake.lock);
}

/* ---- the workers ---- */

struct worker {
    pthread_t thread;
    struct writer *writer;
    char attestation[STORE_ID_SIZE];
    enum status status, result;
};

static enum status
put(struct writer *w, const char *attestation, enum status *result)
{
    struct store_round r = {.device = "device",
                            .appraisal_json = "{}",
                            .inputs_json = "{}",
                            .result = "token",
                            .evidence = bytes_of("evidence", 8)};
    (void)text_copy(r.attestation, sizeof r.attestation, attestation);
    return writer_put(w, &r, NULL, result);
}

static void *
work(void *argument)
{
    struct worker *w = argument;
    w->status = put(w->writer, w->attestation, &w->result);
    return NULL;
}

static void
begin(struct worker *w, struct writer *writer, const char *attestation)
{
    *w = (struct worker){.writer = writer};
    (void)text_copy(w->attestation, sizeof w->attestation, attestation);
    assert_int_equal(0, pthread_create(&w->thread, NULL, work, w));
}

static void
end(struct worker *w)
{
    assert_int_equal(0, pthread_join(w->thread, NULL));
}

static void
pause_ms(long ms)
{
    const struct timespec t = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&t, NULL);
}

static struct writer *
new_writer(size_t n_queued, int64_t deadline_ms)
{
    const struct writer_options options = {
        .n_queued = n_queued, .n_group = 16, .deadline_ms = deadline_ms};
    struct writer *w = NULL;
    fake.n_groups = fake.n_seen = 0;
    fake.commit = STATUS_OK;
    fake.hangs = fake.waiting = false;
    assert_status(STATUS_OK, writer_new(NULL, &options, &w));
    return w;
}

/* ---- claims ---- */

static void
answers_each_round_with_what_became_of_it(void **state)
{
    (void)state;
    enum status result = STATUS_STORE;
    struct writer *w = new_writer(8, 5000);
    assert_status(STATUS_OK, put(w, "a1", &result));
    assert_status(STATUS_OK, result);
    assert_status(STATUS_OK, put(w, "stale", &result));
    assert_status(STATUS_STALE, result);
    assert_true(writer_free(w));
    assert_string_equal("a1", fake.attestation[0]);
}

static void
commits_as_one_group_what_gathered_meanwhile(void **state)
{
    (void)state;
    struct worker workers[6];
    struct writer *w = new_writer(8, 5000);
    set_hangs(true);
    begin(&workers[0], w, "first");
    await_commit();
    for (size_t i = 1; i < 6; i++)
        begin(&workers[i], w, i == 3 ? "stale" : "more");
    pause_ms(100);
    set_hangs(false);
    for (size_t i = 0; i < 6; i++) {
        end(&workers[i]);
        assert_status(STATUS_OK, workers[i].status);
        assert_status(i == 3 ? STATUS_STALE : STATUS_OK, workers[i].result);
    }
    assert_true(writer_free(w));
    assert_int_equal(6, fake.n_seen);
    assert_int_equal(1, fake.group_size[0]);
    assert_int_equal(5, fake.group_size[1]);
}

static void
waits_a_moment_for_the_rounds_on_their_way(void **state)
{
    (void)state;
    struct worker workers[3];
    const struct writer_options options = {
        .n_queued = 8, .n_group = 16, .deadline_ms = 5000, .gather_ms = 200};
    struct writer *w = new_writer(8, 5000);
    assert_true(writer_free(w));
    assert_status(STATUS_OK, writer_new(NULL, &options, &w));
    for (size_t i = 0; i < 3; i++)
        begin(&workers[i], w, "more");
    for (size_t i = 0; i < 3; i++) {
        end(&workers[i]);
        assert_status(STATUS_OK, workers[i].status);
    }
    assert_true(writer_free(w));
    assert_int_equal(1, fake.n_groups);
    assert_int_equal(3, fake.group_size[0]);
}

struct chore {
    unsigned n_left, n_done;
};

static bool
do_chore(void *context)
{
    struct chore *c = context;
    if (c->n_left == 0)
        return false;
    c->n_left--;
    c->n_done++;
    if (c->n_left == 0)
        set_hangs(false);
    return true;
}

/* Were it not done, the commit would hang until the deadline. */
static void
lets_a_worker_do_something_meanwhile(void **state)
{
    (void)state;
    struct bell bell;
    struct chore chore = {.n_left = 3};
    const struct writer_meanwhile meanwhile = {.run = do_chore, .context = &chore, .bell = &bell};
    struct store_round r = {.device = "device", .attestation = "a1", .result = "token"};
    enum status result = STATUS_STORE;
    struct writer *w = new_writer(8, 5000);
    bell_init(&bell);
    set_hangs(true);
    assert_status(STATUS_OK, writer_put(w, &r, &meanwhile, &result));
    assert_status(STATUS_OK, result);
    assert_int_equal(3, chore.n_done);
    assert_true(writer_free(w));
    bell_destroy(&bell);
}

struct late_chore {
    struct bell bell;
    atomic_bool asked, there;
};

static bool
do_late_chore(void *context)
{
    struct late_chore *c = context;
    bool there = atomic_exchange(&c->there, false);
    atomic_store(&c->asked, true);
    if (there)
        set_hangs(false);
    return there;
}

static void *
bring_late_chore(void *context)
{
    struct late_chore *c = context;
    while (!atomic_load(&c->asked))
        pause_ms(1);
    pause_ms(50); /* for it to sleep */
    atomic_store(&c->there, true);
    bell_ring(&c->bell);
    return NULL;
}

/* The chore alone ends the commit. */
static void
wakes_a_worker_for_what_comes_while_it_waits(void **state)
{
    (void)state;
    pthread_t other;
    struct late_chore chore = {0};
    const struct writer_meanwhile meanwhile = {
        .run = do_late_chore, .context = &chore, .bell = &chore.bell};
    struct store_round r = {.device = "device", .attestation = "a1", .result = "token"};
    enum status result = STATUS_STORE;
    struct writer *w = new_writer(8, 5000);
    bell_init(&chore.bell);
    set_hangs(true);
    assert_int_equal(0, pthread_create(&other, NULL, bring_late_chore, &chore));
    assert_status(STATUS_OK, writer_put(w, &r, &meanwhile, &result));
    assert_status(STATUS_OK, result);
    assert_int_equal(0, pthread_join(other, NULL));
    assert_true(writer_free(w));
    bell_destroy(&chore.bell);
}

static void
says_of_all_what_the_commit_says(void **state)
{
    (void)state;
    static const enum status failures[] = {STATUS_UNCERTAIN, STATUS_STORE, STATUS_BUSY};
    for (size_t i = 0; i < 3; i++) {
        enum status result = STATUS_OK;
        struct writer *w = new_writer(8, 5000);
        fake.commit = failures[i];
        assert_status(failures[i], put(w, "a1", &result));
        assert_true(writer_free(w));
    }
}

static void
is_uncertain_of_a_commit_that_outlasts_the_deadline(void **state)
{
    (void)state;
    struct writer *w = new_writer(8, 50);
    char attestation[] = "a1", token[] = "token", announcement[] = "{}";
    struct store_round r = {.device = "device", .result = token, .announcement_json = announcement};
    enum status result = STATUS_OK;
    (void)text_copy(r.attestation, sizeof r.attestation, attestation);
    set_hangs(true);
    assert_status(STATUS_UNCERTAIN, writer_put(w, &r, NULL, &result));
    memset(token, 'x', sizeof token - 1); /* the caller frees what it lent */
    memset(announcement, 'x', sizeof announcement - 1);
    memset(&r, 0, sizeof r);
    set_hangs(false);
    assert_true(writer_free(w));
    assert_string_equal("a1", fake.attestation[0]);
    assert_string_equal("token", fake.result[0]);
    assert_string_equal("{}", fake.announcement[0]);
}

static void
withdraws_a_round_whose_turn_did_not_come(void **state)
{
    (void)state;
    struct worker taken, waiting;
    struct writer *w = new_writer(8, 100);
    set_hangs(true);
    begin(&taken, w, "taken");
    await_commit();
    begin(&waiting, w, "waiting");
    end(&taken);
    end(&waiting);
    assert_status(STATUS_UNCERTAIN, taken.status);
    assert_status(STATUS_BUSY, waiting.status);
    set_hangs(false);
    assert_true(writer_free(w));
    assert_int_equal(1, fake.n_seen);
    assert_string_equal("taken", fake.attestation[0]);
}

static void
refuses_more_than_the_queue_holds(void **state)
{
    (void)state;
    struct worker taken, waiting[2];
    enum status result = STATUS_OK;
    struct writer *w = new_writer(2, 5000);
    set_hangs(true);
    begin(&taken, w, "taken");
    await_commit();
    begin(&waiting[0], w, "w0");
    begin(&waiting[1], w, "w1");
    pause_ms(100);
    assert_status(STATUS_BUSY, put(w, "over", &result));
    set_hangs(false);
    end(&taken);
    end(&waiting[0]);
    end(&waiting[1]);
    assert_status(STATUS_OK, waiting[1].status);
    assert_true(writer_free(w));
    assert_int_equal(3, fake.n_seen);
}

static void
commits_what_is_queued_before_it_ends(void **state)
{
    (void)state;
    struct worker workers[4];
    enum status result = STATUS_OK;
    struct writer *w = new_writer(8, 5000);
    set_hangs(true);
    begin(&workers[0], w, "a0");
    await_commit();
    for (size_t i = 1; i < 4; i++)
        begin(&workers[i], w, "more");
    pause_ms(100);
    assert_false(writer_stop(w, 0));
    assert_status(STATUS_BUSY, put(w, "late", &result));
    set_hangs(false);
    assert_true(writer_stop(w, 5000));
    for (size_t i = 0; i < 4; i++) {
        end(&workers[i]);
        assert_status(STATUS_OK, workers[i].status);
    }
    assert_int_equal(4, fake.n_seen);
    assert_true(writer_free(w));
}

static void
does_not_wait_for_ever_to_end(void **state)
{
    (void)state;
    struct worker worker;
    struct timespec before, after;
    struct writer *w = new_writer(8, 50);
    set_hangs(true);
    begin(&worker, w, "a0");
    end(&worker);
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    assert_false(writer_stop(w, 100));
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 3);
    assert_false(writer_free(w));
    set_hangs(false);
    assert_true(writer_stop(w, 5000));
    assert_true(writer_free(w));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_each_round_with_what_became_of_it),
        cmocka_unit_test(commits_as_one_group_what_gathered_meanwhile),
        cmocka_unit_test(waits_a_moment_for_the_rounds_on_their_way),
        cmocka_unit_test(lets_a_worker_do_something_meanwhile),
        cmocka_unit_test(wakes_a_worker_for_what_comes_while_it_waits),
        cmocka_unit_test(says_of_all_what_the_commit_says),
        cmocka_unit_test(is_uncertain_of_a_commit_that_outlasts_the_deadline),
        cmocka_unit_test(withdraws_a_round_whose_turn_did_not_come),
        cmocka_unit_test(refuses_more_than_the_queue_holds),
        cmocka_unit_test(commits_what_is_queued_before_it_ends),
        cmocka_unit_test(does_not_wait_for_ever_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
