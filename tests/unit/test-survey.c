/* SPDX-License-Identifier: Apache-2.0 */
/* A question to all stored rounds: which of them it visits, who gets the answer, and what becomes
 * of rounds that cannot be read. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/survey.h"
#include "tests/lib/verifier_case.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define COLLECTION "questions"
#define WAIT_STEPS 2000u

/* What is asked: the devices, as often as they were visited. */
struct question {
    enum status answer;    /* of every visit */
    pthread_mutex_t *gate; /* visits wait for it; NULL: they do not */
    atomic_size_t *n_freed;
};

struct tally {
    size_t n_visits;
    char devices[8][DEVICE_ID_SIZE];
    char site[16];
};

static void *
new_tally(const void *subject)
{
    (void)subject;
    return calloc(1, sizeof(struct tally));
}

static enum status
visit(const void *subject, void *tally, struct hasher *h, const struct survey_round *round)
{
    const struct question *q = subject;
    struct tally *t = tally;
    (void)h;
    if (q->gate)
        pthread_mutex_lock(q->gate);
    if (q->gate)
        pthread_mutex_unlock(q->gate);
    if (t->n_visits < 8)
        (void)text_copy(t->devices[t->n_visits], DEVICE_ID_SIZE, round->device->id);
    t->n_visits++;
    assert_string_equal(round->device->id, stored_round_inputs(round->round)->subject.device_id);
    return q->answer;
}

static enum status
merge(void *tally, const void *from)
{
    struct tally *into = tally;
    into->n_visits += ((const struct tally *)from)->n_visits;
    return STATUS_OK;
}

static void
emit(const void *subject, void *tally, struct emit *e)
{
    (void)subject;
    emit_uint_member(e, "visits", ((const struct tally *)tally)->n_visits);
}

static void
free_subject(void *subject)
{
    atomic_fetch_add(((struct question *)subject)->n_freed, 1);
    free(subject);
}

static const struct survey_kind kind = {.collection = COLLECTION,
                                        .new_tally = new_tally,
                                        .visit = visit,
                                        .merge = merge,
                                        .emit = emit,
                                        .free_tally = free,
                                        .free_subject = free_subject};

static atomic_size_t n_freed;

static enum status
start_as(struct verifier_case *c, const struct access *who, struct question q, bool every_boot,
         char id[static SURVEY_ID_SIZE])
{
    struct question *subject = malloc(sizeof *subject);
    assert_non_null(subject);
    *subject = q;
    subject->n_freed = &n_freed;
    const struct survey_options options = {.kind = &kind,
                                           .subject = subject,
                                           .every_boot = every_boot,
                                           .access = who,
                                           .now_s = VERIFIER_CASE_START};
    return survey_start(c->verifier.surveys, &options, id);
}

/* Its JSON once it does not run any more. */
static void
wait_for(struct verifier_case *c, const struct access *who, const char *id, struct buffer *out)
{
    static const struct timespec moment = {.tv_nsec = 5000000};
    for (unsigned i = 0; i < WAIT_STEPS; i++) {
        buffer_reset(out);
        assert_status(STATUS_OK, survey_encode(c->verifier.surveys, COLLECTION, id, who, out));
        if (!strstr(buffer_text(out), "\"state\":\"running\""))
            return;
        (void)nanosleep(&moment, NULL);
    }
    fail_msg("it still runs: %s", buffer_text(out));
}

static const struct access ann = {.actor = "token:ann"};

static void
assert_answer(struct verifier_case *c, const struct access *who, bool every_boot,
              const char *expected)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    char id[SURVEY_ID_SIZE];
    size_t before = atomic_load(&n_freed);
    assert_status(STATUS_OK, start_as(c, who, (struct question){0}, every_boot, id));
    wait_for(c, who, id, &text);
    if (!strstr(buffer_text(&text), expected))
        fail_msg("not %s: %s", expected, buffer_text(&text));
    assert_int_equal(before + 1, atomic_load(&n_freed));
}

static void
attest(struct verifier_case *c)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_int_equal(REASON_NONE, a.attempt);
}

static void
reboot(struct verifier_case *c)
{
    c->device->tpm->reset_count++;
    appraise_case_reboot(c->device);
}

/* ---- which rounds ---- */

static void
visits_the_newest_round_of_each_device_or_of_each_boot(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    assert_answer(c, &ann, false, "\"rounds\":0,\"skipped\":0,\"result\":{\"visits\":0}");
    attest(c);
    attest(c);
    assert_answer(c, &ann, false, "\"rounds\":1,\"skipped\":0,\"result\":{\"visits\":1}");
    reboot(c);
    attest(c);
    assert_answer(c, &ann, false, "\"rounds\":1,\"skipped\":0,\"result\":{\"visits\":1}");
    assert_answer(c, &ann, true, "\"rounds\":2,\"skipped\":0,\"result\":{\"visits\":2}");
}

static void
visits_devices_that_the_asker_may_see_and_that_are_in_use(void **state)
{
    struct verifier_case *c = *state;
    struct label tokyo[] = {{"site", "tokyo"}}, osaka[] = {{"site", "osaka"}};
    attest(c);
    const struct access mine = {.actor = "token:ann", .labels = tokyo, .n_labels = 1};
    const struct access others = {.actor = "token:ann", .labels = osaka, .n_labels = 1};
    assert_answer(c, &mine, false, "\"visits\":1");
    assert_answer(c, &others, false, "\"rounds\":0,\"skipped\":0,\"result\":{\"visits\":0}");
    verifier_case_set_state(c, LIFE_CYCLE_QUARANTINED);
    assert_answer(c, &ann, false, "\"visits\":1");
    verifier_case_set_state(c, LIFE_CYCLE_REVOKED);
    assert_answer(c, &ann, false, "\"rounds\":0,\"skipped\":0,\"result\":{\"visits\":0}");
}

static void
meddle(struct verifier_case *c, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/attestd.db", c->directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    (void)sqlite3_busy_timeout(db, 5000);
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(1, sqlite3_changes(db));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* One that was stored before everything was kept, and one that is damaged. */
static void
counts_rounds_that_cannot_be_read_and_goes_on(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    attest(c);
    reboot(c);
    attest(c);
    reboot(c);
    attest(c);
    meddle(c, "UPDATE attestation SET ak_serial = NULL WHERE version ="
              " (SELECT min(version) FROM attestation)");
    assert_answer(c, &ann, true, "\"rounds\":2,\"skipped\":1,\"result\":{\"visits\":2}");
    meddle(c, "UPDATE attestation SET evidence = x'00' WHERE version ="
              " (SELECT max(version) FROM attestation)");
    assert_answer(c, &ann, true, "\"rounds\":1,\"skipped\":2,\"result\":{\"visits\":1}");
}

/* ---- the answer ---- */

static void
answers_who_asked_and_nobody_else(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    const struct access eve = {.actor = "token:eve"};
    char id[SURVEY_ID_SIZE];
    assert_status(STATUS_OK, start_as(c, &ann, (struct question){0}, false, id));
    wait_for(c, &ann, id, &text);
    assert_non_null(strstr(buffer_text(&text), "\"state\":\"done\""));
    struct surveys *s = c->verifier.surveys;
    buffer_reset(&text);
    assert_status(STATUS_NOT_FOUND, survey_encode(s, COLLECTION, id, &eve, &text));
    assert_status(STATUS_NOT_FOUND, survey_encode(s, "others", id, &ann, &text));
    assert_status(STATUS_NOT_FOUND, survey_encode(s, COLLECTION, "s0", &ann, &text));
    assert_int_equal(0, text.size);
}

/* Not an answer of half the fleet: none. */
static void
fails_whole_when_a_visit_fails(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    char id[SURVEY_ID_SIZE];
    attest(c);
    size_t before = atomic_load(&n_freed);
    assert_status(STATUS_OK,
                  start_as(c, &ann, (struct question){.answer = STATUS_NOMEM}, false, id));
    wait_for(c, &ann, id, &text);
    assert_non_null(strstr(buffer_text(&text), "\"state\":\"failed\""));
    assert_non_null(strstr(buffer_text(&text), "\"result\":null"));
    assert_int_equal(before + 1, atomic_load(&n_freed));
    assert_answer(c, &ann, false, "\"visits\":1"); /* the next one is not hurt */
}

static void
runs_one_at_a_time_and_keeps_the_last_ones(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    char first[SURVEY_ID_SIZE], id[SURVEY_ID_SIZE];
    attest(c);
    pthread_mutex_lock(&gate);
    assert_status(STATUS_OK, start_as(c, &ann, (struct question){.gate = &gate}, false, first));
    size_t before = atomic_load(&n_freed);
    assert_status(STATUS_BUSY, start_as(c, &ann, (struct question){0}, false, id));
    assert_int_equal(before + 1, atomic_load(&n_freed)); /* taken over, also on failure */
    pthread_mutex_unlock(&gate);
    wait_for(c, &ann, first, &text);
    for (unsigned i = 0; i < SURVEYS_KEPT; i++) {
        assert_status(STATUS_OK, start_as(c, &ann, (struct question){0}, false, id));
        wait_for(c, &ann, id, &text);
        buffer_reset(&text);
        bool kept = i + 1 < SURVEYS_KEPT;
        assert_status(kept ? STATUS_OK : STATUS_NOT_FOUND,
                      survey_encode(c->verifier.surveys, COLLECTION, first, &ann, &text));
    }
}

static void
ends_with_one_that_runs(void **state)
{
    struct verifier_case *c = *state;
    char id[SURVEY_ID_SIZE];
    attest(c);
    size_t before = atomic_load(&n_freed);
    assert_status(STATUS_OK, start_as(c, &ann, (struct question){0}, true, id));
    surveys_close(c->verifier.surveys);
    assert_int_equal(before + 1, atomic_load(&n_freed));
    assert_status(STATUS_OK, surveys_open(c->verifier.store, &c->verifier.surveys));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(visits_the_newest_round_of_each_device_or_of_each_boot),
        VERIFIER_CASE(visits_devices_that_the_asker_may_see_and_that_are_in_use),
        VERIFIER_CASE(counts_rounds_that_cannot_be_read_and_goes_on),
        VERIFIER_CASE(answers_who_asked_and_nobody_else),
        VERIFIER_CASE(fails_whole_when_a_visit_fails),
        VERIFIER_CASE(runs_one_at_a_time_and_keeps_the_last_ones),
        VERIFIER_CASE(ends_with_one_that_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
