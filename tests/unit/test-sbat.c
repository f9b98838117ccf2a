/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "evidence/sbat.h"
#include "tests/lib/test.h"

static void
assert_generation(struct bytes text, const char *component, bool is_good, uint64_t expected)
{
    uint64_t found = 77;
    assert_int_equal(is_good, sbat_generation(text, component, &found));
    assert_int_equal(expected, found);
}

static void
reads_level_and_generations(void **state)
{
    (void)state;
    uint64_t level = 0;
    struct bytes text = bytes_of_text("sbat,1,2024010900\nshim,4\ngrub,3\ngrub.debian,5\n");
    assert_true(sbat_level(text, &level));
    assert_int_equal(2024010900, level);
    assert_generation(text, "shim", true, 4);
    assert_generation(text, "grub", true, 3);
    assert_generation(text, "grub.debian", true, 5);
    assert_generation(text, "kernel", true, 0);
    assert_generation(bytes_of("shim,4\n\0", 8), "grub", true, 0);
}

static void
refuses_a_level_that_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "shim,1,2024010900",
        "sbat,1",
        "sbat,1,",
        "sbat,,2024010900",
        "sbat,1,2024x",
        "sbat,1,202401090020240109002024010900",
        ",1,2024010900",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t level = 0;
        if (sbat_level(bytes_of_text(bad[i]), &level))
            fail_msg("\"%s\" is taken", bad[i]);
    }
}

/* A line that is none makes the whole text none: nothing after it is believed. */
static void
refuses_a_line_that_is_none(void **state)
{
    (void)state;
    static const struct row {
        const char *text;
        size_t size;
    } bad[] = {
        {"\nshim,4\n", 8},  {"shim\n", 5},
        {"shim,\n", 6},     {"shim,x\n", 7},
        {",4\n", 3},        {"\0\nshim,4\n", 9},
        {"shim,4\n\0x", 9}, {"a", 1},
        {"grub,3\nx", 8},   {"shim,184467440737095516160\n", 27},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_generation(bytes_of(bad[i].text, bad[i].size), "shim", false, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_level_and_generations),
        cmocka_unit_test(refuses_a_level_that_is_none),
        cmocka_unit_test(refuses_a_line_that_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
