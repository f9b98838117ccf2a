/* SPDX-License-Identifier: Apache-2.0 */
/* What must never pass in silence, row by row of the threats: a boot that is otherwise good and
 * approved, and exactly the reason that tells it. */
#include "base/cleanup.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/boot_case.h"
#include "tests/lib/log_edit.h"
#include "tests/lib/test.h"

#include <string.h>

#define COVER_12 "[\"boot\"], \"coverage\": {\"enforce\": [0,2,4,7,8,9,12,14]}"
#define NOT_9    "[\"boot\"], \"coverage\": {\"enforce\": [0,2,4,7,8,14]}"
#define ENFORCE  "[\"boot\"], \"effect\": \"enforce\""
#define RULES                                                                                      \
    "\"1h\",\n"                                                                                    \
    " \"secure_boot\": {\"state\": \"on\"},\n"                                                     \
    " \"boot\": {\"references\": [\"boot\"], \"effect\": \"enforce\"},\n"                          \
    " \"command_line\": {\"references\": true},\n"                                                 \
    " \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}\n"
#define IDENTITY_ONLY "\"1h\"\n"
#define LINE          "/vmlinuz root=/dev/sda1 initrd=/initrd.img"

static struct appraise_case *c;

static int
set_up(void **state)
{
    (void)state;
    c = appraise_case_ready();
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

/* Anybody can extend golden values into it. [CVE-2021-42299] */
static void
threat_20_a_bank_that_the_firmware_left_alone(void **state)
{
    (void)state;
    static const uint16_t banks[] = {ALG_SHA256, ALG_SHA384};
    log_builder_free(&c->log);
    log_builder_init(&c->log, c->h, banks, 2);
    appraise_case_boot(c);
    c->selection = APPRAISE_CASE_BANKS "+sha384:0-9";
    for (uint32_t pcr = 0; pcr < 10; pcr++)
        c->log.pcr[1][pcr] = digest_reset(ALG_SHA384, 0);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_LOG_BANK_UNCAPPED, VERDICT_UNTRUSTED);
}

static void
threat_20_a_bank_without_separators(void **state)
{
    (void)state;
    char step[] = "separator-0";
    log_builder_free(&c->log);
    static const uint16_t banks[] = {ALG_SHA256};
    log_builder_init(&c->log, c->h, banks, 1);
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        step[10] = (char)('0' + pcr);
        (void)log_builder_text(&c->log, pcr, EVENT_EFI_ACTION, step);
    }
    appraise_case_append_ima(c);
    appraise_case_run(c);
    assert_non_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_LOG_BANK_UNCAPPED));
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
}

static void
drop_separator_3(struct buffer *log)
{
    log_edit_drop(log, (struct log_edit_place){3, EVENT_SEPARATOR, 0});
}

/* Though no rule enforces PCR 3, and no event is missing there. */
static void
threat_20_a_firmware_pcr_that_nothing_capped(void **state)
{
    (void)state;
    static const char *const names[] = {"plain", "uboot-efi", "uboot-fit"};
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(buffer_free) struct buffer log = {0};
        struct appraise_case *b = boot_case_start(boot_case_find(names[i]), NULL, &log);
        drop_separator_3(&log);
        boot_case_follow(b, &log);
        boot_case_run(b, &log);
        const struct reason *r =
            appraise_case_assert_only(b, REASON_LOG_SEPARATOR, VERDICT_WARNING);
        assert_int_equal(3, r->pcr);
        appraise_case_free(b);
    }
}

/* No quote shows it but by what the PCRs hold. */
static void
threat_21_a_warm_reboot_that_did_not_reset_the_tpm(void **state)
{
    (void)state;
    appraise_case_reboot_firmware(c);
    buffer_append(&c->kept, buffer_bytes(&c->log.log));
    appraise_case_append_firmware(c);
    appraise_case_append_ima(c);
    c->replaced = true;
    c->in.boot_log = buffer_bytes(&c->kept);
    c->in.boot_log_present = true;
    c->in.ima = buffer_bytes(&c->log.ima);
    c->in.ima_present = true;
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_LOG_REPEATED, VERDICT_UNTRUSTED);
}

static void
threat_28_a_covered_pcr_at_its_reset_value(void **state)
{
    (void)state;
    appraise_case_edit(c, APPRAISE_CASE_POLICY, ENFORCE, COVER_12);
    appraise_case_run(c);
    assert_int_equal(12,
                     appraise_case_assert_only(c, REASON_LOG_PCR_RESET, VERDICT_UNTRUSTED)->pcr);
}

static void
threat_28_a_pcr_that_is_extended_and_has_no_events(void **state)
{
    (void)state;
    appraise_case_edit(c, APPRAISE_CASE_POLICY, ENFORCE, COVER_12);
    log_builder_extend(&c->log, 12, bytes_of_text("x"));
    appraise_case_run(c);
    assert_int_equal(
        12, appraise_case_assert_only(c, REASON_LOG_PCR_UNEXPLAINED, VERDICT_UNTRUSTED)->pcr);
}

/* Two different initrds give the same PCRs under the EFI stub of kernel 6.1. */
static void
threat_50_an_initrd_that_nothing_measured(void **state)
{
    (void)state;
    c->changes[0] = (struct appraise_case_change){"initrd", APPRAISE_SKIP, NULL};
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED, "linux " LINE};
    c->changes[2] = (struct appraise_case_change){"cmdline", APPRAISE_HASHED, LINE};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_INITRD_UNMEASURED, VERDICT_UNTRUSTED);
    appraise_case_reboot_firmware(c);
    (void)log_builder_text(&c->log, 9, EVENT_EFI_ACTION, "initrd"); /* is none */
    appraise_case_append_ima(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_INITRD_UNMEASURED, VERDICT_UNTRUSTED);
    appraise_case_edit(c, APPRAISE_CASE_POLICY, ENFORCE, NOT_9);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_INITRD_UNMEASURED, VERDICT_UNTRUSTED);
}

/* What the log calls a file is in no digest: the kernel's, which is approved, under another name.
 */
static void
threat_50_an_initrd_that_only_the_log_names(void **state)
{
    (void)state;
    c->changes[0] = (struct appraise_case_change){"initrd", APPRAISE_SKIP, NULL};
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED, "linux " LINE};
    c->changes[2] = (struct appraise_case_change){"cmdline", APPRAISE_HASHED, LINE};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    char *name = memmem(c->log.log.data, c->log.log.size, "/vmlinuz", sizeof "/vmlinuz");
    assert_non_null(name);
    memcpy(name, "/initrd0", sizeof "/initrd0");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_INITRD_UNMEASURED, VERDICT_UNTRUSTED);
    appraise_case_edit(c, APPRAISE_CASE_POLICY, ENFORCE, NOT_9);
    appraise_case_run(c); /* nothing is held against PCR 9: the log's word is all there is */
    appraise_case_assert_trusted(c);
}

/* An initrd that was measured and is not approved is that, and not unmeasured. */
static void
threat_50_tells_an_unknown_initrd_as_that(void **state)
{
    (void)state;
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED, "linux " LINE};
    c->changes[2] = (struct appraise_case_change){"cmdline", APPRAISE_HASHED, LINE};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    c->changes[0] = (struct appraise_case_change){"initrd", APPRAISE_HASHED, "evil"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_UNKNOWN_IMAGE, VERDICT_UNTRUSTED);
}

static void
threat_51_an_ima_list_that_pcr_10_does_not_carry(void **state)
{
    (void)state;
    c->log.pcr[0][10] = digest_reset(ALG_SHA256, 0);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_IMA_NOT_ANCHORED, VERDICT_UNTRUSTED);
}

/* A TPM that the firmware does not know: all PCRs at reset, no boot log. */
static void
forget_the_boot(void)
{
    for (uint32_t pcr = 0; pcr < 16; pcr++)
        c->log.pcr[0][pcr] = digest_reset(ALG_SHA256, 0);
    c->replaced = true;
    c->in = (struct replay_input){0};
}

static void
threat_52_a_platform_without_firmware_measurement_passes_no_boot_rule(void **state)
{
    (void)state;
    forget_the_boot();
    appraise_case_run(c);
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
    assert_non_null(reasons_find(all, REASON_BOOT_UNMEASURED));
    assert_null(reasons_find(all, REASON_LOG_PCR_RESET));
    assert_null(reasons_find(all, REASON_LOG_PCR_MISMATCH));
    assert_non_null(reasons_find(appraisal_facts(c->appraisal), REASON_LOG_UNMEASURED));
}

/* Its keys are its identity: a policy that asks for no more can be met, and the result says what
 * was not shown. */
static void
threat_52_identity_alone_is_told_as_that(void **state)
{
    (void)state;
    appraise_case_edit(c, APPRAISE_CASE_POLICY, RULES, IDENTITY_ONLY);
    forget_the_boot();
    appraise_case_run(c);
    assert_int_equal(VERDICT_TRUSTED, appraise_case_perspective(c)->verdict);
    assert_non_null(reasons_find(appraisal_facts(c->appraisal), REASON_LOG_UNMEASURED));
}

/* One PCR that the firmware extended, and it is measured; what is wrong has its own reason. */
static void
threat_52_a_measured_platform_is_not_called_unmeasured(void **state)
{
    (void)state;
    appraise_case_run(c);
    assert_null(reasons_find(appraisal_facts(c->appraisal), REASON_LOG_UNMEASURED));
    forget_the_boot();
    log_builder_extend(&c->log, 7, bytes_of_text("x"));
    appraise_case_run(c);
    assert_null(reasons_find(appraisal_facts(c->appraisal), REASON_LOG_UNMEASURED));
    assert_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_BOOT_UNMEASURED));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(threat_20_a_bank_that_the_firmware_left_alone),
        CASE(threat_20_a_bank_without_separators),
        CASE(threat_20_a_firmware_pcr_that_nothing_capped),
        CASE(threat_21_a_warm_reboot_that_did_not_reset_the_tpm),
        CASE(threat_28_a_covered_pcr_at_its_reset_value),
        CASE(threat_28_a_pcr_that_is_extended_and_has_no_events),
        CASE(threat_50_an_initrd_that_nothing_measured),
        CASE(threat_50_an_initrd_that_only_the_log_names),
        CASE(threat_50_tells_an_unknown_initrd_as_that),
        CASE(threat_51_an_ima_list_that_pcr_10_does_not_carry),
        CASE(threat_52_a_platform_without_firmware_measurement_passes_no_boot_rule),
        CASE(threat_52_identity_alone_is_told_as_that),
        CASE(threat_52_a_measured_platform_is_not_called_unmeasured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
