/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/advisory_json.h"
#include "tests/lib/test.h"

#include <string.h>

#define STM  0x53544D20u
#define IFX  0x49465800u
#define INTC 0x494E5443u
#define NTC  0x4E544300u

static const char two_rows[] =
    "{\"advisories\":["
    "{\"id\":\"CVE-A\",\"manufacturer\":\"STM\",\"text\":\"slow\",\"source\":\"https://"
    "a\",\"firmware\":["
    "{\"from\":\"0047000000000000\",\"below\":\"0047001000000000\"},"
    "{\"from\":\"004a000000000000\",\"below\":\"004a001400000000\"}]},"
    "{\"id\":\"CVE-B\",\"manufacturer\":\"INTC\",\"model\":\"Intel\",\"firmware\":["
    "{\"from\":\"0000000000000000\",\"below\":\"0000000000000002\"}]}]}";

static void
load(const char *text, struct advisories *list)
{
    struct diag diag = {0};
    if (advisory_json_parse(bytes_of_text(text), list, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
}

static bool
is_named(const struct advisories *list, uint32_t manufacturer, const char *model, uint64_t version)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct advisory_query query = {
        .manufacturer = manufacturer, .model = model, .firmware_version = version};
    bool good = advisories_check(list, &query, &reasons);
    assert_int_equal(good, reasons.n_items == 0);
    if (!good)
        assert_int_equal(reasons.items[0].code, REASON_EK_ADVISORY);
    return !good;
}

static void
names_firmware_inside_a_range_only(void **state)
{
    (void)state;
    CLEANUP(advisories_free) struct advisories list = {0};
    load(two_rows, &list);
    assert_int_equal(list.n_items, 3);
    assert_true(is_named(&list, STM, "", UINT64_C(0x0047000000000000)));
    assert_true(is_named(&list, STM, "", UINT64_C(0x0047000fffffffff)));
    assert_false(is_named(&list, STM, "", UINT64_C(0x0047001000000000)));
    assert_false(is_named(&list, STM, "", UINT64_C(0x0046ffffffffffff)));
    assert_true(is_named(&list, STM, NULL, UINT64_C(0x004a000800000000)));
    assert_false(is_named(&list, 0x49465800, "", UINT64_C(0x0047000000000000)));
}

/* "STM" in the file, "STM " in the property. */
static void
takes_blank_and_nul_for_the_same_end(void **state)
{
    (void)state;
    CLEANUP(advisories_free) struct advisories list = {0};
    load(two_rows, &list);
    assert_true(is_named(&list, 0x53544D00, "", UINT64_C(0x0047000000000000)));
    assert_true(is_named(&list, 0x53544D20, "", UINT64_C(0x0047000000000000)));
}

static void
asks_for_the_model_where_a_row_has_one(void **state)
{
    (void)state;
    CLEANUP(advisories_free) struct advisories list = {0};
    load(two_rows, &list);
    assert_true(is_named(&list, 0x494E5443, "Intel PTT", 1));
    assert_false(is_named(&list, 0x494E5443, "other", 1));
    assert_false(is_named(&list, 0x494E5443, NULL, 1));
}

static void
says_device_advisory_of_a_quoted_version(void **state)
{
    (void)state;
    CLEANUP(advisories_free) struct advisories list = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    load(two_rows, &list);
    struct advisory_query query = {
        .manufacturer = STM, .firmware_version = UINT64_C(0x0047000000000000), .quoted = true};
    assert_false(advisories_check(&list, &query, &reasons));
    assert_int_equal(reasons.items[0].code, REASON_DEVICE_ADVISORY);
    assert_true(reasons.items[0].bound);
    assert_string_equal(reasons.items[0].what, "CVE-A");
    assert_string_equal(reasons.items[0].found, "0047000000000000");
}

static void
refuses_a_row_that_it_does_not_understand(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{\"advisories\":{}}",
        "{\"advisories\":[],\"x\":1}",
        "{\"advisories\":[{\"manufacturer\":\"STM\",\"firmware\":[]}]}",
        "{\"advisories\":[{\"id\":\"A\",\"manufacturer\":\"STM\",\"firmware\":[]}]}",
        "{\"advisories\":[{\"id\":\"A\",\"manufacturer\":\"STMMM\",\"firmware\":[{\"from\":"
        "\"0000000000000000\",\"below\":\"0000000000000001\"}]}]}",
        "{\"advisories\":[{\"id\":\"A\",\"manufacturer\":\"STM\",\"firmware\":[{\"from\":"
        "\"0000000000000001\",\"below\":\"0000000000000001\"}]}]}",
        "{\"advisories\":[{\"id\":\"A\",\"manufacturer\":\"STM\",\"firmware\":[{\"from\":"
        "\"1\",\"below\":\"0000000000000001\"}]}]}",
        "{\"advisories\":[{\"id\":\"A\",\"manufacturer\":\"STM\",\"source\":1,\"firmware\":[{"
        "\"from\":\"0000000000000000\",\"below\":\"0000000000000001\"}]}]}",
        "{\"advisories\":[{\"id\":\"A\",\"manufacturer\":\"STM\",\"unless\":1,\"firmware\":[{"
        "\"from\":\"0000000000000000\",\"below\":\"0000000000000001\"}]}]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(advisories_free) struct advisories list = {0};
        struct diag diag = {0};
        assert_status(STATUS_INVALID, advisory_json_parse(bytes_of_text(bad[i]), &list, &diag));
    }
}

static size_t
count(const char *text, const char *word)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        n++;
    return n;
}

static void
ships_a_source_for_every_advisory(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    test_source("daemon/advisories.json", &text);
    assert_int_equal(count(buffer_text(&text), "\"id\": \""),
                     count(buffer_text(&text), "\"source\": \"https://"));
    assert_true(count(buffer_text(&text), "\"id\": \"") >= 6);
}

static void
ships_a_file_that_it_reads(void **state)
{
    (void)state;
    CLEANUP(advisories_free) struct advisories list = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    test_source("daemon/advisories.json", &text);
    load(buffer_text(&text), &list);
    assert_true(list.n_items > 0);
    /* ST33TPHF2ESPI, firmware 71.12: CVE-2019-16863; mended in 71.16. */
    assert_true(is_named(&list, STM, "", UINT64_C(0x0047000c00000000)));
    assert_false(is_named(&list, STM, "", UINT64_C(0x0047001000000000)));
    /* Each row's last bad firmware, and the first that is mended. */
    static const struct {
        uint32_t manufacturer;
        uint64_t bad, good;
    } rows[] = {
        {IFX, UINT64_C(0x0005003D00000000), UINT64_C(0x0005003E00000000)}, /* CVE-2017-15361 */
        {IFX, UINT64_C(0x0007003D00100A00), UINT64_C(0x0007003E00000000)},
        {IFX, UINT64_C(0x000F001500000000), UINT64_C(0x000F001700000000)}, /* CVE-2025-2884 */
        {NTC, UINT64_C(0x0007000200040000), UINT64_C(0x0007000200040001)},
        {NTC, UINT64_C(0x0001000300000001), UINT64_C(0x0001000300020014)}, /* CVE-2023-1017 */
        {NTC, UINT64_C(0x0001000300020008), UINT64_C(0x0001000300020014)},
        {INTC, UINT64_C(0x000B000800320D62), UINT64_C(0x000B000800460000)}, /* CVE-2019-11090 */
        {INTC, UINT64_C(0x000C000000230000), UINT64_C(0x000C0000002D0000)},
        {INTC, UINT64_C(0x000D000000000000), UINT64_C(0x01F4000E00000000)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_true(is_named(&list, rows[i].manufacturer, "", rows[i].bad));
        assert_false(is_named(&list, rows[i].manufacturer, "", rows[i].good));
    }
}

static void
refuses_a_row_without_a_name_or_above_the_limit(void **state)
{
    (void)state;
    CLEANUP(advisories_free) struct advisories list = {0};
    struct advisory row = {.id = "", .manufacturer = 1, .from = 0, .below = 1};
    assert_status(STATUS_INVALID, advisories_add(&list, &row));
    row.id[0] = 'A';
    for (size_t i = 0; i < ADVISORIES_MAX; i++)
        assert_status(STATUS_OK, advisories_add(&list, &row));
    assert_status(STATUS_LIMIT, advisories_add(&list, &row));
    assert_int_equal(ADVISORIES_MAX, list.n_items);
}

static void
takes_one_to_four_printable_characters_for_a_manufacturer(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "STMMM", "A\x01", "\xc3\xa9", "A\x7f"};
    uint32_t id = 0;
    assert_true(advisory_manufacturer_parse("IFX", &id));
    assert_int_equal(0x49465800, id);
    assert_false(advisory_manufacturer_parse(NULL, &id));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(advisory_manufacturer_parse(bad[i], &id));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_firmware_inside_a_range_only),
        cmocka_unit_test(takes_blank_and_nul_for_the_same_end),
        cmocka_unit_test(asks_for_the_model_where_a_row_has_one),
        cmocka_unit_test(says_device_advisory_of_a_quoted_version),
        cmocka_unit_test(refuses_a_row_that_it_does_not_understand),
        cmocka_unit_test(ships_a_file_that_it_reads),
        cmocka_unit_test(ships_a_source_for_every_advisory),
        cmocka_unit_test(refuses_a_row_without_a_name_or_above_the_limit),
        cmocka_unit_test(takes_one_to_four_printable_characters_for_a_manufacturer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
