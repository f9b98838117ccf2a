/* SPDX-License-Identifier: Apache-2.0 */
#include "base/reader.h"
#include "tests/lib/test.h"

static const uint8_t counting[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
                                   0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16,
                                   0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f};

static void
reads_integers_in_the_named_order(void **state)
{
    (void)state;
    struct reader r = reader_of(bytes_of(counting, 29));
    assert_int_equal(0x01, reader_u8(&r));
    assert_int_equal(0x0203, reader_be16(&r));
    assert_int_equal(0x04050607, reader_be32(&r));
    assert_true(reader_be64(&r) == 0x08090a0b0c0d0e0f);
    assert_int_equal(0x1110, reader_le16(&r));
    assert_int_equal(0x15141312, reader_le32(&r));
    assert_true(reader_le64(&r) == 0x1d1c1b1a19181716);
    assert_status(STATUS_OK, reader_end(&r, "test", NULL));
}

static void
reads_zero_from_the_first_short_read_on(void **state)
{
    (void)state;
    struct reader r = reader_of(bytes_of(counting, 6));
    assert_int_equal(0x01020304, reader_be32(&r));
    assert_int_equal(0, reader_be32(&r));
    assert_int_equal(0, reader_u8(&r));
    assert_int_equal(0, reader_bytes(&r, 1).size);
    assert_int_equal(0, reader_rest(&r).size);
    assert_int_equal(0, reader_left(&r));
    struct diag diag = {0};
    assert_status(STATUS_MALFORMED, reader_end(&r, "clause", &diag));
    assert_int_equal(4, diag.offset);
    assert_string_equal("clause", diag.clause);
}

static void
refuses_every_prefix_of_a_whole(void **state)
{
    (void)state;
    for (size_t size = 0; size < 15; size++) {
        struct reader r = reader_of(bytes_of(counting, size));
        (void)reader_u8(&r);
        (void)reader_be16(&r);
        (void)reader_be32(&r);
        (void)reader_le64(&r);
        assert_status(STATUS_MALFORMED, reader_end(&r, "test", NULL));
    }
}

static void
refuses_a_trailing_byte(void **state)
{
    (void)state;
    struct reader r = reader_of(bytes_of(counting, 3));
    (void)reader_be16(&r);
    struct diag diag = {0};
    assert_status(STATUS_MALFORMED, reader_end(&r, "test", &diag));
    assert_int_equal(2, diag.offset);
}

static void
borrows_bytes_from_the_input(void **state)
{
    (void)state;
    struct reader r = reader_of(bytes_of(counting, 5));
    struct bytes three = reader_bytes(&r, 3);
    assert_ptr_equal(counting, three.data);
    assert_int_equal(3, three.size);
    assert_hex("0405", reader_rest(&r));
    assert_status(STATUS_OK, reader_end(&r, "test", NULL));
}

static void
refuses_a_size_beyond_the_address_space(void **state)
{
    (void)state;
    struct reader r = reader_of(bytes_of(counting, 5));
    (void)reader_u8(&r);
    assert_null(reader_bytes(&r, SIZE_MAX).data);
    assert_status(STATUS_MALFORMED, reader_end(&r, "test", NULL));
}

static void
reads_a_tpm2b_up_to_its_limit(void **state)
{
    (void)state;
    static const uint8_t in[] = {0x00, 0x02, 0xaa, 0xbb, 0x00, 0x00};
    struct reader r = reader_of(bytes_of(in, sizeof in));
    assert_hex("aabb", reader_tpm2b(&r, 2));
    assert_int_equal(0, reader_tpm2b(&r, 0).size);
    assert_status(STATUS_OK, reader_end(&r, "test", NULL));
}

static void
refuses_a_tpm2b_above_its_limit(void **state)
{
    (void)state;
    static const uint8_t in[] = {0xff, 0x00, 0x02, 0xaa, 0xbb};
    struct reader r = reader_of(bytes_of(in, sizeof in));
    (void)reader_u8(&r);
    assert_null(reader_tpm2b(&r, 1).data);
    assert_int_equal(0, reader_u8(&r));
    struct diag diag = {0};
    assert_status(STATUS_MALFORMED, reader_end(&r, "test", &diag));
    assert_int_equal(1, diag.offset);
}

static void
refuses_a_tpm2b_longer_than_the_input(void **state)
{
    (void)state;
    static const uint8_t in[] = {0x00, 0x03, 0xaa, 0xbb};
    struct reader r = reader_of(bytes_of(in, sizeof in));
    assert_null(reader_tpm2b(&r, 64).data);
    assert_status(STATUS_MALFORMED, reader_end(&r, "test", NULL));
}

static void
fails_when_told_to(void **state)
{
    (void)state;
    struct reader r = reader_of(bytes_of(counting, 2));
    (void)reader_u8(&r);
    reader_fail(&r);
    assert_int_equal(0, reader_u8(&r));
    struct diag diag = {0};
    assert_status(STATUS_MALFORMED, reader_end(&r, "test", &diag));
    assert_int_equal(1, diag.offset);
}

static void
reads_nothing_from_nothing(void **state)
{
    (void)state;
    struct reader r = reader_of((struct bytes){0});
    assert_int_equal(0, reader_bytes(&r, 0).size);
    assert_int_equal(0, reader_rest(&r).size);
    assert_status(STATUS_OK, reader_end(&r, "test", NULL));
    assert_int_equal(0, reader_u8(&r));
    assert_status(STATUS_MALFORMED, reader_end(&r, "test", NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_integers_in_the_named_order),
        cmocka_unit_test(reads_zero_from_the_first_short_read_on),
        cmocka_unit_test(refuses_every_prefix_of_a_whole),
        cmocka_unit_test(refuses_a_trailing_byte),
        cmocka_unit_test(borrows_bytes_from_the_input),
        cmocka_unit_test(refuses_a_size_beyond_the_address_space),
        cmocka_unit_test(reads_a_tpm2b_up_to_its_limit),
        cmocka_unit_test(refuses_a_tpm2b_above_its_limit),
        cmocka_unit_test(refuses_a_tpm2b_longer_than_the_input),
        cmocka_unit_test(fails_when_told_to),
        cmocka_unit_test(reads_nothing_from_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
