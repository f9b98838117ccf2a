/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/file_set.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

#define MANY 200000u

/* A digest that hashing would not give, but spread as one. */
static struct digest
digest_of(uint16_t alg, uint64_t n)
{
    struct digest d = digest_reset(alg, 1);
    uint64_t mixed = (n + 1) * UINT64_C(0x9E3779B97F4A7C15);
    memcpy(d.data, &mixed, sizeof mixed);
    memcpy(d.data + 8, &n, sizeof n);
    return d;
}

static void
finds_what_was_added_and_nothing_else(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena arena = {0};
    struct file_set set = {0};
    assert_status(STATUS_OK, file_set_reserve(&set, &arena, ALG_SHA256, MANY));
    for (uint64_t i = 0; i < MANY; i++) {
        struct digest d = digest_of(ALG_SHA256, i);
        assert_status(STATUS_OK, file_set_add(&set, &d));
    }
    assert_int_equal(MANY, file_set_count(&set));
    for (uint64_t i = 0; i < 2 * MANY; i++) {
        struct digest d = digest_of(ALG_SHA256, i);
        assert_int_equal(i < MANY, file_set_has(&set, ALG_SHA256, digest_bytes(&d)));
    }
}

static void
takes_no_digest_of_an_unknown_algorithm(void **state)
{
    (void)state;
    struct file_set set = {0};
    const struct digest none = {.alg = 0x7777};
    const struct digest some = {.alg = 0x7777, .size = 32, .data = {1}};
    assert_status(STATUS_UNSUPPORTED, file_set_add(&set, &none));
    assert_status(STATUS_UNSUPPORTED, file_set_add(&set, &some));
    assert_false(file_set_has(&set, 0x7777, (struct bytes){0}));
}

static void
takes_at_most_80_bytes_a_digest(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALG_COUNT; i++) {
        CLEANUP(arena_free) struct arena arena = {0};
        struct file_set set = {0};
        uint16_t alg = alg_at(i)->id;
        assert_status(STATUS_OK, file_set_reserve(&set, &arena, alg, MANY));
        assert_true(set.tables[i].capacity * alg_at(i)->size <= 80u * MANY);
        assert_true(set.tables[i].capacity > MANY);
    }
}

/* Equal starts all fall on one slot and its neighbours. */
static void
keeps_apart_what_begins_alike(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena arena = {0};
    struct file_set set = {0};
    assert_status(STATUS_OK, file_set_reserve(&set, &arena, ALG_SHA384, 100));
    for (uint8_t i = 0; i < 100; i++) {
        struct digest d = digest_reset(ALG_SHA384, i);
        memset(d.data, 0xFF, 8);
        assert_status(STATUS_OK, file_set_add(&set, &d));
    }
    for (uint8_t i = 0; i < 200; i++) {
        struct digest d = digest_reset(ALG_SHA384, i);
        memset(d.data, 0xFF, 8);
        assert_int_equal(i < 100, file_set_has(&set, ALG_SHA384, digest_bytes(&d)));
    }
}

static void
keeps_algorithms_apart(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena arena = {0};
    struct file_set set = {0};
    struct digest d = digest_of(ALG_SHA256, 1);
    assert_status(STATUS_OK, file_set_reserve(&set, &arena, ALG_SHA256, 1));
    assert_status(STATUS_OK, file_set_add(&set, &d));
    assert_status(STATUS_OK, file_set_add(&set, &d));
    assert_int_equal(1, file_set_count(&set));
    assert_true(file_set_has(&set, ALG_SHA256, digest_bytes(&d)));
    assert_false(file_set_has(&set, ALG_SM3_256, digest_bytes(&d)));
    assert_false(file_set_has(&set, ALG_SHA1, bytes_of(d.data, 20)));
    assert_false(file_set_has(&set, ALG_SHA256, bytes_of(d.data, 31)));
    assert_false(file_set_has(&set, 0x7777, digest_bytes(&d)));
    assert_false(file_set_has(&set, ALG_SHA256, (struct bytes){0}));
}

static void
refuses_zeros_and_more_than_was_reserved(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena arena = {0};
    struct file_set set = {0};
    struct digest zero = digest_reset(ALG_SHA256, 0);
    struct digest d = digest_of(ALG_SHA256, 1);
    assert_status(STATUS_LIMIT, file_set_add(&set, &d));
    assert_status(STATUS_OK, file_set_reserve(&set, &arena, ALG_SHA256, 1));
    assert_status(STATUS_INVALID, file_set_add(&set, &zero));
    assert_false(file_set_has(&set, ALG_SHA256, digest_bytes(&zero)));
    uint64_t n = 1;
    while (file_set_add(&set, &d) == STATUS_OK)
        d = digest_of(ALG_SHA256, ++n);
    assert_true(n <= 3);
    assert_status(STATUS_UNSUPPORTED, file_set_reserve(&set, &arena, 0x7777, 1));
}

/* Half a digest of zeros is a digest; one of an unknown algorithm, or of another size, is none. */
static void
tells_a_digest_from_what_is_none(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena arena = {0};
    struct file_set set = {0};
    assert_status(STATUS_OK, file_set_reserve(&set, &arena, ALG_SHA256, 10));
    struct digest d = digest_reset(ALG_SHA256, 0);
    assert_false(file_set_has(&set, ALG_SHA256, digest_bytes(&d)));
    d.data[31] = 1;
    assert_false(file_set_has(&set, ALG_SHA256, digest_bytes(&d)));
    assert_status(STATUS_OK, file_set_add(&set, &d));
    assert_true(file_set_has(&set, ALG_SHA256, digest_bytes(&d)));
    memset(d.data, 0, sizeof d.data);
    assert_false(file_set_has(&set, ALG_SHA256, digest_bytes(&d)));
    d.data[0] = 1;
    d.size = 31;
    assert_status(STATUS_UNSUPPORTED, file_set_add(&set, &d));
    d.size = 32;
    d.alg = 0x0999;
    assert_status(STATUS_UNSUPPORTED, file_set_add(&set, &d));
    assert_false(file_set_has(&set, 0x0999, digest_bytes(&d)));
    assert_int_equal(1, file_set_count(&set));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_added_and_nothing_else),
        cmocka_unit_test(takes_no_digest_of_an_unknown_algorithm),
        cmocka_unit_test(takes_at_most_80_bytes_a_digest),
        cmocka_unit_test(keeps_apart_what_begins_alike),
        cmocka_unit_test(keeps_algorithms_apart),
        cmocka_unit_test(refuses_zeros_and_more_than_was_reserved),
        cmocka_unit_test(tells_a_digest_from_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
