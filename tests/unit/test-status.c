/* SPDX-License-Identifier: Apache-2.0 */
#include "base/status.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <string.h>

static void
returns_the_status_it_was_given(void **state)
{
    (void)state;
    struct diag diag = {0};
    assert_status(STATUS_LIMIT, diag_set(&diag, STATUS_LIMIT, "clause", 7, "%d events", 5));
    assert_string_equal("clause", diag.clause);
    assert_int_equal(7, diag.offset);
    assert_string_equal("5 events", diag.text);
}

static void
needs_no_diag(void **state)
{
    (void)state;
    assert_status(STATUS_IO, diag_set(NULL, STATUS_IO, "clause", 0, "text"));
}

static void
cuts_a_long_text_and_terminates_it(void **state)
{
    (void)state;
    struct diag diag;
    memset(&diag, 'x', sizeof diag);
    (void)diag_set(&diag, STATUS_IO, "clause", 0, "%0300d", 1);
    assert_int_equal(sizeof diag.text - 1, strlen(diag.text));
}

static void
names_every_status_differently(void **state)
{
    (void)state;
    for (int a = STATUS_OK; a <= STATUS_BUSY; a++) {
        assert_string_not_equal("unknown", status_name((enum status)a));
        for (int b = STATUS_OK; b < a; b++)
            assert_string_not_equal(status_name((enum status)a), status_name((enum status)b));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(returns_the_status_it_was_given),
        cmocka_unit_test(needs_no_diag),
        cmocka_unit_test(cuts_a_long_text_and_terminates_it),
        cmocka_unit_test(names_every_status_differently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
