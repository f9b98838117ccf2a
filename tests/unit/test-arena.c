/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/arena.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

static void
gives_zeroed_pieces_that_do_not_overlap(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena a = {0};
    static const size_t sizes[] = {1, 0, 17, 5000, 3};
    uint8_t *pieces[5];
    for (size_t i = 0; i < 5; i++) {
        pieces[i] = arena_alloc(&a, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal(0, (uintptr_t)pieces[i] % _Alignof(max_align_t));
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(0, pieces[i][k]);
        memset(pieces[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(i + 1, pieces[i][k]);
    }
}

/* A size that wraps around would give a small piece for a large one. */
static void
gives_nothing_for_a_size_that_wraps_around(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena a = {0};
    assert_non_null(arena_alloc(&a, 1));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc_array(&a, SIZE_MAX / 16 + 2, 16));
    assert_non_null(arena_alloc_array(&a, SIZE_MAX, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_pieces_that_do_not_overlap),
        cmocka_unit_test(gives_nothing_for_a_size_that_wraps_around),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
