/* SPDX-License-Identifier: Apache-2.0 */
/* Changes that a rule of policy, the state of a generation or an announcement is about. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"
#include "tests/mutation/mutation.h"

#define ROOT_HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void
boot_with(struct appraise_case *c, const char *step, enum appraise_change change, const char *with)
{
    c->changes[0] = (struct appraise_case_change){step, change, with};
    appraise_case_reboot(c);
}

/* A set of another boot, that differs in GRUB only; the rule names both. */
static void
add_generation(struct appraise_case *c, const char *states)
{
    c->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "grub 2"};
    appraise_case_reboot(c);
    appraise_case_profile(c, 2, "boot2");
    c->changes[0] = (struct appraise_case_change){0};
    appraise_case_reboot(c);
    appraise_case_edit(c, 0, "\"references\": [\"boot\"], \"effect\"",
                       "\"references\": [\"boot\", \"boot2\"], \"effect\"");
    appraise_case_edit(c, 0, "\"ima\": {\"references\": [\"boot\"]",
                       "\"ima\": {\"references\": [\"boot\", \"boot2\"]");
    buffer_append_format(&c->documents[3],
                         "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,"
                         "\"generations\":[%s]}",
                         states);
}

static void
open_to_others_only(struct appraise_case *c)
{
    add_generation(c, "{\"name\":\"boot\",\"status\":\"candidate\","
                      "\"rollout\":{\"labels\":{\"site\":\"osaka\"}}}");
}

static void
fall_back(struct appraise_case *c)
{
    add_generation(c, "{\"name\":\"boot\",\"status\":\"active\"},"
                      "{\"name\":\"boot2\",\"status\":\"active\"}");
    c->subject.last_generation = "boot2";
}

static void
leave_an_update_out(struct appraise_case *c)
{
    add_generation(c, "{\"name\":\"boot\",\"status\":\"active\"},"
                      "{\"name\":\"boot2\",\"status\":\"active\","
                      "\"valid_from\":\"2026-01-01T00:00:00Z\"}");
}

/* Another initrd than the set's, which the device announced. */
static void
announce_initrd(struct appraise_case *c)
{
    static struct announcement_item item;
    static struct announcement announcement;
    appraise_case_edit(c, 0, "\"ima\"", "\"announce\": {}, \"ima\"");
    boot_with(c, "initrd", APPRAISE_HASHED, "initrd 2");
    item = (struct announcement_item){.role = "initrd", .n_digests = 1};
    assert_status(STATUS_OK,
                  digest_compute(c->h, ALG_SHA256, bytes_of_text("initrd 2"), &item.digests[0]));
    announcement = (struct announcement){.device_id = c->subject.device_id,
                                         .reset_count = c->tpm->reset_count,
                                         .issued_s = c->now_s,
                                         .expires_s = c->now_s,
                                         .n_items = 1,
                                         .items = &item};
    c->announcement = &announcement;
}

static void
announce_another_boot(struct appraise_case *c)
{
    announce_initrd(c);
    c->tpm->reset_count++;
}

static void
announce_too_early(struct appraise_case *c)
{
    announce_initrd(c);
    c->now_s++;
}

static void
announce_without_leave(struct appraise_case *c)
{
    announce_initrd(c);
    appraise_case_edit(c, 0, "\"announce\": {}, ", "");
}

static void
approve_until_yesterday(struct appraise_case *c)
{
    struct digest d;
    char hex[2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer with = {0};
    boot_with(c, "initrd", APPRAISE_HASHED, "initrd 2");
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("initrd 2"), &d));
    buffer_append_format(&with,
                         "\"role\": \"initrd\", \"values\": [{\"sha256\": \"%s\", \"approval\": "
                         "{\"device\": \"%s\", \"approved_by\": \"ann\", \"round\": \"a1\", "
                         "\"until\": \"2026-01-20T00:00:00Z\"}}], \"pcr\": 9}, {\"count\": [0, 1], "
                         "\"role\": \"initrd\",",
                         text_hex(digest_bytes(&d), hex, sizeof hex), c->subject.device_id);
    appraise_case_edit(c, 1, "\"role\": \"initrd\",", buffer_text(&with));
}

static void
require_an_argument(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"references\": true}",
                       "\"references\": true, \"required\": [\"lockdown=integrity\"]}");
}

static void
forbid_an_argument(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"references\": true}",
                       "\"references\": true, \"forbidden\": [\"root=\"]}");
}

static void
want_another_root(struct appraise_case *c)
{
    c->changes[1] =
        (struct appraise_case_change){"command", APPRAISE_HASHED, "linux /vmlinuz roothash=00"};
    boot_with(c, "cmdline", APPRAISE_HASHED, "/vmlinuz roothash=00");
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"ima\":", "\"verity\": {\"values\": [\"" ROOT_HASH "\"]}, \"ima\":");
}

static void
want_a_verity_root(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"ima\":", "\"verity\": {\"values\": [\"" ROOT_HASH "\"]}, \"ima\":");
}

static void
want_a_phase(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"ima\":", "\"phase\": {\"accept\": [\"ready\"]}, \"ima\":");
}

static void
want_another_pcr_value(struct appraise_case *c)
{
    appraise_case_edit(
        c, 0,
        "\"ima\":", "\"pcrs\": {\"values\": {\"sha256\": {\"7\": [\"" ROOT_HASH "\"]}}}, \"ima\":");
}

static void
rule_on_files(struct appraise_case *c, const char *rule, const char *content)
{
    struct digest d;
    char hex[2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(content), &d));
    buffer_append_format(&text, "\"%s\": [\"sha256:%s\"], \"violations\":", rule,
                         text_hex(digest_bytes(&d), hex, sizeof hex));
    appraise_case_edit(c, 0, "\"violations\":", buffer_text(&text));
}

static void
forbid_sh(struct appraise_case *c)
{
    rule_on_files(c, "forbidden", "sh");
}

static void
want_an_ima_policy(struct appraise_case *c)
{
    rule_on_files(c, "policies", "rules");
}

static void
want_an_ima_argument(struct appraise_case *c)
{
    appraise_case_edit(c, 0,
                       "\"violations\":", "\"arguments\": [\"ima_policy=tcb\"], \"violations\":");
}

static void
exclude_a_directory(struct appraise_case *c)
{
    appraise_case_edit(c, 0, "\"violations\":", "\"exclude\": [\"/opt/\"], \"violations\":");
    log_builder_ima(&c->log, "/opt/app", "app");
}

/* The set of the boot has no "sh"; one of another generation has. */
static void
take_sh_from(struct appraise_case *c, const char *status)
{
    struct digest d;
    char hex[2 * ALG_MAX_SIZE + 1];
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("sh"), &d));
    appraise_case_edit(c, 1, text_hex(digest_bytes(&d), hex, sizeof hex), ROOT_HASH);
    buffer_append_format(&c->documents[2],
                         "{\"type\":\"reference\",\"id\":\"files\",\"version\":1,"
                         "\"generation\":\"old\",\"files\":[\"sha256:%s\"]}",
                         hex);
    buffer_append_format(&c->documents[3],
                         "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,"
                         "\"generations\":[{\"name\":\"old\",\"status\":\"%s\"}]}",
                         status);
    appraise_case_edit(c, 0, "\"ima\": {\"references\": [\"boot\"]",
                       "\"ima\": {\"references\": [\"boot\", \"files\"]");
}

static void
retire_files(struct appraise_case *c)
{
    take_sh_from(c, "retired");
}

static void
revoke_files(struct appraise_case *c)
{
    take_sh_from(c, "revoked");
}

const struct mutation mutation_policy[] = {
    {REASON_BOOT_CANDIDATE, open_to_others_only, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_WENT_BACK, fall_back, VERDICT_TRUSTED, NULL},
    {REASON_BOOT_NOT_TAKEN, leave_an_update_out, VERDICT_TRUSTED, NULL},
    {REASON_BOOT_APPROVAL_OVER, approve_until_yesterday, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_ANNOUNCED, announce_initrd, VERDICT_TRUSTED, NULL},
    {REASON_BOOT_ANNOUNCED_OTHER, announce_another_boot, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_ANNOUNCED_LATE, announce_too_early, VERDICT_UNTRUSTED, NULL},
    {REASON_BOOT_ANNOUNCED_ROLE, announce_without_leave, VERDICT_UNTRUSTED, NULL},
    {REASON_COMMAND_LINE_REQUIRED, require_an_argument, VERDICT_UNTRUSTED, NULL},
    {REASON_COMMAND_LINE_FORBIDDEN, forbid_an_argument, VERDICT_UNTRUSTED, NULL},
    {REASON_VERITY_UNKNOWN, want_another_root, VERDICT_UNTRUSTED, NULL},
    {REASON_VERITY_UNBOUND, want_a_verity_root, VERDICT_UNTRUSTED, NULL},
    {REASON_PHASE, want_a_phase, VERDICT_UNTRUSTED, NULL},
    {REASON_PCR_VALUE, want_another_pcr_value, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_FORBIDDEN, forbid_sh, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_RETIRED, retire_files, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_REVOKED, revoke_files, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_POLICY, want_an_ima_policy, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_ARGUMENT, want_an_ima_argument, VERDICT_UNTRUSTED, NULL},
    {REASON_IMA_EXCLUDED, exclude_a_directory, VERDICT_TRUSTED, NULL},
};
const size_t mutation_n_policy = sizeof mutation_policy / sizeof mutation_policy[0];
