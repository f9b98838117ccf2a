/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/cel.h"
#include "evidence/eventlog.h"
#include "evidence/userspace.h"
#include "tests/lib/test.h"

#define TLV8 "000000000800000000000000000100000004"
#define TLV1 "0000000001000200000004"

static void
assert_encoding(enum cel_encoding expected, const char *hex)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    assert_status(STATUS_OK, text_parse_hex(hex, &in));
    if (cel_encoding_of(buffer_bytes(&in)) != expected)
        fail_msg("%s is taken for another encoding than %u", hex, expected);
}

static void
knows_an_encoding_by_its_beginning(void **state)
{
    (void)state;
    assert_encoding(CEL_TLV, TLV8);
    assert_encoding(CEL_TLV, TLV1);
    assert_encoding(CEL_CBOR, "81a4");
    assert_encoding(CEL_CBOR, "9fa4");
    assert_encoding(CEL_CBOR, "9818a4");
    assert_encoding(CEL_CBOR, "99ffffbf");
    assert_encoding(CEL_JSON, "1e7b22");
    assert_encoding(CEL_JSON, "5b0a207b");
    assert_encoding(CEL_JSON, "5b5d");
}

static void
takes_nothing_else_for_one(void **state)
{
    (void)state;
    static const char *const none[] = {
        "",
        "00",
        "00000000080000000000000000",                         /* cut */
        "000000000800000001020304050607080910111213141516ff", /* a SHA-1 log: PCR 0, type 8 */
        "0000000009000000000000000000010000000400",
        "0000000000010000000400",
        "0000000001000300000004",
        "0100000001000200000004",
        "a1a4",
        "61a4",
        "0000000001000100000005",
        "0000000001000100000000",
        "81",
        "8101",
        "9ca4",
        "98a4",
        "a4",
        "1e",
        "7b",
        "5b20",
        "5b00",
        "1e1e7b22",
    };
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
        assert_encoding(CEL_NONE, none[i]);
}

static void
assert_log_unsupported(const char *hex, const char *found)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, text_parse_hex(hex, &in));
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&in), &log, &reasons));
    assert_null(log);
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(REASON_LOG_UNSUPPORTED, reasons.items[0].code);
    assert_string_equal(found, reasons.items[0].found);
}

static void
assert_userspace_refused(const char *hex, enum reason_code code)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(userspace_freep) struct userspace *u = NULL;
    assert_status(STATUS_OK, text_parse_hex(hex, &in));
    assert_status(STATUS_OK, userspace_parse(buffer_bytes(&in), &u, &reasons));
    assert_null(u);
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(code, reasons.items[0].code);
}

static void
a_log_in_another_encoding_is_unsupported_not_malformed(void **state)
{
    (void)state;
    assert_log_unsupported(TLV8, "CEL in TLV form");
    assert_log_unsupported("81a4", "CEL in CBOR form");
    assert_log_unsupported("1e7b22", "CEL in JSON form: a userspace log");
    assert_userspace_refused(TLV8, REASON_LOG_UNSUPPORTED);
    assert_userspace_refused("81a4", REASON_LOG_UNSUPPORTED);
    assert_userspace_refused("7b22", REASON_LOG_MALFORMED);
    assert_userspace_refused("0102", REASON_LOG_MALFORMED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_an_encoding_by_its_beginning),
        cmocka_unit_test(takes_nothing_else_for_one),
        cmocka_unit_test(a_log_in_another_encoding_is_unsupported_not_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
