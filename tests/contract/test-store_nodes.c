/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several processes on the same data, and one that is killed. Each process is this program again
 * (exec, since a database connection does not survive a fork), told its part by its arguments.
 */
#include "base/text.h"
#include "tests/contract/contract.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 40

enum { CHILD_WON = 0, CHILD_LOST = 10, CHILD_FAILED = 11 };

/* ---- the children's parts ---- */

static bool
read_version(struct store *s, unsigned n, uint64_t *version, int64_t *spent_ms)
{
    struct store_device d = {0};
    if (store_get_device(s, contract_device(n), &d) != STATUS_OK)
        return false;
    *version = d.version;
    *spent_ms = d.spent_ms;
    store_device_clear(&d);
    return true;
}

/* A round over what the child read, without cmocka. */
static enum status
put_round(struct store *s, unsigned n, const char *attestation, uint64_t version, int64_t spent_ms)
{
    static struct store_round r;
    const struct store_round *group[1] = {&r};
    enum status result = STATUS_STORE;
    r = (struct store_round){.device = contract_device(n),
                             .version = version,
                             .spent_ms = spent_ms,
                             .time_s = NOW_S,
                             .new_boot = true,
                             .appraisal_json = "{}",
                             .inputs_json = "{}",
                             .result = "token",
                             .ima_segment = bytes_of_text(attestation)};
    (void)text_copy(r.attestation, sizeof r.attestation, attestation);
    enum status s2 = store_put_rounds(s, group, 1, &result);
    return s2 == STATUS_OK ? result : s2;
}

static void
say_ready(void)
{
    if (write(STDOUT_FILENO, "r", 1) != 1)
        _exit(CHILD_FAILED);
}

/* Say that we are ready, and wait until the parent closes its end: all begin at once. */
static void
await_start(void)
{
    char c;
    say_ready();
    while (read(STDIN_FILENO, &c, 1) > 0)
        ;
}

static int
play_rival(struct store *s, const char *name)
{
    uint64_t version = 0;
    int64_t spent_ms = 0;
    if (!read_version(s, 1, &version, &spent_ms))
        return CHILD_FAILED;
    await_start();
    enum status status = put_round(s, 1, name, version, spent_ms + 1);
    if (status == STATUS_OK)
        return CHILD_WON;
    return status == STATUS_STALE || status == STATUS_CONFLICT ? CHILD_LOST : CHILD_FAILED;
}

/* ROUNDS rounds for two devices in turn, each tried until it is in. */
static int
play_worker(struct store *s, const char *name)
{
    await_start();
    for (unsigned i = 0; i < ROUNDS; i++) {
        enum status status = STATUS_CONFLICT;
        char attestation[STORE_ID_SIZE];
        (void)snprintf(attestation, sizeof attestation, "%s-%u", name, i);
        while (status == STATUS_CONFLICT || status == STATUS_STALE) {
            uint64_t version = 0;
            int64_t spent_ms = 0;
            if (!read_version(s, 1 + i % 2, &version, &spent_ms))
                return CHILD_FAILED;
            status = put_round(s, 1 + i % 2, attestation, version, spent_ms + 1);
        }
        if (status != STATUS_OK)
            return CHILD_FAILED;
    }
    return CHILD_WON;
}

static int
play_victim(struct store *s, const char *name)
{
    for (unsigned i = 0;; i++) {
        uint64_t version = 0;
        int64_t spent_ms = 0;
        char attestation[STORE_ID_SIZE];
        (void)snprintf(attestation, sizeof attestation, "%s-%u", name, i);
        if (!read_version(s, 1, &version, &spent_ms) ||
            put_round(s, 1, attestation, version, spent_ms + 1) != STATUS_OK)
            return CHILD_FAILED;
        if (i == 0)
            say_ready();
    }
}

static int
play(const char *part, const char *location, const char *name)
{
    struct store *s = NULL;
    struct diag diag = {0};
    if (text_equal(part, "opener"))
        await_start();
    enum status status = store_open(location, &s, &diag);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "%s: %s: %s\n", name, status_name(status), diag.text);
        return CHILD_FAILED;
    }
    int code = text_equal(part, "rival")    ? play_rival(s, name)
               : text_equal(part, "worker") ? play_worker(s, name)
               : text_equal(part, "victim") ? play_victim(s, name)
                                            : CHILD_WON;
    store_close(s);
    return code;
}

/* ---- the parent ---- */

static pid_t
start(void **state, const char *part, const char *name, int input, int output)
{
    const struct contract *c = *state;
    char self[] = "/proc/self/exe";
    char *const arguments[] = {self, strdup(part), strdup(c->location), strdup(name), NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = -1;
    assert_int_equal(0, posix_spawn_file_actions_init(&actions));
    assert_int_equal(0, posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO));
    assert_int_equal(0, posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO));
    assert_int_equal(0, posix_spawn(&pid, self, &actions, NULL, arguments, environ));
    assert_int_equal(0, posix_spawn_file_actions_destroy(&actions));
    for (size_t i = 1; arguments[i]; i++)
        free(arguments[i]);
    return pid;
}

static int
finish(pid_t pid)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0)
        assert_int_equal(EINTR, errno);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Start n children in one part, let them go together; how each ended goes to codes. */
static void
race(void **state, const char *part, const char *prefix, size_t n, int *codes)
{
    pid_t pids[8];
    int gate[2], ready[2];
    char c;
    assert_true(n <= 8);
    assert_int_equal(0, pipe2(gate, O_CLOEXEC));
    assert_int_equal(0, pipe2(ready, O_CLOEXEC));
    for (size_t i = 0; i < n; i++) {
        char name[24];
        (void)snprintf(name, sizeof name, "%s%zu", prefix, i);
        pids[i] = start(state, part, name, gate[0], ready[1]);
    }
    (void)close(ready[1]);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(1, read(ready[0], &c, 1));
    (void)close(ready[0]);
    (void)close(gate[0]);
    (void)close(gate[1]);
    for (size_t i = 0; i < n; i++)
        codes[i] = finish(pids[i]);
}

static void
expect_whole(struct store *s, uint64_t expected_last)
{
    uint64_t broken = 9, last = 0;
    assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
    assert_int_equal(0, broken);
    if (expected_last > 0)
        assert_int_equal(expected_last, last);
}

static void
exactly_one_of_two_processes_spends_a_challenge(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    for (unsigned i = 0; i < 10; i++) {
        int codes[2];
        char prefix[8];
        (void)snprintf(prefix, sizeof prefix, "r%u-", i);
        race(state, "rival", prefix, 2, codes);
        assert_int_equal(CHILD_WON + CHILD_LOST, codes[0] + codes[1]);
    }
    expect_whole(s, 1 + 10);
}

static void
processes_that_write_at_once_leave_one_whole_chain(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    int codes[3];
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    uint64_t before = d.version;
    store_device_clear(&d);
    race(state, "worker", "w", 3, codes);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(CHILD_WON, codes[i]);
    expect_whole(s, 2 + 3 * ROUNDS);
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_int_equal(before + 3 * ROUNDS / 2, d.version);
    store_device_clear(&d);
}

static void
processes_that_make_the_file_at_once_agree(void **state)
{
    struct contract *c = *state;
    struct diag diag = {0};
    int codes[4];
    store_close(c->store);
    c->store = NULL;
    assert_int_equal(0, unlink(c->location));
    race(state, "opener", "o", 4, codes);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(CHILD_WON, codes[i]);
    assert_status(STATUS_OK, store_open(c->location, &c->store, &diag));
    expect_whole(c->store, 0);
}

/* What was committed is whole: as many attestations as versions, as many rows in the chain. */
static void
expect_sound(void **state, struct store *s)
{
    struct store_device d = {0};
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    static const char sql[] = "SELECT (SELECT count(*) FROM attestation), (SELECT count(*) FROM"
                              " audit), (SELECT count(*) FROM boot), (SELECT integrity_check FROM"
                              " pragma_integrity_check), (SELECT count(*) FROM"
                              " pragma_foreign_key_check)";
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
    int64_t n = sqlite3_column_int64(stmt, 0);
    assert_int_equal(n + 1, sqlite3_column_int64(stmt, 1));
    assert_int_equal(n, sqlite3_column_int64(stmt, 2));
    assert_int_equal(n + 2, d.version);
    assert_string_equal("ok", (const char *)sqlite3_column_text(stmt, 3));
    assert_int_equal(0, sqlite3_column_int64(stmt, 4));
    assert_int_equal(SQLITE_OK, sqlite3_finalize(stmt));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    store_device_clear(&d);
}

/* Some time after its first commit. */
static void
kill_among_commits(void **state, long i)
{
    const struct timespec life = {.tv_nsec = 1000000 + i * 7300000};
    char name[8], c;
    int ready[2];
    (void)snprintf(name, sizeof name, "v%ld", i);
    assert_int_equal(0, pipe2(ready, O_CLOEXEC));
    pid_t victim = start(state, "victim", name, STDIN_FILENO, ready[1]);
    (void)close(ready[1]);
    assert_int_equal(1, read(ready[0], &c, 1));
    (void)close(ready[0]);
    (void)nanosleep(&life, NULL);
    assert_int_equal(0, kill(victim, SIGKILL));
    assert_int_equal(-1, finish(victim));
}

static void
a_process_killed_among_commits_leaves_whole_rounds(void **state)
{
    struct contract *c = *state;
    struct diag diag = {0};
    struct store_device d = {0};
    contract_enroll(c->store, 1);
    assert_status(STATUS_OK, store_get_device(c->store, contract_device(1), &d));
    assert_int_equal(2, d.version);
    store_device_clear(&d);
    for (long i = 0; i < 6; i++) {
        store_close(c->store);
        c->store = NULL;
        kill_among_commits(state, i);
        assert_status(STATUS_OK, store_open(c->location, &c->store, &diag));
        expect_whole(c->store, 0);
        expect_sound(state, c->store);
    }
    assert_status(STATUS_OK, store_get_device(c->store, contract_device(1), &d));
    assert_true(d.version > 2 + 6);
    store_device_clear(&d);
}

static void
reads_what_another_node_wrote(void **state)
{
    struct store *s = contract_store(state);
    struct store *other = contract_open_again(state);
    struct store_device d = {0};
    contract_enroll(s, 1);
    assert_status(STATUS_OK, store_get_device(other, contract_device(1), &d));
    store_device_clear(&d);
    contract_enroll(other, 2);
    assert_status(STATUS_OK, store_get_device(s, contract_device(2), &d));
    store_device_clear(&d);
    store_close(other);
    expect_whole(s, 2);
}

int
main(int argc, char **argv)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(exactly_one_of_two_processes_spends_a_challenge),
        CLAIM(processes_that_write_at_once_leave_one_whole_chain),
        CLAIM(processes_that_make_the_file_at_once_agree),
        CLAIM(a_process_killed_among_commits_leaves_whole_rounds),
        CLAIM(reads_what_another_node_wrote),
    };
    contract_fill();
    if (argc == 4)
        return play(argv[1], argv[2], argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
