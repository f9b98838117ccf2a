/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/signature_list.h"
#include "tests/lib/test.h"

#include <string.h>

#define TYPE_SHA256 "2616c4c14c509240aca941f936934328"
#define TYPE_X509   "a159c0a5e494a74a87b5ab155c2bf072"
#define TYPE_TBS    "92a4d23bc0967940b420fcf98ef103ed"
#define OWNER       "000102030405060708090a0b0c0d0e0f"
#define DIGEST      "1111111111111111111111111111111111111111111111111111111111111111"
#define DIGEST_2    "2222222222222222222222222222222222222222222222222222222222222222"
#define ONE_SHA256                                                                                 \
    TYPE_SHA256 "4c000000"                                                                         \
                "00000000"                                                                         \
                "30000000" OWNER DIGEST
#define MAX_SIGNATURES 8u

struct found {
    size_t n;
    enum status end;
    struct signature_entry items[MAX_SIGNATURES];
    struct buffer bytes;
};

static void
read_all(const char *hex, struct found *f)
{
    *f = (struct found){0};
    assert_status(STATUS_OK, text_parse_hex(hex, &f->bytes));
    struct signature_list l = signature_list_of(buffer_bytes(&f->bytes));
    while ((f->end = signature_list_next(&l, &f->items[f->n])) == STATUS_OK)
        assert_true(++f->n < MAX_SIGNATURES);
}

static void
expect(const char *hex, size_t n, enum status end)
{
    struct found f;
    read_all(hex, &f);
    assert_int_equal(n, f.n);
    assert_status(end, f.end);
    buffer_free(&f.bytes);
}

static void
reads_hashes_and_certificates(void **state)
{
    (void)state;
    struct found f;
    read_all(TYPE_SHA256 "7c000000"
                         "00000000"
                         "30000000" OWNER DIGEST OWNER DIGEST_2 TYPE_X509 "2f000000"
                         "00000000"
                         "13000000" OWNER "30aabb",
             &f);
    assert_int_equal(3, f.n);
    assert_status(STATUS_NOT_FOUND, f.end);
    assert_int_equal(SIGNATURE_SHA256, f.items[0].kind);
    assert_hex(OWNER, f.items[0].owner);
    assert_hex(DIGEST, f.items[0].data);
    assert_hex(DIGEST_2, f.items[1].data);
    assert_int_equal(SIGNATURE_CERTIFICATE, f.items[2].kind);
    assert_hex("30aabb", f.items[2].data);
    buffer_free(&f.bytes);
}

/* GHSA-9r4w-jg96-92mv: the header was taken for hashes. */
static void
skips_the_header_of_a_list(void **state)
{
    (void)state;
    struct found f;
    read_all(TYPE_SHA256 "7c000000"
                         "30000000"
                         "30000000" OWNER DIGEST_2 OWNER DIGEST,
             &f);
    assert_int_equal(1, f.n);
    assert_hex(DIGEST, f.items[0].data);
    buffer_free(&f.bytes);
}

static void
gives_the_digest_of_a_revoked_certificate_without_its_date(void **state)
{
    (void)state;
    struct found f;
    read_all(TYPE_TBS "5c000000"
                      "00000000"
                      "40000000" OWNER DIGEST "ffffffffffffffffffffffffffffffff",
             &f);
    assert_int_equal(1, f.n);
    assert_int_equal(SIGNATURE_CERTIFICATE_SHA256, f.items[0].kind);
    assert_hex(DIGEST, f.items[0].data);
    buffer_free(&f.bytes);
}

static void
reports_a_type_that_it_does_not_know(void **state)
{
    (void)state;
    struct found f;
    read_all(OWNER "2e000000"
                   "00000000"
                   "12000000" OWNER "abcd",
             &f);
    assert_int_equal(1, f.n);
    assert_int_equal(SIGNATURE_OTHER, f.items[0].kind);
    assert_hex("abcd", f.items[0].data);
    buffer_free(&f.bytes);
}

static void
an_empty_variable_has_none(void **state)
{
    (void)state;
    expect("", 0, STATUS_NOT_FOUND);
    expect(TYPE_SHA256 "1c000000"
                       "00000000"
                       "30000000",
           0, STATUS_NOT_FOUND);
}

static void
refuses_sizes_that_contradict_one_another(void **state)
{
    (void)state;
    expect(TYPE_SHA256 "1b000000"
                       "00000000"
                       "30000000",
           0, STATUS_MALFORMED); /* below its head */
    expect(TYPE_SHA256 "4c000000"
                       "ffffffff"
                       "30000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "4c000000"
                       "31000000"
                       "30000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "4c000000"
                       "00000000"
                       "00000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "4c000000"
                       "00000000"
                       "10000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "4c000000"
                       "00000000"
                       "18000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "4c000000"
                       "00000000"
                       "31000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "4d000000"
                       "00000000"
                       "30000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(TYPE_SHA256 "ffffffff"
                       "00000000"
                       "30000000" OWNER DIGEST,
           0, STATUS_MALFORMED);
    expect(ONE_SHA256 "00", 1, STATUS_MALFORMED);
    expect(ONE_SHA256 TYPE_SHA256 "4c000000", 1, STATUS_MALFORMED);
}

static void
stays_refused(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer b = {0};
    struct signature_entry s;
    assert_status(STATUS_OK, text_parse_hex(TYPE_SHA256 "1b000000", &b));
    struct signature_list l = signature_list_of(buffer_bytes(&b));
    assert_status(STATUS_MALFORMED, signature_list_next(&l, &s));
    assert_status(STATUS_MALFORMED, signature_list_next(&l, &s));
}

/* Threat 25: entries divide a list exactly, also of a type whose size we do not know. */
static void
threat_25_a_list_of_an_unknown_type_divides_exactly(void **state)
{
    (void)state;
    expect("00000000000000000000000000000000"
           "2e000000"
           "00000000"
           "12000000" OWNER "aabb",
           1, STATUS_NOT_FOUND);
    expect("00000000000000000000000000000000"
           "2f000000"
           "00000000"
           "12000000" OWNER "aabbcc",
           0, STATUS_MALFORMED);
    expect("00000000000000000000000000000000"
           "2e000000"
           "ff000000"
           "12000000" OWNER "aabb",
           0, STATUS_MALFORMED);
}

/* Threat 25: a head cut anywhere is no list. */
static void
threat_25_every_cut_of_a_list_is_refused(void **state)
{
    (void)state;
    struct found f;
    CLEANUP(buffer_free) struct buffer whole = {0};
    assert_status(STATUS_OK, text_parse_hex(ONE_SHA256, &whole));
    for (size_t n = 1; n < whole.size; n++) {
        struct signature_list l = signature_list_of(bytes_of(whole.data, n));
        assert_status(STATUS_MALFORMED, signature_list_next(&l, &f.items[0]));
    }
}

static void
threat_25_more_signatures_than_the_limit_are_refused(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer list = {0};
    assert_status(STATUS_OK, text_parse_hex(TYPE_SHA256, &list));
    buffer_append_le32(&list, 28 + 48 * (SIGNATURE_LIST_MAX + 1));
    buffer_append_le32(&list, 0);
    buffer_append_le32(&list, 48);
    static const uint8_t entry[48];
    for (size_t i = 0; i <= SIGNATURE_LIST_MAX; i++)
        buffer_append(&list, bytes_of(entry, sizeof entry));
    struct signature_list l = signature_list_of(buffer_bytes(&list));
    struct signature_entry e;
    for (size_t i = 0; i < SIGNATURE_LIST_MAX; i++)
        assert_status(STATUS_OK, signature_list_next(&l, &e));
    assert_status(STATUS_LIMIT, signature_list_next(&l, &e));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_hashes_and_certificates),
        cmocka_unit_test(skips_the_header_of_a_list),
        cmocka_unit_test(gives_the_digest_of_a_revoked_certificate_without_its_date),
        cmocka_unit_test(reports_a_type_that_it_does_not_know),
        cmocka_unit_test(an_empty_variable_has_none),
        cmocka_unit_test(refuses_sizes_that_contradict_one_another),
        cmocka_unit_test(stays_refused),
        cmocka_unit_test(threat_25_a_list_of_an_unknown_type_divides_exactly),
        cmocka_unit_test(threat_25_every_cut_of_a_list_is_refused),
        cmocka_unit_test(threat_25_more_signatures_than_the_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
