/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: announced, listed, changed. */
#include "base/text.h"
#include "tests/contract/contract.h"

#include <string.h>

static const struct label site_a[] = {{"model", "x1"}, {"site", "a"}};
static const struct label site_b[] = {{"site", "b"}};

static void
announce(struct store *s, unsigned n, const char *name, const struct label *labels, size_t n_labels)
{
    assert_status(STATUS_OK, store_put_expected(s, &contract_operator, contract_ek(n), name, labels,
                                                n_labels));
}

static void
keeps_what_was_announced(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    announce(s, 3, "gate-3", site_a, 2);
    assert_status(STATUS_OK, store_get_device(s, contract_device(3), &d));
    assert_string_equal(contract_device(3), d.id);
    assert_int_equal(0x01, d.ueid[0]);
    assert_memory_equal(contract_ek(3), d.ueid + 1, DIGEST_SHA256_SIZE);
    assert_memory_equal(contract_ek(3), d.ek_sha256, DIGEST_SHA256_SIZE);
    assert_int_equal(1, d.version);
    assert_string_equal("gate-3", d.name);
    assert_int_equal(LIFE_CYCLE_EXPECTED, d.state);
    assert_int_equal(MEMBER_BY_LIST, d.member_by);
    assert_int_equal(GENUINE_UNVERIFIED, d.genuine);
    assert_int_equal(2, d.n_labels);
    assert_string_equal("model", d.labels[0].key);
    assert_string_equal("a", d.labels[1].value);
    assert_int_equal(0, d.ak_public.size);
    assert_int_equal(0, d.n_perspectives);
    assert_false(d.counters.present);
    assert_false(d.last_good_present);
    store_device_clear(&d);
}

static void
does_not_know_who_was_not_announced(void **state)
{
    struct store_device d = {0};
    char id[DEVICE_ID_SIZE];
    struct store *s = contract_store(state);
    announce(s, 1, NULL, NULL, 0);
    assert_status(STATUS_NOT_FOUND, store_get_device(s, contract_device(2), &d));
    assert_status(STATUS_NOT_FOUND, store_find_ek(s, contract_ek(2), id));
    assert_status(STATUS_OK, store_find_ek(s, contract_ek(1), id));
    assert_string_equal(contract_device(1), id);
}

static void
refuses_an_ek_announced_twice(void **state)
{
    struct store *s = contract_store(state);
    announce(s, 1, NULL, NULL, 0);
    contract_enroll(s, 2);
    assert_status(STATUS_CONFLICT,
                  store_put_expected(s, &contract_operator, contract_ek(1), NULL, NULL, 0));
    assert_status(STATUS_CONFLICT,
                  store_put_expected(s, &contract_operator, contract_ek(2), NULL, NULL, 0));
}

static void
refuses_more_labels_than_the_limit_and_writes_nothing(void **state)
{
    struct store *s = contract_store(state);
    struct label many[LIMIT_LABELS + 1];
    struct store_device d = {0};
    for (size_t i = 0; i <= LIMIT_LABELS; i++)
        many[i] = (struct label){"k", "v"};
    assert_status(STATUS_LIMIT, store_put_expected(s, &contract_operator, contract_ek(1), NULL,
                                                   many, LIMIT_LABELS + 1));
    assert_status(STATUS_NOT_FOUND, store_get_device(s, contract_device(1), &d));
}

/* ---- listing ---- */

static void
expect_list(struct store *s, const struct store_device_filter *f, const unsigned *expected,
            size_t n_expected)
{
    struct store_device_list l = {0};
    assert_status(STATUS_OK, store_list_devices(s, f, &l));
    assert_int_equal(n_expected, l.n_items);
    for (size_t i = 0; i < n_expected; i++)
        assert_string_equal(contract_device(expected[i]), l.items[i].id);
    store_device_list_clear(&l);
}

static void
lists_page_by_page_without_gap_or_overlap(void **state)
{
    struct store *s = contract_store(state);
    char after[DEVICE_ID_SIZE] = "";
    unsigned next = 0;
    bool more = true;
    for (unsigned n = 0; n < 7; n++)
        announce(s, n, NULL, NULL, 0);
    while (more) {
        struct store_device_filter f = {.after = after[0] ? after : NULL, .limit = 3};
        struct store_device_list l = {0};
        assert_status(STATUS_OK, store_list_devices(s, &f, &l));
        assert_int_equal(next < 6 ? 3 : 1, l.n_items);
        for (size_t i = 0; i < l.n_items; i++)
            assert_string_equal(contract_device(next++), l.items[i].id);
        (void)text_copy(after, sizeof after, l.items[l.n_items - 1].id);
        more = l.more;
        store_device_list_clear(&l);
    }
    assert_int_equal(7, next);
}

static void
a_full_last_page_has_no_more(void **state)
{
    struct store *s = contract_store(state);
    struct store_device_filter f = {.limit = 2};
    struct store_device_list l = {0};
    announce(s, 0, NULL, NULL, 0);
    announce(s, 1, NULL, NULL, 0);
    assert_status(STATUS_OK, store_list_devices(s, &f, &l));
    assert_int_equal(2, l.n_items);
    assert_false(l.more);
    store_device_list_clear(&l);
    f.limit = 0;
    assert_status(STATUS_LIMIT, store_list_devices(s, &f, &l));
    f.limit = LIMIT_PAGE + 1;
    assert_status(STATUS_LIMIT, store_list_devices(s, &f, &l));
}

static void
filters_by_labels_all_of_which_must_match(void **state)
{
    struct store *s = contract_store(state);
    announce(s, 0, NULL, site_a, 2);
    announce(s, 1, NULL, site_b, 1);
    announce(s, 2, NULL, site_a + 1, 1);
    announce(s, 3, NULL, NULL, 0);
    struct store_device_filter f = {.limit = 10, .labels = site_a, .n_labels = 2};
    expect_list(s, &f, (const unsigned[]){0}, 1);
    f = (struct store_device_filter){.limit = 10, .labels = site_a + 1, .n_labels = 1};
    expect_list(s, &f, (const unsigned[]){0, 2}, 2);
    f = (struct store_device_filter){.limit = 10};
    expect_list(s, &f, (const unsigned[]){0, 1, 2, 3}, 4);
}

static void
takes_labels_as_values_never_as_text_of_a_query(void **state)
{
    struct store *s = contract_store(state);
    const struct label odd[] = {{"a'b\"", "\\\"); DROP TABLE device; --"}};
    announce(s, 0, "'; --", odd, 1);
    announce(s, 1, NULL, NULL, 0);
    struct store_device_filter f = {.limit = 10, .labels = odd, .n_labels = 1};
    expect_list(s, &f, (const unsigned[]){0}, 1);
}

static void
filters_by_state_verdict_and_liveness(void **state)
{
    struct store *s = contract_store(state);
    announce(s, 0, NULL, NULL, 0);
    for (unsigned n = 1; n < 4; n++)
        contract_enroll(s, n);
    struct store_round r = contract_round(s, 1, "a1");
    r.time_s = NOW_S - 100;
    assert_status(STATUS_OK, contract_put(s, &r));
    r = contract_round(s, 2, "a2");
    r.perspectives[1].verdict = VERDICT_UNTRUSTED;
    assert_status(STATUS_OK, contract_put(s, &r));
    struct store_device_filter f = {.limit = 10, .state = "enrolled"};
    expect_list(s, &f, (const unsigned[]){1, 2, 3}, 3);
    f = (struct store_device_filter){.limit = 10, .state = "expected"};
    expect_list(s, &f, (const unsigned[]){0}, 1);
    f = (struct store_device_filter){.limit = 10, .verdict = "untrusted"};
    expect_list(s, &f, (const unsigned[]){2}, 1);
    f = (struct store_device_filter){.limit = 10, .verdict = "none"};
    expect_list(s, &f, (const unsigned[]){0, 3}, 2);
    f = (struct store_device_filter){.limit = 10, .attested_before_s = NOW_S};
    expect_list(s, &f, (const unsigned[]){1}, 1);
    f = (struct store_device_filter){.limit = 10, .attested_since_s = NOW_S};
    expect_list(s, &f, (const unsigned[]){2}, 1);
    f = (struct store_device_filter){.limit = 10, .never_attested = true};
    expect_list(s, &f, (const unsigned[]){0, 3}, 2);
}

/* ---- changing ---- */

static struct store_device_change
change_of(unsigned n, uint64_t version, enum life_cycle to)
{
    return (struct store_device_change){.id = contract_device(n),
                                        .version = version,
                                        .state = to,
                                        .member_by = MEMBER_BY_APPROVAL,
                                        .n_labels = SIZE_MAX};
}

static void
changes_only_the_version_that_was_read(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    contract_enroll(s, 1);
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    struct store_device_change change = change_of(1, d.version, LIFE_CYCLE_REVOKED);
    store_device_clear(&d);
    assert_status(STATUS_OK, store_change_device(s, &contract_operator, &change));
    change.state = LIFE_CYCLE_ENROLLED;
    assert_status(STATUS_CONFLICT, store_change_device(s, &contract_operator, &change));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_int_equal(LIFE_CYCLE_REVOKED, d.state);
    assert_int_equal(change.version + 1, d.version);
    store_device_clear(&d);
    change.version = 0; /* no version is no licence to undo a revocation */
    assert_status(STATUS_CONFLICT, store_change_device(s, &contract_operator, &change));
    change = change_of(2, 1, LIFE_CYCLE_REVOKED);
    assert_status(STATUS_NOT_FOUND, store_change_device(s, &contract_operator, &change));
}

static void
keeps_name_and_labels_that_a_change_leaves_out(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    announce(s, 1, "one", site_a, 2);
    struct store_device_change change = change_of(1, 1, LIFE_CYCLE_ENROLLED);
    assert_status(STATUS_OK, store_change_device(s, &contract_operator, &change));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_string_equal("one", d.name);
    assert_int_equal(2, d.n_labels);
    assert_int_equal(NOW_S, d.enrolled_s);
    store_device_clear(&d);
    change.version = 2;
    change.name = "other";
    change.labels = site_b;
    change.n_labels = 1;
    assert_status(STATUS_OK, store_change_device(s, &contract_operator, &change));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_string_equal("other", d.name);
    assert_int_equal(1, d.n_labels);
    assert_string_equal("b", d.labels[0].value);
    store_device_clear(&d);
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(keeps_what_was_announced),
        CLAIM(does_not_know_who_was_not_announced),
        CLAIM(refuses_an_ek_announced_twice),
        CLAIM(refuses_more_labels_than_the_limit_and_writes_nothing),
        CLAIM(lists_page_by_page_without_gap_or_overlap),
        CLAIM(a_full_last_page_has_no_more),
        CLAIM(filters_by_labels_all_of_which_must_match),
        CLAIM(takes_labels_as_values_never_as_text_of_a_query),
        CLAIM(filters_by_state_verdict_and_liveness),
        CLAIM(changes_only_the_version_that_was_read),
        CLAIM(keeps_name_and_labels_that_a_change_leaves_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
