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
    assert_false(argument_stands("\"\" ro", ""));
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

/* The kernel leaves what follows to the first program, systemd does not. */
static void
counts_nothing_behind_two_dashes(void **state)
{
    (void)state;
    assert_true(argument_counts("ro lockdown=integrity -- x", "lockdown=integrity"));
    assert_false(argument_counts("ro -- lockdown=integrity", "lockdown=integrity"));
    assert_false(argument_counts("ro \"--\" lockdown=integrity", "lockdown=integrity"));
    assert_true(argument_counts("ro --=x lockdown=integrity", "lockdown=integrity"));
    assert_true(argument_counts("ro -x -- a", "-x"));
    assert_true(argument_counts("ro __ lockdown=integrity", "lockdown=integrity"));
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
    assert_false(argument_line_is_plain("a=' init=/bin/sh"));
}

/* systemd takes quotes out wherever they stand, and older versions backslashes. */
static void
knows_a_line_that_systemd_may_cut_elsewhere(void **state)
{
    (void)state;
    static const char *const clear[] = {"",
                                        "ro",
                                        " a=b  c ",
                                        "a=\"b c\" d",
                                        "\"a=b c\" d",
                                        "\"a b\"",
                                        "initrd=\\\\EFI\\\\x a",
                                        "a=",
                                        "h=\xc3\xbc"};
    static const char *const unclear[] = {"a='b",
                                          "roothash'='x",
                                          "'a=b c'",
                                          "a=\"b",
                                          "root\"hash\"=x",
                                          "\"root\"hash",
                                          "a=b\"c\"",
                                          "a=\"b\"c\"",
                                          "\"a\"=\"b\"",
                                          "a=\"b\"c",
                                          "\"",
                                          "root\\\\hash=x",
                                          "a=b\\\\ roothash",
                                          "a=b\\x0droothash",
                                          "a\tb"};
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++)
        assert_true(argument_line_is_clear(clear[i]));
    for (size_t i = 0; i < sizeof unclear / sizeof unclear[0]; i++) {
        if (argument_line_is_clear(unclear[i]))
            fail_msg("%s", unclear[i]);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_an_argument_as_a_whole),
        cmocka_unit_test(takes_a_dash_in_a_name_for_an_underscore),
        cmocka_unit_test(cuts_at_blanks_outside_of_quotes),
        cmocka_unit_test(counts_nothing_behind_two_dashes),
        cmocka_unit_test(gives_every_value_of_a_name),
        cmocka_unit_test(knows_a_line_that_the_kernel_may_cut_elsewhere),
        cmocka_unit_test(knows_a_line_that_systemd_may_cut_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
