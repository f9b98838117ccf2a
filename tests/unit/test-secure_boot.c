/* SPDX-License-Identifier: Apache-2.0 */
/* A good boot whose Secure Boot variables hold real signature lists, and a rule that wants them as
 * they are; then one thing is changed. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

#define OWNER "owner's sixteen."

static const uint8_t x509[] = {0xa1, 0x59, 0xc0, 0xa5, 0xe4, 0x94, 0xa7, 0x4a,
                               0x87, 0xb5, 0xab, 0x15, 0x5c, 0x2b, 0xf0, 0x72};
static const uint8_t sha256[] = {0x26, 0x16, 0xc4, 0xc1, 0x4c, 0x50, 0x92, 0x40,
                                 0xac, 0xa9, 0x41, 0xf9, 0x36, 0x93, 0x43, 0x28};
static const uint8_t unknown[16] = {0x55};

/* What stands for certificates: a SEQUENCE, of which only the digest matters. */
#define PK_CERTIFICATE "0pk"
#define KEK_ONE        "0kek one"
#define KEK_TWO        "0kek two"
#define DB_ONE                                                                                     \
    "0\x06"                                                                                        \
    "db one"
#define SHIM                                                                                       \
    "0\x1a"                                                                                        \
    "vendor certificate of shim"
#define DB_TWO    "0db two"
#define IMAGE_ONE "11111111111111111111111111111111"
#define IMAGE_TWO "22222222222222222222222222222222"

/* What the boot measures; a test changes one. */
static struct measured {
    struct buffer pk, kek, db, dbx;
    const char *authority;
    uint32_t authority_type; /* and of SbatLevel */
    const char *sbat;        /* NULL: not measured */
    bool db_twice, db_cut, db_late, no_separator;
} m;
static struct appraise_case *c;

static void
add_list(struct buffer *out, const uint8_t type[static 16], const char *const *items, size_t n)
{
    size_t size = strlen(items[0]);
    buffer_append(out, bytes_of(type, 16));
    buffer_append_le32(out, (uint32_t)(28 + n * (16 + size)));
    buffer_append_le32(out, 0);
    buffer_append_le32(out, (uint32_t)(16 + size));
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(size, strlen(items[i]));
        buffer_append_text(out, OWNER);
        buffer_append_text(out, items[i]);
    }
}

static void
add_one(struct buffer *out, const uint8_t type[static 16], const char *item)
{
    add_list(out, type, &item, 1);
}

static int
start(void **state)
{
    static const char *const keks[] = {KEK_ONE, KEK_TWO};
    static const char *const images[] = {IMAGE_TWO, IMAGE_ONE};
    (void)state;
    m = (struct measured){.authority = OWNER DB_ONE,
                          .authority_type = EVENT_EFI_VARIABLE_AUTHORITY,
                          .sbat = "sbat,1,2024010900\nshim,4\ngrub,3\n"};
    add_one(&m.pk, x509, PK_CERTIFICATE);
    add_list(&m.kek, x509, keks, 2);
    add_one(&m.db, x509, DB_ONE);
    add_list(&m.dbx, sha256, images, 2);
    c = appraise_case_new();
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    buffer_free(&m.pk);
    buffer_free(&m.kek);
    buffer_free(&m.db);
    buffer_free(&m.dbx);
    return 0;
}

static void
variable(const char *name, const struct buffer *value)
{
    (void)log_builder_variable(&c->log, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, name,
                               buffer_bytes(value));
}

static void
authority(const char *name, const char *value)
{
    (void)log_builder_variable(&c->log, 7, m.authority_type, name, bytes_of_text(value));
}

static void
boot(void)
{
    static const uint8_t on = 1;
    (void)log_builder_text(&c->log, 0, EVENT_S_CRTM_VERSION, "1.0");
    (void)log_builder_variable(&c->log, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot",
                               bytes_of(&on, 1));
    variable("PK", &m.pk);
    variable("KEK", &m.kek);
    if (m.db_cut)
        m.db.size--;
    if (!m.db_late)
        variable("db", &m.db);
    if (m.db_twice)
        variable("db", &m.db);
    variable("dbx", &m.dbx);
    if (!m.no_separator)
        (void)log_builder_separator(&c->log, 7);
    for (uint32_t pcr = 0; pcr < 7; pcr++)
        (void)log_builder_separator(&c->log, pcr);
    if (m.db_late)
        variable("db", &m.db);
    authority("db", m.authority);
    if (m.sbat)
        authority("SbatLevel", m.sbat);
    (void)log_builder_event(&c->log, 4, EVENT_EFI_BOOT_APPLICATION, bytes_of_text("shim"),
                            bytes_of_text("path"));
}

static const char *
digest_of(const char *certificate)
{
    static char text[96];
    struct digest d;
    char hex[65];
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(certificate), &d));
    (void)snprintf(text, sizeof text, "\"sha256:%s\"", text_hex(digest_bytes(&d), hex, sizeof hex));
    return text;
}

static const char *
image(const char *digest)
{
    static char text[96];
    char hex[65];
    (void)snprintf(text, sizeof text, "\"sha256:%s\"",
                   text_hex(bytes_of_text(digest), hex, sizeof hex));
    return text;
}

/* A policy with nothing but the rule, and a reference set that lists image one. */
static void
want(const char *format, const char *first, const char *second)
{
    struct buffer *policy = &c->documents[0], *list = &c->documents[1];
    buffer_reset(policy);
    buffer_reset(list);
    buffer_append_text(policy, "{\"type\":\"policy\",\"id\":\"gateways\",\"version\":1,"
                               "\"perspective\":\"owner\",\"select\":{\"all\":true},\"quote\":"
                               "{\"sha256\":[0,1,2,3,4,5,6,7,8,9,10,11,12,14]},"
                               "\"secure_boot\":{\"state\":\"on\"");
    for (; *format; format++) {
        if (*format != '%') {
            buffer_append_u8(policy, (uint8_t)*format);
            continue;
        }
        buffer_append_text(policy, first);
        first = second;
    }
    buffer_append_text(policy, "}}");
    buffer_append_format(list,
                         "{\"type\":\"reference\",\"id\":\"revoked\",\"version\":1,\"dbx\":[%s]}",
                         image(IMAGE_ONE));
}

static void
run(void)
{
    boot();
    appraise_case_run(c);
}

static void
assert_trusted(void)
{
    run();
    appraise_case_assert_trusted(c);
}

static void
assert_refused(enum reason_code code, const char *what)
{
    run();
    const struct reason *r = appraise_case_assert_only(c, code, VERDICT_UNTRUSTED);
    assert_string_equal(what, r->what);
    assert_int_equal(7, r->pcr);
}

/* ---- PK ---- */

static void
trusts_the_named_platform_key(void **state)
{
    (void)state;
    want(",\"pk\":[%]", digest_of(PK_CERTIFICATE), NULL);
    assert_trusted();
}

static void
refuses_another_platform_key(void **state)
{
    (void)state;
    want(",\"pk\":[%]", digest_of("0another"), NULL);
    assert_refused(REASON_SECURE_BOOT_PK, "PK");
}

static void
refuses_two_platform_keys_of_which_one_is_named(void **state)
{
    (void)state;
    add_one(&m.pk, x509, "0another");
    want(",\"pk\":[%]", digest_of(PK_CERTIFICATE), NULL);
    assert_refused(REASON_SECURE_BOOT_PK, "PK");
}

static void
refuses_what_is_no_certificate_beside_the_platform_key(void **state)
{
    (void)state;
    add_one(&m.pk, unknown, "what");
    want(",\"pk\":[%]", digest_of(PK_CERTIFICATE), NULL);
    assert_refused(REASON_SECURE_BOOT_PK, "PK");
}

static void
refuses_no_platform_key(void **state)
{
    (void)state;
    buffer_reset(&m.pk);
    want(",\"pk\":[%]", digest_of(PK_CERTIFICATE), NULL);
    assert_refused(REASON_SECURE_BOOT_PK, "PK");
    assert_string_equal("none", appraise_case_perspective(c)->reasons.items[0].found);
}

/* ---- KEK, db, what was used ---- */

static void
trusts_what_is_required_and_nothing_else(void **state)
{
    (void)state;
    want(",\"db\":{\"required\":[%],\"allowed\":[%]}", digest_of(DB_ONE), image(IMAGE_ONE));
    assert_trusted();
}

static void
refuses_a_missing_certificate(void **state)
{
    (void)state;
    want(",\"kek\":{\"required\":[%]}", digest_of("0kek three"), NULL);
    assert_refused(REASON_SECURE_BOOT_REQUIRED, "KEK");
}

static void
finds_the_second_of_two_certificates(void **state)
{
    (void)state;
    want(",\"kek\":{\"required\":[%]}", digest_of(KEK_TWO), NULL);
    assert_trusted();
}

static void
refuses_a_certificate_that_is_not_allowed(void **state)
{
    (void)state;
    add_one(&m.db, x509, DB_TWO);
    want(",\"db\":{\"allowed\":[%]}", digest_of(DB_ONE), NULL);
    assert_refused(REASON_SECURE_BOOT_ALLOWED, "db");
}

/* threats 25: an unknown type is reported, never passed over. */
static void
refuses_a_signature_of_an_unknown_type_where_something_is_allowed(void **state)
{
    (void)state;
    add_one(&m.db, unknown, "what");
    want(",\"db\":{\"allowed\":[%]}", digest_of(DB_ONE), NULL);
    assert_refused(REASON_SECURE_BOOT_ALLOWED, "db");
}

static void
refuses_a_forbidden_certificate(void **state)
{
    (void)state;
    add_one(&m.db, x509, DB_TWO);
    want(",\"db\":{\"forbidden\":[%]}", digest_of(DB_TWO), NULL);
    assert_refused(REASON_SECURE_BOOT_FORBIDDEN, "db");
}

static void
refuses_an_image_that_a_forbidden_certificate_let_run(void **state)
{
    (void)state;
    want(",\"used\":{\"forbidden\":[%]}", digest_of(DB_ONE), NULL);
    assert_refused(REASON_SECURE_BOOT_FORBIDDEN, "used");
}

/* The type is in no digest: an authority under one that PCR 7 may have as well. */
static void
threat_22_reads_an_authority_under_any_type(void **state)
{
    (void)state;
    m.authority_type = 0x800000E4u; /* EV_EFI_SPDM_DEVICE_AUTHORITY */
    want(",\"used\":{\"forbidden\":[%]}", digest_of(DB_ONE), NULL);
    assert_refused(REASON_SECURE_BOOT_FORBIDDEN, "used");
    want(",\"sbat\":{\"level\":2024010901}", NULL, NULL);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_SECURE_BOOT_SBAT_LEVEL, VERDICT_UNTRUSTED);
}

/* What let a device be used is no image's. */
static void
takes_no_certificate_of_a_device_for_an_images(void **state)
{
    (void)state;
    boot();
    (void)log_builder_variable(&c->log, 7, 0x800000E4u, "devdb", bytes_of_text(OWNER SHIM));
    want(",\"used\":{\"allowed\":[%]}", digest_of(DB_ONE), NULL);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

/* Which log an event stands in is in no digest either: what firmware measured can be handed in as a
 * record of user space, of which only the digest is looked at. */
static void
threat_22_takes_no_authority_out_of_the_boot_log(void **state)
{
    static const char *const rules[] = {",\"used\":{\"forbidden\":[%]}", ",\"sbat\":{\"level\":1}"};
    (void)state;
    boot();
    appraise_case_record(c, 7, "os-separator");
    for (size_t i = 0; i < 2; i++) {
        want(rules[i], digest_of(SHIM), NULL);
        appraise_case_run(c);
        appraise_case_assert_trusted(c);
    }
    appraise_case_record(c, 7, "an authority, or SbatLevel");
    for (size_t i = 0; i < 2; i++) {
        want(rules[i], digest_of(SHIM), NULL);
        appraise_case_run(c);
        const struct reason *r =
            appraise_case_assert_only(c, REASON_SECURE_BOOT_CONTENT, VERDICT_UNTRUSTED);
        assert_string_equal("used", r->what);
        assert_int_equal(REASON_LOG_USERSPACE, r->log);
    }
    want("", NULL, NULL);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
reads_an_authority_without_an_owner(void **state)
{
    (void)state;
    m.authority = SHIM;
    want(",\"used\":{\"allowed\":[%]}", digest_of(SHIM), NULL);
    assert_trusted();
}

static void
wants_the_certificates_of_2023(void **state)
{
    (void)state;
    want(",\"microsoft_2023\":[\"kek\"]", NULL, NULL);
    assert_refused(REASON_SECURE_BOOT_REQUIRED, "KEK");
    assert_string_equal("Microsoft Corporation KEK 2K CA 2023",
                        appraise_case_perspective(c)->reasons.items[0].expected);
}

/* ---- what cannot be judged ---- */

static void
refuses_to_judge_a_list_that_is_cut(void **state)
{
    (void)state;
    m.db_cut = true;
    want(",\"db\":{\"forbidden\":[%]}", digest_of(DB_TWO), NULL);
    assert_refused(REASON_SECURE_BOOT_CONTENT, "db");
}

static bool
has_reason(enum reason_code code, const char *what)
{
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    for (size_t i = 0; i < all->n_items; i++) {
        if (all->items[i].code == code && text_equal(all->items[i].what, what))
            return true;
    }
    return false;
}

/* threats 24 */
static void
refuses_to_judge_a_variable_behind_the_separator(void **state)
{
    (void)state;
    m.db_late = true;
    want(",\"db\":{\"required\":[%]}", digest_of(DB_ONE), NULL);
    run();
    assert_true(has_reason(REASON_SECURE_BOOT_CONTENT, "db"));
}

static void
refuses_to_judge_a_variable_that_was_measured_twice(void **state)
{
    (void)state;
    m.db_twice = true;
    want(",\"db\":{\"required\":[%]}", digest_of(DB_ONE), NULL);
    run();
    assert_true(has_reason(REASON_SECURE_BOOT_CONTENT, "db"));
}

static void
refuses_to_judge_without_a_separator(void **state)
{
    (void)state;
    m.no_separator = true;
    want(",\"db\":{\"required\":[%]}", digest_of(DB_ONE), NULL);
    run();
    assert_true(has_reason(REASON_SECURE_BOOT_CONTENT, "db"));
}

static void
refuses_to_judge_data_that_no_digest_covers(void **state)
{
    (void)state;
    want(",\"db\":{\"forbidden\":[%]}", digest_of(DB_TWO), NULL);
    boot();
    uint8_t *at = memmem(c->log.log.data, c->log.log.size, "db one", 6);
    assert_non_null(at);
    at[5] ^= 1;
    appraise_case_run(c);
    assert_true(has_reason(REASON_SECURE_BOOT_CONTENT, "db"));
}

/* ---- dbx ---- */

static void
trusts_a_dbx_that_holds_the_list_and_more(void **state)
{
    (void)state;
    want(",\"dbx\":[\"revoked\"]", NULL, NULL);
    assert_trusted();
}

static void
refuses_a_dbx_that_lacks_an_entry(void **state)
{
    (void)state;
    buffer_reset(&m.dbx);
    add_one(&m.dbx, sha256, IMAGE_TWO);
    want(",\"dbx\":[\"revoked\"]", NULL, NULL);
    assert_refused(REASON_SECURE_BOOT_DBX, "dbx");
    const struct reason *r = &appraise_case_perspective(c)->reasons.items[0];
    assert_string_equal("revoked", r->expected);
    assert_true(text_starts(r->found, "1 of 1 missing, first sha256:3131"));
}

/* ---- SBAT ---- */

static void
trusts_a_level_that_is_high_enough(void **state)
{
    (void)state;
    want(",\"sbat\":{\"level\":2024010900,\"components\":{\"shim\":4,\"grub\":2}}", NULL, NULL);
    assert_trusted();
}

static void
refuses_a_lower_level(void **state)
{
    (void)state;
    want(",\"sbat\":{\"level\":2024010901}", NULL, NULL);
    assert_refused(REASON_SECURE_BOOT_SBAT_LEVEL, "SbatLevel");
}

static void
refuses_a_lower_generation_and_an_unnamed_component(void **state)
{
    (void)state;
    want(",\"sbat\":{\"components\":{\"shim\":5,\"systemd-boot\":1,\"grub\":3}}", NULL, NULL);
    run();
    appraise_case_assert_all(c, REASON_SECURE_BOOT_SBAT_LEVEL, 2);
}

static void
refuses_a_boot_without_a_level(void **state)
{
    (void)state;
    m.sbat = NULL;
    want(",\"sbat\":{\"level\":1}", NULL, NULL);
    assert_refused(REASON_SECURE_BOOT_SBAT_LEVEL, "SbatLevel");
}

static void
refuses_a_level_that_is_none(void **state)
{
    static const char *const bad[] = {"sbat,1\n", "shim,1,2024010900\n", "sbat,1,x\n",
                                      "sbat,1,2024010900\nshim\n", ""};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (i > 0) {
            finish(NULL);
            start(NULL);
        }
        m.sbat = bad[i];
        want(",\"sbat\":{\"level\":1}", NULL, NULL);
        assert_refused(REASON_SECURE_BOOT_CONTENT, "SbatLevel");
    }
}

static void
refuses_an_unbound_level(void **state)
{
    (void)state;
    m.authority = OWNER DB_ONE;
    want(",\"sbat\":{\"level\":1}", NULL, NULL);
    boot();
    c->in.boot_log_present = true;
    /* The last byte of the log is shim's path; SbatLevel's own is found by its text. */
    uint8_t *at = memmem(c->log.log.data, c->log.log.size, "shim,4", 6);
    assert_non_null(at);
    at[5] = '9';
    appraise_case_run(c);
    assert_true(has_reason(REASON_SECURE_BOOT_CONTENT, "SbatLevel"));
}

static void
warns_where_policy_says_warn(void **state)
{
    (void)state;
    want(",\"sbat\":{\"level\":2099010100},\"effect\":\"warn\"", NULL, NULL);
    run();
    (void)appraise_case_assert_only(c, REASON_SECURE_BOOT_SBAT_LEVEL, VERDICT_WARNING);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(trusts_the_named_platform_key),
        CASE(refuses_another_platform_key),
        CASE(refuses_two_platform_keys_of_which_one_is_named),
        CASE(refuses_what_is_no_certificate_beside_the_platform_key),
        CASE(refuses_no_platform_key),
        CASE(trusts_what_is_required_and_nothing_else),
        CASE(refuses_a_missing_certificate),
        CASE(finds_the_second_of_two_certificates),
        CASE(refuses_a_certificate_that_is_not_allowed),
        CASE(refuses_a_signature_of_an_unknown_type_where_something_is_allowed),
        CASE(refuses_a_forbidden_certificate),
        CASE(refuses_an_image_that_a_forbidden_certificate_let_run),
        CASE(threat_22_reads_an_authority_under_any_type),
        CASE(takes_no_certificate_of_a_device_for_an_images),
        CASE(threat_22_takes_no_authority_out_of_the_boot_log),
        CASE(reads_an_authority_without_an_owner),
        CASE(wants_the_certificates_of_2023),
        CASE(refuses_to_judge_a_list_that_is_cut),
        CASE(refuses_to_judge_a_variable_behind_the_separator),
        CASE(refuses_to_judge_a_variable_that_was_measured_twice),
        CASE(refuses_to_judge_without_a_separator),
        CASE(refuses_to_judge_data_that_no_digest_covers),
        CASE(trusts_a_dbx_that_holds_the_list_and_more),
        CASE(refuses_a_dbx_that_lacks_an_entry),
        CASE(trusts_a_level_that_is_high_enough),
        CASE(refuses_a_lower_level),
        CASE(refuses_a_lower_generation_and_an_unnamed_component),
        CASE(refuses_a_boot_without_a_level),
        CASE(refuses_a_level_that_is_none),
        CASE(refuses_an_unbound_level),
        CASE(warns_where_policy_says_warn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
