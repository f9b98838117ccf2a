/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/ima_case.h"
#include "tests/lib/test.h"

#include <string.h>

#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define SHA1_FORTY   "00112233445566778899aabbccddeeff00112233"

static void
reads_ima_ng_of_either_byte_order(void **state)
{
    (void)state;
    for (int big = 0; big < 2; big++) {
        ima_case_start(big);
        log_builder_ima(&ima_case, "/init", "");
        log_builder_ima(&ima_case, "/second", "x");
        struct ima_reader r;
        struct ima_entry e;
        assert_status(STATUS_OK, ima_open(buffer_bytes(&ima_case.ima), 5, &r, NULL));
        assert_int_equal(big ? IMA_BINARY_BE : IMA_BINARY_LE, r.format);
        assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
        assert_int_equal(5, e.number);
        assert_int_equal(10, e.pcr);
        assert_true(e.template_known && !e.violation);
        assert_int_equal(ALG_SHA256, e.file_alg);
        assert_hex(SHA256_EMPTY, e.file_digest);
        assert_true(bytes_equal(e.path, bytes_of_text("/init")));
        assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
        assert_int_equal(ima_case.ima.size, e.end);
        assert_status(STATUS_NOT_FOUND, ima_next(&r, NULL, &e, NULL));
    }
}

static void
reads_signatures_and_buffers(void **state)
{
    (void)state;
    ima_case_start(false);
    CLEANUP(buffer_free) struct buffer data = {0};
    ima_case_append_digest(&data, "sha256:", 32);
    ima_case_append_field(&data, "/a", 3);
    ima_case_append_field(&data, "\3\2sig", 5);
    log_builder_ima_raw(&ima_case, "ima-sig", buffer_bytes(&data), NULL);
    assert_hex("0302736967", ima_case_first().signature);
    ima_case_start(false);
    log_builder_ima_raw(&ima_case, "ima-buf", buffer_bytes(&data), NULL);
    struct ima_entry e = ima_case_first();
    assert_hex("0302736967", e.buffer);
    assert_int_equal(0, e.signature.size);
}

static void
reads_verity_digests_as_what_they_are(void **state)
{
    (void)state;
    static const char *const prefixes[] = {"ima:sha256:", "verity:sha256:"};
    for (size_t i = 0; i < 2; i++) {
        ima_case_start(false);
        CLEANUP(buffer_free) struct buffer data = {0};
        ima_case_append_digest(&data, prefixes[i], 32);
        ima_case_append_field(&data, "/a", 3);
        log_builder_ima_raw(&ima_case, "ima-ngv2", buffer_bytes(&data), NULL);
        struct ima_entry e = ima_case_first();
        assert_int_equal(i == 1, e.verity);
        assert_int_equal(ALG_SHA256, e.file_alg);
        assert_int_equal(32, e.file_digest.size);
    }
}

static void
reads_modsig_and_evm_sig(void **state)
{
    (void)state;
    ima_case_start(false);
    CLEANUP(buffer_free) struct buffer data = {0};
    ima_case_append_digest(&data, "sha256:", 32);
    ima_case_append_field(&data, "/m", 3);
    ima_case_append_field(&data, "", 0);
    ima_case_append_digest(&data, "sha256:", 32);
    ima_case_append_field(&data, "pkcs7", 5);
    log_builder_ima_raw(&ima_case, "ima-modsig", buffer_bytes(&data), NULL);
    assert_hex("706b637337", ima_case_first().signature);
    ima_case_start(false);
    buffer_reset(&data);
    ima_case_append_digest(&data, "sha256:", 32);
    ima_case_append_field(&data, "/e", 3);
    ima_case_append_field(&data, "evm", 3);
    ima_case_append_field(&data, "security.ima", 13);
    ima_case_append_field(&data, "\x10\0\0\0", 4);
    ima_case_append_field(&data, "value", 5);
    ima_case_append_field(&data, "\0\0\0\0", 4);
    ima_case_append_field(&data, "\0\0\0\0", 4);
    ima_case_append_field(&data, "\xed\x81", 2);
    log_builder_ima_raw(&ima_case, "evm-sig", buffer_bytes(&data), NULL);
    struct ima_entry e = ima_case_first();
    assert_true(e.template_known);
    assert_hex("65766d", e.signature);
}

static void
reads_custom_formats_by_field(void **state)
{
    (void)state;
    ima_case_start(false);
    CLEANUP(buffer_free) struct buffer data = {0};
    ima_case_append_field(&data, "/a", 3);
    ima_case_append_field(&data, "sig", 3);
    ima_case_append_digest(&data, "sha1:", 20);
    log_builder_ima_raw(&ima_case, "n-ng|sig|d-ng", buffer_bytes(&data), NULL);
    struct ima_entry e = ima_case_first();
    assert_true(e.template_known);
    assert_int_equal(ALG_SHA1, e.file_alg);
    assert_true(bytes_equal(e.path, bytes_of_text("/a")));
    ima_case_start(false);
    log_builder_ima_raw(&ima_case, "d-ng|future", buffer_bytes(&data), NULL);
    e = ima_case_first();
    assert_false(e.template_known);
    assert_int_equal(0, e.file_digest.size);
    assert_int_equal(data.size, e.data.size);
}

static void
an_algorithm_that_it_does_not_know_matches_no_rule(void **state)
{
    (void)state;
    static const struct row {
        const char *prefix;
        size_t size;
        uint16_t alg;
    } rows[] = {
        {"md5:", 16, 0},
        {"sha256:", 20, 0},
        {"sm3:", 32, ALG_SM3_256},
        {"sha384:", 48, ALG_SHA384},
        {"sm3-256:", 32, ALG_SM3_256},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ima_case_start(false);
        CLEANUP(buffer_free) struct buffer data = {0};
        ima_case_append_digest(&data, rows[i].prefix, rows[i].size);
        ima_case_append_field(&data, "/a", 3);
        log_builder_ima_raw(&ima_case, "ima-ng", buffer_bytes(&data), NULL);
        assert_int_equal(rows[i].alg, ima_case_first().file_alg);
    }
}

/* Threat 33. */
static void
refuses_template_data_of_another_form(void **state)
{
    (void)state;
    static const struct row {
        const char *field;
        size_t size;
    } rows[] = {{"sha256", 6}, {"\0abc", 4}, {"sha256\0abc", 10}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ima_case_start(false);
        CLEANUP(buffer_free) struct buffer data = {0};
        ima_case_append_field(&data, rows[i].field, rows[i].size);
        ima_case_append_field(&data, "/a", 3);
        log_builder_ima_raw(&ima_case, "ima-ng", buffer_bytes(&data), NULL);
        struct ima_reader r;
        struct ima_entry e;
        assert_status(STATUS_OK, ima_open(buffer_bytes(&ima_case.ima), 0, &r, NULL));
        assert_status(STATUS_MALFORMED, ima_next(&r, NULL, &e, NULL));
    }
    ima_case_start(false);
    CLEANUP(buffer_free) struct buffer trailing = {0};
    ima_case_append_digest(&trailing, "sha256:", 32);
    ima_case_append_field(&trailing, "/a", 3);
    buffer_append_u8(&trailing, 0);
    log_builder_ima_raw(&ima_case, "ima-ng", buffer_bytes(&trailing), NULL);
    struct ima_pcrs pcrs;
    assert_status(STATUS_MALFORMED, ima_replay(test_hasher, buffer_bytes(&ima_case.ima), ALG_SHA1,
                                               IMA_NATIVE, &pcrs, NULL));
}

static void
refuses_every_cut_inside_an_entry(void **state)
{
    (void)state;
    ima_case_start(false);
    log_builder_ima(&ima_case, "/init", "");
    size_t first = ima_case.ima.size;
    log_builder_ima(&ima_case, "/second", "x");
    for (size_t n = 1; n < ima_case.ima.size; n++) {
        struct ima_pcrs pcrs;
        enum status expected = n == first ? STATUS_OK : STATUS_MALFORMED;
        assert_status(expected, ima_replay(test_hasher, bytes_of(ima_case.ima.data, n), ALG_SHA1,
                                           IMA_NATIVE, &pcrs, NULL));
    }
}

static void
replays_native_padded_and_violations(void **state)
{
    (void)state;
    ima_case_start(false);
    log_builder_ima(&ima_case, "/init", "");
    log_builder_ima_violation(&ima_case, "/var/log/x");
    struct ima_pcrs pcrs;
    assert_status(STATUS_OK, ima_replay(test_hasher, buffer_bytes(&ima_case.ima), ALG_SHA256,
                                        IMA_NATIVE, &pcrs, NULL));
    assert_int_equal(2, pcrs.n_entries);
    assert_int_equal(1, pcrs.n_violations);
    assert_true(digest_equal(&ima_case.pcr[1][10], &pcrs.pcr[10]));
    assert_status(STATUS_OK, ima_replay(test_hasher, buffer_bytes(&ima_case.ima), ALG_SHA1,
                                        IMA_NATIVE, &pcrs, NULL));
    assert_true(digest_equal(&ima_case.pcr[0][10], &pcrs.pcr[10]));
    ima_case_start(false);
    ima_case.is_padded[1] = true;
    log_builder_ima(&ima_case, "/init", "");
    log_builder_ima_violation(&ima_case, "/var/log/x");
    assert_status(STATUS_OK, ima_replay(test_hasher, buffer_bytes(&ima_case.ima), ALG_SHA256,
                                        IMA_PADDED, &pcrs, NULL));
    assert_true(digest_equal(&ima_case.pcr[1][10], &pcrs.pcr[10]));
    assert_status(STATUS_OK, ima_replay(test_hasher, buffer_bytes(&ima_case.ima), ALG_SHA256,
                                        IMA_PADDED_OLD, &pcrs, NULL));
    assert_false(digest_equal(&ima_case.pcr[1][10], &pcrs.pcr[10]));
}

static void
old_kernels_extend_twenty_bytes_of_ff_for_a_violation(void **state)
{
    (void)state;
    ima_case_start(false);
    log_builder_ima_violation(&ima_case, "/var/log/x");
    struct ima_entry e = ima_case_first();
    assert_true(e.violation);
    struct digest value;
    assert_status(STATUS_OK, ima_extend_value(test_hasher, ALG_SHA256, IMA_PADDED_OLD, &e, &value));
    assert_hex("ffffffffffffffffffffffffffffffffffffffff000000000000000000000000",
               digest_bytes(&value));
    assert_status(STATUS_UNSUPPORTED, ima_extend_value(test_hasher, 0x77, IMA_NATIVE, &e, &value));
}

static void
reads_lists_with_longer_digests(void **state)
{
    (void)state;
    ima_case_start(false);
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(buffer_free) struct buffer data = {0};
    ima_case_append_digest(&data, "sha256:", 32);
    ima_case_append_field(&data, "/a", 3);
    struct digest d;
    assert_status(STATUS_OK, digest_compute(test_hasher, ALG_SHA256, buffer_bytes(&data), &d));
    buffer_append_le32(&list, 10);
    buffer_append(&list, digest_bytes(&d));
    ima_case_append_field(&list, "ima-ng", 6);
    log_builder_ima_field(&ima_case, &list, buffer_bytes(&data));
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&list), 0, &r, NULL));
    assert_int_equal(32, r.digest_size);
    assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
    assert_int_equal(ALG_SHA256, ima_list_alg(&e));
    struct digest value;
    assert_status(STATUS_OK, ima_extend_value(test_hasher, ALG_SHA384, IMA_PADDED, &e, &value));
    struct digest sha1;
    assert_status(STATUS_OK, digest_compute(test_hasher, ALG_SHA1, buffer_bytes(&data), &sha1));
    assert_true(bytes_equal(bytes_of(value.data, 20), digest_bytes(&sha1)));
}

/* Template "ima" has a digest without length, and is hashed with its path padded to 256. */
static void
reads_the_oldest_template(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(buffer_free) struct buffer hashed = {0};
    ima_case_start(false);
    for (size_t i = 0; i < 20; i++)
        buffer_append_u8(&hashed, 7);
    buffer_append_text(&hashed, "/sbin/init");
    while (hashed.size < 20 + 256)
        buffer_append_u8(&hashed, 0);
    struct digest d;
    assert_status(STATUS_OK, digest_compute(test_hasher, ALG_SHA1, buffer_bytes(&hashed), &d));
    buffer_append_le32(&list, 10);
    buffer_append(&list, digest_bytes(&d));
    ima_case_append_field(&list, "ima", 3);
    buffer_append(&list, bytes_of(hashed.data, 20));
    ima_case_append_field(&list, "/sbin/init", 10);
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&list), 0, &r, NULL));
    assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
    assert_int_equal(ALG_SHA1, e.file_alg);
    assert_true(bytes_equal(e.path, bytes_of_text("/sbin/init")));
    struct digest computed;
    assert_status(STATUS_OK, ima_template_digest(test_hasher, ALG_SHA1, &e, &computed));
    assert_true(digest_equal(&d, &computed));
}

static void
ascii_gives_what_binary_gives(void **state)
{
    (void)state;
    ima_case_start(false);
    log_builder_ima(&ima_case, "/init", "");
    log_builder_ima_violation(&ima_case, "/var/log/x");
    struct ima_entry e = ima_case_first();
    CLEANUP(buffer_free) struct buffer ascii = {0};
    buffer_append_text(&ascii, "10 ");
    text_append_hex(&ascii, e.digest);
    buffer_append_text(&ascii, " ima-ng sha256:" SHA256_EMPTY " /init\n");
    buffer_append_text(&ascii, " 10 0000000000000000000000000000000000000000 ima-ng sha256:"
                               "0000000000000000000000000000000000000000000000000000000000000000"
                               " /var/log/x");
    struct ima_pcrs pcrs;
    assert_status(STATUS_OK, ima_replay(test_hasher, buffer_bytes(&ascii), ALG_SHA256, IMA_NATIVE,
                                        &pcrs, NULL));
    assert_int_equal(2, pcrs.n_entries);
    assert_true(digest_equal(&ima_case.pcr[1][10], &pcrs.pcr[10]));
}

static void
ascii_rebuilds_every_kind_of_field(void **state)
{
    (void)state;
    static const struct row {
        const char *line;
        const char *data; /* hex */
    } rows[] = {
        {"10 " SHA1_FORTY " ima-sig sha1:" SHA1_FORTY " /a 0302",
         "1a000000736861313a00" SHA1_FORTY "030000002f6100020000000302"},
        {"10 " SHA1_FORTY " ima-sig sha1:" SHA1_FORTY " /a ",
         "1a000000736861313a00" SHA1_FORTY "030000002f610000000000"},
        {"10 " SHA1_FORTY " n-ng|iuid|imode /a 1000 33261", "030000002f610004000000e80300000200"
                                                            "0000ed81"},
        {"10 " SHA1_FORTY " d|n " SHA1_FORTY " a", "14000000" SHA1_FORTY "020000006100"},
        {"10 " SHA1_FORTY " ima " SHA1_FORTY " a b", SHA1_FORTY "03000000612062"},
        {"10 " SHA1_FORTY " ima-ngv2 verity:sha1:" SHA1_FORTY " a",
         "210000007665726974793a736861313a00" SHA1_FORTY "020000006100"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(buffer_free) struct buffer scratch = {0};
        struct ima_reader r;
        struct ima_entry e;
        assert_status(STATUS_OK, ima_open(bytes_of_text(rows[i].line), 0, &r, NULL));
        assert_status(STATUS_OK, ima_next(&r, &scratch, &e, NULL));
        assert_hex(rows[i].data, e.data);
        assert_hex(SHA1_FORTY, e.digest);
        assert_status(STATUS_NOT_FOUND, ima_next(&r, &scratch, &e, NULL));
    }
}

static void
refuses_ascii_lines_that_are_none(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "10",
        "10 ",
        "24 " SHA1_FORTY " ima-ng sha1:" SHA1_FORTY " /a",
        "1000000000000000 " SHA1_FORTY " ima-ng sha1:" SHA1_FORTY " /a",
        "10 0011 ima-ng sha1:" SHA1_FORTY " /a",
        "10 " SHA1_FORTY "0 ima-ng sha1:" SHA1_FORTY " /a",
        "10 " SHA1_FORTY " future sha1:" SHA1_FORTY " /a",
        "10 " SHA1_FORTY " ima-ng sha1" SHA1_FORTY " /a",
        "10 " SHA1_FORTY " ima-ng sha1:0g /a",
        "10 " SHA1_FORTY " ima 0011 /a",
        "10 " SHA1_FORTY " ima-sig sha1:" SHA1_FORTY " /a 03 04",
        "10 " SHA1_FORTY " n-ng|iuid /a x",
        "10 " SHA1_FORTY " n-ng|imode /a 65536",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        struct ima_pcrs pcrs;
        assert_status(STATUS_MALFORMED, ima_replay(test_hasher, bytes_of_text(lines[i]), ALG_SHA1,
                                                   IMA_NATIVE, &pcrs, NULL));
    }
}

static void
an_empty_list_is_one_and_rubbish_is_none(void **state)
{
    (void)state;
    struct ima_pcrs pcrs;
    assert_status(STATUS_OK,
                  ima_replay(test_hasher, (struct bytes){0}, ALG_SHA1, IMA_NATIVE, &pcrs, NULL));
    assert_int_equal(0, pcrs.n_entries);
    assert_status(STATUS_MALFORMED, ima_replay(test_hasher, bytes_of_text("\n\n\n\n\n\n\n\n"),
                                               ALG_SHA1, IMA_NATIVE, &pcrs, NULL));
}

static void
refuses_a_list_above_its_limits(void **state)
{
    (void)state;
    ima_case_start(false);
    while (ima_case.ima.size <= LIMIT_IMA_SEGMENT)
        buffer_append_be64(&ima_case.ima, 0);
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_LIMIT, ima_open(buffer_bytes(&ima_case.ima), 0, &r, NULL));
    ima_case_start(false);
    log_builder_ima_raw(&ima_case, "ima-ng", bytes_of("\0\0\0\0\0\0\0\0", 8), NULL);
    CLEANUP(buffer_free) struct buffer one = ima_case.ima;
    ima_case.ima = (struct buffer){0};
    for (unsigned i = 0; i <= LIMIT_IMA_ENTRIES; i++)
        buffer_append(&ima_case.ima, buffer_bytes(&one));
    assert_status(STATUS_OK, ima_open(buffer_bytes(&ima_case.ima), 500000, &r, NULL));
    for (unsigned i = 0; i < LIMIT_IMA_ENTRIES; i++)
        assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
    assert_int_equal(500000 + LIMIT_IMA_ENTRIES - 1, e.number);
    assert_status(STATUS_LIMIT, ima_next(&r, NULL, &e, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_ima_ng_of_either_byte_order),
        cmocka_unit_test(reads_signatures_and_buffers),
        cmocka_unit_test(reads_verity_digests_as_what_they_are),
        cmocka_unit_test(reads_modsig_and_evm_sig),
        cmocka_unit_test(reads_custom_formats_by_field),
        cmocka_unit_test(an_algorithm_that_it_does_not_know_matches_no_rule),
        cmocka_unit_test(refuses_template_data_of_another_form),
        cmocka_unit_test(refuses_every_cut_inside_an_entry),
        cmocka_unit_test(replays_native_padded_and_violations),
        cmocka_unit_test(old_kernels_extend_twenty_bytes_of_ff_for_a_violation),
        cmocka_unit_test(reads_lists_with_longer_digests),
        cmocka_unit_test(reads_the_oldest_template),
        cmocka_unit_test(ascii_gives_what_binary_gives),
        cmocka_unit_test(ascii_rebuilds_every_kind_of_field),
        cmocka_unit_test(refuses_ascii_lines_that_are_none),
        cmocka_unit_test(an_empty_list_is_one_and_rubbish_is_none),
        cmocka_unit_test(refuses_a_list_above_its_limits),
    };
    return cmocka_run_group_tests(tests, ima_case_open, ima_case_close);
}
