/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/certificate_name.h"
#include "evidence/siglist.h"
#include "tests/lib/test.h"

#include <string.h>

static const uint8_t sha256_type[16] = {0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
                                        0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28};
static const uint8_t other_type[16] = {1, 2, 3};

/* A list: sizes are said, content is what is given. */
static void
add_list(struct buffer *out, const uint8_t *type, uint32_t list_size, uint32_t header_size,
         uint32_t entry_size)
{
    buffer_append(out, bytes_of(type, 16));
    buffer_append_le32(out, list_size);
    buffer_append_le32(out, header_size);
    buffer_append_le32(out, entry_size);
}

static void
add_fill(struct buffer *out, uint8_t byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buffer_append_u8(out, byte);
}

static enum status
count(const struct buffer *in, size_t *n)
{
    struct siglist s = siglist_of(buffer_bytes(in));
    struct siglist_entry e;
    enum status status = STATUS_OK;
    *n = 0;
    while ((status = siglist_next(&s, &e)) == STATUS_OK)
        (*n)++;
    return status;
}

static void
reads_lists_of_several_signatures(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    add_list(&in, sha256_type, 28 + 2 * 48, 0, 48);
    add_fill(&in, 0xAA, 16);
    add_fill(&in, 0x11, 32);
    add_fill(&in, 0xBB, 16);
    add_fill(&in, 0x22, 32);
    add_list(&in, other_type, 28 + 20, 0, 20);
    add_fill(&in, 0x33, 20);
    struct siglist s = siglist_of(buffer_bytes(&in));
    struct siglist_entry e;
    assert_status(STATUS_OK, siglist_next(&s, &e));
    assert_int_equal(SIGLIST_SHA256, e.type);
    assert_int_equal(0xAA, e.owner.data[0]);
    assert_hex("1111111111111111111111111111111111111111111111111111111111111111", e.data);
    assert_status(STATUS_OK, siglist_next(&s, &e));
    assert_int_equal(0x22, e.data.data[31]);
    assert_status(STATUS_OK, siglist_next(&s, &e));
    assert_int_equal(SIGLIST_UNKNOWN, e.type);
    assert_hex("33333333", e.data);
    assert_int_equal(1, e.guid.data[0]);
    assert_status(STATUS_NOT_FOUND, siglist_next(&s, &e));
    assert_status(STATUS_NOT_FOUND, siglist_next(&s, &e));
}

/* Threat 25: the header's bytes are no signature. */
static void
never_reads_a_header_as_a_signature(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    add_list(&in, sha256_type, 28 + 48 + 48, 48, 48);
    add_fill(&in, 0xEE, 48);
    add_fill(&in, 0x11, 48);
    struct siglist s = siglist_of(buffer_bytes(&in));
    struct siglist_entry e;
    assert_status(STATUS_OK, siglist_next(&s, &e));
    assert_int_equal(0x11, e.owner.data[0]);
    assert_int_equal(0x11, e.data.data[0]);
    assert_status(STATUS_NOT_FOUND, siglist_next(&s, &e));
}

static void
a_list_may_be_empty_or_hold_a_header_only(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    size_t n = 0;
    assert_status(STATUS_NOT_FOUND, count(&in, &n));
    add_list(&in, sha256_type, 28 + 7, 7, 48);
    add_fill(&in, 0xEE, 7);
    assert_status(STATUS_NOT_FOUND, count(&in, &n));
    assert_int_equal(0, n);
}

/* Threat 25: sizes that underflow, wrap or do not divide. */
static void
refuses_sizes_that_contradict_one_another(void **state)
{
    (void)state;
    static const struct row {
        uint32_t list, header, entry;
    } rows[] = {
        {0, 0, 48},       {27, 0, 48},      {28 + 48, 49, 48},        {28 + 48, UINT32_MAX, 48},
        {28 + 48, 0, 0},  {28 + 48, 0, 16}, {28 + 48, 0, UINT32_MAX}, {28 + 48, 0, 47},
        {28 + 48, 1, 48}, {28 + 49, 0, 48}, {UINT32_MAX, 0, 48},      {28 + 2 * 48, 0, 48},
        {28 + 48, 0, 24}, {28 + 48, 48, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer in = {0};
        size_t n = 0;
        add_list(&in, sha256_type, rows[i].list, rows[i].header, rows[i].entry);
        add_fill(&in, 0x11, 48);
        if (count(&in, &n) != STATUS_MALFORMED)
            fail_msg("row %zu", i);
        assert_int_equal(0, n);
    }
}

static void
refuses_what_is_cut_short(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    add_list(&in, sha256_type, 28 + 48, 0, 48);
    add_fill(&in, 0x11, 48);
    for (size_t size = in.size - 1; size > 0; size--) {
        size_t n = 0;
        in.size = size;
        assert_status(STATUS_MALFORMED, count(&in, &n));
    }
}

static void
bounds_the_number_of_signatures(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    uint32_t size = (SIGLIST_ENTRIES_MAX + 1) * 17;
    add_list(&in, other_type, 28 + size, 0, 17);
    add_fill(&in, 0x11, size);
    size_t n = 0;
    assert_status(STATUS_LIMIT, count(&in, &n));
    assert_int_equal(SIGLIST_ENTRIES_MAX, n);
}

static void
names_its_types(void **state)
{
    (void)state;
    assert_string_equal("x509", siglist_type_name(SIGLIST_X509));
    assert_string_equal("x509-hash", siglist_type_name(SIGLIST_X509_HASH));
    assert_string_equal("unknown", siglist_type_name(SIGLIST_N_TYPES));
}

#define CN(tag, name) 0x31, 0x0b, 0x30, 0x09, 0x06, 0x03, 0x55, 0x04, tag, 0x0c, 0x02, name
/* SEQUENCE { SEQUENCE { [0], serial, alg, issuer, validity, subject {C, CN} } } */
static const uint8_t certificate[] = {
    0x30, 0x2f,          0x30, 0x2d, 0xa0, 0x00, 0x02, 0x01, 0x05,
    0x30, 0x00,          0x30, 0x00, 0x30, 0x00, 0x30, 0x1a, CN(0x06, 'x'),
    'y',  CN(0x03, 'A'), 'B',  0x30, 0x00, 0x30, 0x00, 0x30, 0x00,
};

static void
reads_the_common_name_of_a_certificate(void **state)
{
    (void)state;
    assert_hex("4142", certificate_name(bytes_of(certificate, sizeof certificate)));
}

static void
gives_no_name_for_what_is_no_certificate(void **state)
{
    (void)state;
    assert_int_equal(0, certificate_name((struct bytes){0}).size);
    for (size_t n = 0; n < 43; n++) /* what follows the subject does not matter */
        assert_int_equal(0, certificate_name(bytes_of(certificate, n)).size);
    uint8_t other[sizeof certificate];
    memcpy(other, certificate, sizeof other);
    other[0] = 0x31;
    assert_int_equal(0, certificate_name(bytes_of(other, sizeof other)).size);
}

static void
takes_an_authority_with_and_without_owner(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer value = {0};
    struct siglist_entry e;
    assert_true(siglist_authority(bytes_of(certificate, sizeof certificate), &e));
    assert_int_equal(0, e.owner.size);
    add_fill(&value, 0xAA, 16);
    buffer_append(&value, bytes_of(certificate, sizeof certificate));
    assert_true(siglist_authority(buffer_bytes(&value), &e));
    assert_int_equal(0xAA, e.owner.data[0]);
    assert_int_equal(sizeof certificate, e.data.size);
    buffer_append_u8(&value, 0);
    assert_false(siglist_authority(buffer_bytes(&value), &e));
    assert_false(siglist_authority((struct bytes){0}, &e));
    assert_false(siglist_authority(bytes_of_text("sbat,1"), &e));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_lists_of_several_signatures),
        cmocka_unit_test(never_reads_a_header_as_a_signature),
        cmocka_unit_test(a_list_may_be_empty_or_hold_a_header_only),
        cmocka_unit_test(refuses_sizes_that_contradict_one_another),
        cmocka_unit_test(refuses_what_is_cut_short),
        cmocka_unit_test(bounds_the_number_of_signatures),
        cmocka_unit_test(names_its_types),
        cmocka_unit_test(reads_the_common_name_of_a_certificate),
        cmocka_unit_test(gives_no_name_for_what_is_no_certificate),
        cmocka_unit_test(takes_an_authority_with_and_without_owner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
