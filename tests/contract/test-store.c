/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, schemas: what makes a file ours. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/contract/contract.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const struct contract *
contract_of(void **state)
{
    return *state;
}

/* Run SQL on the file behind the store's back. */
static void
meddle(void **state, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(contract_of(state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static enum status
open_beside(void **state, const char *name, const char *content)
{
    char path[128];
    struct store *s = NULL;
    struct diag diag = {0};
    (void)snprintf(path, sizeof path, "%s/%s", contract_of(state)->directory, name);
    if (content) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(content, f) >= 0);
        assert_int_equal(0, fclose(f));
    }
    enum status status = store_open(path, &s, &diag);
    if (status != STATUS_OK)
        assert_true(diag.text[0] != '\0');
    store_close(s);
    return status;
}

static void
makes_files_that_only_we_may_read(void **state)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        struct stat st = {0};
        (void)snprintf(path, sizeof path, "%s%s", contract_of(state)->location, suffixes[i]);
        assert_int_equal(0, stat(path, &st));
        assert_int_equal(0600, st.st_mode & 0777);
    }
}

static void
is_ready_and_at_the_first_generation(void **state)
{
    uint64_t generation = 0;
    assert_true(store_ready(contract_store(state)));
    assert_status(STATUS_OK, store_generation(contract_store(state), &generation));
    assert_int_equal(1, generation);
}

static void
opens_again_what_it_closed(void **state)
{
    struct contract *c = *state;
    struct diag diag = {0};
    struct store_device d = {0};
    contract_enroll(c->store, 1);
    store_close(c->store);
    assert_status(STATUS_OK, store_open(c->location, &c->store, &diag));
    assert_status(STATUS_OK, store_get_device(c->store, contract_device(1), &d));
    store_device_clear(&d);
}

static void
refuses_a_newer_schema_and_leaves_it_alone(void **state)
{
    struct store *s = NULL;
    struct diag diag = {0};
    char set[40], told[80];
    (void)snprintf(set, sizeof set, "PRAGMA user_version = %d", STORE_SCHEMA + 1);
    meddle(state, set);
    assert_status(STATUS_INVALID, store_open(contract_of(state)->location, &s, &diag));
    assert_null(s);
    (void)snprintf(told, sizeof told, "schema %d is newer than this program's, %d",
                   STORE_SCHEMA + 1, STORE_SCHEMA);
    assert_string_equal(told, diag.text);
    (void)snprintf(set, sizeof set, "PRAGMA user_version = %d", STORE_SCHEMA);
    meddle(state, set);
    store_close(contract_open_again(state));
}

/* From every schema that was released, with what is in it. */
static void
brings_an_older_schema_up_to_date(void **state)
{
    char path[128];
    sqlite3 *db = NULL;
    struct store *s = NULL;
    struct diag diag = {0};
    struct store_device d = {0};
    struct store_attestation_list list = {0};
    CLEANUP(buffer_free) struct buffer schema = {0}, evidence = {0};
    test_source("daemon/schema.sql", &schema);
    (void)snprintf(path, sizeof path, "%s/old.db", contract_of(state)->directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, buffer_text(&schema), NULL, NULL, NULL));
    assert_int_equal(
        SQLITE_OK,
        sqlite3_exec(db,
                     "INSERT INTO store (one, node, generation) VALUES (1, 'old', 5);"
                     "INSERT INTO device VALUES ('00', zeroblob(33), 1, 'expected',"
                     " 'verified', 'list', 'none', zeroblob(32), 0, 1, 0, 0, 0, NULL, NULL,"
                     " NULL, NULL, NULL, NULL, 'kept', NULL);"
                     "INSERT INTO perspective VALUES ('00', 'owner', 'trusted', 1,"
                     " 9, 'a0');"
                     "INSERT INTO attestation VALUES ('a0', '00', 1, 9, 9, 9, 'trusted', 1, NULL,"
                     " 0, NULL, x'a0', 'token', x'01', 0, x'')",
                     NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    assert_status(STATUS_OK, store_open(path, &s, &diag));
    uint64_t generation = 0;
    assert_status(STATUS_OK, store_generation(s, &generation));
    assert_int_equal(5, generation);
    assert_status(STATUS_NOT_FOUND, store_get_device(s, contract_device(1), &d));
    assert_status(STATUS_OK, store_get_device(s, "00", &d));
    assert_int_equal(9, d.perspectives[0].lapses_s);
    assert_false(d.perspectives[0].trial);
    store_device_clear(&d);
    assert_status(STATUS_OK, store_list_attestations(s, "00", NULL, 10, &list));
    assert_int_equal(1, list.n_items);
    assert_string_equal("a0", list.items[0].id);
    store_attestation_list_clear(&list);
    assert_status(STATUS_OK, store_get_evidence(s, "a0", &evidence));
    assert_true(bytes_equal(bytes_of("\x01", 1), buffer_bytes(&evidence)));
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, contract_put(s, &r));
    store_close(s);
    assert_status(STATUS_OK, store_open(path, &s, &diag));
    store_close(s);
}

static void
refuses_what_is_not_ours(void **state)
{
    assert_status(STATUS_INVALID,
                  open_beside(state, "text", "this is no database, but a letter\n"));
    meddle(state, "PRAGMA application_id = 1");
    struct store *s = NULL;
    struct diag diag = {0};
    assert_status(STATUS_INVALID, store_open(contract_of(state)->location, &s, &diag));
    assert_string_equal("not a database of attestd", diag.text);
}

static void
refuses_somebody_elses_tables(void **state)
{
    char path[128];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/other.db", contract_of(state)->directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "CREATE TABLE t (a)", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    assert_status(STATUS_INVALID, open_beside(state, "other.db", NULL));
}

static void
takes_an_empty_file_as_new(void **state)
{
    assert_status(STATUS_OK, open_beside(state, "empty.db", ""));
}

struct onlooker {
    char path[128];
    pthread_barrier_t *reading;
};

/* Reads a new file for a while, as a process does that opens it at the same time. */
static void *
read_for_a_while(void *argument)
{
    const struct timespec t = {.tv_nsec = 200000000};
    const struct onlooker *r = argument;
    sqlite3 *db = NULL;
    bool reads =
        sqlite3_open(r->path, &db) == SQLITE_OK &&
        sqlite3_exec(db, "BEGIN; SELECT * FROM sqlite_schema", NULL, NULL, NULL) == SQLITE_OK;
    (void)pthread_barrier_wait(r->reading);
    (void)nanosleep(&t, NULL);
    (void)sqlite3_close(db);
    return reads ? argument : NULL;
}

static void
waits_for_who_looks_at_the_new_file(void **state)
{
    pthread_t thread;
    pthread_barrier_t reading;
    struct onlooker r = {.reading = &reading};
    void *read = NULL;
    (void)snprintf(r.path, sizeof r.path, "%s/new.db", contract_of(state)->directory);
    assert_int_equal(0, pthread_barrier_init(&reading, NULL, 2));
    assert_int_equal(0, pthread_create(&thread, NULL, read_for_a_while, &r));
    (void)pthread_barrier_wait(&reading);
    assert_status(STATUS_OK, open_beside(state, "new.db", NULL));
    assert_int_equal(0, pthread_join(thread, &read));
    assert_ptr_equal(&r, read);
    assert_int_equal(0, pthread_barrier_destroy(&reading));
}

static void
refuses_locations_that_are_no_path(void **state)
{
    static const struct {
        const char *location;
        enum status status;
    } rows[] = {
        {"", STATUS_INVALID},
        {":memory:", STATUS_INVALID},
        {"postgresql://localhost/attestd", STATUS_UNSUPPORTED},
        {"/nonexistent/directory/attestd.db", STATUS_IO},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct store *s = NULL;
        struct diag diag = {0};
        assert_status(rows[i].status, store_open(rows[i].location, &s, &diag));
        assert_null(s);
        assert_true(diag.text[0] != '\0');
    }
}

static void
tells_the_caller_when_another_process_holds_the_file(void **state)
{
    sqlite3 *db = NULL;
    struct store *s = contract_store(state);
    assert_int_equal(SQLITE_OK, sqlite3_open(contract_of(state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    assert_status(STATUS_BUSY,
                  store_put_expected(s, &contract_operator, contract_ek(1), NULL, NULL, 0));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    assert_true(store_ready(s));
    assert_status(STATUS_OK,
                  store_put_expected(s, &contract_operator, contract_ek(1), NULL, NULL, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(makes_files_that_only_we_may_read, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(is_ready_and_at_the_first_generation, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(opens_again_what_it_closed, contract_open, contract_close),
        cmocka_unit_test_setup_teardown(refuses_a_newer_schema_and_leaves_it_alone, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(brings_an_older_schema_up_to_date, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_ours, contract_open, contract_close),
        cmocka_unit_test_setup_teardown(refuses_somebody_elses_tables, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(takes_an_empty_file_as_new, contract_open, contract_close),
        cmocka_unit_test_setup_teardown(waits_for_who_looks_at_the_new_file, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(refuses_locations_that_are_no_path, contract_open,
                                        contract_close),
        cmocka_unit_test_setup_teardown(tells_the_caller_when_another_process_holds_the_file,
                                        contract_open, contract_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
