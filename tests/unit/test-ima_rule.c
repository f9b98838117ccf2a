/* SPDX-License-Identifier: Apache-2.0 */
/* What policy says of files besides that they are known: forbidden, retired, signed, excluded; and
 * what must have been measured. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/jws_builder.h"
#include "tests/lib/rsa_key.h"
#include "tests/lib/test.h"

#include <openssl/ec.h>
#include <string.h>

static struct appraise_case *c;
static EVP_PKEY *key;

static int
start(void **state)
{
    (void)state;
    c = appraise_case_ready();
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    evp_pkey_freep(&key);
    key = NULL;
    return 0;
}

static void
add_rule(const char *text)
{
    appraise_case_edit(c, 0, "\"violations\":", text);
}

static void
hex_of(const char *content, char out[static 2 * ALG_MAX_SIZE + 1])
{
    struct digest d;
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(content), &d));
    (void)text_hex(digest_bytes(&d), out, 2 * ALG_MAX_SIZE + 1);
}

static void
add_digest_rule(const char *format, const char *content)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    char text[512];
    hex_of(content, hex);
    (void)snprintf(text, sizeof text, "\"%s\": [\"sha256:%s\"], \"violations\":", format, hex);
    add_rule(text);
}

static void
a_forbidden_file_is_forbidden_whoever_allows_it(void **state)
{
    (void)state;
    add_digest_rule("forbidden", "sh");
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_IMA_FORBIDDEN, VERDICT_UNTRUSTED);
    assert_string_equal("/usr/bin/sh", r->what);
    assert_true(r->bound);
    appraise_case_edit(c, 0, "\"violations\":", "\"exclude\": [\"/usr/bin/\"], \"violations\":");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_FORBIDDEN, VERDICT_UNTRUSTED);
}

/* ---- generations ---- */

static void
set_state(const char *status)
{
    buffer_reset(&c->documents[3]);
    buffer_append_format(&c->documents[3],
                         "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,\"generations\":[{"
                         "\"name\":\"files\",%s}]}",
                         status);
}

/* "sh" is in the set "files" only, whose generation has the state. */
static void
divide_files(void)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    char text[256];
    hex_of("sh", hex);
    (void)snprintf(text, sizeof text, "sha256:%s", hex);
    appraise_case_edit(c, 1, text,
                       "sha256:1111111111111111111111111111111111111111111111111111111111111111");
    buffer_reset(&c->documents[2]);
    buffer_append_format(&c->documents[2],
                         "{\"type\":\"reference\",\"id\":\"files\",\"version\":1,\"generation\":"
                         "\"files\",\"files\":[\"sha256:%s\"]}",
                         hex);
    appraise_case_edit(c, 0, "\"ima\": {\"references\": [\"boot\"]",
                       "\"ima\": {\"references\": [\"boot\", \"files\"]");
}

static void
a_generation_gives_its_files_what_it_is_worth(void **state)
{
    (void)state;
    divide_files();
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    set_state("\"status\":\"candidate\",\"rollout\":{\"labels\":{\"site\":\"tokyo\"}}");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    set_state("\"status\":\"candidate\",\"rollout\":{\"labels\":{\"site\":\"osaka\"}}");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_UNKNOWN_FILE, VERDICT_UNTRUSTED);
    set_state("\"status\":\"revoked\"");
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_IMA_REVOKED, VERDICT_UNTRUSTED);
    assert_string_equal("files", r->expected);
}

static void
a_retired_file_warns_until_its_date(void **state)
{
    (void)state;
    divide_files();
    set_state("\"status\":\"retired\",\"retire_after\":\"2026-01-21T12:54:21Z\"");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_RETIRED, VERDICT_WARNING);
    set_state("\"status\":\"retired\"");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_RETIRED, VERDICT_UNTRUSTED);
    add_rule("\"retired\": \"warn\", \"violations\":");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_RETIRED, VERDICT_WARNING);
}

/* ---- signatures ---- */

static void
trust_the_signer(void)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_text(&text, "\"signers\": [{\"name\": \"builder\", \"key\": \"");
    jws_builder_pem(&text, key, true);
    buffer_append_text(&text, "\"}], \"violations\":");
    add_rule(buffer_text(&text));
}

static void
sign(struct buffer *out, struct bytes digest, uint8_t hash)
{
    uint8_t signature[512];
    size_t size = sizeof signature;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(1, EVP_PKEY_sign_init(ctx));
    assert_int_equal(1, EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
    assert_int_equal(1, EVP_PKEY_sign(ctx, signature, &size, digest.data, digest.size));
    EVP_PKEY_CTX_free(ctx);
    buffer_append_u8(out, 3);
    buffer_append_u8(out, 2);
    buffer_append_u8(out, hash);
    buffer_append_be32(out, 0x12345678);
    buffer_append_be16(out, (uint16_t)size);
    buffer_append(out, bytes_of(signature, size));
}

static void
append_field(struct buffer *out, struct bytes field)
{
    buffer_append_le32(out, (uint32_t)field.size);
    buffer_append(out, field);
}

/* A file of that content with a signature over signed_content's digest. */
static void
run_signed(const char *content, const char *signed_content, uint8_t hash)
{
    struct digest d;
    CLEANUP(buffer_free) struct buffer data = {0};
    CLEANUP(buffer_free) struct buffer signature = {0};
    CLEANUP(buffer_free) struct buffer digest = {0};
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(signed_content), &d));
    sign(&signature, digest_bytes(&d), hash);
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(content), &d));
    buffer_append(&digest, bytes_of("sha256:\0", 8));
    buffer_append(&digest, digest_bytes(&d));
    append_field(&data, buffer_bytes(&digest));
    append_field(&data, bytes_of("/opt/app\0", 9));
    append_field(&data, buffer_bytes(&signature));
    appraise_case_reboot(c);
    log_builder_ima_raw(&c->log, "ima-sig", buffer_bytes(&data), NULL);
    appraise_case_run(c);
}

static void
takes_files_by_a_signature(void)
{
    trust_the_signer();
    run_signed("app", "app", 4);
    appraise_case_assert_trusted(c);
    run_signed("app", "another app", 4);
    (void)appraise_case_assert_only(c, REASON_IMA_UNKNOWN_FILE, VERDICT_UNTRUSTED);
    run_signed("app", "app", 6); /* it says SHA-512 */
    (void)appraise_case_assert_only(c, REASON_IMA_UNKNOWN_FILE, VERDICT_UNTRUSTED);
}

static void
takes_files_signed_with_rsa(void **state)
{
    (void)state;
    key = rsa_key_next(2048);
    takes_files_by_a_signature();
}

static void
takes_files_signed_with_ecdsa(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    takes_files_by_a_signature();
}

static void
takes_no_file_signed_by_another_key(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    trust_the_signer();
    evp_pkey_freep(&key);
    key = EVP_EC_gen("P-256");
    run_signed("app", "app", 4);
    (void)appraise_case_assert_only(c, REASON_IMA_UNKNOWN_FILE, VERDICT_UNTRUSTED);
}

static void
needs_no_list_where_files_are_signed(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    trust_the_signer();
    appraise_case_edit(c, 0, "\"ima\": {\"references\": [\"boot\"], ", "\"ima\": {");
    run_signed("app", "app", 4);
    appraise_case_assert_all(c, REASON_IMA_UNKNOWN_FILE, 2); /* init and sh */
}

/* ---- excludes ---- */

static void
counts_what_it_excludes(void **state)
{
    (void)state;
    add_rule("\"exclude\": [\"/opt/\", \"/srv/x/\"], \"violations\":");
    log_builder_ima(&c->log, "/opt/a", "a");
    log_builder_ima(&c->log, "/opt/b", "b");
    log_builder_ima(&c->log, "/opt/sh", "sh"); /* allowed: not excluded */
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    assert_string_equal("2 of 5 files, 2 directories",
                        appraise_case_fact(c, REASON_IMA_EXCLUDED)->found);
    log_builder_ima(&c->log, "/optional", "c");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_UNKNOWN_FILE, VERDICT_UNTRUSTED);
}

static void
excludes_do_not_empty_the_check(void **state)
{
    (void)state;
    add_rule("\"exclude\": [\"/opt/\"], \"violations\":");
    appraise_case_reboot_firmware(c);
    log_builder_ima_aggregate(&c->log, ALG_SHA256);
    log_builder_ima(&c->log, "/opt/a", "a");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_EMPTY, VERDICT_UNTRUSTED);
    assert_non_null(appraise_case_fact(c, REASON_IMA_EXCLUDED));
}

/* ---- what must be measured ---- */

static void
wants_its_policy_measured(void **state)
{
    (void)state;
    add_digest_rule("policies", "rules of IMA");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_POLICY, VERDICT_UNTRUSTED);
    log_builder_ima(&c->log, "/etc/ima/ima-policy", "rules of IMA");
    appraise_case_profile(c, 1, "boot");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
wants_its_arguments_on_the_command_line(void **state)
{
    (void)state;
    add_rule("\"arguments\": [\"ro\"], \"violations\":");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    appraise_case_edit(c, 0, "[\"ro\"]", "[\"ro\", \"ima_policy=tcb\"]");
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_IMA_ARGUMENT, VERDICT_UNTRUSTED);
    assert_string_equal("ima_policy=tcb", r->expected);
    c->changes[0] =
        (struct appraise_case_change){"cmdline", APPRAISE_HASHED, "/vmlinuz ro -- ima_policy=tcb"};
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED,
                                                  "linux /vmlinuz ro -- ima_policy=tcb"};
    appraise_case_reboot(c);
    appraise_case_profile(c, 1, "boot");
    appraise_case_run(c); /* the first program's, not the kernel's */
    (void)appraise_case_assert_only(c, REASON_IMA_ARGUMENT, VERDICT_UNTRUSTED);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, start, finish)

/* The digest alone makes no aggregate of a file either. */
static void
takes_no_file_for_an_aggregate_by_its_digest(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer data = {0};
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&c->log.ima), 0, &r, NULL));
    assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
    assert_true(ima_is_aggregate(&e));
    log_builder_ima_field(&c->log, &data,
                          bytes_slice(e.data, 4, sizeof "sha256:" + e.file_digest.size));
    log_builder_ima_field(&c->log, &data, bytes_of("/usr/bin/evil", 14));
    log_builder_ima_raw(&c->log, "ima-ng", buffer_bytes(&data), NULL);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_UNKNOWN_FILE, VERDICT_UNTRUSTED);
}

/* Neither of the two has a digest; that makes them no two of a kind. */
static void
takes_no_empty_aggregate_for_another(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer data = {0};
    appraise_case_reboot_firmware(c);
    log_builder_ima_field(&c->log, &data, bytes_of("", 0));
    log_builder_ima_field(&c->log, &data, bytes_of("boot_aggregate", 15));
    log_builder_ima_raw(&c->log, "ima-ng", buffer_bytes(&data), NULL);
    log_builder_ima_raw(&c->log, "ima-ng", buffer_bytes(&data), NULL);
    appraise_case_run(c);
    const struct reasons *found = &appraise_case_perspective(c)->reasons;
    const struct reason *unknown = reasons_find(found, REASON_IMA_UNKNOWN_FILE);
    assert_non_null(unknown);
    assert_int_equal(1, unknown->event);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_forbidden_file_is_forbidden_whoever_allows_it),
        CLAIM(a_generation_gives_its_files_what_it_is_worth),
        CLAIM(a_retired_file_warns_until_its_date),
        CLAIM(takes_files_signed_with_rsa),
        CLAIM(takes_files_signed_with_ecdsa),
        CLAIM(takes_no_file_signed_by_another_key),
        CLAIM(needs_no_list_where_files_are_signed),
        CLAIM(counts_what_it_excludes),
        CLAIM(excludes_do_not_empty_the_check),
        CLAIM(wants_its_policy_measured),
        CLAIM(wants_its_arguments_on_the_command_line),
        CLAIM(takes_no_file_for_an_aggregate_by_its_digest),
        CLAIM(takes_no_empty_aggregate_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
