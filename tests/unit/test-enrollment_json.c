/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/enrollment_json.h"
#include "tests/lib/test.h"

#include <string.h>

#define EKS "\"ek\":[{\"public\":\"AQID\",\"certificate\":\"MAA\"},{\"public\":\"BAUG\"}]"
#define AK  "\"ak\":{\"public\":\"BwgJ\"}"
#define TPM                                                                                        \
    "\"tpm\":{\"manufacturer\":\"STM \",\"model\":\"ST33\",\"firmware_version\":"                  \
    "\"00010102000a000b\",\"family\":\"2.0\",\"revision\":\"1.38\"}"
#define REST AK "," TPM

static enum status
parse(const char *text, struct enrollment_body *out, struct diag *diag)
{
    return enrollment_body_parse(bytes_of_text(text), out, diag);
}

static void
assert_refused(const char *text, const char *member)
{
    CLEANUP(enrollment_body_free) struct enrollment_body body = {0};
    struct diag diag = {0};
    enum status s = parse(text, &body, &diag);
    if (s != STATUS_MALFORMED || !strstr(diag.text, member))
        fail_msg("%s: %s (%s)", text, status_name(s), diag.text);
}

static void
reads_a_whole_body(void **state)
{
    (void)state;
    CLEANUP(enrollment_body_free) struct enrollment_body b = {0};
    struct diag diag = {0};
    assert_status(STATUS_OK, parse("{" EKS ",\"certificates\":[\"MAE\"]," REST ",\"token\":\"t\"}",
                                   &b, &diag));
    assert_int_equal(b.n_eks, 2);
    assert_hex("010203", buffer_bytes(&b.eks[0].public_area));
    assert_hex("3000", buffer_bytes(&b.eks[0].certificate));
    assert_int_equal(b.eks[1].certificate.size, 0);
    assert_int_equal(b.n_certificates, 1);
    assert_hex("070809", buffer_bytes(&b.ak_public));
    assert_string_equal(b.token, "t");
    assert_int_equal(b.claimed_manufacturer, 0x53544D20);
    assert_string_equal(b.claimed_model, "ST33");
    assert_true(b.claimed_firmware == UINT64_C(0x00010102000a000b));
    CLEANUP(buffer_free) struct buffer json = {0};
    assert_status(STATUS_OK, enrollment_tpm_encode(&b, NULL, &json));
    assert_string_equal(buffer_text(&json),
                        "{\"manufacturer\":\"STM \",\"model\":\"ST33\",\"firmware_version\":"
                        "\"00010102000a000b\",\"family\":\"2.0\",\"revision\":\"1.38\","
                        "\"kind\":\"discrete\",\"kind_by\":\"claim\"}");
}

/* What a verified certificate says stands before what the device says. */
static void
gives_back_what_is_known_of_a_tpm(void **state)
{
    (void)state;
    CLEANUP(enrollment_body_free) struct enrollment_body b = {0};
    CLEANUP(buffer_free) struct buffer json = {0};
    struct ek_certificate c = {
        .manufacturer = 0x00001014, .model = "swtpm", .version = "id:20191023"};
    struct enrollment_tpm tpm;
    struct diag diag = {0};
    assert_status(STATUS_OK, parse("{" EKS "," REST "}", &b, &diag));
    assert_status(STATUS_OK, enrollment_tpm_encode(&b, NULL, &json));
    enrollment_tpm_parse(buffer_text(&json), &tpm);
    assert_int_equal(tpm.manufacturer, 0x53544D20);
    assert_string_equal(tpm.model, "ST33");
    assert_string_equal(tpm.kind, "discrete");
    assert_string_equal(tpm.kind_by, "claim");
    assert_false(tpm.certified);
    buffer_reset(&json);
    assert_status(STATUS_OK, enrollment_tpm_encode(&b, &c, &json));
    enrollment_tpm_parse(buffer_text(&json), &tpm);
    assert_int_equal(tpm.manufacturer, 0x00001014);
    assert_string_equal(tpm.model, "swtpm");
    assert_string_equal(tpm.kind, "software");
    assert_string_equal(tpm.kind_by, "certificate");
    assert_true(tpm.certified);
    c.manufacturer = 0; /* a certificate without TPM attributes */
    buffer_reset(&json);
    assert_status(STATUS_OK, enrollment_tpm_encode(&b, &c, &json));
    enrollment_tpm_parse(buffer_text(&json), &tpm);
    assert_false(tpm.certified);
    enrollment_tpm_parse(NULL, &tpm);
    assert_string_equal(tpm.kind, "");
}

static void
needs_neither_token_nor_chain(void **state)
{
    (void)state;
    CLEANUP(enrollment_body_free) struct enrollment_body b = {0};
    struct diag diag = {0};
    assert_status(STATUS_OK, parse("{" EKS "," REST "}", &b, &diag));
    assert_null(b.token);
    assert_int_equal(b.n_certificates, 0);
}

static void
refuses_what_is_missing_unknown_or_of_another_type(void **state)
{
    (void)state;
    assert_refused("", "JSON");
    assert_refused("[]", "body");
    assert_refused("{" REST "}", "ek");
    assert_refused("{\"ek\":[]," REST "}", "ek");
    assert_refused("{\"ek\":[{}]," REST "}", "ek.public");
    assert_refused("{\"ek\":[{\"public\":\"\"}]," REST "}", "ek.public");
    assert_refused("{\"ek\":[{\"public\":\"A=\"}]," REST "}", "ek.public");
    assert_refused("{\"ek\":[{\"public\":1}]," REST "}", "ek.public");
    assert_refused("{\"ek\":[{\"public\":\"AQID\",\"x\":1}]," REST "}", "not known");
    assert_refused("{\"ek\":{\"public\":\"AQID\"}," REST "}", "ek");
    assert_refused("{" EKS "," TPM "}", "ak");
    assert_refused("{" EKS "," AK "}", "tpm");
    assert_refused("{" EKS "," REST ",\"token\":\"\"}", "token");
    assert_refused("{" EKS "," REST ",\"token\":\"a\\u0007\"}", "token");
    assert_refused("{" EKS "," REST ",\"serial\":\"1\"}", "not known");
    assert_refused("{" EKS "," REST ",\"certificates\":\"MAE\"}", "certificates");
    assert_refused("{" EKS "," REST "}x", "JSON");
    assert_refused("{" EKS "," EKS "," REST "}", "JSON");
}

static void
refuses_claims_that_no_tpm_makes(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"manufacturer\":\"STM  \",\"model\":\"\",\"firmware_version\":\"0000000000000000\","
        "\"family\":\"2.0\",\"revision\":\"1.38\"}",
        "{\"manufacturer\":\"STM\",\"model\":\"\",\"firmware_version\":\"00000000000000\","
        "\"family\":\"2.0\",\"revision\":\"1.38\"}",
        "{\"manufacturer\":\"STM\",\"model\":\"\\u001b[2J\",\"firmware_version\":"
        "\"0000000000000000\",\"family\":\"2.0\",\"revision\":\"1.38\"}",
        "{\"manufacturer\":\"STM\",\"model\":\"\",\"firmware_version\":\"0000000000000000\","
        "\"family\":\"2.0\",\"revision\":\"1.38\",\"serial\":\"1\"}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "{" EKS "," AK ",\"tpm\":%s}", bad[i]);
        assert_refused(text, "tpm");
    }
}

static void
refuses_more_than_the_limit(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(enrollment_body_free) struct enrollment_body b = {0};
    struct diag diag = {0};
    buffer_append_text(&text, "{\"ek\":[");
    for (size_t i = 0; i <= LIMIT_CERTS; i++)
        buffer_append_format(&text, "%s{\"public\":\"AQID\"}", i ? "," : "");
    buffer_append_text(&text, "]," REST "}");
    assert_status(STATUS_LIMIT, enrollment_body_parse(buffer_bytes(&text), &b, &diag));
}

static void
reads_a_proof_of_exactly_its_size(void **state)
{
    (void)state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    struct diag diag = {0};
    static const char good[] = "{\"proof\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}";
    static const char *const bad[] = {
        "",
        "{}",
        "{\"proof\":\"AQA\"}",
        "{\"proof\":1}",
        "{\"proof\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
        "{\"proof\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"x\":1}"};
    assert_status(STATUS_OK, enrollment_proof_parse(bytes_of_text(good), proof, &diag));
    assert_int_equal(proof[0], 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(STATUS_MALFORMED,
                      enrollment_proof_parse(bytes_of_text(bad[i]), proof, &diag));
        assert_int_equal(proof[0], 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_body),
        cmocka_unit_test(gives_back_what_is_known_of_a_tpm),
        cmocka_unit_test(needs_neither_token_nor_chain),
        cmocka_unit_test(refuses_what_is_missing_unknown_or_of_another_type),
        cmocka_unit_test(refuses_claims_that_no_tpm_makes),
        cmocka_unit_test(refuses_more_than_the_limit),
        cmocka_unit_test(reads_a_proof_of_exactly_its_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
