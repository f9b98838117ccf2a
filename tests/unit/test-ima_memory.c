/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/ima_memory.h"
#include "tests/lib/test.h"

#include <stdio.h>

static const uint8_t one[DIGEST_SHA256_SIZE] = {1};
static const uint8_t two[DIGEST_SHA256_SIZE] = {2};
static const struct standing_key key = {.sha256 = {9}};

/* One rule that has n judged entries. */
static struct standing *
make(uint64_t n_judged)
{
    struct standing *s = standing_new(1);
    assert_non_null(s);
    standing_add(s, &key)->n_judged = n_judged;
    return s;
}

static void
put(struct ima_memory *m, const char *device, const uint8_t *state, uint64_t n_judged)
{
    struct standing *s = make(n_judged);
    ima_memory_put(m, device, state, s);
    standing_unref(s);
}

/* 0: not remembered. */
static uint64_t
get(struct ima_memory *m, const char *device, const uint8_t *state)
{
    struct standing *s = ima_memory_get(m, device, state);
    uint64_t n = s ? standing_find(s, &key)->n_judged : 0;
    standing_unref(s);
    return n;
}

static void
gives_only_what_belongs_to_the_state(void **state)
{
    (void)state;
    struct ima_memory *m = NULL;
    assert_status(STATUS_OK, ima_memory_new(IMA_MEMORY_SIZE, &m));
    assert_int_equal(0, get(m, "aa", one));
    put(m, "aa", one, 5);
    put(m, "bb", one, 6);
    assert_int_equal(5, get(m, "aa", one));
    assert_int_equal(6, get(m, "bb", one));
    assert_int_equal(0, get(m, "aa", two));
    put(m, "aa", two, 7);
    assert_int_equal(0, get(m, "aa", one));
    assert_int_equal(7, get(m, "aa", two));
    ima_memory_free(m);
}

/* Each device takes the same; the first heard of goes first, and one that was heard of again
 * stays. */
static void
stays_within_its_size(void **state)
{
    (void)state;
    struct ima_memory *m = NULL;
    struct standing *s = make(1);
    const size_t size = standing_size(s) + 256;
    standing_unref(s);
    assert_status(STATUS_OK, ima_memory_new(100 * size, &m));
    char device[DEVICE_ID_SIZE];
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(device, sizeof device, "%08x", i);
        put(m, device, one, i + 1);
        put(m, "00000000", one, 1);
    }
    unsigned n = 0;
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(device, sizeof device, "%08x", i);
        n += get(m, device, one) != 0;
    }
    assert_in_range(n, 50, 200);
    assert_int_equal(1, get(m, "00000000", one));
    assert_int_equal(1000, get(m, "000003e7", one));
    assert_int_equal(0, get(m, "00000001", one));
    ima_memory_free(m);
}

static void
forgets_rather_than_grows_by_one_device(void **state)
{
    (void)state;
    struct ima_memory *m = NULL;
    assert_status(STATUS_OK, ima_memory_new(16, &m));
    put(m, "aa", one, 5);
    assert_int_equal(0, get(m, "aa", one));
    ima_memory_free(m);
}

/* What is given stays as long as it is held. */
static void
gives_what_outlives_its_place(void **state)
{
    (void)state;
    struct ima_memory *m = NULL;
    assert_status(STATUS_OK, ima_memory_new(IMA_MEMORY_SIZE, &m));
    put(m, "aa", one, 5);
    struct standing *s = ima_memory_get(m, "aa", one);
    put(m, "aa", two, 6);
    ima_memory_free(m);
    assert_int_equal(5, standing_find(s, &key)->n_judged);
    standing_unref(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_only_what_belongs_to_the_state),
        cmocka_unit_test(stays_within_its_size),
        cmocka_unit_test(forgets_rather_than_grows_by_one_device),
        cmocka_unit_test(gives_what_outlives_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
