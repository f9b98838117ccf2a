/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/proven.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

static struct appraise_case *c;

/* ---- effects ---- */

static void
warns_where_policy_says_warn(void **state)
{
    c = *state;
    c->subject.genuine = GENUINE_SOFTWARE;
    appraise_case_edit(c, 0, "[\"verified\"]", "[\"verified\"], \"effect\": \"warn\"");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_DEVICE_NOT_GENUINE, VERDICT_WARNING);
    assert_int_equal(32, appraise_case_perspective(c)->vector.claim[VECTOR_HARDWARE]);
    appraise_case_edit(c, 0, "[\"verified\"]", "[\"verified\", \"software\"]");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    assert_int_equal(0, appraise_case_perspective(c)->vector.claim[VECTOR_INSTANCE_IDENTITY]);
}

static void
never_warns_of_a_device_that_was_revoked(void **state)
{
    c = *state;
    static const enum life_cycle states[] = {LIFE_CYCLE_EXPECTED, LIFE_CYCLE_PENDING,
                                             LIFE_CYCLE_REVOKED, LIFE_CYCLE_DECOMMISSIONED};
    for (size_t i = 0; i < 4; i++) {
        c->subject.state = states[i];
        appraise_case_run(c);
        const struct reason *r =
            appraise_case_assert_only(c, REASON_DEVICE_STATE, VERDICT_UNTRUSTED);
        assert_string_equal(life_cycle_name(states[i]), r->found);
    }
}

static void
takes_evidence_as_long_as_policy_says(void **state)
{
    c = *state;
    c->now_s = 1769000000 + 3600;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    c->now_s++;
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_EVIDENCE_AGE, VERDICT_NONE);
    c->now_s += 60;
    c->subject.state = LIFE_CYCLE_REVOKED;
    appraise_case_run(c);
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
}

/* ---- Secure Boot ---- */

/* Another SecureBoot variable, behind the separator: what the firmware said stands. */
static void
reads_secure_boot_before_the_separator_only(void **state)
{
    c = *state;
    static const uint8_t on = 1;
    c->changes[0] = (struct appraise_case_change){"SecureBoot", APPRAISE_HASHED, ""};
    appraise_case_reboot_firmware(c);
    (void)log_builder_variable(&c->log, 7, EVENT_EFI_VARIABLE_DRIVER_CONFIG, "SecureBoot",
                               bytes_of(&on, 1));
    appraise_case_append_ima(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    assert_int_equal(0, appraisal_secure_boot(c->appraisal));
    assert_non_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_SECURE_BOOT_OFF));
}

static void
believes_no_secure_boot_without_a_separator(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"separator-7", APPRAISE_SKIP, NULL};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_int_equal(-1, appraisal_secure_boot(c->appraisal));
}

static void
believes_neither_of_two_secure_boot_variables(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"SecureBoot", APPRAISE_TWICE, NULL};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    assert_int_equal(-1, appraisal_secure_boot(c->appraisal));
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
}

/* The firmware measured 1; the log's data say 0, and nothing covers them. */
static void
believes_no_data_that_the_digest_does_not_cover(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"SecureBoot", APPRAISE_DATA, ""};
    appraise_case_reboot(c);
    appraise_case_run(c);
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    assert_int_equal(-1, appraisal_secure_boot(c->appraisal));
    assert_non_null(reasons_find(all, REASON_SECURE_BOOT_UNKNOWN));
    assert_non_null(reasons_find(all, REASON_LOG_DIGEST));
    assert_int_equal(2, all->n_items);
}

static void
takes_no_other_value_for_on(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"SecureBoot", APPRAISE_HASHED, "\2"};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_SECURE_BOOT_UNKNOWN, VERDICT_UNTRUSTED);
}

/* ---- IMA ---- */

static void
names_unknown_files_and_counts_the_rest(void **state)
{
    c = *state;
    for (size_t i = 0; i < 100; i++) {
        char content[16];
        (void)snprintf(content, sizeof content, "file %zu", i);
        log_builder_ima(&c->log, "/opt/file", content);
    }
    appraise_case_run(c);
    appraise_case_assert_all(c, REASON_IMA_UNKNOWN_FILE, 33);
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    assert_string_equal("/opt/file", all->items[0].what);
    assert_string_equal("100 unknown files, 32 named", all->items[32].found);
}

static void
takes_no_file_for_an_aggregate_by_its_name(void **state)
{
    c = *state;
    log_builder_ima(&c->log, "boot_aggregate", "evil");
    appraise_case_run(c);
    assert_non_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_IMA_UNKNOWN_FILE));
}

static void
weighs_violations_by_policy(void **state)
{
    c = *state;
    log_builder_ima_violation(&c->log, "/var/log/messages");
    appraise_case_edit(c, 0, "\"violations\": \"enforce\"", "\"violations\": \"warn\"");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_VIOLATION, VERDICT_WARNING);
    appraise_case_edit(c, 0, "\"violations\": \"warn\"", "\"violations\": \"enforce\"");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_VIOLATION, VERDICT_UNTRUSTED);
}

/* The violation was in an earlier round of this boot: it still counts. */
static void
remembers_violations_of_earlier_rounds(void **state)
{
    c = *state;
    log_builder_ima_violation(&c->log, "/var/log/messages");
    appraise_case_run(c);
    CLEANUP(buffer_free) struct buffer older = {0};
    buffer_append(&older, buffer_bytes(&c->log.ima));
    struct replay_state state_before = *replay_state_after(c->replay);
    size_t older_size = c->log.ima.size;
    log_builder_ima(&c->log, "/usr/bin/sh", "sh");
    c->replaced = true;
    c->in = (struct replay_input){
        .boot_log = buffer_bytes(&c->log.log),
        .boot_log_present = true,
        .ima = bytes_slice(buffer_bytes(&c->log.ima), older_size, c->log.ima.size - older_size),
        .ima_present = true,
        .ima_older = buffer_bytes(&older),
        .state = state_before,
    };
    appraise_case_run(c);
    assert_null(reasons_find(&c->found, REASON_IMA_VIOLATION));
    const struct reason *r = appraise_case_assert_only(c, REASON_IMA_VIOLATION, VERDICT_UNTRUSTED);
    assert_string_equal("/var/log/messages", r->found);
}

/* ---- quirks ---- */

static void
denies_a_quirk_once_a_pcr(void **state)
{
    c = *state;
    appraise_case_edit(c, 0, "\"ima\":", "\"quirks\": {\"deny\": [\"string-prefix\"]}, \"ima\":");
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_LOG_DIGEST, VERDICT_UNTRUSTED);
    assert_int_equal(8, r->pcr);
    assert_string_equal("string-prefix", r->what);
    appraise_case_edit(c, 0, "string-prefix", "shim-extra-byte");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

/* ---- coverage ---- */

static void
covers_a_boot_path_that_it_sees(void **state)
{
    c = *state;
    (void)log_builder_event(&c->log, 11, EVENT_IPL, bytes_of_text("section"),
                            bytes_of(".\0l\0i\0n\0u\0x\0\0\0", 14));
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_BOOT_SURPLUS, VERDICT_UNTRUSTED);
    assert_int_equal(11, r->pcr);
}

static void
covers_no_pcr_that_policy_leaves_out(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"initrd", APPRAISE_HASHED, "another"};
    appraise_case_reboot(c);
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"enforce\"",
                       "[\"boot\"], \"coverage\": {\"enforce\": [0,2,4,7,8,14]}");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

/* PCR 2 has no component and no event, not even a separator: that is no good boot either. */
static void
demands_that_firmware_pcrs_were_extended(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"driver", APPRAISE_SKIP, NULL};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    c->changes[1] = (struct appraise_case_change){"separator-2", APPRAISE_SKIP, NULL};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_int_equal(2, appraise_case_assert_only(c, REASON_LOG_SEPARATOR, VERDICT_UNTRUSTED)->pcr);
}

/* Wherever it is measured, and whatever else is wrong with that. */
static void
tells_a_revoked_value_as_that_alone(void **state)
{
    c = *state;
    struct digest grub, memtest;
    char old[80], text[256], hex[2 * ALG_MAX_SIZE + 1];
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("grub"), &grub));
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("memtest"), &memtest));
    (void)text_hex(digest_bytes(&grub), old, sizeof old);
    (void)snprintf(text, sizeof text, "%s\"}, {\"status\": \"revoked\", \"sha256\": \"%s", old,
                   text_hex(digest_bytes(&memtest), hex, sizeof hex));
    appraise_case_edit(c, 1, old, text);
    c->changes[0] = (struct appraise_case_change){"mok", APPRAISE_INSERT, "memtest"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_string_equal(
        hex, appraise_case_assert_only(c, REASON_BOOT_REVOKED, VERDICT_UNTRUSTED)->found);
}

/* A set that lists PCR 1 enforces it: no second word on it. */
static void
compares_no_pcr_that_it_matches(void **state)
{
    c = *state;
    appraise_case_reboot_firmware(c);
    (void)log_builder_event(&c->log, 1, 0x80000009u, bytes_of_text("tables"), bytes_of_text("x"));
    appraise_case_append_ima(c);
    appraise_case_edit(c, 1, "\"components\": [",
                       "\"components\": [{\"role\": \"tables\", \"pcr\": 1, \"values\": "
                       "[{\"any\": true}]},");
    c->last_good = (struct subject_pcrs){.alg = ALG_SHA256, .present = 2};
    c->subject.last_good = &c->last_good;
    c->last_good.pcr[1] = digest_reset(ALG_SHA256, 1);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
takes_a_value_that_is_active_elsewhere_for_active(void **state)
{
    c = *state;
    struct digest grub;
    char text[512], hex[2 * ALG_MAX_SIZE + 1];
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("grub"), &grub));
    (void)text_hex(digest_bytes(&grub), hex, sizeof hex);
    (void)snprintf(text, sizeof text, "%s\"}, {\"status\": \"retired\", \"sha256\": \"%s", hex,
                   hex);
    appraise_case_edit(c, 1, hex, text);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
applies_a_component_in_its_scope_only(void **state)
{
    c = *state;
    appraise_case_edit(c, 1, "\"role\": \"initrd\",",
                       "\"role\": \"initrd\", \"scope\": \"device\", \"device\": "
                       "\"00112233445566778899aabbccddeeff\",");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    appraise_case_edit(c, 1, "00112233445566778899aabbccddeeff",
                       "00112233445566778899aabbccddeef0");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_SURPLUS, VERDICT_UNTRUSTED);
    appraise_case_edit(c, 1,
                       "\"scope\": \"device\", \"device\": \"00112233445566778899aabbccddeef0\"",
                       "\"scope\": \"group\", \"labels\": {\"site\": [\"osaka\", \"tokyo\"]}");
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
compares_with_the_last_good_boot_and_only_warns(void **state)
{
    c = *state;
    c->last_good = (struct subject_pcrs){.alg = ALG_SHA256, .present = 0xFFFF};
    memcpy(c->last_good.pcr, c->log.pcr[0], sizeof c->log.pcr[0]);
    c->subject.last_good = &c->last_good;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    c->last_good.pcr[5].data[0] ^= 1;
    c->last_good.pcr[4].data[0] ^= 1;
    appraise_case_run(c);
    assert_int_equal(5, appraise_case_assert_only(c, REASON_BOOT_CHANGED, VERDICT_WARNING)->pcr);
    c->last_good.present = 0;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
rests_on_no_sha1_value(void **state)
{
    c = *state;
    struct digest d;
    char hex[2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer with = {0};
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("grub"), &d));
    (void)text_hex(digest_bytes(&d), hex, sizeof hex);
    char other[2 * ALG_MAX_SIZE + 1];
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA384, bytes_of_text("grub"), &d));
    (void)text_hex(digest_bytes(&d), other, sizeof other);
    buffer_append_format(&with, "\"sha384\": \"%s\"", other);
    char old[160];
    (void)snprintf(old, sizeof old, "\"sha256\": \"%s\"", hex);
    appraise_case_edit(c, 1, old, buffer_text(&with));
    appraise_case_run(c); /* no common algorithm: the right content is not shown */
    (void)appraise_case_assert_only(c, REASON_BOOT_UNKNOWN_IMAGE, VERDICT_UNTRUSTED);
}

/* Of the two, only SHA-1 is common: equal, and worth nothing. */
static void
takes_no_value_by_sha1_alone(void **state)
{
    c = *state;
    struct proven p = {0};
    struct replay_event e = {0};
    struct reference_value value = {.n_digests = 2};
    for (size_t i = 0; i < ALG_COUNT; i++)
        p.bank_of[i] = LIMIT_BANKS;
    p.bank_of[alg_index(ALG_SHA1)] = 0;
    e.digest[0] = digest_reset(ALG_SHA1, 1);
    value.digests[0] = e.digest[0];
    value.digests[1] = digest_reset(ALG_SHA256, 2);
    assert_false(proven_matches(&p, &e, &value));
    p.bank_of[alg_index(ALG_SHA256)] = 1;
    e.digest[1] = value.digests[1];
    assert_true(proven_matches(&p, &e, &value));
    e.digest[0] = digest_reset(ALG_SHA1, 9);
    assert_false(proven_matches(&p, &e, &value));
}

/* What has the SHA-1 of a revoked image, which anybody may make, is not that image. */
static void
revokes_nothing_by_sha1_alone(void **state)
{
    c = *state;
    struct proven p = {0};
    struct replay_event e = {0};
    struct file_set set = {0};
    CLEANUP(arena_free) struct arena arena = {0};
    const struct digest revoked[] = {digest_reset(ALG_SHA1, 1), digest_reset(ALG_SHA256, 2)};
    for (size_t i = 0; i < 2; i++) {
        assert_status(STATUS_OK, file_set_reserve(&set, &arena, revoked[i].alg, 1));
        assert_status(STATUS_OK, file_set_add(&set, &revoked[i]));
    }
    for (size_t i = 0; i < ALG_COUNT; i++)
        p.bank_of[i] = LIMIT_BANKS;
    p.bank_of[alg_index(ALG_SHA1)] = 0;
    p.bank_of[alg_index(ALG_SHA256)] = 1;
    e.digest[0] = revoked[0];
    e.digest[1] = digest_reset(ALG_SHA256, 3);
    assert_false(proven_in_set(&p, &e, &set));
    e.digest[1] = revoked[1];
    assert_true(proven_in_set(&p, &e, &set));
}

static void
selects_nothing_by_an_empty_selector(void **state)
{
    c = *state;
    struct selector s = {0};
    assert_false(selector_match(&s, &c->subject));
    s.all = true;
    assert_true(selector_match(&s, &c->subject));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPRAISE_CASE(warns_where_policy_says_warn),
        APPRAISE_CASE(never_warns_of_a_device_that_was_revoked),
        APPRAISE_CASE(takes_evidence_as_long_as_policy_says),
        APPRAISE_CASE(reads_secure_boot_before_the_separator_only),
        APPRAISE_CASE(believes_no_secure_boot_without_a_separator),
        APPRAISE_CASE(believes_neither_of_two_secure_boot_variables),
        APPRAISE_CASE(believes_no_data_that_the_digest_does_not_cover),
        APPRAISE_CASE(takes_no_other_value_for_on),
        APPRAISE_CASE(names_unknown_files_and_counts_the_rest),
        APPRAISE_CASE(takes_no_file_for_an_aggregate_by_its_name),
        APPRAISE_CASE(weighs_violations_by_policy),
        APPRAISE_CASE(remembers_violations_of_earlier_rounds),
        APPRAISE_CASE(denies_a_quirk_once_a_pcr),
        APPRAISE_CASE(covers_a_boot_path_that_it_sees),
        APPRAISE_CASE(covers_no_pcr_that_policy_leaves_out),
        APPRAISE_CASE(demands_that_firmware_pcrs_were_extended),
        APPRAISE_CASE(tells_a_revoked_value_as_that_alone),
        APPRAISE_CASE(compares_no_pcr_that_it_matches),
        APPRAISE_CASE(takes_a_value_that_is_active_elsewhere_for_active),
        APPRAISE_CASE(applies_a_component_in_its_scope_only),
        APPRAISE_CASE(compares_with_the_last_good_boot_and_only_warns),
        APPRAISE_CASE(rests_on_no_sha1_value),
        APPRAISE_CASE(takes_no_value_by_sha1_alone),
        APPRAISE_CASE(revokes_nothing_by_sha1_alone),
        APPRAISE_CASE(selects_nothing_by_an_empty_selector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
