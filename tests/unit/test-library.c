/* SPDX-License-Identifier: Apache-2.0 */
#include "base/library.h"
#include "tests/lib/test.h"

#include <string.h>

#define LIBM "libm.so.6" /* of the C library, so always there */

struct calls {
    double (*floor)(double v);
    double (*ceil)(double v);
};

static const struct library_symbol symbols[] = {
    {"floor", offsetof(struct calls, floor)},
    {"ceil", offsetof(struct calls, ceil)},
};

static void
fills_the_table_with_the_functions(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct calls calls = {0};
        assert_status(STATUS_OK, library_load(LIBM, "libc6", symbols, 2, &calls, NULL));
        assert_true(calls.floor(1.5) < 1.25 && calls.ceil(1.5) > 1.75);
    }
}

static void
names_the_package_of_a_library_that_is_not_there(void **state)
{
    (void)state;
    struct calls calls = {0};
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND,
                  library_load("libabsent.so.1", "libabsent1", symbols, 2, &calls, &diag));
    assert_string_equal("libabsent.so.1", diag.clause);
    assert_non_null(strstr(diag.text, "install libabsent1"));
}

static void
refuses_a_library_without_one_of_the_functions(void **state)
{
    (void)state;
    const struct library_symbol wanted[] = {symbols[0], {"floor_of_tomorrow", 0}};
    struct calls calls = {0};
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND, library_load(LIBM, "libc6", wanted, 2, &calls, &diag));
    assert_non_null(strstr(diag.text, "floor_of_tomorrow"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_the_table_with_the_functions),
        cmocka_unit_test(names_the_package_of_a_library_that_is_not_there),
        cmocka_unit_test(refuses_a_library_without_one_of_the_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
