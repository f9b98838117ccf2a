/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/template.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "tests/lib/test.h"

#include <string.h>

#define UUID "4ddf53e6-0a1b-4c2d-8e3f-001122aabbcc"

static bool
fits(const char *template, const char *text)
{
    CLEANUP(arena_free) struct arena arena = {0};
    struct template *t = NULL;
    struct diag diag = {0};
    if (template_parse(&arena, template, &t, &diag) != STATUS_OK)
        fail_msg("%s: %s", template, diag.text);
    bool matches = false;
    assert_status(STATUS_OK, template_match(t, bytes_of_text(text), &matches));
    assert_string_equal(template, template_text(t));
    return matches;
}

static void
matches_the_whole_text_only(void **state)
{
    (void)state;
    assert_true(fits("ro quiet", "ro quiet"));
    assert_false(fits("ro quiet", "ro quiet "));
    assert_false(fits("ro quiet", " ro quiet"));
    assert_false(fits("ro quiet", "ro quie"));
    assert_false(fits("ro quiet", ""));
    assert_false(fits("ro", "RO"));
}

static void
takes_each_hole_for_its_class(void **state)
{
    (void)state;
    assert_true(fits("root=UUID={uuid} ro", "root=UUID=" UUID " ro"));
    assert_false(fits("root=UUID={uuid} ro", "root=UUID=" UUID "0 ro"));
    assert_false(fits("{uuid}", "4ddf53e6-0a1b-4c2d-8e3f-001122aabbc"));
    assert_false(fits("{uuid}", "4ddf53e6x0a1b-4c2d-8e3f-001122aabbcc"));
    assert_true(fits("{hex}", "09afAF"));
    assert_false(fits("{hex}", "0g"));
    assert_true(fits("mem={int}M", "mem=1024M"));
    assert_false(fits("mem={int}M", "mem=M"));
    assert_false(fits("mem={int}M", "mem=-1M"));
    assert_true(fits("host={name}", "host=gw-17.site_a"));
    assert_false(fits("host={name}", "host=gw/17"));
    assert_true(fits("{path} ro", "/boot/vmlinuz-6.1.0~rc1+deb12@x:y%z ro"));
    assert_true(fits("a={any}", "a=!#$()*,;<=>?[]^`{|}&"));
}

static void
takes_one_of_several_texts(void **state)
{
    (void)state;
    assert_true(fits("root=PARTLABEL={a|b} ro", "root=PARTLABEL=a ro"));
    assert_true(fits("root=PARTLABEL={a|b} ro", "root=PARTLABEL=b ro"));
    assert_false(fits("root=PARTLABEL={a|b} ro", "root=PARTLABEL=ab ro"));
    assert_false(fits("root=PARTLABEL={a|b} ro", "root=PARTLABEL= ro"));
    assert_true(fits("ro{| quiet}", "ro"));
    assert_true(fits("ro{| quiet}", "ro quiet"));
    assert_true(fits("{a|b|c}-{1|2}-{int}", "c-2-17"));
    assert_false(fits("{a|b|c}-{1|2}-{int}", "c-3-17"));
    assert_true(fits("{{a|b}", "{a|b}"));
    assert_true(fits("{{{a|b}", "{b"));
    assert_false(fits("{{{a|b}", "{a|b}"));
    assert_true(fits("a|b", "a|b"));
}

static void
gives_every_literal_text(void **state)
{
    (void)state;
    CLEANUP(arena_free) struct arena arena = {0};
    struct template *t = NULL;
    bool a = false;
    bool b = false;
    assert_status(STATUS_OK, template_parse(&arena, "x{a|b}", &t, NULL));
    for (size_t i = 0; i < 2; i++) {
        a = a || strcmp("xa", template_literal(t, i)) == 0;
        b = b || strcmp("xb", template_literal(t, i)) == 0;
    }
    assert_true(a && b);
    assert_null(template_literal(t, 2));
    assert_status(STATUS_OK, template_parse(&arena, "{int}{a|b}", &t, NULL));
    assert_null(template_literal(t, 0));
}

static void
lets_no_hole_begin_or_swallow_an_argument(void **state)
{
    (void)state;
    assert_false(fits("root={any} ro", "root=/dev/sda init=/bin/sh ro"));
    assert_false(fits("root={path} ro", "root=/dev/sda init=/bin/sh ro"));
    assert_false(fits("a={any}", "a=b\tc"));
    assert_false(fits("a={any} lockdown=integrity", "a=\"x lockdown=integrity"));
    assert_false(fits("a={path} ro", "a=\"x ro"));
    assert_false(fits("a={any} rd.luks=0", "a=' rd.luks=0"));
    assert_false(fits("a={any}", "a=b\\x09init=/bin/sh"));
    assert_false(fits("a={any}", "a=\x7f"));
    assert_false(fits("a={any}", "a=\xc3\xa9"));
}

static void
tries_every_way_to_fill_the_holes(void **state)
{
    (void)state;
    assert_true(fits("{any}-{int}", "a-b-17-18"));
    assert_true(fits("{any}{{{int}", "x{y{5"));
    assert_true(fits("{name}.{name}.{hex}", "a.b.c.d.e"));
    assert_false(fits("{name}.{name}.{hex}", "a.b.c.d.x"));
    assert_true(
        fits("{any}a{any}a{any}a{any}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void
takes_a_doubled_brace_for_one(void **state)
{
    (void)state;
    assert_true(fits("a={{x}", "a={x}"));
    assert_false(fits("a={{x}", "a={{x}"));
    assert_true(fits("a={{{int}}", "a={7}"));
    CLEANUP(buffer_free) struct buffer literal = {0};
    template_append_literal(&literal, "a={uuid} {{b");
    assert_string_equal("a={{uuid} {{{{b", buffer_text(&literal));
    assert_true(fits(buffer_text(&literal), "a={uuid} {{b"));
}

static void
refuses(const char *text, enum status expected, const char *says)
{
    CLEANUP(arena_free) struct arena arena = {0};
    struct template *t = NULL;
    struct diag diag = {0};
    assert_status(expected, template_parse(&arena, text, &t, &diag));
    assert_null(t);
    assert_non_null(strstr(diag.text, says));
}

static void
refuses_what_it_does_not_know(void **state)
{
    (void)state;
    refuses("a={ip}", STATUS_INVALID, "no such hole at byte 2");
    refuses("a={uuid", STATUS_INVALID, "no such hole at byte 2");
    refuses("a={", STATUS_INVALID, "no such hole at byte 2");
    refuses("a={UUID}", STATUS_INVALID, "no such hole");
    refuses("{any}{int}", STATUS_INVALID, "two holes touch at byte 5");
    refuses("a\tb", STATUS_INVALID, "control characters");
}

static void
bounds_template_and_text(void **state)
{
    (void)state;
    char text[LIMIT_TEMPLATE + 2];
    memset(text, 'a', sizeof text);
    text[LIMIT_TEMPLATE + 1] = '\0';
    refuses(text, STATUS_LIMIT, "longer than");
    assert_false(fits("{any}", text));
    text[LIMIT_TEMPLATE] = '\0';
    assert_true(fits("{any}", text));
    assert_true(fits(text, text));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches_the_whole_text_only),
        cmocka_unit_test(takes_each_hole_for_its_class),
        cmocka_unit_test(takes_one_of_several_texts),
        cmocka_unit_test(gives_every_literal_text),
        cmocka_unit_test(lets_no_hole_begin_or_swallow_an_argument),
        cmocka_unit_test(tries_every_way_to_fill_the_holes),
        cmocka_unit_test(takes_a_doubled_brace_for_one),
        cmocka_unit_test(refuses_what_it_does_not_know),
        cmocka_unit_test(bounds_template_and_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
