/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain, and what is counted of those who were refused. */
#include "base/text.h"
#include "tests/contract/contract.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* Run SQL on the data behind the store's back. */
static void
meddle(void **state, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void
write_rows(struct store *s)
{
    for (unsigned n = 1; n <= 5; n++)
        contract_enroll(s, n);
}

static void
chains_every_change_with_its_actor(void **state)
{
    struct store *s = contract_store(state);
    struct store_audit_list l = {0};
    struct store_round r;
    write_rows(s);
    r = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_list_audit(s, 0, 10, &l));
    assert_int_equal(6, l.n_items);
    assert_false(l.more);
    for (size_t i = 0; i < l.n_items; i++) {
        assert_int_equal(i + 1, l.items[i].seq);
        assert_string_equal(l.items[0].node, l.items[i].node);
        if (i > 0)
            assert_memory_equal(l.items[i - 1].hash, l.items[i].previous, DIGEST_SHA256_SIZE);
    }
    assert_string_equal("token:operator", l.items[0].actor);
    assert_string_equal("device.enrolled", l.items[0].verb);
    assert_string_equal(contract_device(1), l.items[0].object);
    assert_string_equal("device.attested", l.items[5].verb);
    assert_true(text_starts(l.items[5].actor, "device:"));
    assert_true(text_starts(l.items[5].detail, "{\"attestation\":\"a1\",\"verdict\":\"trusted\","));
    store_audit_list_clear(&l);
    assert_status(STATUS_OK, store_list_audit(s, 2, 3, &l));
    assert_int_equal(3, l.n_items);
    assert_int_equal(3, l.items[0].seq);
    assert_true(l.more);
    store_audit_list_clear(&l);
}

static void
goes_on_after_a_restart_under_the_same_node(void **state)
{
    struct contract *c = *state;
    struct diag diag = {0};
    uint64_t broken = 9, last = 0;
    contract_enroll(c->store, 1);
    store_close(c->store);
    assert_status(STATUS_OK, store_open(c->location, &c->store, &diag));
    contract_enroll(c->store, 2);
    assert_status(STATUS_OK, store_check_audit(c->store, &broken, &last));
    assert_int_equal(0, broken);
    assert_int_equal(2, last);
}

static void
names_the_first_row_that_was_tampered_with(void **state)
{
    static const struct {
        const char *sql;
        uint64_t broken;
    } rows[] = {
        {"UPDATE audit SET detail = detail || ' ' WHERE seq = 3", 3},
        {"UPDATE audit SET actor = 'system' WHERE seq = 1", 1},
        {"UPDATE audit SET time_s = time_s + 1 WHERE seq = 5", 5},
        {"UPDATE audit SET object = 'x' WHERE seq = 4", 4},
        {"UPDATE audit SET verb = 'x' WHERE seq = 4", 4},
        {"UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", 2},
        {"UPDATE audit SET hash = zeroblob(31) WHERE seq = 2", 2},
        {"UPDATE audit SET previous = zeroblob(32) WHERE seq = 2", 2},
        {"UPDATE audit SET seq = 9 WHERE seq = 5", 5},
        {"DELETE FROM audit WHERE seq = 3", 3},
        {"DELETE FROM audit WHERE seq = 1", 1},
        {"UPDATE audit SET node = 'other' WHERE seq = 4", 4},
    };
    struct store *s = contract_store(state);
    write_rows(s);
    meddle(state, "CREATE TABLE kept AS SELECT * FROM audit");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t broken = 0, last = 0;
        meddle(state, rows[i].sql);
        assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
        if (broken != rows[i].broken)
            fail_msg("%s: broken at %llu", rows[i].sql, (unsigned long long)broken);
        meddle(state, "DELETE FROM audit");
        meddle(state, "INSERT INTO audit SELECT * FROM kept");
        assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
        assert_int_equal(0, broken);
        assert_int_equal(5, last);
    }
}

/* Longer than what is walked in one view. */
static void
walks_a_long_chain_to_its_end(void **state)
{
    struct store *s = contract_store(state);
    static struct store_round r[20];
    const struct store_round *group[20];
    enum status results[20];
    uint64_t broken = 9, last = 0;
    for (unsigned n = 0; n < 20; n++)
        contract_enroll(s, n);
    for (unsigned i = 0; i < 60; i++) {
        for (unsigned n = 0; n < 20; n++) {
            char id[16];
            (void)snprintf(id, sizeof id, "a%u-%u", i, n);
            r[n] = contract_round(s, n, id);
            group[n] = &r[n];
        }
        assert_status(STATUS_OK, store_put_rounds(s, group, 20, results));
    }
    assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
    assert_int_equal(0, broken);
    assert_int_equal(20 + 60 * 20, last);
    meddle(state, "UPDATE audit SET detail = '{}' WHERE seq = 1100");
    assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
    assert_int_equal(1100, broken);
    assert_int_equal(1099, last);
}

static void
misses_the_end_of_the_chain_once_it_was_signed(void **state)
{
    struct store *s = contract_store(state);
    struct store_audit_list l = {0};
    uint64_t broken = 9, last = 0;
    write_rows(s);
    assert_status(STATUS_OK, store_list_audit(s, 3, 1, &l));
    assert_status(STATUS_CONFLICT, store_put_checkpoint(s, 5, l.items[0].hash, "jws", NOW_S));
    assert_status(STATUS_CONFLICT, store_put_checkpoint(s, 6, l.items[0].hash, "jws", NOW_S));
    for (int i = 0; i < 2; i++)
        assert_status(STATUS_OK, store_put_checkpoint(s, 4, l.items[0].hash, "jws", NOW_S));
    store_audit_list_clear(&l);
    meddle(state, "DELETE FROM audit WHERE seq > 4");
    assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
    assert_int_equal(0, broken);
    assert_int_equal(4, last);
    meddle(state, "DELETE FROM audit WHERE seq > 3");
    assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
    assert_int_equal(4, broken);
    assert_int_equal(3, last);
}

/* ---- refusals ---- */

static void
counts_refusals_by_who_why_and_hour(void **state)
{
    struct store *s = contract_store(state);
    struct store_refusal_list l = {0};
    for (int i = 0; i < 3; i++)
        store_note_refusal(s, "192.0.2.1", contract_ek(1), "ek.chain", NOW_S);
    store_note_refusal(s, "192.0.2.2", contract_ek(1), "ek.chain", NOW_S);
    store_note_refusal(s, "192.0.2.1", NULL, "ek.malformed", NOW_S);
    store_note_refusal(s, "192.0.2.1", contract_ek(1), "ek.chain", NOW_S + 3600);
    assert_status(STATUS_OK, store_list_refusals(s, NULL, 10, &l));
    assert_int_equal(4, l.n_items);
    assert_int_equal(NOW_S + 3600 - (NOW_S + 3600) % 3600, l.items[0].hour_s);
    assert_int_equal(3, l.items[1].count);
    assert_string_equal("192.0.2.1", l.items[1].address);
    assert_string_equal("ek.chain", l.items[1].code);
    assert_true(text_starts(l.items[1].ek_sha256, "e001"));
    store_refusal_list_clear(&l);
    store_note_refusal(s, "192.0.2.1", contract_ek(1), "ek.chain", NOW_S);
    assert_status(STATUS_OK, store_list_refusals(s, NULL, 2, &l));
    assert_int_equal(2, l.n_items);
    assert_int_equal(4, l.items[1].count);
    store_refusal_list_clear(&l);
    assert_status(STATUS_OK, store_list_refusals(s, "", 10, &l));
    assert_int_equal(0, l.n_items);
    store_refusal_list_clear(&l);
}

static void
keeps_attempts_of_devices_that_it_knows_apart(void **state)
{
    struct store *s = contract_store(state);
    struct store_refusal_list l = {0};
    contract_enroll(s, 1);
    store_note_attempt(s, contract_device(1), "192.0.2.1", "quote.signature", NOW_S);
    store_note_attempt(s, contract_device(2), "192.0.2.1", "device.unknown", NOW_S);
    store_note_attempt(s, contract_device(3), "192.0.2.1", "device.unknown", NOW_S);
    store_note_attempt(s, "no id", "192.0.2.1", "device.unknown", NOW_S);
    store_note_attempt(s, NULL, NULL, "challenge.missing", NOW_S);
    assert_status(STATUS_OK, store_list_refusals(s, contract_device(1), 10, &l));
    assert_int_equal(1, l.n_items);
    assert_string_equal(contract_device(1), l.items[0].device);
    assert_string_equal("quote.signature", l.items[0].code);
    store_refusal_list_clear(&l);
    assert_status(STATUS_OK, store_list_refusals(s, "", 10, &l));
    assert_int_equal(3, l.n_items);
    assert_string_equal("device.unknown", l.items[0].code);
    assert_int_equal(3, l.items[0].count);
    assert_string_equal("", l.items[0].device);
    store_refusal_list_clear(&l);
}

static size_t
count_rows(void **state)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK,
                     sqlite3_prepare_v2(db, "SELECT count(*) FROM refusal", -1, &stmt, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
    size_t n = (size_t)sqlite3_column_int64(stmt, 0);
    assert_int_equal(SQLITE_OK, sqlite3_finalize(stmt));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    return n;
}

static void
flood(struct store *s, unsigned n_batches, int64_t now_s)
{
    for (unsigned batch = 0; batch < n_batches; batch++) {
        struct store_refusal_list l = {0};
        for (unsigned i = 0; i < 200; i++) {
            char address[16];
            (void)snprintf(address, sizeof address, "10.%u.%u.%u", now_s > NOW_S ? 1u : 0u, batch,
                           i);
            store_note_refusal(s, address, NULL, "ek.chain", now_s);
        }
        assert_status(STATUS_OK, store_list_refusals(s, NULL, 1, &l));
        store_refusal_list_clear(&l);
    }
}

static void
bounds_its_rows_and_lets_the_oldest_hour_go_first(void **state)
{
    struct store *s = contract_store(state);
    struct store_refusal_list l = {0};
    flood(s, 60, NOW_S); /* 12,000 addresses in one hour */
    assert_int_equal(STORE_REFUSALS_MAX, count_rows(state));
    store_note_refusal(s, "192.0.2.1", NULL, "ek.chain", NOW_S + 7200);
    assert_status(STATUS_OK, store_list_refusals(s, NULL, 10, &l));
    assert_int_equal(1, l.n_items);
    assert_string_equal("192.0.2.1", l.items[0].address);
    store_refusal_list_clear(&l);
    assert_int_equal(1, count_rows(state));
    store_note_refusal(s, "192.0.2.1", NULL, "ek.chain", NOW_S + INT64_C(40) * 86400);
    store_list_refusals(s, NULL, 10, &l) == STATUS_OK ? store_refusal_list_clear(&l) : fail();
    assert_int_equal(1, count_rows(state));
}

static void
takes_notes_without_end_and_without_the_disk(void **state)
{
    struct store *s = contract_store(state);
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL));
    for (unsigned i = 0; i < 100000; i++) {
        char address[16];
        (void)snprintf(address, sizeof address, "10.0.%u.%u", i / 256, i % 256);
        store_note_attempt(s, NULL, address, "challenge.missing", NOW_S);
    }
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(chains_every_change_with_its_actor),
        CLAIM(goes_on_after_a_restart_under_the_same_node),
        CLAIM(names_the_first_row_that_was_tampered_with),
        CLAIM(walks_a_long_chain_to_its_end),
        CLAIM(misses_the_end_of_the_chain_once_it_was_signed),
        CLAIM(counts_refusals_by_who_why_and_hour),
        CLAIM(keeps_attempts_of_devices_that_it_knows_apart),
        CLAIM(bounds_its_rows_and_lets_the_oldest_hour_go_first),
        CLAIM(takes_notes_without_end_and_without_the_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
