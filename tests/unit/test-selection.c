/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/selection.h"
#include "tests/lib/test.h"

static void
parse_hex(const char *hex, struct buffer *owner, struct reader *r, struct selection *out)
{
    assert_status(STATUS_OK, text_parse_hex(hex, owner));
    *r = reader_of(buffer_bytes(owner));
    selection_parse(r, out);
}

static void
accept(const char *hex, const char *expected)
{
    CLEANUP(buffer_free) struct buffer owner = {0}, text = {0};
    struct reader r;
    struct selection s;
    parse_hex(hex, &owner, &r, &s);
    assert_status(STATUS_OK, reader_end(&r, "test", NULL));
    selection_append_text(&s, &text);
    assert_string_equal(expected, buffer_text(&text));
}

static void
refuse(const char *hex)
{
    CLEANUP(buffer_free) struct buffer owner = {0};
    struct reader r;
    struct selection s;
    parse_hex(hex, &owner, &r, &s);
    assert_true(r.failed);
    assert_int_equal(0, s.n_banks);
}

static void
parses_banks_in_their_order(void **state)
{
    (void)state;
    accept("00000000", "");
    accept("00000001000b03ffff00", "sha256:0-15");
    accept("00000002000c03010080000b03800000", "sha384:0,23+sha256:7");
    accept("00000001000b0101", "sha256:0");
    accept("00000001000b0401000000", "sha256:0");
    accept("00000001000b03000000", "sha256:");
}

static void
keeps_an_unknown_algorithm(void **state)
{
    (void)state;
    accept("00000001ffff03050000", "0xffff:0,2");
}

static void
refuses_a_bank_named_twice(void **state)
{
    (void)state;
    refuse("00000002000b03010000000b03020000");
}

static void
refuses_a_bitmap_of_no_bytes_or_more_than_four(void **state)
{
    (void)state;
    refuse("00000001000b00");
    refuse("00000001000b050100000000");
}

static void
refuses_a_pcr_above_23(void **state)
{
    (void)state;
    refuse("00000001000b0400000001");
}

static void
refuses_more_banks_than_the_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_be32(&b, LIMIT_BANKS + 1);
    for (uint16_t i = 0; i < LIMIT_BANKS + 1; i++) {
        buffer_append_be16(&b, i);
        buffer_append_be32(&b, 0x03010000);
    }
    struct reader r = reader_of(buffer_bytes(&b));
    struct selection s;
    selection_parse(&r, &s);
    assert_true(r.failed);
    assert_int_equal(4, r.offset);
    refuse("ffffffff");
}

static void
refuses_every_prefix(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    assert_status(STATUS_OK, text_parse_hex("00000002000c03010080000b03800000", &b));
    for (size_t size = 0; size < b.size; size++) {
        struct reader r = reader_of(bytes_of(b.data, size));
        struct selection s;
        selection_parse(&r, &s);
        assert_true(r.failed);
    }
}

static void
encodes_three_bytes_a_bank(void **state)
{
    (void)state;
    struct selection s;
    CLEANUP(buffer_free) struct buffer b = {0};
    assert_status(STATUS_OK, selection_parse_text("sha384:0,23+sha256:7", &s, NULL));
    selection_encode(&s, &b);
    assert_hex("00000002000c03010080000b03800000", buffer_bytes(&b));
}

static void
reads_text_as_it_writes_it(void **state)
{
    (void)state;
    static const char *const same[] = {
        "sha256:0",
        "sha256:0,1,4-7+sha384:0",
        "sha1:0-23+sha256:0-23+sha384:0-23+sha512:0-23+sm3_256:1+sha3_256:2+sha3_384:3+sha3_512:4",
        "sha256:0,2,4,6,8,10-12,23",
    };
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        struct selection s;
        CLEANUP(buffer_free) struct buffer text = {0};
        assert_status(STATUS_OK, selection_parse_text(same[i], &s, NULL));
        selection_append_text(&s, &text);
        assert_string_equal(same[i], buffer_text(&text));
    }
}

static void
reads_text_with_blanks_and_in_any_order_of_pcrs(void **state)
{
    (void)state;
    struct selection a, b;
    assert_status(STATUS_OK, selection_parse_text(" sha256 : 7 , 0 - 3 + sha1:9 ", &a, NULL));
    assert_status(STATUS_OK, selection_parse_text("sha256:0-3,7+sha1:9", &b, NULL));
    assert_true(selection_equal(&a, &b));
}

static void
refuses_text_with_a_mistake(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",           "sha256",     "sha256:",      "sha256:24",     "sha256:0,",
        "sha256:0,0", "sha256:3-1", "sha256:0-3,2", "sha256:0+",     "sha256:0+sha256:1",
        "md5:0",      "SHA256:0",   "sha256:0 1",   "sha256:-1",     "sha256:0x1",
        "sha256:000", ":0",         "sha256:1-x",   "sha256:0;",     "sha256:4294967296",
        "sha256:1-",  "+sha256:0",  "sha256::0",    "sha256sha256:0"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct selection s;
        struct diag diag = {0};
        print_message("%s\n", wrong[i]);
        assert_status(STATUS_INVALID, selection_parse_text(wrong[i], &s, &diag));
        assert_int_equal(0, s.n_banks);
        assert_true(diag.text[0] != '\0');
    }
}

static void
differs_by_bank_bitmap_and_order(void **state)
{
    (void)state;
    static const char *const texts[] = {"sha256:0", "sha384:0", "sha256:1", "sha256:0+sha384:0",
                                        "sha384:0+sha256:0"};
    const size_t n = sizeof texts / sizeof texts[0];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            struct selection a, b;
            assert_status(STATUS_OK, selection_parse_text(texts[i], &a, NULL));
            assert_status(STATUS_OK, selection_parse_text(texts[j], &b, NULL));
            assert_int_equal(i == j, selection_equal(&a, &b));
        }
    }
}

static void
counts_and_finds_pcrs(void **state)
{
    (void)state;
    struct selection s;
    assert_status(STATUS_OK, selection_parse_text("sha256:0,23+sha384:4-7", &s, NULL));
    assert_int_equal(6, selection_count(&s));
    assert_true(selection_has(&s, ALG_SHA256, 23));
    assert_true(selection_has(&s, ALG_SHA384, 4));
    assert_false(selection_has(&s, ALG_SHA384, 0));
    assert_false(selection_has(&s, ALG_SHA1, 0));
    assert_false(selection_has(&s, ALG_SHA256, 24));
    assert_false(selection_has(&s, ALG_SHA256, 32));
    assert_int_equal(0, selection_count(&(struct selection){0}));
}

static void
adds_pcrs_and_banks_up_to_the_limits(void **state)
{
    (void)state;
    struct selection s = {0};
    assert_status(STATUS_INVALID, selection_add(&s, ALG_SHA256, LIMIT_PCRS));
    assert_int_equal(0, s.n_banks);
    for (uint16_t i = 0; i < LIMIT_BANKS; i++)
        assert_status(STATUS_OK, selection_add(&s, i, 0));
    assert_status(STATUS_LIMIT, selection_add(&s, LIMIT_BANKS, 0));
    assert_status(STATUS_OK, selection_add(&s, 0, 5));
    assert_int_equal(LIMIT_BANKS, s.n_banks);
    assert_true(selection_has(&s, 0, 5));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_banks_in_their_order),
        cmocka_unit_test(keeps_an_unknown_algorithm),
        cmocka_unit_test(refuses_a_bank_named_twice),
        cmocka_unit_test(refuses_a_bitmap_of_no_bytes_or_more_than_four),
        cmocka_unit_test(refuses_a_pcr_above_23),
        cmocka_unit_test(refuses_more_banks_than_the_limit),
        cmocka_unit_test(refuses_every_prefix),
        cmocka_unit_test(encodes_three_bytes_a_bank),
        cmocka_unit_test(reads_text_as_it_writes_it),
        cmocka_unit_test(reads_text_with_blanks_and_in_any_order_of_pcrs),
        cmocka_unit_test(refuses_text_with_a_mistake),
        cmocka_unit_test(differs_by_bank_bitmap_and_order),
        cmocka_unit_test(counts_and_finds_pcrs),
        cmocka_unit_test(adds_pcrs_and_banks_up_to_the_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
