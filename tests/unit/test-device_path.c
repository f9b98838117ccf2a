/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/device_path.h"
#include "tests/lib/test.h"

#include <string.h>

static void
check(const char *hex, const char *expected)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, text_parse_hex(hex, &path));
    assert_status(STATUS_OK, device_path_append(buffer_bytes(&path), &text));
    assert_string_equal(expected, buffer_text(&text));
}

static void
names_the_nodes_of_a_disk(void **state)
{
    (void)state;
    check("02010c00d041030a00000000"
          "010106000001"
          "03120a000100ffff0000"
          "04012a0001000000000800000000000000f0030000000000"
          "520a1f6b3c9a5e4a8f271c3a5d7e9b020202"
          "040410005c004500460049000000"
          "0000"
          "7fff0400",
          "PciRoot(0x0)/Pci(0x1,0x0)/Sata(0x1,0xffff,0x0)/"
          "HD(1,GPT,6b1f0a52-9a3c-4a5e-8f27-1c3a5d7e9b02,0x800,0x3f000)/\\EFI");
}

static void
names_other_nodes(void **state)
{
    (void)state;
    check("0317100001000000"
          "0025385b71b12345",
          "NVMe(0x1,0025385b71b12345)");
    check("030506000102", "USB(0x1,0x2)");
    check("031808006874"
          "7470",
          "Uri(http)");
    check("0407140021aa2c4614760345836e8ab6f4662331", "Fv(462caa21-7614-4503-836e-8ab6f4662331)");
    check("02010c00d041010a01000000", "Acpi(0x0a0141d0,0x1)");
}

static void
shows_what_it_does_not_know_by_number(void **state)
{
    (void)state;
    check("05ff0600abcd", "Path(5,255,abcd)");
    check("0101050001", "Path(1,1,01)"); /* a known node that is too short */
    check("01010700010203", "Path(1,1,010203)");
}

static void
ends_where_it_is_malformed(void **state)
{
    (void)state;
    check("", "");
    check("7fff0400", "");
    check("0101", "?");
    check("010103000001", "?"); /* shorter than its own header */
    check("0101ff000001", "?");
    check("010106000001"
          "01",
          "Pci(0x1,0x0)/?");
}

static void
escapes_what_a_terminal_would_obey(void **state)
{
    (void)state;
    check("04040c001b005b0041000000", "\\x1b[A");
    check("031808001b0a41"
          "7f",
          "Uri(\\x1b\\x0aA\\x7f)");
}

static void
cuts_a_path_of_too_many_nodes(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer path = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    static const uint8_t node[] = {1, 1, 6, 0, 0, 1};
    for (size_t i = 0; i < 4 * DEVICE_PATH_NODES; i++)
        buffer_append(&path, bytes_of(node, sizeof node));
    assert_status(STATUS_OK, device_path_append(buffer_bytes(&path), &text));
    const char *shown = buffer_text(&text);
    assert_true(text.size < 20 * DEVICE_PATH_NODES);
    assert_string_equal("/...", shown + text.size - 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_nodes_of_a_disk),
        cmocka_unit_test(names_other_nodes),
        cmocka_unit_test(shows_what_it_does_not_know_by_number),
        cmocka_unit_test(ends_where_it_is_malformed),
        cmocka_unit_test(escapes_what_a_terminal_would_obey),
        cmocka_unit_test(cuts_a_path_of_too_many_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
