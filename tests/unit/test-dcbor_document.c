/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/dcbor.h"
#include "tests/lib/test.h"

#define CLAUSE "RFC 8949"

static void
from_hex(const char *hex, struct buffer *out)
{
    assert_status(STATUS_OK, text_parse_hex(hex, out));
}

static enum status
skip_status(const char *hex)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex(hex, &in);
    struct dcbor r = dcbor_of_document(buffer_bytes(&in));
    struct bytes all = dcbor_skip(&r);
    enum status s = dcbor_end(&r, CLAUSE, NULL);
    if (s == STATUS_OK)
        assert_int_equal(in.size, all.size);
    return s;
}

static void
reads_tags_numbers_and_keys_of_documents(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex("d2d901f5a4187bd9022a41012002010c62616203", &in);
    struct dcbor r = dcbor_of_document(buffer_bytes(&in));
    assert_int_equal(18, dcbor_tag(&r));
    assert_int_equal(501, dcbor_tag(&r));
    assert_int_equal(4, dcbor_map(&r));
    assert_int_equal(123, dcbor_label(&r).number);
    assert_int_equal(DCBOR_TAG, dcbor_peek(&r));
    assert_hex("d9022a4101", dcbor_skip(&r));
    assert_int_equal(-1, dcbor_label(&r).number);
    assert_int_equal(2, dcbor_int(&r));
    assert_int_equal(1, dcbor_label(&r).number);
    assert_int_equal(12, dcbor_int(&r));
    struct dcbor_label label = dcbor_label(&r);
    assert_true(label.is_text);
    assert_hex("6162", label.text);
    assert_int_equal(3, dcbor_int(&r));
    assert_status(STATUS_OK, dcbor_end(&r, CLAUSE, NULL));
}

static void
takes_small_keys_in_any_order_and_none_twice(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum status expected;
    } rows[] = {
        {"a2010000f6", STATUS_OK},
        {"a201000100", STATUS_MALFORMED},
        {"a2183f00000000", STATUS_MALFORMED}, /* trailing */
        {"a2183f000000", STATUS_OK},
        {"a220002100", STATUS_OK},
        {"a220002000", STATUS_MALFORMED},
        {"a2210020f6", STATUS_MALFORMED},
        {"a261610061620a", STATUS_OK},
        {"a2616100616100", STATUS_MALFORMED},
        {"a2616100010a", STATUS_OK},
        {"a141000a", STATUS_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer in = {0};
        from_hex(rows[i].hex, &in);
        struct dcbor r = dcbor_of_document(buffer_bytes(&in));
        size_t n = dcbor_map(&r);
        for (size_t k = 0; k < n && !r.failed; k++) {
            (void)dcbor_label(&r);
            (void)dcbor_skip(&r);
        }
        assert_status(rows[i].expected, dcbor_end(&r, CLAUSE, NULL));
    }
}

static void
passes_over_whole_items_only(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum status expected;
    } rows[] = {
        {"00", STATUS_OK},
        {"f97e00", STATUS_OK},
        {"f7", STATUS_OK},
        {"82c100a10203", STATUS_OK},
        {"8080", STATUS_MALFORMED},
        {"d2", STATUS_MALFORMED},
        {"82c100", STATUS_MALFORMED},
        {"9fff", STATUS_MALFORMED},
        {"5f4100ff", STATUS_MALFORMED},
        {"1800", STATUS_MALFORMED},
        {"d800f6", STATUS_MALFORMED},
        {"3817", STATUS_MALFORMED},
        {"ff", STATUS_MALFORMED},
        {"9bffffffffffffffff", STATUS_LIMIT},
        {"bbffffffffffffffff", STATUS_LIMIT},
        {"bb8000000000000000", STATUS_LIMIT},
        {"829a000ffffe00", STATUS_LIMIT}, /* together they announce too many */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_status(rows[i].expected, skip_status(rows[i].hex));
}

static void
bounds_what_it_passes_over(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    for (size_t i = 0; i <= LIMIT_CBOR_DOCUMENT_ITEMS; i++)
        buffer_append_u8(&in, 0x81); /* deep, which costs no stack */
    struct dcbor r = dcbor_of_document(buffer_bytes(&in));
    (void)dcbor_skip(&r);
    assert_status(STATUS_LIMIT, dcbor_end(&r, CLAUSE, NULL));
    r = dcbor_of_document(buffer_bytes(&in));
    for (size_t i = 0; i <= LIMIT_CBOR_DOCUMENT_DEPTH; i++)
        (void)dcbor_array(&r);
    assert_status(STATUS_LIMIT, dcbor_end(&r, CLAUSE, NULL));
}

static void
refuses_numbers_that_do_not_fit(void **state)
{
    (void)state;
    static const char *const bad[] = {"1b8000000000000000", "3b8000000000000000", "f4", "6161"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(buffer_free) struct buffer in = {0};
        from_hex(bad[i], &in);
        struct dcbor r = dcbor_of_document(buffer_bytes(&in));
        assert_int_equal(0, dcbor_int(&r));
        assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    }
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex("3b7fffffffffffffff", &in);
    struct dcbor r = dcbor_of_document(buffer_bytes(&in));
    assert_true(dcbor_int(&r) == INT64_MIN);
}

static void
passes_over_nothing_behind_the_end_or_a_failure(void **state)
{
    (void)state;
    const uint8_t two[] = {0x00, 0x00};
    struct dcbor r = dcbor_of_document(bytes_of(two, sizeof two));
    assert_int_equal(1, dcbor_skip(&r).size);
    assert_null(dcbor_skip(&r).data);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    r = dcbor_of_document(bytes_of(two, sizeof two));
    assert_int_equal(0, dcbor_text(&r).size);
    assert_null(dcbor_skip(&r).data);
    assert_int_equal(0, r.offset);
}

static void
a_tag_alone_is_no_item_and_a_key_alone_no_map(void **state)
{
    (void)state;
    const uint8_t tag[] = {0xD2};
    const uint8_t number[] = {0x01};
    struct dcbor r = dcbor_of_document(bytes_of(tag, sizeof tag));
    assert_int_equal(18, dcbor_tag(&r));
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    r = dcbor_of_document(bytes_of(number, sizeof number));
    assert_int_equal(0, dcbor_label(&r).number);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
}

/* The wire form stays as narrow as it was. */
static void
refuses_of_messages_what_documents_may_have(void **state)
{
    (void)state;
    static const char *const bad[] = {"20", "c100", "d2f6", "f7", "f97e00", "fb0000000000000000"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(buffer_free) struct buffer in = {0};
        from_hex(bad[i], &in);
        struct dcbor r = dcbor_of(buffer_bytes(&in));
        assert_int_equal(DCBOR_NONE, dcbor_peek(&r));
        assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tags_numbers_and_keys_of_documents),
        cmocka_unit_test(takes_small_keys_in_any_order_and_none_twice),
        cmocka_unit_test(passes_over_whole_items_only),
        cmocka_unit_test(bounds_what_it_passes_over),
        cmocka_unit_test(refuses_numbers_that_do_not_fit),
        cmocka_unit_test(passes_over_nothing_behind_the_end_or_a_failure),
        cmocka_unit_test(a_tag_alone_is_no_item_and_a_key_alone_no_map),
        cmocka_unit_test(refuses_of_messages_what_documents_may_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
