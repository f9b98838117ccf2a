/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/dcbor.h"
#include "tests/lib/test.h"

#include <string.h>

#define CLAUSE "RFC 8949 4.2.1"

static void
from_hex(const char *hex, struct buffer *out)
{
    assert_status(STATUS_OK, text_parse_hex(hex, out));
}

/* Read whatever comes, as a reader that takes every kind would. */
static void
walk(struct dcbor *r)
{
    enum dcbor_kind kind;
    while ((kind = dcbor_peek(r)) != DCBOR_NONE) {
        switch (kind) {
        case DCBOR_UINT:
            (void)dcbor_uint(r);
            break;
        case DCBOR_BYTES:
            (void)dcbor_bytes(r);
            break;
        case DCBOR_TEXT:
            (void)dcbor_text(r);
            break;
        case DCBOR_ARRAY:
            (void)dcbor_array(r);
            break;
        case DCBOR_MAP:
            (void)dcbor_map(r);
            break;
        case DCBOR_BOOL:
            (void)dcbor_bool(r);
            break;
        case DCBOR_NULL:
            dcbor_null(r);
            break;
        case DCBOR_NEGATIVE:
        case DCBOR_TAG:
        case DCBOR_OTHER:
        case DCBOR_NONE:
            return;
        }
    }
}

static enum status
status_of(const char *hex)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex(hex, &in);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    walk(&r);
    return dcbor_end(&r, CLAUSE, NULL);
}

static void
writes_numbers_in_their_shortest_form(void **state)
{
    (void)state;
    /* RFC 8949 appendix A and the edges of each width. */
    static const struct {
        uint64_t v;
        const char *hex;
    } rows[] = {
        {0, "00"},
        {23, "17"},
        {24, "1818"},
        {100, "1864"},
        {255, "18ff"},
        {256, "190100"},
        {1000, "1903e8"},
        {65535, "19ffff"},
        {65536, "1a00010000"},
        {1000000, "1a000f4240"},
        {UINT32_MAX, "1affffffff"},
        {UINT64_C(4294967296), "1b0000000100000000"},
        {UINT64_C(1000000000000), "1b000000e8d4a51000"},
        {UINT64_MAX, "1bffffffffffffffff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer out = {0};
        dcbor_put_uint(&out, rows[i].v);
        assert_hex(rows[i].hex, buffer_bytes(&out));
        struct dcbor r = dcbor_of(buffer_bytes(&out));
        assert_int_equal(DCBOR_UINT, dcbor_peek(&r));
        assert_true(dcbor_uint(&r) == rows[i].v);
        assert_status(STATUS_OK, dcbor_end(&r, CLAUSE, NULL));
    }
}

static void
writes_every_kind(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    dcbor_put_map(&out, 2);
    dcbor_put_text(&out, "a");
    dcbor_put_array(&out, 4);
    dcbor_put_bool(&out, false);
    dcbor_put_bool(&out, true);
    dcbor_put_null(&out);
    dcbor_put_bytes(&out, bytes_of("\x01\x02\x03\x04", 4));
    dcbor_put_text(&out, "\xc3\xbc");
    dcbor_put_text(&out, "");
    assert_hex("a2616184f4f5f6440102030462c3bc60", buffer_bytes(&out));
}

static void
reads_every_kind_in_place(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex("a2616184f4f5f6440102030462c3bc60", &in);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    assert_int_equal(2, dcbor_map(&r));
    assert_true(bytes_equal(dcbor_key(&r), bytes_of_text("a")));
    assert_int_equal(4, dcbor_array(&r));
    assert_int_equal(DCBOR_BOOL, dcbor_peek(&r));
    assert_false(dcbor_bool(&r));
    assert_true(dcbor_bool(&r));
    dcbor_null(&r);
    struct bytes bytes = dcbor_bytes(&r);
    assert_ptr_equal(in.data + 8, bytes.data);
    assert_int_equal(4, bytes.size);
    dcbor_expect_text(&r, "\xc3\xbc");
    assert_int_equal(0, dcbor_text(&r).size);
    assert_status(STATUS_OK, dcbor_end(&r, CLAUSE, NULL));
    assert_int_equal(DCBOR_NONE, dcbor_peek(&r));
}

static void
accepts_empty_and_nested_containers(void **state)
{
    (void)state;
    assert_status(STATUS_OK, status_of("80"));
    assert_status(STATUS_OK, status_of("a0"));
    assert_status(STATUS_OK, status_of("8280a0"));
    assert_status(STATUS_OK, status_of("81818180"));
    assert_status(STATUS_OK, status_of("818181a1616100"));
}

static void
refuses_what_is_not_deterministic(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "1800",               /* 0 in one more byte */
        "1817",               /* 23 */
        "1900ff",             /* 255 in two */
        "1a0000ffff",         /* 65535 in four */
        "1b00000000ffffffff", /* 2^32 - 1 in eight */
        "821800",             /* as two items: 0, 0 */
        "8258004100",         /* as two items: empty bytes, bytes of 0 */
        "82980000",           /* as two items: an empty array, 0 */
        "5803010203",         /* byte string, length in one more byte */
        "590003010203",       /* in two */
        "5a00000003010203",   /* in four */
        "5b0000000000000003010203",
        "780161", /* text */
        "79000161",
        "980100", /* array */
        "99000100",
        "9a0000000100",
        "9b000000000000000100",
        "b801616100", /* map */
        "b90001616100",
        "5f42010243030405ff", /* indefinite byte string */
        "7f6161ff",           /* indefinite text */
        "9f00ff",             /* indefinite array */
        "bf616100ff",         /* indefinite map */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_status(STATUS_MALFORMED, status_of(rows[i]));
}

static void
refuses_kinds_that_the_wire_form_has_not(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "20",     /* -1 */
        "3863",   /* -100 */
        "3903e7", /* -1000 */
        "3a00010000",
        "3bffffffffffffffff",
        "c074323031332d30332d32315432303a30343a30305a", /* tag 0 */
        "d9d9f700",                                     /* self-described CBOR */
        "f93c00",                                       /* 1.0, half */
        "fa47c35000",                                   /* single */
        "fb3ff199999999999a",                           /* double */
        "f7",                                           /* undefined */
        "f0",                                           /* simple 16 */
        "f814",                                         /* false in two bytes */
        "f8ff",                                         /* simple 255 */
        "ff",                                           /* break alone */
        "1c",                                           /* reserved widths */
        "5d",
        "fe",
        "81ff",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_status(STATUS_MALFORMED, status_of(rows[i]));
}

static void
refuses_text_that_is_not_utf8(void **state)
{
    (void)state;
    assert_status(STATUS_OK, status_of("63e282ac"));
    assert_status(STATUS_MALFORMED, status_of("61ff"));
    assert_status(STATUS_MALFORMED, status_of("62c0af"));   /* overlong */
    assert_status(STATUS_MALFORMED, status_of("63eda080")); /* surrogate */
    assert_status(STATUS_MALFORMED, status_of("62e282"));   /* cut */
}

static void
refuses_every_prefix_and_a_trailing_byte(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex("a2616184f4f5f6440102030461621a00010000", &in);
    for (size_t size = 0; size < in.size; size++) {
        struct dcbor r = dcbor_of(bytes_of(in.data, size));
        walk(&r);
        assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    }
    struct diag diag = {0};
    buffer_append_u8(&in, 0);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    walk(&r);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, &diag));
    assert_int_equal(in.size - 1, diag.offset);
    assert_string_equal(CLAUSE, diag.clause);
    assert_string_equal("1 trailing bytes", diag.text);
}

static void
refuses_a_read_past_the_end(void **state)
{
    (void)state;
    struct dcbor r = dcbor_of(bytes_of("\x01\x02", 2));
    assert_int_equal(1, dcbor_uint(&r));
    assert_int_equal(0, dcbor_uint(&r));
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
}

static void
refuses_lengths_above_the_input(void **state)
{
    (void)state;
    assert_status(STATUS_MALFORMED, status_of("5a7fffffff00"));
    assert_status(STATUS_MALFORMED, status_of("5bffffffffffffffff00"));
    assert_status(STATUS_MALFORMED, status_of("7bfffffffffffffff700"));
}

static void
refuses_counts_before_believing_them(void **state)
{
    (void)state;
    assert_status(STATUS_LIMIT, status_of("bbffffffffffffffff"));
    assert_status(STATUS_LIMIT, status_of("bb8000000000000001"));
    assert_status(STATUS_LIMIT, status_of("9bffffffffffffffff"));
    assert_status(STATUS_LIMIT, status_of("990100")); /* 256 and the array itself */
    assert_status(STATUS_LIMIT, status_of("b880"));   /* 128 pairs */
}

static void
refuses_more_items_than_the_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    dcbor_put_array(&in, LIMIT_CBOR_ITEMS - 1);
    for (unsigned i = 0; i < LIMIT_CBOR_ITEMS - 1; i++)
        dcbor_put_uint(&in, i);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    walk(&r);
    assert_status(STATUS_OK, dcbor_end(&r, CLAUSE, NULL));

    /* Two arrays, each within the limit, together above it. */
    buffer_reset(&in);
    dcbor_put_array(&in, 2);
    for (unsigned n = 0; n < 2; n++) {
        dcbor_put_array(&in, 200);
        for (unsigned i = 0; i < 200; i++)
            dcbor_put_uint(&in, i);
    }
    r = dcbor_of(buffer_bytes(&in));
    walk(&r);
    assert_status(STATUS_LIMIT, dcbor_end(&r, CLAUSE, NULL));

    /* Each array opened in time, but its items then exceed what is left. */
    buffer_reset(&in);
    dcbor_put_array(&in, 200);
    for (unsigned i = 0; i < 199; i++)
        dcbor_put_array(&in, i < 100 ? 1 : 0);
    r = dcbor_of(buffer_bytes(&in));
    assert_int_equal(200, dcbor_array(&r));
    for (unsigned i = 0; i < 60 && !r.failed; i++) {
        (void)dcbor_array(&r);
        dcbor_null(&r);
    }
    assert_true(r.failed);
}

static void
counts_items_that_no_header_announced_together(void **state)
{
    (void)state;
    /* Each array's count fits when it is opened; all their items do not. */
    CLEANUP(buffer_free) struct buffer in = {0};
    dcbor_put_array(&in, 200);
    for (unsigned n = 0; n < 2; n++) {
        dcbor_put_array(&in, 50);
        for (unsigned i = 0; i < 50; i++)
            dcbor_put_null(&in);
    }
    for (unsigned i = 0; i < 198; i++)
        dcbor_put_null(&in);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    walk(&r);
    assert_status(STATUS_LIMIT, dcbor_end(&r, CLAUSE, NULL));
    assert_int_equal(LIMIT_CBOR_ITEMS, r.n_items);
}

static void
refuses_what_is_not_read_to_its_end(void **state)
{
    (void)state;
    struct dcbor r = dcbor_of((struct bytes){0});
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    r = dcbor_of(bytes_of("\x82\x01", 2));
    assert_int_equal(2, dcbor_array(&r));
    assert_int_equal(1, dcbor_uint(&r));
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
}

static void
refuses_nesting_below_the_limit(void **state)
{
    (void)state;
    assert_status(STATUS_OK, status_of("8181818100"));
    assert_status(STATUS_LIMIT, status_of("818181818100"));
    assert_status(STATUS_LIMIT, status_of("8181818180"));
    assert_status(STATUS_LIMIT, status_of("81818181a0"));
    CLEANUP(buffer_free) struct buffer in = {0};
    for (unsigned i = 0; i < 100000; i++)
        buffer_append_u8(&in, 0x81);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    walk(&r);
    assert_status(STATUS_LIMIT, dcbor_end(&r, CLAUSE, NULL));
    assert_int_equal(LIMIT_CBOR_DEPTH, r.offset);
}

/* A map of these two keys, each with the value 0. */
static enum status
keys_status(const char *first, const char *second)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    dcbor_put_map(&in, 2);
    dcbor_put_text(&in, first);
    dcbor_put_uint(&in, 0);
    dcbor_put_text(&in, second);
    dcbor_put_uint(&in, 0);
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    size_t n = dcbor_map(&r);
    for (size_t i = 0; i < n; i++) {
        (void)dcbor_key(&r);
        (void)dcbor_uint(&r);
    }
    return dcbor_end(&r, CLAUSE, NULL);
}

static void
refuses_keys_that_repeat_or_are_out_of_order(void **state)
{
    (void)state;
    assert_status(STATUS_OK, keys_status("a", "b"));
    assert_status(STATUS_OK, keys_status("b", "aa"));
    assert_status(STATUS_OK, keys_status("", "a"));
    assert_status(STATUS_MALFORMED, keys_status("a", "a"));
    assert_status(STATUS_MALFORMED, keys_status("", ""));
    assert_status(STATUS_MALFORMED, keys_status("b", "a"));
    assert_status(STATUS_MALFORMED, keys_status("aa", "b"));
}

static void
orders_the_keys_of_each_map_by_themselves(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    from_hex("a26162a1616300616400", &in); /* {"b": {"c": 0}, "d": 0} */
    struct dcbor r = dcbor_of(buffer_bytes(&in));
    assert_int_equal(2, dcbor_map(&r));
    (void)dcbor_key(&r);
    assert_int_equal(1, dcbor_map(&r));
    (void)dcbor_key(&r);
    (void)dcbor_uint(&r);
    (void)dcbor_key(&r);
    (void)dcbor_uint(&r);
    assert_status(STATUS_OK, dcbor_end(&r, CLAUSE, NULL));

    r = dcbor_of(bytes_of("\x82\xa1\x61\x62\x00\xa1\x61\x61\x00", 9)); /* [{"b": 0}, {"a": 0}] */
    assert_int_equal(2, dcbor_array(&r));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(1, dcbor_map(&r));
        (void)dcbor_key(&r);
        (void)dcbor_uint(&r);
    }
    assert_status(STATUS_OK, dcbor_end(&r, CLAUSE, NULL));
}

static void
refuses_a_key_that_is_no_text_or_in_no_map(void **state)
{
    (void)state;
    struct dcbor r = dcbor_of(bytes_of("\xa1\x00\x00", 3));
    assert_int_equal(1, dcbor_map(&r));
    assert_int_equal(0, dcbor_key(&r).size);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    r = dcbor_of(bytes_of("\x61\x61", 2));
    assert_int_equal(0, dcbor_key(&r).size);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
    r = dcbor_of(bytes_of("\x01", 1));
    assert_int_equal(0, dcbor_label(&r).number);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
}

static void
refuses_another_kind_than_was_asked_for(void **state)
{
    (void)state;
    struct diag diag = {0};
    struct dcbor r = dcbor_of(bytes_of("\x82\x01\x41\x02", 4));
    assert_int_equal(2, dcbor_array(&r));
    assert_int_equal(1, dcbor_uint(&r));
    assert_int_equal(0, dcbor_uint(&r));
    assert_int_equal(0, dcbor_bytes(&r).size); /* sticky */
    assert_int_equal(DCBOR_NONE, dcbor_peek(&r));
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, &diag));
    assert_int_equal(2, diag.offset);
}

static void
refuses_another_text_than_is_expected(void **state)
{
    (void)state;
    struct diag diag = {0};
    struct dcbor r = dcbor_of(bytes_of("\x82\x61\x61\x61\x62", 5));
    (void)dcbor_array(&r);
    dcbor_expect_text(&r, "a");
    dcbor_expect_text(&r, "c");
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, &diag));
    assert_int_equal(3, diag.offset);
}

static void
reports_what_the_caller_refuses(void **state)
{
    (void)state;
    struct dcbor r = dcbor_of(bytes_of("\x01", 1));
    (void)dcbor_uint(&r);
    dcbor_fail(&r);
    assert_status(STATUS_MALFORMED, dcbor_end(&r, CLAUSE, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_numbers_in_their_shortest_form),
        cmocka_unit_test(writes_every_kind),
        cmocka_unit_test(reads_every_kind_in_place),
        cmocka_unit_test(accepts_empty_and_nested_containers),
        cmocka_unit_test(refuses_what_is_not_deterministic),
        cmocka_unit_test(refuses_kinds_that_the_wire_form_has_not),
        cmocka_unit_test(refuses_text_that_is_not_utf8),
        cmocka_unit_test(refuses_every_prefix_and_a_trailing_byte),
        cmocka_unit_test(refuses_a_read_past_the_end),
        cmocka_unit_test(refuses_lengths_above_the_input),
        cmocka_unit_test(refuses_counts_before_believing_them),
        cmocka_unit_test(refuses_more_items_than_the_limit),
        cmocka_unit_test(counts_items_that_no_header_announced_together),
        cmocka_unit_test(refuses_what_is_not_read_to_its_end),
        cmocka_unit_test(refuses_nesting_below_the_limit),
        cmocka_unit_test(refuses_keys_that_repeat_or_are_out_of_order),
        cmocka_unit_test(orders_the_keys_of_each_map_by_themselves),
        cmocka_unit_test(refuses_a_key_that_is_no_text_or_in_no_map),
        cmocka_unit_test(refuses_another_kind_than_was_asked_for),
        cmocka_unit_test(refuses_another_text_than_is_expected),
        cmocka_unit_test(reports_what_the_caller_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
