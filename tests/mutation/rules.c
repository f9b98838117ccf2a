/* SPDX-License-Identifier: Apache-2.0 */
/* Changes to the boot, to the documents, to what is known of the device: reasons of the appraiser.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"
#include "tests/mutation/mutation.h"

#include <stdlib.h>
#include <string.h>

static void
boot_with(struct appraise_case *c, const char *step, enum appraise_change change, const char *with)
{
    c->changes[0] = (struct appraise_case_change){step, change, with};
    appraise_case_reboot(c);
}

static void
approve_with(struct appraise_case *c, const char *step, enum appraise_change change,
             const char *with)
{
    boot_with(c, step, change, with);
    appraise_case_documents(c);
}

/* ---- policy, freshness, device ---- */

static void
move_to_osaka(struct appraise_case *c)
{
    c->labels[0].value = "osaka";
}

static void
quote_too_little(struct appraise_case *c)
{
    c->selection = "sha256:0-12";
}

static void
contradict_the_quote(struct appraise_case *c)
{
    (void)reasons_add(&c->planted, REASON_QUOTE_SIGNATURE);
}

static void
approve_only_another_device(struct appraise_case *c)
{
    buffer_reset(&c->documents[1]);
    buffer_append_text(
        &c->documents[1],
        "{\"type\":\"reference\",\"id\":\"boot\",\"version\":1,\"components\":[{\"role\":"
        "\"kernel\","
        "\"pcr\":4,\"scope\":\"device\",\"device\":\"ffffffffffffffffffffffffffffffff\",\"values\":"
        "[{\"any\":true}]}],\"command_lines\":[\"/vmlinuz root=/dev/sda1 "
        "ro\"],\"files\":[\"sha256:");
    struct digest d;
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("init"), &d));
    text_append_hex(&c->documents[1], digest_bytes(&d));
    buffer_append_text(&c->documents[1], "\",\"sha256:");
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("sh"), &d));
    text_append_hex(&c->documents[1], digest_bytes(&d));
    buffer_append_text(&c->documents[1], "\"]}");
}

static void
wait_too_long(struct appraise_case *c)
{
    c->now_s += 3600;
}

static void
give_the_nonce_by_hand(struct appraise_case *c)
{
    c->offline = true;
}

static void
doubt_the_tpm(struct appraise_case *c)
{
    c->subject.genuine = GENUINE_UNVERIFIED;
}

static void
rule_on_tpm(struct appraise_case *c, const char *rule)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&text, "\"tpm\": {%s}, \"ima\":", rule);
    appraise_case_edit(c, 0, "\"ima\":", buffer_text(&text));
}

static void
want_a_firmware_tpm(struct appraise_case *c)
{
    rule_on_tpm(c, "\"kinds\": [\"firmware\"]");
}

static void
allow_another_maker(struct appraise_case *c)
{
    rule_on_tpm(c, "\"allowed\": [{\"manufacturer\": \"STM\"}]");
}

static void
forbid_the_model(struct appraise_case *c)
{
    rule_on_tpm(c, "\"forbidden\": [{\"manufacturer\": \"IFX\", \"model\": \"SLB9670\"}]");
}

static void
show_no_certificate(struct appraise_case *c)
{
    rule_on_tpm(c, "\"kinds\": [\"discrete\"]");
    c->subject.tpm = (struct subject_tpm){0};
}

static void
doubt_membership(struct appraise_case *c)
{
    c->subject.member_by = MEMBER_BY_NONE;
}

static void
quarantine(struct appraise_case *c)
{
    c->subject.state = LIFE_CYCLE_QUARANTINED;
}

static void
admit_at_first_use(struct appraise_case *c)
{
    c->subject.member_by = MEMBER_BY_FIRST_USE;
    appraise_case_edit(c, 0, "\"list\"", "\"first-use\", \"list\"");
}

static void
bind_no_channel(struct appraise_case *c)
{
    c->no_exporter = true;
}

/* ---- boot ---- */

static void
start_another_grub(struct appraise_case *c)
{
    boot_with(c, "grub", APPRAISE_HASHED, "evil");
}

static void
leave_out_grub(struct appraise_case *c)
{
    boot_with(c, "grub", APPRAISE_SKIP, NULL);
}

static void
start_memtest(struct appraise_case *c)
{
    boot_with(c, "mok", APPRAISE_INSERT, "memtest");
}

static void
approve_for_another_platform(struct appraise_case *c)
{
    appraise_case_edit(c, 1, "\"platform\": \"pc\"", "\"platform\": \"uboot-efi\"");
}

static void
start_grub_before_shim(struct appraise_case *c)
{
    c->changes[0] = (struct appraise_case_change){"authority", APPRAISE_INSERT, "grub"};
    c->changes[1] = (struct appraise_case_change){"grub", APPRAISE_SKIP, NULL};
    appraise_case_reboot(c);
}

/* Two generations of kernel and initrd; the boot takes one from each. */
static void
mix_generations(struct appraise_case *c)
{
    c->changes[0] = (struct appraise_case_change){"kernel-file", APPRAISE_HASHED, "kernel 2"};
    c->changes[1] = (struct appraise_case_change){"initrd", APPRAISE_HASHED, "initrd 2"};
    appraise_case_reboot(c);
    appraise_case_profile(c, 2, "boot2");
    for (size_t i = 1; i <= 2; i++) {
        appraise_case_edit(c, i, "\"role\": \"kernel\",\n   \"pcr\": 9",
                           "\"role\": \"kernel\", \"bundle\": \"os\",\n   \"pcr\": 9");
        appraise_case_edit(c, i, "\"role\": \"initrd\",",
                           "\"role\": \"initrd\", \"bundle\": \"os\",");
    }
    appraise_case_edit(c, 0, "\"references\": [\"boot\"], \"effect\"",
                       "\"references\": [\"boot\", \"boot2\"], \"effect\"");
    c->changes[0] = (struct appraise_case_change){0};
    appraise_case_reboot(c);
}

/* GRUB's value with a status. */
static void
set_status(struct appraise_case *c, const char *status)
{
    struct digest d;
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("grub"), &d));
    char hex[2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer with = {0};
    (void)text_hex(digest_bytes(&d), hex, sizeof hex);
    buffer_append_format(&with, "%s\", \"status\": \"%s", hex, status);
    appraise_case_edit(c, 1, hex, buffer_text(&with));
}

static void
revoke_grub(struct appraise_case *c)
{
    set_status(c, "revoked");
}

static void
retire_grub(struct appraise_case *c)
{
    set_status(c, "retired");
}

static void
change_pcr_1(struct appraise_case *c)
{
    c->last_good = (struct subject_pcrs){.alg = ALG_SHA256, .present = 0xFFFF};
    memcpy(c->last_good.pcr, c->log.pcr[0], sizeof c->log.pcr[0]);
    c->last_good.pcr[1].data[0] ^= 1;
    c->subject.last_good = &c->last_good;
}

static void
load_an_initrd_that_nothing_measures(struct appraise_case *c)
{
    c->changes[1] = (struct appraise_case_change){"initrd", APPRAISE_SKIP, NULL};
    c->changes[2] = (struct appraise_case_change){
        "command", APPRAISE_HASHED, "linux /vmlinuz root=/dev/sda1 initrd=/initrd.img"};
    approve_with(c, "cmdline", APPRAISE_HASHED, "/vmlinuz root=/dev/sda1 initrd=/initrd.img");
}

/* ---- Secure Boot, command line, files ---- */

static void
switch_secure_boot_off(struct appraise_case *c)
{
    approve_with(c, "SecureBoot", APPRAISE_HASHED, "");
}

static void
want_secure_boot_off(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"state\": \"on\"", "\"state\": \"off\"");
}

static void
say_nothing_of_secure_boot(struct appraise_case *c)
{
    approve_with(c, "SecureBoot", APPRAISE_SKIP, NULL);
}

static void
want_another_command_line(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}",
                       "\"command_line\": {\"templates\": [\"{path} root={path} ro quiet\"]}");
}

static void
measure_no_command_line(struct appraise_case *c)
{
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED, "echo hello"};
    approve_with(c, "cmdline", APPRAISE_SKIP, NULL);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}",
                       "\"command_line\": {\"templates\": [\"{path} root={path} ro\"]}");
}

static void
run_an_unknown_file(struct appraise_case *c)
{
    log_builder_ima(&c->log, "/usr/bin/sh", "not sh");
}

static void
measure_no_file(struct appraise_case *c)
{
    appraise_case_reboot_firmware(c);
    log_builder_ima_aggregate(&c->log, ALG_SHA256);
}

/* ---- ledger ---- */

static void
remember(struct appraise_case *c)
{
    c->subject.continues_boot = true;
    c->subject.last = (struct subject_counters){.present = true,
                                                .clock_ms = c->tpm->clock_ms - 1000,
                                                .reset_count = c->tpm->reset_count,
                                                .restart_count = c->tpm->restart_count,
                                                .safe = true,
                                                .firmware_version = c->tpm->firmware_version};
}

static void
turn_the_clock_back(struct appraise_case *c)
{
    remember(c);
    c->subject.last.clock_ms = c->tpm->clock_ms + 1;
}

static void
turn_resets_back(struct appraise_case *c)
{
    remember(c);
    c->subject.last.reset_count++;
}

static void
turn_restarts_back(struct appraise_case *c)
{
    remember(c);
    c->subject.last.restart_count++;
}

static void
install_older_firmware(struct appraise_case *c)
{
    remember(c);
    c->subject.last.firmware_version++;
}

static void
clear_the_tpm(struct appraise_case *c)
{
    remember(c);
    c->tpm->reset_count = 0;
    c->tpm->restart_count = 0;
    c->tpm->clock_ms = 10;
}

static void
boot_again(struct appraise_case *c)
{
    remember(c);
    c->tpm->reset_count++;
}

static void
resume(struct appraise_case *c)
{
    remember(c);
    c->tpm->restart_count++;
}

static void
boot_unseen(struct appraise_case *c)
{
    remember(c);
    c->tpm->reset_count += 4;
}

static void
change_nothing(struct appraise_case *c)
{
    (void)c;
}

const struct mutation mutation_rules[] = {
    {REASON_POLICY_NONE, move_to_osaka, VERDICT_NONE, NULL},
    {REASON_POLICY_BANK, quote_too_little, VERDICT_UNTRUSTED, NULL},
    {REASON_POLICY_INTERNAL, contradict_the_quote, VERDICT_NONE, NULL},
    {REASON_POLICY_REFERENCE, approve_only_another_device, VERDICT_NONE, NULL},
    {REASON_EVIDENCE_AGE, wait_too_long, VERDICT_NONE, NULL},
    {REASON_EVIDENCE_FRESHNESS, give_the_nonce_by_hand, VERDICT_NONE, NULL},
    {REASON_DEVICE_NOT_GENUINE, doubt_the_tpm, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_TPM_KIND, want_a_firmware_tpm, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_TPM_ALLOWED, allow_another_maker, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_TPM_FORBIDDEN, forbid_the_model, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_TPM_UNKNOWN, show_no_certificate, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_NOT_MEMBER, doubt_membership, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_STATE, quarantine, VERDICT_UNTRUSTED, NULL},
    {REASON_DEVICE_FIRST_USE, admit_at_first_use, VERDICT_TRUSTED, NULL},
    {REASON_EXPORTER_OFF, bind_no_channel, VERDICT_TRUSTED, NULL},
    {REASON_BOOT_UNKNOWN_IMAGE, start_another_grub, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_MISSING, leave_out_grub, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_SURPLUS, start_memtest, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_PLATFORM, approve_for_another_platform, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_ORDER, start_grub_before_shim, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_MIXED_GENERATION, mix_generations, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_REVOKED, revoke_grub, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_RETIRED, retire_grub, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_CHANGED, change_pcr_1, VERDICT_WARNING, NULL},
    {REASON_BOOT_INITRD_UNMEASURED, load_an_initrd_that_nothing_measures, VERDICT_UNTRUSTED, NULL},
    {REASON_SECURE_BOOT_OFF, switch_secure_boot_off, VERDICT_UNTRUSTED, NULL},
    {REASON_SECURE_BOOT_ON, want_secure_boot_off, VERDICT_UNTRUSTED, NULL},
    {REASON_SECURE_BOOT_UNKNOWN, say_nothing_of_secure_boot, VERDICT_UNTRUSTED, NULL},
    {REASON_COMMAND_LINE, want_another_command_line, VERDICT_UNTRUSTED, NULL},
    {REASON_COMMAND_LINE_UNBOUND, measure_no_command_line, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_UNKNOWN_FILE, run_an_unknown_file, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_EMPTY, measure_no_file, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_GENERATION, change_nothing, VERDICT_TRUSTED, NULL},
    {REASON_LEDGER_CLOCK_BACK, turn_the_clock_back, VERDICT_UNTRUSTED, NULL},
    {REASON_LEDGER_RESET_BACK, turn_resets_back, VERDICT_UNTRUSTED, NULL},
    {REASON_LEDGER_RESTART_BACK, turn_restarts_back, VERDICT_UNTRUSTED, NULL},
    {REASON_LEDGER_FIRMWARE_BACK, install_older_firmware, VERDICT_WARNING, NULL},
    {REASON_LEDGER_CLEARED, clear_the_tpm, VERDICT_WARNING, NULL},
    {REASON_LEDGER_BOOT, boot_again, VERDICT_TRUSTED, NULL},
    {REASON_LEDGER_RESUME, resume, VERDICT_TRUSTED, NULL},
    {REASON_LEDGER_BOOTS_UNSEEN, boot_unseen, VERDICT_TRUSTED, NULL},
};
const size_t mutation_n_rules = sizeof mutation_rules / sizeof mutation_rules[0];
