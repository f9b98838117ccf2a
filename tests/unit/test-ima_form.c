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
    };
    return cmocka_run_group_tests(tests, ima_case_open, ima_case_close);
}
