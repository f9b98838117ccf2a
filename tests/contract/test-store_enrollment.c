/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment: who gets in, with which key, on whose word. [protocol 1, 2] */
#include "base/text.h"
#include "tests/contract/contract.h"

#include <sqlite3.h>
#include <string.h>

static enum status
enroll(struct store *s, const struct store_enrollment *e, enum store_enrolled *how)
{
    return store_put_enrollment(s, &contract_operator, e, how);
}

static void
expect_enrolled(struct store *s, const struct store_enrollment *e, enum store_enrolled expected)
{
    enum store_enrolled how = STORE_ENROLLED_NEW_AK;
    assert_status(STATUS_OK, enroll(s, e, &how));
    assert_int_equal(expected, how);
}

static struct store_device
device(struct store *s, unsigned n)
{
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(n), &d));
    return d;
}

static void
set_state(struct store *s, unsigned n, enum life_cycle state)
{
    struct store_device d = device(s, n);
    struct store_device_change change = {.id = contract_device(n),
                                         .version = d.version,
                                         .state = state,
                                         .member_by = MEMBER_BY_APPROVAL,
                                         .n_labels = SIZE_MAX};
    store_device_clear(&d);
    assert_status(STATUS_OK, store_change_device(s, &contract_operator, &change));
}

static const struct bytes other_ak = {(const uint8_t *)"another", 7};

static void
enrols_a_new_device_with_all_that_is_known_of_it(void **state)
{
    struct store *s = contract_store(state);
    struct store_enrollment e = contract_enrollment(1);
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    struct store_device d = device(s, 1);
    assert_int_equal(LIFE_CYCLE_ENROLLED, d.state);
    assert_int_equal(GENUINE_VERIFIED, d.genuine);
    assert_int_equal(MEMBER_BY_APPROVAL, d.member_by);
    assert_int_equal(1, d.ak_serial);
    assert_true(bytes_equal(e.ak_public, buffer_bytes(&d.ak_public)));
    assert_int_equal(NOW_S, d.ak_since_s);
    assert_int_equal(NOW_S, d.enrolled_s);
    assert_int_equal(0, d.attested_s);
    assert_string_equal(e.tpm_json, d.tpm_json);
    assert_memory_equal(e.ueid, d.ueid, sizeof d.ueid);
    store_device_clear(&d);
}

static void
answers_the_same_activation_twice_and_changes_nothing(void **state)
{
    struct store *s = contract_store(state);
    struct store_enrollment e = contract_enrollment(1);
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    struct store_device before = device(s, 1);
    expect_enrolled(s, &e, STORE_ENROLLED_AGAIN);
    struct store_device after = device(s, 1);
    assert_int_equal(before.version, after.version);
    assert_int_equal(1, after.ak_serial);
    store_device_clear(&before);
    store_device_clear(&after);
}

static void
learns_what_the_verifier_finds_of_the_ek_later(void **state)
{
    struct store *s = contract_store(state);
    struct store_enrollment e = contract_enrollment(1);
    e.genuine = GENUINE_UNVERIFIED;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    e.genuine = GENUINE_VERIFIED;
    expect_enrolled(s, &e, STORE_ENROLLED_AGAIN);
    struct store_device d = device(s, 1);
    assert_int_equal(GENUINE_VERIFIED, d.genuine);
    store_device_clear(&d);
}

static int64_t
count(void **state, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
    int64_t n = sqlite3_column_int64(stmt, 0);
    assert_int_equal(SQLITE_OK, sqlite3_finalize(stmt));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    return n;
}

static void
retires_the_old_ak_when_a_new_one_comes(void **state)
{
    struct store *s = contract_store(state);
    struct store_enrollment e = contract_enrollment(1);
    struct bytes first_ak = e.ak_public;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    e.ak_public = other_ak;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW_AK);
    struct store_device d = device(s, 1);
    assert_int_equal(LIFE_CYCLE_ENROLLED, d.state);
    assert_int_equal(2, d.ak_serial);
    assert_true(bytes_equal(other_ak, buffer_bytes(&d.ak_public)));
    store_device_clear(&d);
    e.ak_public = first_ak; /* the agent lost its counter */
    expect_enrolled(s, &e, STORE_ENROLLED_NEW_AK);
    d = device(s, 1);
    assert_int_equal(3, d.ak_serial);
    assert_true(bytes_equal(first_ak, buffer_bytes(&d.ak_public)));
    assert_int_equal(2, count(state, "SELECT count(*) FROM ak"));
    assert_int_equal(3, count(state, "SELECT serial FROM ak WHERE retired_s IS NULL"));
    assert_int_equal(1, count(state, "SELECT count(*) FROM ak WHERE retired_s IS NULL"));
    store_device_clear(&d);
}

static void
refuses_an_ek_of_another_device(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    contract_enroll(s, 1);
    struct store_enrollment e = contract_enrollment(2);
    uint8_t eks[2][DIGEST_SHA256_SIZE];
    memcpy(eks[0], contract_ek(2), sizeof eks[0]);
    memcpy(eks[1], contract_ek(1), sizeof eks[1]);
    e.eks = (const uint8_t(*)[DIGEST_SHA256_SIZE])eks;
    e.n_eks = 2;
    assert_status(STATUS_CONFLICT, enroll(s, &e, &how));
    struct store_device d = {0};
    assert_status(STATUS_NOT_FOUND, store_get_device(s, contract_device(2), &d));
}

static void
refuses_an_ak_of_another_device(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    contract_enroll(s, 1);
    struct store_enrollment e = contract_enrollment(2);
    e.ak_public = contract_enrollment(1).ak_public;
    assert_status(STATUS_CONFLICT, enroll(s, &e, &how));
}

static struct store_enrollment
listing(unsigned n, unsigned other, uint8_t eks[2][DIGEST_SHA256_SIZE])
{
    static const struct bytes certificates[2] = {{(const uint8_t *)"der", 3}, {NULL, 0}};
    struct store_enrollment e = contract_enrollment(n);
    memcpy(eks[0], contract_ek(n), DIGEST_SHA256_SIZE);
    memcpy(eks[1], contract_ek(other), DIGEST_SHA256_SIZE);
    e.eks = (const uint8_t(*)[DIGEST_SHA256_SIZE])eks;
    e.n_eks = 2;
    e.ek_certificates = certificates;
    return e;
}

/* threats 19: what a device lists beside its own EK is its word alone, and blocks nobody. */
static void
an_ek_that_was_only_listed_blocks_no_other_device(void **state)
{
    struct store *s = contract_store(state);
    char id[DEVICE_ID_SIZE];
    enum store_enrolled how;
    uint8_t eks[2][DIGEST_SHA256_SIZE];
    struct store_enrollment lister = listing(2, 9, eks);
    expect_enrolled(s, &lister, STORE_ENROLLED_NEW);
    assert_status(STATUS_OK, store_find_ek(s, contract_ek(2), id));
    assert_status(STATUS_NOT_FOUND, store_find_ek(s, contract_ek(9), id));
    struct store_enrollment owner = contract_enrollment(9);
    expect_enrolled(s, &owner, STORE_ENROLLED_NEW);
    assert_status(STATUS_OK, store_find_ek(s, contract_ek(9), id));
    assert_string_equal(contract_device(9), id);
    assert_status(STATUS_CONFLICT, enroll(s, &lister, &how));
    assert_int_equal(2, count(state, "SELECT count(*) FROM ek"));
}

static void
an_ek_that_two_devices_list_stays_unproven(void **state)
{
    struct store *s = contract_store(state);
    char id[DEVICE_ID_SIZE];
    uint8_t first[2][DIGEST_SHA256_SIZE], second[2][DIGEST_SHA256_SIZE];
    struct store_enrollment one = listing(1, 9, first), two = listing(2, 9, second);
    expect_enrolled(s, &one, STORE_ENROLLED_NEW);
    expect_enrolled(s, &two, STORE_ENROLLED_NEW);
    assert_status(STATUS_NOT_FOUND, store_find_ek(s, contract_ek(9), id));
}

static void
an_operator_announces_an_ek_that_another_device_listed(void **state)
{
    struct store *s = contract_store(state);
    char id[DEVICE_ID_SIZE];
    uint8_t eks[2][DIGEST_SHA256_SIZE];
    struct store_enrollment lister = listing(2, 9, eks);
    expect_enrolled(s, &lister, STORE_ENROLLED_NEW);
    assert_status(STATUS_OK,
                  store_put_expected(s, &contract_operator, contract_ek(9), NULL, NULL, 0));
    assert_status(STATUS_OK, store_find_ek(s, contract_ek(9), id));
    assert_string_equal(contract_device(9), id);
}

/* Enrolling again must not make an activated EK a listed one. */
static void
an_activated_ek_stays_proven(void **state)
{
    struct store *s = contract_store(state);
    char id[DEVICE_ID_SIZE];
    uint8_t eks[2][DIGEST_SHA256_SIZE];
    struct store_enrollment e = listing(2, 9, eks);
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    expect_enrolled(s, &e, STORE_ENROLLED_AGAIN);
    assert_status(STATUS_OK, store_find_ek(s, contract_ek(2), id));
}

static void
lets_an_expected_device_in_and_keeps_its_name(void **state)
{
    struct store *s = contract_store(state);
    const struct label label = {"site", "a"};
    assert_status(STATUS_OK,
                  store_put_expected(s, &contract_operator, contract_ek(1), "gate", &label, 1));
    struct store_enrollment e = contract_enrollment(1);
    e.proposed = MEMBER_BY_LIST;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    struct store_device d = device(s, 1);
    assert_int_equal(LIFE_CYCLE_ENROLLED, d.state);
    assert_int_equal(MEMBER_BY_LIST, d.member_by);
    assert_string_equal("gate", d.name);
    assert_int_equal(1, d.n_labels);
    store_device_clear(&d);
}

static void
keeps_a_pending_device_waiting_until_it_is_let_in(void **state)
{
    struct store *s = contract_store(state);
    struct store_enrollment e = contract_enrollment(1);
    e.pending = true;
    e.proposed = MEMBER_BY_NONE;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    struct store_device d = device(s, 1);
    assert_int_equal(LIFE_CYCLE_PENDING, d.state);
    assert_int_equal(0, d.enrolled_s);
    store_device_clear(&d);
    expect_enrolled(s, &e, STORE_ENROLLED_AGAIN);
    e.pending = false;
    e.proposed = MEMBER_BY_LIST;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    d = device(s, 1);
    assert_int_equal(LIFE_CYCLE_ENROLLED, d.state);
    assert_int_equal(1, d.ak_serial);
    store_device_clear(&d);
}

static void
lets_nobody_back_in_past_an_operator(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    struct store_enrollment e = contract_enrollment(1);
    contract_enroll(s, 1);
    set_state(s, 1, LIFE_CYCLE_QUARANTINED);
    expect_enrolled(s, &e, STORE_ENROLLED_AGAIN);
    e.ak_public = other_ak;
    assert_status(STATUS_DENIED, enroll(s, &e, &how));
    e = contract_enrollment(1);
    static const enum life_cycle out[] = {LIFE_CYCLE_REVOKED, LIFE_CYCLE_DECOMMISSIONED};
    for (size_t i = 0; i < 2; i++) {
        set_state(s, 1, out[i]);
        assert_status(STATUS_DENIED, enroll(s, &e, &how));
        struct store_device d = device(s, 1);
        assert_int_equal(out[i], d.state);
        store_device_clear(&d);
    }
}

/* ---- join tokens ---- */

static const uint8_t secret[DIGEST_SHA256_SIZE] = {0x5e, 0xc2};

static void
put_join_token(struct store *s, uint32_t uses, int64_t expires_s)
{
    struct label label = {"site", "token"};
    char name[] = "named", by[] = "token:operator";
    struct store_token t = {.kind = STORE_TOKEN_JOIN,
                            .id = "j1",
                            .uses_left = uses,
                            .labels = &label,
                            .n_labels = 1,
                            .description = name,
                            .created_s = NOW_S,
                            .expires_s = expires_s,
                            .created_by = by};
    memcpy(t.sha256, secret, sizeof secret);
    assert_status(STATUS_OK, store_put_token(s, &contract_operator, &t));
}

static struct store_enrollment
with_token(unsigned n)
{
    struct store_enrollment e = contract_enrollment(n);
    e.join_token = secret;
    e.proposed = MEMBER_BY_TOKEN;
    return e;
}

static void
spends_a_join_token_once_a_device(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    put_join_token(s, 2, NOW_S + 60);
    struct store_enrollment e = with_token(1);
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    struct store_device d = device(s, 1);
    assert_int_equal(MEMBER_BY_TOKEN, d.member_by);
    assert_string_equal("named", d.name);
    assert_string_equal("token", d.labels[0].value);
    store_device_clear(&d);
    expect_enrolled(s, &e, STORE_ENROLLED_AGAIN);
    e.ak_public = other_ak;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW_AK);
    e = with_token(2);
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    e = with_token(3);
    assert_status(STATUS_NOT_FOUND, enroll(s, &e, &how));
    struct store_token used_up = {0};
    assert_status(STATUS_NOT_FOUND, store_find_token(s, STORE_TOKEN_JOIN, secret, NOW_S, &used_up));
    assert_status(STATUS_NOT_FOUND, store_get_device(s, contract_device(3), &d));
}

static void
refuses_a_token_that_expired_or_never_was(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    struct store_enrollment e = with_token(1);
    assert_status(STATUS_NOT_FOUND, enroll(s, &e, &how));
    put_join_token(s, 1, NOW_S);
    assert_status(STATUS_NOT_FOUND, enroll(s, &e, &how));
    struct store_device d = {0};
    assert_status(STATUS_NOT_FOUND, store_get_device(s, contract_device(1), &d));
}

static void
does_not_spend_a_token_on_who_is_refused(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    put_join_token(s, 1, NOW_S + 60);
    contract_enroll(s, 2);
    struct store_enrollment e = with_token(1);
    e.ak_public = contract_enrollment(2).ak_public;
    assert_status(STATUS_CONFLICT, enroll(s, &e, &how));
    e = with_token(1);
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
}

/* ---- the cap ---- */

static void
fill_with_pending(void **state, int64_t created_s)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    static const char sql[] =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)"
        " INSERT INTO device (id, ueid, version, state, genuine, member_by, verdict, ek_sha256,"
        " ak_serial, created_s, enrolled_s, attested_s, spent_ms) SELECT printf('%032x', i), x'01',"
        " 1, 'pending', 'unverified', 'none', 'none', x'00', 0, ?2, 0, 0, 0 FROM n";
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_bind_int64(stmt, 1, LIMIT_PENDING_DEVICES));
    assert_int_equal(SQLITE_OK, sqlite3_bind_int64(stmt, 2, created_s));
    assert_int_equal(SQLITE_DONE, sqlite3_step(stmt));
    assert_int_equal(SQLITE_OK, sqlite3_finalize(stmt));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static void
refuses_another_pending_device_at_the_limit(void **state)
{
    struct store *s = contract_store(state);
    enum store_enrolled how;
    fill_with_pending(state, NOW_S - LIMIT_PENDING_LIFE_S);
    struct store_enrollment e = contract_enrollment(1);
    e.pending = true;
    assert_status(STATUS_LIMIT, enroll(s, &e, &how));
    e.pending = false;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
}

static void
forgets_pending_devices_that_nobody_approved(void **state)
{
    struct store *s = contract_store(state);
    struct store_device_filter f = {.state = "pending", .limit = 10};
    struct store_device_list l = {0};
    fill_with_pending(state, NOW_S - LIMIT_PENDING_LIFE_S - 1);
    struct store_enrollment e = contract_enrollment(1);
    e.pending = true;
    expect_enrolled(s, &e, STORE_ENROLLED_NEW);
    assert_status(STATUS_OK, store_list_devices(s, &f, &l));
    assert_int_equal(1, l.n_items);
    assert_string_equal(contract_device(1), l.items[0].id);
    store_device_list_clear(&l);
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(enrols_a_new_device_with_all_that_is_known_of_it),
        CLAIM(answers_the_same_activation_twice_and_changes_nothing),
        CLAIM(learns_what_the_verifier_finds_of_the_ek_later),
        CLAIM(retires_the_old_ak_when_a_new_one_comes),
        CLAIM(refuses_an_ek_of_another_device),
        CLAIM(refuses_an_ak_of_another_device),
        CLAIM(an_ek_that_was_only_listed_blocks_no_other_device),
        CLAIM(an_ek_that_two_devices_list_stays_unproven),
        CLAIM(an_operator_announces_an_ek_that_another_device_listed),
        CLAIM(an_activated_ek_stays_proven),
        CLAIM(lets_an_expected_device_in_and_keeps_its_name),
        CLAIM(keeps_a_pending_device_waiting_until_it_is_let_in),
        CLAIM(lets_nobody_back_in_past_an_operator),
        CLAIM(spends_a_join_token_once_a_device),
        CLAIM(refuses_a_token_that_expired_or_never_was),
        CLAIM(does_not_spend_a_token_on_who_is_refused),
        CLAIM(refuses_another_pending_device_at_the_limit),
        CLAIM(forgets_pending_devices_that_nobody_approved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
