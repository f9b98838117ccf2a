/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds that are much alike take little room, and each gives back what it was. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/compress.h"
#include "tests/contract/contract.h"

#include <sqlite3.h>
#include <string.h>

#define KIND_SIZE 3000u /* hex digits of what a kind of device has in common */
#define EVERY     64u   /* rounds from one dictionary to the next */
#define IN_USE    32u

/* ---- rounds ---- */

struct texts {
    struct buffer appraisal, inputs, result, evidence;
};

static void
free_texts(struct texts *t)
{
    buffer_free(&t->appraisal);
    buffer_free(&t->inputs);
    buffer_free(&t->result);
    buffer_free(&t->evidence);
}

static void
append_noise(struct buffer *out, uint32_t seed, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        buffer_append_u8(out, (uint8_t) "0123456789abcdef"[seed >> 28]);
    }
}

/* Of a device of that kind; what differs from round to round is made of name. */
static void
fill_texts(struct texts *t, uint32_t kind, const char *name)
{
    buffer_append_format(&t->appraisal, "{\"id\":\"%s\",\"facts\":\"", name);
    append_noise(&t->appraisal, kind * 3 + 1, KIND_SIZE);
    buffer_append_text(&t->appraisal, "\"}");
    buffer_append_text(&t->inputs, "{\"documents\":\"");
    append_noise(&t->inputs, kind * 3 + 2, KIND_SIZE);
    buffer_append_format(&t->inputs, "\",\"challenge\":\"%s\"}", name);
    append_noise(&t->result, kind * 3 + 3, KIND_SIZE);
    buffer_append_format(&t->result, ".%s.signature", name);
    append_noise(&t->evidence, kind * 3 + 2, KIND_SIZE / 4);
    buffer_append_text(&t->evidence, name);
    assert_non_null(buffer_text(&t->appraisal));
    assert_non_null(buffer_text(&t->inputs));
    assert_non_null(buffer_text(&t->result));
}

static struct store_round
round_of(struct store *s, unsigned device, const struct texts *t, const char *name)
{
    struct store_round r = contract_round(s, device, name);
    r.appraisal_json = (const char *)t->appraisal.data;
    r.inputs_json = (const char *)t->inputs.data;
    r.result = (const char *)t->result.data;
    r.evidence = buffer_bytes(&t->evidence);
    return r;
}

static void
put(struct store *s, uint32_t kind, const char *name)
{
    CLEANUP(free_texts) struct texts t = {0};
    fill_texts(&t, kind, name);
    struct store_round r = round_of(s, 1, &t, name);
    r.ak_serial = 1;
    assert_status(STATUS_OK, contract_put(s, &r));
}

/* One of each of EVERY devices as one group, each of a kind of its own. */
static void
put_group_of_strangers(struct store *s, uint32_t kind)
{
    static struct texts texts[EVERY];
    static struct store_round rounds[EVERY];
    const struct store_round *group[EVERY];
    enum status results[EVERY];
    for (unsigned i = 0; i < EVERY; i++) {
        char name[STORE_ID_SIZE];
        (void)snprintf(name, sizeof name, "g%u-%u", kind, i);
        fill_texts(&texts[i], kind + i, name);
        rounds[i] = round_of(s, i, &texts[i], name);
        group[i] = &rounds[i];
    }
    assert_status(STATUS_OK, store_put_rounds(s, group, EVERY, results));
    for (unsigned i = 0; i < EVERY; i++) {
        assert_status(STATUS_OK, results[i]);
        free_texts(&texts[i]);
    }
}

/* ---- what is in the file ---- */

static void
meddle(void **state, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

static int64_t
ask(void **state, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
    assert_int_equal(SQLITE_ROW, sqlite3_step(stmt));
    int64_t answer = sqlite3_column_int64(stmt, 0);
    assert_int_equal(SQLITE_OK, sqlite3_finalize(stmt));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    return answer;
}

static int64_t
count_dictionaries(void **state)
{
    return ask(state, "SELECT count(*) FROM dictionary");
}

static int64_t
dictionary_of(void **state, const char *name)
{
    char sql[160];
    (void)snprintf(sql, sizeof sql,
                   "SELECT coalesce(dictionary, 0) FROM attestation WHERE id = '%s'", name);
    return ask(state, sql);
}

static void
assert_kept(struct store *s, uint32_t kind, const char *name)
{
    CLEANUP(free_texts) struct texts t = {0};
    CLEANUP(buffer_free) struct buffer evidence = {0};
    struct store_attestation a = {0};
    fill_texts(&t, kind, name);
    assert_status(STATUS_OK, store_get_attestation(s, name, &a));
    assert_string_equal((const char *)t.appraisal.data, a.appraisal_json);
    assert_string_equal((const char *)t.inputs.data, a.inputs_json);
    assert_string_equal((const char *)t.result.data, a.result);
    store_attestation_clear(&a);
    assert_status(STATUS_OK, store_get_evidence(s, name, &evidence));
    assert_true(bytes_equal(buffer_bytes(&t.evidence), buffer_bytes(&evidence)));
}

/* ---- claims ---- */

static void
keeps_rounds_that_are_alike_in_little_room(void **state)
{
    struct store *s = contract_store(state);
    struct store_kept k = {0};
    contract_enroll(s, 1);
    put(s, 1, "a1");
    put(s, 1, "a2");
    put(s, 1, "a3");
    assert_int_equal(1, count_dictionaries(state));
    assert_int_equal(0, dictionary_of(state, "a1"));
    assert_int_not_equal(0, dictionary_of(state, "a3"));
    assert_true(ask(state, "SELECT length(texts) + length(evidence) FROM attestation"
                           " WHERE id = 'a1'") > KIND_SIZE);
    assert_true(ask(state, "SELECT length(texts) + length(evidence) FROM attestation"
                           " WHERE id = 'a3'") < 300);
    assert_kept(s, 1, "a1");
    assert_kept(s, 1, "a2");
    assert_kept(s, 1, "a3");
    assert_status(STATUS_OK, store_get_kept(s, "a3", &k));
    assert_int_equal(KIND_SIZE / 4 + 2, k.evidence.size);
    assert_non_null(strstr(k.attestation.result, ".a3.signature"));
    store_kept_clear(&k);
}

static void
keeps_no_evidence_as_none(void **state)
{
    CLEANUP(buffer_free) struct buffer evidence = {0};
    struct store *s = contract_store(state);
    static const char *const names[] = {"a1", "a2"};
    contract_enroll(s, 1);
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(free_texts) struct texts t = {0};
        fill_texts(&t, 1, names[i]);
        struct store_round r = round_of(s, 1, &t, names[i]);
        r.evidence = (struct bytes){0};
        assert_status(STATUS_OK, contract_put(s, &r));
        assert_status(STATUS_NOT_FOUND, store_get_evidence(s, names[i], &evidence));
    }
    assert_int_not_equal(0, dictionary_of(state, "a2"));
}

static void
makes_a_dictionary_of_what_fits_none_but_seldom(void **state)
{
    char name[STORE_ID_SIZE];
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    put(s, 1, "first");
    for (unsigned i = 1; i < EVERY; i++) {
        (void)snprintf(name, sizeof name, "b%u", i);
        put(s, 1 + i, name);
    }
    assert_int_equal(1, count_dictionaries(state));
    put(s, 100, "second");
    assert_int_equal(2, count_dictionaries(state));
    put(s, 1, "third");
    put(s, 100, "fourth");
    assert_int_equal(1, dictionary_of(state, "third"));
    assert_int_equal(2, dictionary_of(state, "fourth"));
    assert_int_equal(0, dictionary_of(state, name));
    assert_kept(s, 1, "third");
    assert_kept(s, 100, "fourth");
    assert_kept(s, EVERY, name);
}

static void
goes_on_with_what_is_kept_when_opened_again(void **state)
{
    struct contract *c = *state;
    contract_enroll(c->store, 1);
    put(c->store, 1, "a1");
    store_close(c->store);
    c->store = contract_open_again(state);
    put(c->store, 1, "a2");
    assert_int_equal(1, count_dictionaries(state));
    assert_int_equal(1, dictionary_of(state, "a2"));
    assert_kept(c->store, 1, "a2");
}

/* Whichever was used last: each device goes on with its own. */
static void
keeps_devices_of_several_kinds_apart(void **state)
{
    char name[STORE_ID_SIZE];
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    put(s, 1, "first");
    for (unsigned i = 1; i < EVERY; i++) {
        (void)snprintf(name, sizeof name, "b%u", i);
        put(s, 1 + i, name);
    }
    put(s, 100, "second");
    for (unsigned i = 0; i < 6; i++) {
        (void)snprintf(name, sizeof name, "c%u", i);
        put(s, i % 2 == 0 ? 1 : 100, name);
        assert_int_equal(1 + i % 2, dictionary_of(state, name));
    }
    put(s, 500, "strange");
    assert_int_equal(0, dictionary_of(state, "strange"));
    assert_int_equal(2, count_dictionaries(state));
    assert_kept(s, 100, "c5");
    assert_kept(s, 500, "strange");
}

static void
makes_none_of_a_round_that_is_refused(void **state)
{
    CLEANUP(free_texts) struct texts t = {0}, u = {0};
    struct store *s = contract_store(state);
    enum status results[2];
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    fill_texts(&t, 1, "a1");
    fill_texts(&u, 2, "b1");
    struct store_round stale = round_of(s, 1, &t, "a1"), good = round_of(s, 2, &u, "b1");
    stale.spent_ms = 0;
    assert_status(STATUS_STALE, contract_put(s, &stale));
    assert_int_equal(0, count_dictionaries(state));
    const struct store_round *const group[] = {&stale, &good};
    assert_status(STATUS_OK, store_put_rounds(s, group, 2, results));
    assert_status(STATUS_STALE, results[0]);
    assert_status(STATUS_OK, results[1]);
    int64_t n = count_dictionaries(state);
    put(s, 1, "a2");
    put(s, 1, "a3");
    assert_true(count_dictionaries(state) - n <= 1);
    assert_kept(s, 2, "b1");
    assert_kept(s, 1, "a3");
}

static void
gives_back_what_a_dictionary_no_longer_in_use_was_needed_for(void **state)
{
    struct store *s = contract_store(state);
    for (unsigned n = 0; n < EVERY; n++)
        contract_enroll(s, n);
    put(s, 1, "a1");
    put(s, 1, "a2");
    for (uint32_t i = 0; i < IN_USE + 1; i++)
        put_group_of_strangers(s, 1000 + i * EVERY);
    assert_true(count_dictionaries(state) > (int64_t)IN_USE);
    put(s, 1, "a3");
    assert_int_equal(1, dictionary_of(state, "a2"));
    assert_int_not_equal(1, dictionary_of(state, "a3"));
    assert_kept(s, 1, "a2");
    assert_kept(s, 1, "a3");
    assert_kept(s, 1003, "g1000-3");
}

static void
assert_unreadable(struct store *s, const char *name)
{
    struct store_attestation a = {0};
    struct store_kept k = {0};
    assert_status(STATUS_STORE, store_get_attestation(s, name, &a));
    assert_status(STATUS_STORE, store_get_kept(s, name, &k));
    assert_null(a.result);
    assert_null(k.attestation.result);
}

static void
refuses_a_round_whose_dictionary_is_not_what_it_was(void **state)
{
    static const char *const damages[] = {
        "UPDATE dictionary SET bytes = zeroblob(length(bytes))",
        "UPDATE dictionary SET bytes = x''",
        "UPDATE dictionary SET id = 9",
        "UPDATE attestation SET dictionary = NULL",
        "UPDATE attestation SET texts_size = texts_size - 1",
        "UPDATE attestation SET result = 'odd'",
    };
    CLEANUP(buffer_free) struct buffer evidence = {0};
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    put(s, 1, "a1");
    put(s, 1, "a2");
    meddle(state, "CREATE TABLE d AS SELECT * FROM dictionary");
    meddle(state, "CREATE TABLE a AS SELECT * FROM attestation");
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        meddle(state, damages[i]);
        assert_unreadable(s, "a2");
        if (i < 4)
            assert_status(STATUS_STORE, store_get_evidence(s, "a2", &evidence));
        meddle(state, "UPDATE dictionary SET (id, bytes) = (SELECT id, bytes FROM d)");
        meddle(state, "UPDATE attestation SET (dictionary, texts_size, result) = (SELECT"
                      " dictionary, texts_size, result FROM a WHERE a.id = attestation.id)");
        assert_kept(s, 1, "a2");
        assert_kept(s, 1, "a1");
    }
}

static void
refuses_evidence_that_is_not_what_was_written(void **state)
{
    static const char *const damages[] = {
        "UPDATE attestation SET evidence_size = evidence_size + 1",
        "UPDATE attestation SET evidence_size = 1 << 40",
        "UPDATE attestation SET evidence = x'00'",
    };
    CLEANUP(buffer_free) struct buffer evidence = {0};
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    put(s, 1, "a1");
    put(s, 1, "a2");
    meddle(state, "CREATE TABLE a AS SELECT * FROM attestation");
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct store_kept k = {0};
        meddle(state, damages[i]);
        assert_status(STATUS_STORE, store_get_evidence(s, "a1", &evidence));
        assert_status(STATUS_STORE, store_get_evidence(s, "a2", &evidence));
        assert_status(STATUS_STORE, store_get_kept(s, "a2", &k));
        meddle(state, "UPDATE attestation SET (evidence, evidence_size) = (SELECT"
                      " evidence, evidence_size FROM a WHERE a.id = attestation.id)");
        assert_kept(s, 1, "a2");
    }
}

/* As it stood in a database of schema 5: the token in its column, evidence as it came. */
static void
reads_rounds_from_before_there_were_dictionaries(void **state)
{
    CLEANUP(buffer_free) struct buffer evidence = {0}, texts = {0}, frame = {0}, sql = {0};
    struct store_attestation a = {0};
    struct compress *z = NULL;
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    put(s, 1, "a1");
    buffer_append(&texts, bytes_of("{\"id\":\"a1\"}\0{}", 15));
    assert_status(STATUS_OK, compress_new(&z));
    assert_status(STATUS_OK, compress_encode(z, buffer_bytes(&texts), &frame));
    compress_free(z);
    buffer_append_format(&sql,
                         "UPDATE attestation SET dictionary = NULL, evidence_size = 0,"
                         " evidence = CAST('as it came' AS BLOB), result = 'h.c.s',"
                         " texts_size = %zu, texts = x'",
                         texts.size);
    text_append_hex(&sql, buffer_bytes(&frame));
    buffer_append_text(&sql, "'");
    meddle(state, buffer_text(&sql));
    assert_status(STATUS_OK, store_get_attestation(s, "a1", &a));
    assert_string_equal("{\"id\":\"a1\"}", a.appraisal_json);
    assert_string_equal("{}", a.inputs_json);
    assert_string_equal("h.c.s", a.result);
    store_attestation_clear(&a);
    assert_status(STATUS_OK, store_get_evidence(s, "a1", &evidence));
    assert_true(bytes_equal(bytes_of_text("as it came"), buffer_bytes(&evidence)));
    meddle(state, "UPDATE attestation SET result = ''"); /* then there must be a third text */
    assert_status(STATUS_STORE, store_get_attestation(s, "a1", &a));
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(keeps_rounds_that_are_alike_in_little_room),
        CLAIM(keeps_no_evidence_as_none),
        CLAIM(makes_a_dictionary_of_what_fits_none_but_seldom),
        CLAIM(goes_on_with_what_is_kept_when_opened_again),
        CLAIM(keeps_devices_of_several_kinds_apart),
        CLAIM(makes_none_of_a_round_that_is_refused),
        CLAIM(gives_back_what_a_dictionary_no_longer_in_use_was_needed_for),
        CLAIM(refuses_a_round_whose_dictionary_is_not_what_it_was),
        CLAIM(refuses_evidence_that_is_not_what_was_written),
        CLAIM(reads_rounds_from_before_there_were_dictionaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
