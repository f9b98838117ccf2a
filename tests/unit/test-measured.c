/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments, dm-verity's root hash, the phase of PCR 11, PCR values, the ledger's effect. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

#define HASH  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct appraise_case *c;

/* Boot with this line, approved as it is; the rule in place of the templates'. */
static void
boot(const char *line, const char *rule)
{
    char command[256];
    (void)snprintf(command, sizeof command, "linux %s", line);
    c->changes[0] = (struct appraise_case_change){"cmdline", APPRAISE_HASHED, line};
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED, command};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", rule);
    appraise_case_run(c);
}

static const char rule[] =
    "\"command_line\": {\"required\": [\"lockdown=integrity\"], \"forbidden\": [\"init=\"]}";

static void
wants_required_arguments(void **state)
{
    c = *state;
    boot("/vmlinuz ro lockdown=integrity", rule);
    appraise_case_assert_trusted(c);
    boot("/vmlinuz ro lockdown=none", rule);
    const struct reason *r =
        appraise_case_assert_only(c, REASON_COMMAND_LINE_REQUIRED, VERDICT_UNTRUSTED);
    assert_string_equal("lockdown=integrity", r->expected);
    assert_true(r->bound);
    boot("/vmlinuz ro -- lockdown=integrity", rule);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_REQUIRED, VERDICT_UNTRUSTED);
    static const char required[] = "\"command_line\": {\"required\": [\"lockdown=integrity\"]}";
    boot("/vmlinuz a=' lockdown=integrity '", required);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_REQUIRED, VERDICT_UNTRUSTED);
}

static void
wants_no_forbidden_arguments(void **state)
{
    c = *state;
    boot("/vmlinuz lockdown=integrity \"init=/bin/sh\"", rule);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_FORBIDDEN, VERDICT_UNTRUSTED);
    boot("/vmlinuz lockdown=integrity a\vinit=/bin/sh", rule);
    assert_non_null(
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE_FORBIDDEN));
    static const char shell[] = "\"command_line\": {\"forbidden\": [\"systemd.debug_shell\"]}";
    boot("/vmlinuz system\"d.debug\"_shell", shell);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_FORBIDDEN, VERDICT_UNTRUSTED);
}

static void
arguments_need_a_line_that_can_be_read(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"cmdline", APPRAISE_SKIP, NULL};
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED, "echo"};
    appraise_case_reboot(c);
    appraise_case_profile(c, 1, "boot");
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", rule);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_UNBOUND, VERDICT_UNTRUSTED);
}

static void
wants_a_root_hash_that_policy_names(void **state)
{
    c = *state;
    static const char verity[] = "\"verity\": {\"values\": [\"" HASH "\"]}";
    boot("/vmlinuz roothash=" HASH, verity);
    appraise_case_assert_trusted(c);
    boot("/vmlinuz roothash=" OTHER, verity);
    const struct reason *r = appraise_case_assert_only(c, REASON_VERITY_UNKNOWN, VERDICT_UNTRUSTED);
    assert_string_equal(OTHER, r->found);
    assert_string_equal(HASH, r->expected);
    boot("/vmlinuz roothash=" HASH " roothash=" OTHER, verity);
    (void)appraise_case_assert_only(c, REASON_VERITY_UNKNOWN, VERDICT_UNTRUSTED);
    boot("/vmlinuz roothash=" HASH " roothash'='" OTHER, verity);
    (void)appraise_case_assert_only(c, REASON_VERITY_UNKNOWN, VERDICT_UNTRUSTED);
    boot("/vmlinuz roothash=" HASH " a\rroothash=" OTHER, verity);
    (void)appraise_case_assert_only(c, REASON_VERITY_UNKNOWN, VERDICT_UNTRUSTED);
    boot("/vmlinuz usrhash=" HASH, verity);
    (void)appraise_case_assert_only(c, REASON_VERITY_UNBOUND, VERDICT_UNTRUSTED);
    boot("/vmlinuz usrhash=" HASH,
         "\"verity\": {\"argument\": \"usrhash\", \"values\": [\"" HASH "\"]}");
    appraise_case_assert_trusted(c);
}

/* The phases that systemd has extended into PCR 11, without a log of them. */
static void
reach(const char *const *phases, size_t n)
{
    struct digest *pcr = &c->tpm->pcrs[alg_index(ALG_SHA256)][11];
    appraise_case_take_pcrs(c);
    for (size_t i = 0; i < n; i++) {
        struct digest d;
        assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(phases[i]), &d));
        assert_status(STATUS_OK, digest_extend(c->h, pcr, digest_bytes(&d)));
    }
    appraise_case_run(c);
}

static void
wants_a_phase_that_policy_accepts(void **state)
{
    c = *state;
    static const char *const phases[] = {"enter-initrd", "leave-initrd", "sysinit", "ready"};
    (void)log_builder_event(&c->log, 11, EVENT_IPL, bytes_of_text("section"), bytes_of_text("x"));
    appraise_case_documents(c);
    appraise_case_edit(c, 0,
                       "\"ima\":", "\"phase\": {\"accept\": [\"sysinit\", \"ready\"]}, \"ima\":");
    reach(phases, 4);
    appraise_case_assert_trusted(c);
    reach(phases, 3);
    appraise_case_assert_trusted(c);
    reach(phases, 2);
    const struct reason *r = appraise_case_assert_only(c, REASON_PHASE, VERDICT_UNTRUSTED);
    assert_string_equal("leave-initrd", r->found);
    reach(phases, 0);
    (void)appraise_case_assert_only(c, REASON_PHASE, VERDICT_UNTRUSTED);
}

static void
want_value(uint32_t pcr, const struct digest *first, const char *bank)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer text = {0};
    (void)text_hex(digest_bytes(first), hex, sizeof hex);
    buffer_append_format(&text,
                         "\"pcrs\": {\"values\": {\"%s\": {\"%u\": [\"" OTHER "\", \"%s\"]}}}, "
                         "\"ima\":",
                         bank, pcr, hex);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"ima\":", buffer_text(&text));
    appraise_case_edit(c, 0, "7,8,9,10,11,12,14", "7,8,9,10,11,12,13,14");
    appraise_case_run(c);
}

static void
wants_one_of_the_values_of_a_pcr(void **state)
{
    c = *state;
    want_value(7, &c->log.pcr[0][7], "sha256");
    appraise_case_assert_trusted(c);
    want_value(7, &c->log.pcr[0][6], "sha256");
    const struct reason *r = appraise_case_assert_only(c, REASON_PCR_VALUE, VERDICT_UNTRUSTED);
    assert_int_equal(7, r->pcr);
    want_value(13, &c->log.pcr[0][6], "sha256"); /* not quoted */
    (void)appraise_case_assert_only(c, REASON_POLICY_BANK, VERDICT_UNTRUSTED);
}

static void
warns_of_the_ledger_where_policy_says_so(void **state)
{
    c = *state;
    c->subject.last =
        (struct subject_counters){.present = true, .reset_count = c->tpm->reset_count + 1};
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_LEDGER_RESET_BACK, VERDICT_UNTRUSTED);
    appraise_case_edit(c, 0, "\"ima\":", "\"ledger\": {\"effect\": \"warn\"}, \"ima\":");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_LEDGER_RESET_BACK, VERDICT_WARNING);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPRAISE_CASE(wants_required_arguments),
        APPRAISE_CASE(wants_no_forbidden_arguments),
        APPRAISE_CASE(arguments_need_a_line_that_can_be_read),
        APPRAISE_CASE(wants_a_root_hash_that_policy_names),
        APPRAISE_CASE(wants_a_phase_that_policy_accepts),
        APPRAISE_CASE(wants_one_of_the_values_of_a_pcr),
        APPRAISE_CASE(warns_of_the_ledger_where_policy_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
