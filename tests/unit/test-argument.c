/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/argument.h"
#include "tests/lib/test.h"

static void
finds_an_argument_as_a_whole(void **state)
{
    (void)state;
    assert_true(argument_stands("root=/dev/sda1 ro quiet", "ro"));
    assert_true(argument_stands("root=/dev/sda1 ro quiet", "root=/dev/sda1"));
    assert_true(argument_stands("root=/dev/sda1 ro quiet", "root="));
    assert_false(argument_stands("root=/dev/sda1 ro quiet", "root"));
    assert_false(argument_stands("root=/dev/sda1 ro quiet", "root=/dev/sda"));
    assert_false(argument_stands("rootwait", "root"));
    assert_false(argument_stands("ro=1", "ro"));
    assert_false(argument_stands("", "ro"));
    assert_false(argument_stands("ro", ""));
}

static void
takes_a_dash_in_a_name_for_an_underscore(void **state)
{
    (void)state;
    assert_true(argument_stands("log-buf_len=1M", "log_buf-len="));
    assert_false(argument_stands("a=x-y", "a=x_y"));
}

static void
cuts_at_blanks_outside_of_quotes(void **state)
{
    (void)state;
    assert_true(argument_stands("a=\"b c\" init=/bin/sh", "init="));
    assert_false(argument_stands("a=\"b init=/bin/sh\"", "init="));
    assert_true(argument_stands("\"init=/bin/sh\"", "init="));
    assert_true(argument_stands("\"init=/bin/sh -c x\"", "init="));
    assert_true(argument_stands("init=\"/bin/sh\"", "init=/bin/sh"));
    assert_true(argument_stands("ro -- init=/bin/sh", "init="));
    assert_true(argument_stands("  ro\tquiet", "quiet"));
}

static void
gives_every_value_of_a_name(void **state)
{
    (void)state;
    static const char line[] = "roothash=aa x roothash=\"bb\" roothash root=c";
    struct bytes value;
    assert_true(argument_value(line, "roothash", 0, &value));
    assert_true(bytes_equal(bytes_of_text("aa"), value));
    assert_true(argument_value(line, "roothash", 1, &value));
    assert_true(bytes_equal(bytes_of_text("bb"), value));
    assert_false(argument_value(line, "roothash", 2, &value));
}

static void
knows_a_line_that_the_kernel_may_cut_elsewhere(void **state)
{
    (void)state;
    assert_true(argument_line_is_plain("root=/dev/sda1 a=\\\\b"));
    assert_false(argument_line_is_plain("quiet\\x0binit=/bin/sh"));
    assert_false(argument_line_is_plain("quiet\xc2\xa0init=/bin/sh"));
    assert_false(argument_line_is_plain("a\tb"));
    assert_false(argument_line_is_plain("a\\"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_an_argument_as_a_whole),
        cmocka_unit_test(takes_a_dash_in_a_name_for_an_underscore),
        cmocka_unit_test(cuts_at_blanks_outside_of_quotes),
        cmocka_unit_test(gives_every_value_of_a_name),
        cmocka_unit_test(knows_a_line_that_the_kernel_may_cut_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
