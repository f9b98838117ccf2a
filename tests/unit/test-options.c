/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/options.h"
#include "tests/lib/test.h"

#include <string.h>

static const struct option_spec specs[] = {
    {"help", NULL, "show this text", false},
    {"config", "FILE", "read FILE", false},
    {"set", "SECTION.KEY=VALUE", "override a value", true},
    {"check", NULL, "check the configuration and leave", false},
};

#define PARSE(out, diag, ...) parse((const char *[]){"program", __VA_ARGS__, NULL}, out, diag)

static enum status
parse(const char **words, struct options *out, struct diag *diag)
{
    char *argv[16];
    int argc = 0;
    for (; words[argc]; argc++)
        memcpy(&argv[argc], &words[argc], sizeof argv[argc]);
    return options_parse(argc, argv, specs, sizeof specs / sizeof specs[0], out, diag);
}

static void
takes_a_value_after_a_blank_or_an_equals_sign(void **state)
{
    (void)state;
    CLEANUP(options_free) struct options a = {0};
    CLEANUP(options_free) struct options b = {0};
    assert_status(STATUS_OK, PARSE(&a, NULL, "--config", "a.conf"));
    assert_string_equal("a.conf", options_get(&a, "config"));
    assert_status(STATUS_OK, PARSE(&b, NULL, "--config=--b=c"));
    assert_string_equal("--b=c", options_get(&b, "config"));
}

static void
keeps_flags_and_arguments_apart(void **state)
{
    (void)state;
    CLEANUP(options_free) struct options o = {0};
    assert_status(STATUS_OK, PARSE(&o, NULL, "show", "--check", "-", "--", "--config"));
    assert_string_equal("", options_get(&o, "check"));
    assert_null(options_get(&o, "config"));
    assert_int_equal(3, o.n_arguments);
    assert_string_equal("show", o.arguments[0]);
    assert_string_equal("-", o.arguments[1]);
    assert_string_equal("--config", o.arguments[2]);
}

static void
takes_an_option_many_times_where_the_table_says_so(void **state)
{
    (void)state;
    CLEANUP(options_free) struct options o = {0};
    assert_status(STATUS_OK, PARSE(&o, NULL, "--set", "a", "--check", "--set=b"));
    assert_string_equal("b", options_get(&o, "set"));
    assert_string_equal("a", options_get_nth(&o, "set", 0));
    assert_string_equal("b", options_get_nth(&o, "set", 1));
    assert_null(options_get_nth(&o, "set", 2));
}

static void
refuses_an_option_given_twice_where_it_does_not(void **state)
{
    (void)state;
    struct options o;
    struct diag diag = {0};
    assert_status(STATUS_INVALID, PARSE(&o, &diag, "--config=a", "--config=b"));
    assert_string_equal("--config given twice", diag.text);
    assert_status(STATUS_INVALID, PARSE(&o, &diag, "--check", "--check"));
}

static void
refuses_what_is_not_in_the_table(void **state)
{
    (void)state;
    static const char *const bad[] = {"--conf=a", "--configs=a", "-c",
                                      "-help",    "--Config=a",  "--=a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct options o;
        struct diag diag = {0};
        assert_status(STATUS_INVALID, PARSE(&o, &diag, bad[i]));
        assert_non_null(strstr(diag.text, bad[i]));
        assert_null(o.values);
    }
}

static void
refuses_a_missing_and_a_needless_value(void **state)
{
    (void)state;
    struct options o;
    struct diag diag = {0};
    assert_status(STATUS_INVALID, PARSE(&o, &diag, "--config"));
    assert_string_equal("--config needs FILE", diag.text);
    assert_status(STATUS_INVALID, PARSE(&o, &diag, "--check=yes"));
    assert_string_equal("--check takes no value", diag.text);
}

static void
takes_h_for_help_where_the_table_has_it(void **state)
{
    (void)state;
    CLEANUP(options_free) struct options o = {0};
    assert_status(STATUS_OK, PARSE(&o, NULL, "-h"));
    assert_non_null(options_get(&o, "help"));
    char program[] = "program";
    char h[] = "-h";
    char *argv[] = {program, h};
    struct options none;
    assert_status(STATUS_INVALID, options_parse(2, argv, specs + 1, 3, &none, NULL));
}

static void
accepts_no_arguments_at_all(void **state)
{
    (void)state;
    CLEANUP(options_free) struct options o = {0};
    char *argv[] = {NULL};
    assert_status(STATUS_OK, options_parse(0, argv, specs, 4, &o, NULL));
    assert_int_equal(0, o.n_arguments);
}

static void
prints_the_help_of_a_long_option_on_its_own_line(void **state)
{
    (void)state;
    static const struct option_spec wide[] = {
        {"abcdefghijklmnopqrstuv", NULL, "fits", false},
        {"abcdefghijklmnopqrstuvw", NULL, "does not", false},
    };
    CLEANUP(free_charp) char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    options_print_help(out, wide, 2);
    assert_int_equal(0, fclose(out));
    assert_string_equal("  --abcdefghijklmnopqrstuv  fits\n"
                        "  --abcdefghijklmnopqrstuvw\n"
                        "                            does not\n",
                        text);
}

static void
prints_a_line_for_each_option(void **state)
{
    (void)state;
    CLEANUP(free_charp) char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    options_print_help(out, specs, 3);
    assert_int_equal(0, fclose(out));
    assert_string_equal("  -h, --help                show this text\n"
                        "  --config FILE             read FILE\n"
                        "  --set SECTION.KEY=VALUE   override a value\n",
                        text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_value_after_a_blank_or_an_equals_sign),
        cmocka_unit_test(keeps_flags_and_arguments_apart),
        cmocka_unit_test(takes_an_option_many_times_where_the_table_says_so),
        cmocka_unit_test(refuses_an_option_given_twice_where_it_does_not),
        cmocka_unit_test(refuses_what_is_not_in_the_table),
        cmocka_unit_test(refuses_a_missing_and_a_needless_value),
        cmocka_unit_test(takes_h_for_help_where_the_table_has_it),
        cmocka_unit_test(accepts_no_arguments_at_all),
        cmocka_unit_test(prints_the_help_of_a_long_option_on_its_own_line),
        cmocka_unit_test(prints_a_line_for_each_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
