/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/place.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

static const char text[] = "{\n"
                           "  \"a\": [1, {\"x\": \"}\\\"]\"},\n"
                           "        [2,\n"
                           "         3]],\n"
                           "  \"b\": {\"c\":\n"
                           "     true}\n"
                           "}\n";

static size_t
line(const struct place_step *steps, size_t n)
{
    return place_line(bytes_of_text(text), steps, n);
}

#define LINE(...)                                                                                  \
    line((const struct place_step[]){__VA_ARGS__},                                                 \
         sizeof((const struct place_step[]){__VA_ARGS__}) / sizeof(struct place_step))

static void
finds_the_line_of_a_path(void **state)
{
    (void)state;
    assert_int_equal(1, line(NULL, 0));
    assert_int_equal(2, LINE({"a", 0}));
    assert_int_equal(2, LINE({"a", 0}, {NULL, 1}, {"x", 0}));
    assert_int_equal(3, LINE({"a", 0}, {NULL, 2}));
    assert_int_equal(4, LINE({"a", 0}, {NULL, 2}, {NULL, 1}));
    assert_int_equal(5, LINE({"b", 0}));
    assert_int_equal(5, LINE({"b", 0}, {"c", 0}));
}

static void
gives_the_line_before_a_step_that_is_not_there(void **state)
{
    (void)state;
    assert_int_equal(1, LINE({"z", 0}));
    assert_int_equal(5, LINE({"b", 0}, {"z", 0}));
    assert_int_equal(5, LINE({"b", 0}, {NULL, 0}));
    assert_int_equal(2, LINE({"a", 0}, {NULL, 9}));
}

static void
path_is(const char *expected, const char *json, const char *at)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    place_path_at(bytes_of_text(json), (size_t)(strstr(json, at) - json), &path);
    assert_string_equal(expected, path.size > 0 ? buffer_text(&path) : "");
}

static void
finds_the_path_of_a_byte(void **state)
{
    (void)state;
    path_is("", text, "{");
    path_is("a[0]", text, "1,");
    path_is("a[1].x", text, "},");
    path_is("a[2][1]", text, "3]");
    path_is("b.c", text, "true");
}

static void
counts_depth_outside_of_strings(void **state)
{
    (void)state;
    assert_false(place_too_deep(bytes_of_text("[[\"[[[\"]]"), 2));
    assert_true(place_too_deep(bytes_of_text("[[{}]]"), 2));
    assert_false(place_too_deep(bytes_of_text("]]]["), 1));
}

/* Whatever the text, the answer is some line of it. */
static void
survives_any_prefix(void **state)
{
    (void)state;
    const struct place_step steps[] = {{"a", 0}, {NULL, 1}, {"x", 0}};
    for (size_t i = 0; i < strlen(text); i++) {
        CLEANUP(buffer_free) struct buffer path = {0};
        struct bytes cut = bytes_of(text, i);
        size_t at = place_line(cut, steps, 3);
        assert_true(at >= 1 && at <= 7);
        place_path_at(cut, i, &path);
    }
}

static void
escapes_and_cuts_keys(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer path = {0};
    place_append_step(&path, "a\nb", 0);
    place_append_step(&path, NULL, 12);
    place_append_step(&path, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0);
    assert_true(strlen(buffer_text(&path)) < 60);
    assert_non_null(strstr(buffer_text(&path), "a\\x0ab[12].aaa"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_line_of_a_path),
        cmocka_unit_test(gives_the_line_before_a_step_that_is_not_there),
        cmocka_unit_test(finds_the_path_of_a_byte),
        cmocka_unit_test(counts_depth_outside_of_strings),
        cmocka_unit_test(survives_any_prefix),
        cmocka_unit_test(escapes_and_cuts_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
