/* SPDX-License-Identifier: Apache-2.0 */
/* What an IMA list may not be: names, digests, paths and lines that no kernel writes. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/ima_case.h"
#include "tests/lib/test.h"

#include <string.h>

#define SHA1_FORTY "00112233445566778899aabbccddeeff00112233"

/* Threat 33: a list is one by its first template's name. */
static void
threat_33_a_list_whose_template_has_no_name_is_none(void **state)
{
    (void)state;
    static const char *const names[] = {"ima\x01", "ima ng", "im\xc3\xa9", "ima\x7f"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ima_case_start(false);
        log_builder_ima_raw(&ima_case, names[i], bytes_of("\0\0\0\0\0\0\0\0", 8), NULL);
        struct ima_reader r;
        assert_status(STATUS_MALFORMED, ima_open(buffer_bytes(&ima_case.ima), 0, &r, NULL));
    }
    struct ima_reader r;
    assert_status(STATUS_MALFORMED,
                  ima_open(bytes_of_text("no list of anything, and long enough"), 0, &r, NULL));
}

/* Threat 26: in a big-endian list the byte before the field may look like the prefix's end. */
static void
threat_26_a_digest_without_its_name_is_refused_whatever_stands_before(void **state)
{
    (void)state;
    ima_case_start(true);
    CLEANUP(buffer_free) struct buffer data = {0};
    char field[':'] = {0};
    ima_case_append_field(&data, field, sizeof field);
    ima_case_append_field(&data, "/a", 3);
    log_builder_ima_raw(&ima_case, "ima-ng", buffer_bytes(&data), NULL);
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&ima_case.ima), 0, &r, NULL));
    assert_status(STATUS_MALFORMED, ima_next(&r, NULL, &e, NULL));
}

static void
threat_33_a_digest_of_an_unknown_kind_is_refused(void **state)
{
    (void)state;
    ima_case_start(false);
    CLEANUP(buffer_free) struct buffer data = {0};
    ima_case_append_digest(&data, "other:sha256:", 32);
    ima_case_append_field(&data, "/a", 3);
    log_builder_ima_raw(&ima_case, "ima-ngv2", buffer_bytes(&data), NULL);
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&ima_case.ima), 0, &r, NULL));
    assert_status(STATUS_MALFORMED, ima_next(&r, NULL, &e, NULL));
}

/* The oldest template hashes 256 bytes of path and no more. */
static void
threat_34_a_path_longer_than_the_oldest_template_hashes_is_refused(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer list = {0};
    ima_case_start(false);
    char path[300];
    memset(path, 'a', sizeof path);
    buffer_append_le32(&list, 10);
    buffer_append(&list, bytes_of(path, 20));
    ima_case_append_field(&list, "ima", 3);
    buffer_append(&list, bytes_of(path, 20));
    ima_case_append_field(&list, path, sizeof path);
    struct ima_reader r;
    struct ima_entry e = {0};
    assert_status(STATUS_OK, ima_open(buffer_bytes(&list), 0, &r, NULL));
    assert_status(STATUS_MALFORMED, ima_next(&r, NULL, &e, NULL));
    e = (struct ima_entry){.name = bytes_of_text("ima"), .path = bytes_of(path, 257)};
    struct digest d;
    assert_status(STATUS_MALFORMED, ima_template_digest(test_hasher, ALG_SHA1, &e, &d));
}

static void
threat_26_a_format_of_too_many_fields_is_unknown(void **state)
{
    (void)state;
    static const char most[] = "n|n|n|n|n|n|n|n|n|n|n|n|n|n|n|n";
    for (int more = 0; more < 2; more++) {
        CLEANUP(buffer_free) struct buffer data = {0};
        CLEANUP(buffer_free) struct buffer name = {0};
        ima_case_start(false);
        buffer_append_text(&name, most);
        buffer_append_text(&name, more ? "|n" : "");
        for (int i = 0; i < 16 + more; i++)
            ima_case_append_field(&data, "a", 2);
        buffer_append_u8(&name, 0);
        log_builder_ima_raw(&ima_case, (const char *)name.data, buffer_bytes(&data), NULL);
        assert_int_equal(!more, ima_case_first().template_known);
    }
}

static void
refuses_an_ascii_line_that_is_too_long_or_goes_on(void **state)
{
    (void)state;
    static const char line[] = "10 " SHA1_FORTY " d " SHA1_FORTY;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(bytes_of_text(line), 0, &r, NULL));
    assert_status(STATUS_LIMIT, ima_next(&r, NULL, &e, NULL)); /* nowhere to put it */
    assert_status(STATUS_OK, ima_open(bytes_of_text(line), 0, &r, NULL));
    assert_status(STATUS_OK, ima_next(&r, &scratch, &e, NULL));
    buffer_append_text(&text, line);
    buffer_append_text(&text, " more");
    assert_status(STATUS_OK, ima_open(buffer_bytes(&text), 0, &r, NULL));
    assert_status(STATUS_MALFORMED, ima_next(&r, &scratch, &e, NULL));
    buffer_reset(&text);
    buffer_append_text(&text, "10 " SHA1_FORTY " n ");
    while (text.size <= 1024u * 1024u)
        buffer_append_text(&text, "aaaaaaaaaaaaaaaa");
    assert_status(STATUS_OK, ima_open(buffer_bytes(&text), 0, &r, NULL));
    assert_status(STATUS_LIMIT, ima_next(&r, &scratch, &e, NULL));
}

static struct digest
replayed(struct bytes list, uint16_t alg)
{
    struct ima_pcrs pcrs;
    assert_status(STATUS_OK, ima_replay(test_hasher, list, alg, IMA_NATIVE, &pcrs, NULL));
    return pcrs.pcr[IMA_PCR];
}

static void
an_ascii_list_becomes_the_binary_list_of_the_same_entries(void **state)
{
    (void)state;
    static const char list[] = "10 " SHA1_FORTY " ima " SHA1_FORTY " a b\n"
                               "10 " SHA1_FORTY " ima-sig sha1:" SHA1_FORTY " /a 0302\n"
                               "10 0000000000000000000000000000000000000000 n-ng /v\n"
                               "10 " SHA1_FORTY " ima-ngv2 verity:sha1:" SHA1_FORTY " a\n";
    static const char first[] = "0a000000" SHA1_FORTY "03000000696d61" SHA1_FORTY "03000000612062";
    CLEANUP(buffer_free) struct buffer out = {0};
    uint64_t n = 0;
    assert_status(STATUS_OK, ima_ascii_to_binary(bytes_of_text(list), &out, &n, NULL));
    assert_int_equal(4, n);
    assert_hex(first, bytes_slice(buffer_bytes(&out), 0, sizeof first / 2));
    for (size_t i = 0; i < 2; i++) {
        uint16_t alg = i == 0 ? ALG_SHA1 : ALG_SHA256;
        struct digest ascii = replayed(bytes_of_text(list), alg);
        struct digest binary = replayed(buffer_bytes(&out), alg);
        assert_true(digest_equal(&ascii, &binary));
    }
}

static void
an_ascii_list_that_breaks_off_becomes_what_stands_before(void **state)
{
    (void)state;
    static const char *const ends[] = {"no line\n",
                                       "10 " SHA1_FORTY "001122334455667788990011 n-ng /b\n"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        CLEANUP(buffer_free) struct buffer out = {0};
        struct diag diag = {0};
        uint64_t n = 0;
        buffer_append_text(&text, "10 " SHA1_FORTY " n-ng /a\n");
        size_t offset = text.size;
        buffer_append_text(&text, ends[i]);
        assert_status(STATUS_MALFORMED, ima_ascii_to_binary(buffer_bytes(&text), &out, &n, &diag));
        assert_int_equal(1, n);
        assert_int_equal(offset, diag.offset);
        assert_hex("0a000000" SHA1_FORTY "040000006e2d6e67"
                   "07000000"
                   "030000002f6100",
                   buffer_bytes(&out));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threat_33_a_list_whose_template_has_no_name_is_none),
        cmocka_unit_test(threat_26_a_digest_without_its_name_is_refused_whatever_stands_before),
        cmocka_unit_test(threat_33_a_digest_of_an_unknown_kind_is_refused),
        cmocka_unit_test(threat_34_a_path_longer_than_the_oldest_template_hashes_is_refused),
        cmocka_unit_test(threat_26_a_format_of_too_many_fields_is_unknown),
        cmocka_unit_test(refuses_an_ascii_line_that_is_too_long_or_goes_on),
        cmocka_unit_test(an_ascii_list_becomes_the_binary_list_of_the_same_entries),
        cmocka_unit_test(an_ascii_list_that_breaks_off_becomes_what_stands_before),
    };
    return cmocka_run_group_tests(tests, ima_case_open, ima_case_close);
}
