/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bytes.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <string.h>

static const uint8_t ten[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static void
slices_inside_the_whole(void **state)
{
    (void)state;
    struct bytes whole = bytes_of(ten, sizeof ten);
    assert_hex("030405", bytes_slice(whole, 3, 3));
    assert_hex("00010203040506070809", bytes_slice(whole, 0, 10));
    assert_int_equal(0, bytes_slice(whole, 10, 0).size);
}

static void
gives_nothing_for_a_slice_that_leaves_the_whole(void **state)
{
    (void)state;
    struct bytes whole = bytes_of(ten, sizeof ten);
    assert_null(bytes_slice(whole, 3, 8).data);
    assert_null(bytes_slice(whole, 11, 0).data);
    assert_null(bytes_slice(whole, 1, SIZE_MAX).data);
    assert_null(bytes_slice(whole, SIZE_MAX, 1).data);
    assert_null(bytes_slice((struct bytes){0}, 0, 0).data);
}

static void
compares_size_and_content(void **state)
{
    (void)state;
    uint8_t other[10];
    memcpy(other, ten, sizeof other);
    assert_true(bytes_equal(bytes_of(ten, 10), bytes_of(other, 10)));
    other[9] ^= 1;
    assert_false(bytes_equal(bytes_of(ten, 10), bytes_of(other, 10)));
    assert_false(bytes_equal(bytes_of(ten, 9), bytes_of(ten, 10)));
    assert_true(bytes_equal((struct bytes){0}, bytes_of(ten, 0)));
}

static void
orders_a_prefix_before_what_it_begins(void **state)
{
    (void)state;
    assert_true(bytes_order(bytes_of("a\xff", 2), bytes_of("b", 1)) < 0);
    assert_true(bytes_order(bytes_of("\xff", 1), bytes_of("a", 1)) > 0);
    assert_true(bytes_order(bytes_of("a", 1), bytes_of("ab", 2)) < 0);
    assert_true(bytes_order(bytes_of("ab", 2), bytes_of("a", 1)) > 0);
    assert_int_equal(0, bytes_order(bytes_of("ab", 2), bytes_of("ab", 2)));
    assert_true(bytes_order((struct bytes){0}, bytes_of("a", 1)) < 0);
    assert_int_equal(0, bytes_order((struct bytes){0}, (struct bytes){0}));
}

static void
views_a_text_without_its_nul(void **state)
{
    (void)state;
    assert_int_equal(3, bytes_of_text("abc").size);
    assert_int_equal(0, bytes_of_text(NULL).size);
}

static void
writes_integers_in_the_named_order(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_u8(&b, 0x01);
    buffer_append_be16(&b, 0x0203);
    buffer_append_be32(&b, 0x04050607);
    buffer_append_be64(&b, 0x08090a0b0c0d0e0f);
    buffer_append_le16(&b, 0x1110);
    buffer_append_le32(&b, 0x15141312);
    assert_status(STATUS_OK, buffer_check(&b));
    assert_hex("0102030405060708090a0b0c0d0e0f101112131415", buffer_bytes(&b));
}

static void
writes_a_tpm2b_with_its_size(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_tpm2b(&b, bytes_of(ten, 3));
    buffer_append_tpm2b(&b, (struct bytes){0});
    assert_hex("00030001020000", buffer_bytes(&b));
}

static void
refuses_a_tpm2b_above_65535(void **state)
{
    (void)state;
    static const uint8_t large[65536];
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_tpm2b(&b, bytes_of(large, 65535));
    assert_status(STATUS_OK, buffer_check(&b));
    buffer_append_tpm2b(&b, bytes_of(large, 65536));
    assert_status(STATUS_NOMEM, buffer_check(&b));
}

static void
keeps_its_content_while_it_grows(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    for (uint32_t i = 0; i < 5000; i++)
        buffer_append_be32(&b, i);
    assert_int_equal(20000, b.size);
    for (uint32_t i = 0; i < 5000; i++)
        assert_int_equal(i & 0xff, b.data[4 * i + 3]);
}

static void
stays_failed_after_a_reservation_that_no_memory_holds(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_u8(&b, 1);
    assert_status(STATUS_NOMEM, buffer_reserve(&b, SIZE_MAX));
    assert_status(STATUS_NOMEM, buffer_reserve(&b, SIZE_MAX / 2));
    assert_status(STATUS_OK, buffer_check(&b));
    buffer_append(&b, bytes_of(ten, SIZE_MAX / 2));
    buffer_append_u8(&b, 2);
    assert_status(STATUS_NOMEM, buffer_check(&b));
    assert_status(STATUS_NOMEM, buffer_reserve(&b, 1));
    assert_null(buffer_text(&b));
}

static void
works_again_after_a_reset(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_u8(&b, 6);
    b.failed = true;
    buffer_reset(&b);
    buffer_append_u8(&b, 7);
    assert_status(STATUS_OK, buffer_check(&b));
    assert_hex("07", buffer_bytes(&b));
}

static void
formats_and_terminates_without_counting_the_nul(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    buffer_append_text(&b, "pcr ");
    buffer_append_format(&b, "%d of %s", 7,
                         "a bank whose name is longer than the first capacity is");
    assert_int_equal(63, b.size);
    assert_string_equal("pcr 7 of a bank whose name is longer than the first capacity is",
                        buffer_text(&b));
    assert_int_equal(63, b.size);
}

static void
gives_an_empty_text_for_an_empty_buffer(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    assert_string_equal("", buffer_text(&b));
}

static void
may_be_freed_twice(void **state)
{
    (void)state;
    struct buffer b = {0};
    buffer_free(&b);
    buffer_append_u8(&b, 1);
    buffer_free(&b);
    buffer_free(&b);
    assert_null(b.data);
    assert_int_equal(0, b.size);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_inside_the_whole),
        cmocka_unit_test(gives_nothing_for_a_slice_that_leaves_the_whole),
        cmocka_unit_test(compares_size_and_content),
        cmocka_unit_test(orders_a_prefix_before_what_it_begins),
        cmocka_unit_test(views_a_text_without_its_nul),
        cmocka_unit_test(writes_integers_in_the_named_order),
        cmocka_unit_test(writes_a_tpm2b_with_its_size),
        cmocka_unit_test(refuses_a_tpm2b_above_65535),
        cmocka_unit_test(keeps_its_content_while_it_grows),
        cmocka_unit_test(stays_failed_after_a_reservation_that_no_memory_holds),
        cmocka_unit_test(works_again_after_a_reset),
        cmocka_unit_test(formats_and_terminates_without_counting_the_nul),
        cmocka_unit_test(gives_an_empty_text_for_an_empty_buffer),
        cmocka_unit_test(may_be_freed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
