/* SPDX-License-Identifier: Apache-2.0 */
/* Documents, tokens, events: the operator's part. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/contract/contract.h"

#include <sqlite3.h>
#include <string.h>

/* ---- documents ---- */

static struct document_info
info_of(enum document_kind kind, const char *id, uint64_t version, const char *text)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    struct document_info info = {
        .kind = kind, .id = id, .version = version, .perspective = "owner"};
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, digest_compute(h, ALG_SHA256, bytes_of_text(text), &info.sha256));
    return info;
}

static enum status
put(struct store *s, const char *id, uint64_t version, const char *text, bool *again)
{
    struct document_info info = info_of(DOCUMENT_POLICY, id, version, text);
    return store_put_document(s, &contract_operator, &info, bytes_of_text(text), again);
}

static void
expect_put(struct store *s, const char *id, uint64_t version, const char *text)
{
    bool again = true;
    assert_status(STATUS_OK, put(s, id, version, text, &again));
    assert_false(again);
}

static void
keeps_a_version_for_good(void **state)
{
    struct store *s = contract_store(state);
    struct store_document d = {0};
    bool again = false;
    expect_put(s, "gates", 2, "{two}");
    assert_status(STATUS_OK, put(s, "gates", 2, "{two}", &again));
    assert_true(again);
    assert_status(STATUS_CONFLICT, put(s, "gates", 2, "{other}", &again));
    assert_status(STATUS_CONFLICT, put(s, "gates", 1, "{one}", &again));
    expect_put(s, "gates", 3, "{three}");
    assert_status(STATUS_OK, store_get_document(s, DOCUMENT_POLICY, "gates", 2, &d));
    assert_true(bytes_equal(bytes_of_text("{two}"), buffer_bytes(&d.text)));
    assert_string_equal("owner", d.perspective);
    assert_string_equal("token:operator", d.put_by);
    assert_int_equal(NOW_S, d.put_s);
    assert_false(d.active);
    store_document_clear(&d);
    assert_status(STATUS_NOT_FOUND, store_get_document(s, DOCUMENT_REFERENCE, "gates", 2, &d));
}

static void
refuses_a_digest_that_is_not_the_texts(void **state)
{
    bool again = false;
    struct document_info info = info_of(DOCUMENT_POLICY, "gates", 1, "{}");
    assert_status(STATUS_INVALID, store_put_document(contract_store(state), &contract_operator,
                                                     &info, bytes_of_text("{ }"), &again));
}

static uint64_t
generation(struct store *s)
{
    uint64_t g = 0;
    assert_status(STATUS_OK, store_generation(s, &g));
    return g;
}

static void
has_one_active_version_and_a_generation_that_rises(void **state)
{
    struct store *s = contract_store(state);
    struct store_document d = {0};
    struct store_document_list l = {0};
    uint64_t first = generation(s), seen = 0;
    for (uint64_t v = 1; v <= 3; v++)
        expect_put(s, "gates", v, v == 1 ? "{one}" : v == 2 ? "{two}" : "{three}");
    assert_int_equal(first, generation(s));
    assert_status(STATUS_OK, store_get_document(s, DOCUMENT_POLICY, "gates", 0, &d));
    assert_int_equal(3, d.version);
    store_document_clear(&d);
    for (uint64_t v = 1; v <= 2; v++)
        assert_status(STATUS_OK,
                      store_activate_document(s, &contract_operator, DOCUMENT_POLICY, "gates", v));
    assert_int_equal(first + 2, generation(s));
    assert_status(STATUS_OK, store_get_document(s, DOCUMENT_POLICY, "gates", 0, &d));
    assert_int_equal(2, d.version);
    assert_true(d.active);
    store_document_clear(&d);
    assert_status(STATUS_OK, store_get_active(s, &l, &seen));
    assert_int_equal(1, l.n_items);
    assert_int_equal(first + 2, seen);
    assert_true(bytes_equal(bytes_of_text("{two}"), buffer_bytes(&l.items[0].text)));
    store_document_list_clear(&l);
    assert_status(STATUS_OK,
                  store_activate_document(s, &contract_operator, DOCUMENT_POLICY, "gates", 0));
    assert_status(STATUS_OK, store_get_active(s, &l, &seen));
    assert_int_equal(0, l.n_items);
    assert_int_equal(first + 3, seen);
    store_document_list_clear(&l);
}

static void
keeps_what_is_active_when_asked_for_what_is_not_there(void **state)
{
    struct store *s = contract_store(state);
    struct store_document d = {0};
    expect_put(s, "gates", 1, "{one}");
    assert_status(STATUS_OK,
                  store_activate_document(s, &contract_operator, DOCUMENT_POLICY, "gates", 1));
    uint64_t before = generation(s);
    assert_status(STATUS_NOT_FOUND,
                  store_activate_document(s, &contract_operator, DOCUMENT_POLICY, "gates", 9));
    assert_status(STATUS_NOT_FOUND,
                  store_activate_document(s, &contract_operator, DOCUMENT_REFERENCE, "gates", 0));
    assert_int_equal(before, generation(s));
    assert_status(STATUS_OK, store_get_document(s, DOCUMENT_POLICY, "gates", 1, &d));
    assert_true(d.active);
    store_document_clear(&d);
}

static void
refuses_a_text_that_was_changed_behind_its_back(void **state)
{
    struct store *s = contract_store(state);
    struct store_document_list l = {0};
    sqlite3 *db = NULL;
    uint64_t g = 0;
    expect_put(s, "gates", 1, "{one}");
    assert_status(STATUS_OK,
                  store_activate_document(s, &contract_operator, DOCUMENT_POLICY, "gates", 1));
    assert_int_equal(SQLITE_OK, sqlite3_open(((struct contract *)*state)->location, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "UPDATE document SET text = CAST('{two}' AS BLOB)",
                                             NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    assert_status(STATUS_STORE, store_get_active(s, &l, &g));
    assert_int_equal(0, l.n_items);
}

static void
lists_documents_page_by_page_through_their_versions(void **state)
{
    static const char *const expected[] = {"a:1", "a:2", "a:5", "b:1"};
    struct store *s = contract_store(state);
    char after[LIMIT_NAME + 24] = "";
    size_t n = 0;
    expect_put(s, "b", 1, "{b1}");
    expect_put(s, "a", 1, "{a1}");
    expect_put(s, "a", 2, "{a2}");
    expect_put(s, "a", 5, "{a5}");
    for (bool more = true; more;) {
        struct store_document_list l = {0};
        assert_status(STATUS_OK,
                      store_list_documents(s, DOCUMENT_POLICY, after[0] ? after : NULL, 2, &l));
        for (size_t i = 0; i < l.n_items; i++) {
            (void)snprintf(after, sizeof after, "%s:%llu", l.items[i].id,
                           (unsigned long long)l.items[i].version);
            assert_true(n < 4);
            assert_string_equal(expected[n++], after);
            assert_int_equal(0, l.items[i].text.size);
        }
        more = l.more;
        store_document_list_clear(&l);
    }
    assert_int_equal(4, n);
    static const char *const bad[] = {"a", "a:", "a:x", "a:-1", ":1:1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct store_document_list l = {0};
        assert_status(STATUS_INVALID, store_list_documents(s, DOCUMENT_POLICY, bad[i], 2, &l));
    }
}

/* ---- tokens ---- */

static const uint8_t secret[DIGEST_SHA256_SIZE] = {1, 2, 3};

static struct store_token
token_of(enum store_token_kind kind, const char *id)
{
    static struct label labels[] = {{"region", "north"}, {"site", "a"}};
    static char description[] = "dashboard", by[] = "token:operator";
    struct store_token t = {.kind = kind,
                            .roles = 0x14,
                            .granted = {2, {"owner", "*"}},
                            .uses_left = 1,
                            .labels = labels,
                            .n_labels = 2,
                            .description = description,
                            .created_s = NOW_S,
                            .expires_s = NOW_S + 10,
                            .created_by = by};
    (void)text_copy(t.id, sizeof t.id, id);
    memcpy(t.sha256, secret, sizeof t.sha256);
    return t;
}

static void
finds_a_token_until_it_expires(void **state)
{
    struct store *s = contract_store(state);
    struct store_token t = token_of(STORE_TOKEN_API, "t1"), found = {0};
    assert_status(STATUS_OK, store_put_token(s, &contract_operator, &t));
    assert_status(STATUS_OK, store_find_token(s, STORE_TOKEN_API, secret, NOW_S + 9, &found));
    assert_string_equal("t1", found.id);
    assert_int_equal(0x14, found.roles);
    assert_int_equal(2, found.n_labels);
    assert_string_equal("north", found.labels[0].value);
    assert_string_equal("dashboard", found.description);
    assert_int_equal(2, found.granted.n);
    assert_string_equal("owner", found.granted.names[0]);
    assert_string_equal("*", found.granted.names[1]);
    store_token_clear(&found);
    assert_status(STATUS_NOT_FOUND,
                  store_find_token(s, STORE_TOKEN_API, secret, NOW_S + 10, &found));
    assert_status(STATUS_NOT_FOUND, store_find_token(s, STORE_TOKEN_JOIN, secret, NOW_S, &found));
    static const uint8_t other[DIGEST_SHA256_SIZE] = {1, 2, 4};
    assert_status(STATUS_NOT_FOUND, store_find_token(s, STORE_TOKEN_API, other, NOW_S, &found));
}

static void
refuses_a_token_of_the_same_id_or_secret(void **state)
{
    struct store *s = contract_store(state);
    struct store_token t = token_of(STORE_TOKEN_API, "t1");
    assert_status(STATUS_OK, store_put_token(s, &contract_operator, &t));
    t = token_of(STORE_TOKEN_JOIN, "t2");
    assert_status(STATUS_CONFLICT, store_put_token(s, &contract_operator, &t));
    t = token_of(STORE_TOKEN_API, "t1");
    t.sha256[0] = 9;
    assert_status(STATUS_CONFLICT, store_put_token(s, &contract_operator, &t));
}

static void
lists_and_removes_tokens_of_a_kind(void **state)
{
    struct store *s = contract_store(state);
    struct store_token_list l = {0};
    struct store_token t = token_of(STORE_TOKEN_API, "t2");
    assert_status(STATUS_OK, store_put_token(s, &contract_operator, &t));
    t = token_of(STORE_TOKEN_API, "t1");
    t.sha256[0] = 9;
    assert_status(STATUS_OK, store_put_token(s, &contract_operator, &t));
    assert_status(STATUS_OK, store_list_tokens(s, STORE_TOKEN_API, &l));
    assert_int_equal(2, l.n_items);
    assert_string_equal("t1", l.items[0].id);
    assert_int_equal(2, l.items[1].n_labels);
    store_token_list_clear(&l);
    assert_status(STATUS_NOT_FOUND,
                  store_remove_token(s, &contract_operator, STORE_TOKEN_JOIN, "t1"));
    assert_status(STATUS_OK, store_remove_token(s, &contract_operator, STORE_TOKEN_API, "t1"));
    assert_status(STATUS_OK, store_list_tokens(s, STORE_TOKEN_API, &l));
    assert_int_equal(1, l.n_items);
    store_token_list_clear(&l);
    assert_status(STATUS_OK, store_list_tokens(s, STORE_TOKEN_JOIN, &l));
    assert_int_equal(0, l.n_items);
    store_token_list_clear(&l);
}

/* ---- events ---- */

static void
numbers_events_without_gap_and_lists_them_once_numbered(void **state)
{
    struct store *s = contract_store(state);
    struct store_event_list l = {0};
    size_t n = 9;
    contract_enroll(s, 1);
    assert_status(STATUS_OK, store_list_events(s, 0, 10, &l));
    assert_int_equal(0, l.n_items);
    store_event_list_clear(&l);
    assert_status(STATUS_OK, store_sequence_events(s, &n));
    assert_int_equal(1, n);
    contract_enroll(s, 2);
    contract_enroll(s, 3);
    assert_status(STATUS_OK, store_sequence_events(s, &n));
    assert_int_equal(2, n);
    assert_status(STATUS_OK, store_sequence_events(s, &n));
    assert_int_equal(0, n);
    assert_status(STATUS_OK, store_list_events(s, 1, 10, &l));
    assert_int_equal(2, l.n_items);
    assert_int_equal(2, l.items[0].seq);
    assert_int_equal(3, l.items[1].seq);
    assert_string_equal("device.enrolled", l.items[0].type);
    assert_string_equal(contract_device(2), l.items[0].object);
    store_event_list_clear(&l);
    assert_status(STATUS_OK, store_list_events(s, 0, 2, &l));
    assert_int_equal(2, l.n_items);
    store_event_list_clear(&l);
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(keeps_a_version_for_good),
        CLAIM(refuses_a_digest_that_is_not_the_texts),
        CLAIM(has_one_active_version_and_a_generation_that_rises),
        CLAIM(keeps_what_is_active_when_asked_for_what_is_not_there),
        CLAIM(refuses_a_text_that_was_changed_behind_its_back),
        CLAIM(lists_documents_page_by_page_through_their_versions),
        CLAIM(finds_a_token_until_it_expires),
        CLAIM(refuses_a_token_of_the_same_id_or_secret),
        CLAIM(lists_and_removes_tokens_of_a_kind),
        CLAIM(numbers_events_without_gap_and_lists_them_once_numbered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
