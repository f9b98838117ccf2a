/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/event_fields.h"
#include "tests/lib/test.h"

#include <string.h>

/* The fields of one event as a line. */
static void
check(uint32_t type, const char *hex, const struct event_meaning *m, const char *expected)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(event_fields_free) struct event_fields fields = {0};
    assert_status(STATUS_OK, text_parse_hex(hex, &data));
    const struct event e = {.type = type, .data = buffer_bytes(&data)};
    assert_status(STATUS_OK, event_fields_read(test_hasher, &e, m, &fields));
    event_fields_append_text(&fields, &text);
    assert_string_equal(expected, buffer_text(&text));
}

static void
a_field_is_bound_only_when_the_meaning_is(void **state)
{
    (void)state;
    struct event_meaning m = {.kind = EVENT_KIND_STRING, .text = bytes_of_text("hello")};
    check(EVENT_IPL, "68656c6c6f", &m, "text hello (claimed)");
    m.bound = true;
    check(EVENT_IPL, "68656c6c6f", &m, "text hello");
}

static void
only_the_value_of_a_boot_variable_is_bound(void **state)
{
    (void)state;
    static const uint8_t value[] = {1, 0, 0, 0};
    struct event_meaning m = {
        .kind = EVENT_KIND_VARIABLE,
        .bound = true,
        .quirk = EVENT_QUIRK_VARIABLE_VALUE,
        .variable = {.claimed_name = "BootOrder", .value = bytes_of(value, sizeof value)}};
    check(EVENT_EFI_VARIABLE_BOOT, "61dfe48bca93d211aa0d00e098032b8c", &m,
          "variable BootOrder (claimed), guid 8be4df61-93ca-11d2-aa0d-00e098032b8c (claimed), "
          "order (2)");
    m.quirk = EVENT_QUIRK_NONE;
    check(EVENT_EFI_VARIABLE_BOOT, "61dfe48bca93d211aa0d00e098032b8c", &m,
          "variable BootOrder, guid 8be4df61-93ca-11d2-aa0d-00e098032b8c, order (2)");
}

static void
a_flag_is_said_in_words(void **state)
{
    (void)state;
    struct event_meaning m = {
        .kind = EVENT_KIND_VARIABLE,
        .bound = true,
        .variable = {.claimed_name = "SecureBoot", .value = bytes_of("\x01", 1)}};
    static const char guid[] = "61dfe48bca93d211aa0d00e098032b8c";
    check(EVENT_EFI_VARIABLE_DRIVER_CONFIG, guid, &m,
          "variable SecureBoot, guid 8be4df61-93ca-11d2-aa0d-00e098032b8c, enabled yes");
    m.variable.value.size = 0;
    check(EVENT_EFI_VARIABLE_DRIVER_CONFIG, guid, &m,
          "variable SecureBoot, guid 8be4df61-93ca-11d2-aa0d-00e098032b8c, enabled no");
}

static void
names_that_a_list_is_malformed(void **state)
{
    (void)state;
    struct event_meaning m = {
        .kind = EVENT_KIND_VARIABLE,
        .bound = true,
        .variable = {.claimed_name = "db", .value = bytes_of("\x01\x02\x03", 3)}};
    check(EVENT_EFI_VARIABLE_DRIVER_CONFIG, "cbb219d73a3d9645a3bcdad00e67656f", &m,
          "variable db, guid d719b2cb-3d3a-4596-a3bc-dad00e67656f, malformed yes");
}

static void
what_describes_content_outside_the_log_is_claimed(void **state)
{
    (void)state;
    const struct event_meaning m = {.kind = EVENT_KIND_OTHER, .bound = true};
    check(0x80000008u, "000082000000000000000e0000000000", &m,
          "base 0x820000 (claimed), blob_size 917504 (claimed)");
}

static void
reads_blobs_tables_and_images(void **state)
{
    (void)state;
    const struct event_meaning m = {0};
    check(0x80000008u, "000082000000000000000e0000000000", &m,
          "base 0x820000 (claimed), blob_size 917504 (claimed)");
    check(0x8000000Au,
          "03504549"
          "000082000000000000000e0000000000",
          &m, "description PEI (claimed), base 0x820000 (claimed), blob_size 917504 (claimed)");
    check(EVENT_EFI_HANDOFF_TABLES,
          "0100000000000000"
          "312d9deb882dd3119a160090273fc14d"
          "0000000000000000",
          &m, "table (1) (claimed)");
    check(EVENT_EFI_BOOT_APPLICATION,
          "0000000000000000"
          "0010000000000000"
          "0000000000000000"
          "0a00000000000000"
          "010106000001"
          "7fff0400",
          &m, "path Pci(0x1,0x0) (claimed), image_size 4096 (claimed)");
}

/* Where the tables stand is covered only where that was hashed; what they say never is. */
static void
pointers_are_bound_by_the_quirk_only(void **state)
{
    (void)state;
    static const char pointers[] = "0100000000000000"
                                   "312d9deb882dd3119a160090273fc14d"
                                   "0000000000000000";
    struct event_meaning m = {.bound = true, .quirk = EVENT_QUIRK_HANDOFF_TABLES};
    check(EVENT_EFI_HANDOFF_TABLES, pointers, &m, "table (1)");
    m.quirk = EVENT_QUIRK_NONE;
    check(EVENT_EFI_HANDOFF_TABLES, pointers, &m, "table (1) (claimed)");
}

static void
a_version_with_a_structure_behind_it_is_told_apart(void **state)
{
    (void)state;
    const struct event_meaning m = {.kind = EVENT_KIND_STRING, .bound = true};
    check(EVENT_S_CRTM_VERSION, "523730000004000500", &m,
          "text R70, data_size 6, data 000004000500");
    check(EVENT_S_CRTM_VERSION, "52373000", &m, "text R70");
}

static void
data_without_its_types_form_is_shown_as_it_stands(void **state)
{
    (void)state;
    const struct event_meaning m = {0};
    check(0x80000008u, "0102", &m, "data_size 2 (claimed), data 0102 (claimed)");
    check(EVENT_EFI_GPT, "0102", &m, "data_size 2 (claimed), data 0102 (claimed)");
    check(EVENT_EFI_BOOT_APPLICATION, "0102", &m, "data_size 2 (claimed), data 0102 (claimed)");
    check(0x99u, "41420a", &m, "data_size 3 (claimed), data 41420a (claimed)");
    check(0x99u, "414243", &m, "text ABC (claimed)");
    check(0x99u, "", &m, "");
}

static void
reads_records_that_extend_nothing(void **state)
{
    (void)state;
    const struct event_meaning m = {0};
    check(EVENT_NO_ACTION,
          "537461727475704c6f63616c69747900"
          "03",
          &m, "signature StartupLocality (claimed), locality 3 (claimed)");
    check(EVENT_NO_ACTION,
          "53706563204944204576656e74303300"
          "00000000"
          "00020002"
          "01000000"
          "0b002000"
          "00",
          &m,
          "signature Spec ID Event03 (claimed), platform client (claimed), version 2.0 errata 0 "
          "(claimed), algorithm (1) (claimed)");
    check(EVENT_NO_ACTION, "00", &m, "data_size 1 (claimed), data 00 (claimed)");
}

static void
a_tag_is_bound_only_with_its_whole_structure(void **state)
{
    (void)state;
    struct event_meaning m = {.kind = EVENT_KIND_STRING,
                              .bound = true,
                              .quirk = EVENT_QUIRK_TAG_CONTENT,
                              .text = bytes_of_text("x")};
    check(EVENT_TAG, "ed223b8f0100000078", &m, "tag 0x8f3b22ed (claimed), text x");
    m.quirk = EVENT_QUIRK_NONE;
    check(EVENT_TAG, "ed223b8f0100000078", &m, "tag 0x8f3b22ed, text x");
    m.text = bytes_of("\x02\0\x02\0", 4); /* a structure of Windows, that looks like UTF-16 */
    m.utf16 = true;
    check(EVENT_TAG, "010001400600000002000200aabb", &m,
          "tag 0x40010001, data_size 6, data 02000200aabb");
}

static void
a_long_list_is_cut_and_counted(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer order = {0};
    CLEANUP(event_fields_free) struct event_fields fields = {0};
    for (unsigned i = 0; i < 2 * EVENT_FIELDS_MAX; i++)
        buffer_append_le16(&order, (uint16_t)i);
    const struct event e = {.type = EVENT_EFI_VARIABLE_BOOT};
    const struct event_meaning m = {
        .kind = EVENT_KIND_VARIABLE,
        .variable = {.claimed_name = "BootOrder", .value = buffer_bytes(&order)}};
    assert_status(STATUS_OK, event_fields_read(test_hasher, &e, &m, &fields));
    assert_int_equal(EVENT_FIELDS_MAX, fields.n_items);
    assert_int_equal(EVENT_FIELDS_MAX + 3, fields.n_dropped);
    const struct event_field *first = event_fields_find(&fields, "order");
    assert_non_null(first);
    assert_true(bytes_equal(bytes_of_text("Boot0000"), event_field_value(&fields, first)));
    assert_null(event_fields_find(&fields, "nothing"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_field_is_bound_only_when_the_meaning_is),
        cmocka_unit_test(only_the_value_of_a_boot_variable_is_bound),
        cmocka_unit_test(a_flag_is_said_in_words),
        cmocka_unit_test(names_that_a_list_is_malformed),
        cmocka_unit_test(what_describes_content_outside_the_log_is_claimed),
        cmocka_unit_test(reads_blobs_tables_and_images),
        cmocka_unit_test(pointers_are_bound_by_the_quirk_only),
        cmocka_unit_test(a_version_with_a_structure_behind_it_is_told_apart),
        cmocka_unit_test(data_without_its_types_form_is_shown_as_it_stands),
        cmocka_unit_test(reads_records_that_extend_nothing),
        cmocka_unit_test(a_tag_is_bound_only_with_its_whole_structure),
        cmocka_unit_test(a_long_list_is_cut_and_counted),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
