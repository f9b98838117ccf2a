/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/proven.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

static struct appraise_case *c;

static int
start(void **state)
{
    (void)state;
    c = appraise_case_new();
    appraise_case_boot(c);
    appraise_case_documents(c);
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

/* ---- effects ---- */

static void
warns_where_policy_says_warn(void **state)
{
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
    c->changes[0] = (struct appraise_case_change){"separator-7", APPRAISE_SKIP, NULL};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_int_equal(-1, appraisal_secure_boot(c->appraisal));
}

static void
believes_neither_of_two_secure_boot_variables(void **state)
{
    (void)state;
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
    (void)state;
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
believes_no_command_line_that_the_digest_does_not_cover(void **state)
{
    (void)state;
    c->changes[0] = (struct appraise_case_change){
        "cmdline", APPRAISE_DATA, "kernel_cmdline: /vmlinuz root=/dev/sda1 ro quiet"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_string_equal("", appraisal_command_line(c->appraisal));
    assert_non_null(
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE_UNBOUND));
}

static void
takes_no_other_value_for_on(void **state)
{
    (void)state;
    c->changes[0] = (struct appraise_case_change){"SecureBoot", APPRAISE_HASHED, "\2"};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_SECURE_BOOT_UNKNOWN, VERDICT_UNTRUSTED);
}

/* ---- command lines ---- */

static void
demands_that_every_line_fits(void **state)
{
    (void)state;
    (void)log_builder_grub(&c->log, "kernel_cmdline: ", "/vmlinuz init=/bin/sh");
    appraise_case_run(c);
    const struct reason *r =
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE);
    assert_non_null(r);
    assert_string_equal("/vmlinuz init=/bin/sh", r->found);
    assert_string_equal("/vmlinuz root=/dev/sda1 ro", r->expected);
    assert_true(r->bound);
}

/* EFI stub: the log has the digest of the command line, in PCR 9, and the description. */
static void
measure_load_options(const char *line, bool with_nul)
{
    CLEANUP(buffer_free) struct buffer wide = {0};
    CLEANUP(buffer_free) struct buffer data = {0};
    static const char description[] = "LOADED_IMAGE::LoadOptions";
    for (const char *at = line; *at; at++)
        buffer_append_le16(&wide, (uint8_t)*at);
    if (with_nul)
        buffer_append_le16(&wide, 0);
    buffer_append_le32(&data, 0x8F3B22EDu);
    buffer_append_le32(&data, sizeof description);
    buffer_append(&data, bytes_of(description, sizeof description));
    (void)log_builder_event(&c->log, 9, EVENT_TAG, buffer_bytes(&wide), buffer_bytes(&data));
}

static void
boot_by_the_stub(const char *line, bool with_nul)
{
    static const char *const skipped[] = {"command", "cmdline", "initrd"};
    for (size_t i = 0; i < 3; i++)
        c->changes[i] = (struct appraise_case_change){skipped[i], APPRAISE_SKIP, NULL};
    appraise_case_reboot_firmware(c);
    measure_load_options(line, with_nul);
    appraise_case_append_ima(c);
    appraise_case_documents(c);
}

static void
names_the_stubs_line_by_a_template_without_holes(void **state)
{
    (void)state;
    static const char exact[] = "\"command_line\": {\"templates\": [\"root=/dev/sda1 ro\"]}";
    for (int nul = 0; nul <= 1; nul++) {
        boot_by_the_stub("root=/dev/sda1 ro", nul != 0);
        appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", exact);
        appraise_case_run(c);
        appraise_case_assert_trusted(c);
    }
    boot_by_the_stub("root=/dev/sda1 rw", true);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", exact);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_UNBOUND, VERDICT_UNTRUSTED);
}

/* EFI_LOAD_OPTION: attributes, path length, description, path, what the image gets. */
static void
measure_boot_entry(const char *line)
{
    CLEANUP(buffer_free) struct buffer entry = {0};
    buffer_append_le32(&entry, 1);
    buffer_append_le16(&entry, 4);
    for (const char *at = "Linux"; *at; at++)
        buffer_append_le16(&entry, (uint8_t)*at);
    buffer_append_le16(&entry, 0);
    buffer_append(&entry, bytes_of("\x7f\xff\x04\x00", 4));
    for (const char *at = line; *at; at++)
        buffer_append_le16(&entry, (uint8_t)*at);
    buffer_append_le16(&entry, 0);
    (void)log_builder_variable(&c->log, 1, 0x8000000Cu, "Boot0001", buffer_bytes(&entry));
}

static void
threat_50_reads_the_stubs_line_from_the_boot_entry_of_its_digest(void **state)
{
    (void)state;
    static const char *const skipped[] = {"command", "cmdline", "initrd"};
    for (size_t i = 0; i < 3; i++)
        c->changes[i] = (struct appraise_case_change){skipped[i], APPRAISE_SKIP, NULL};
    appraise_case_reboot_firmware(c);
    measure_boot_entry("root=/dev/sda1 initrd=\\initrd.img");
    measure_load_options("root=/dev/sda1 initrd=\\initrd.img", true);
    appraise_case_append_ima(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true},", "");
    appraise_case_run(c);
    assert_string_equal("root=/dev/sda1 initrd=\\\\initrd.img",
                        appraisal_command_line(c->appraisal));
    const struct reason *r =
        appraise_case_assert_only(c, REASON_BOOT_INITRD_UNMEASURED, VERDICT_UNTRUSTED);
    assert_int_equal(9, r->pcr);
}

/* "noinitrd=" and the like name none. */
static void
threat_50_takes_the_argument_itself_only(void **state)
{
    (void)state;
    static const char *const skipped[] = {"command", "cmdline", "initrd"};
    for (size_t i = 0; i < 3; i++)
        c->changes[i] = (struct appraise_case_change){skipped[i], APPRAISE_SKIP, NULL};
    appraise_case_reboot_firmware(c);
    measure_boot_entry("root=/dev/sda1 no_initrd=\\initrd.img");
    measure_load_options("root=/dev/sda1 no_initrd=\\initrd.img", true);
    appraise_case_append_ima(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true},", "");
    appraise_case_run(c);
    assert_null(
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_BOOT_INITRD_UNMEASURED));
}

static void
reads_no_boot_entry_that_gives_another_digest(void **state)
{
    (void)state;
    static const char *const skipped[] = {"command", "cmdline", "initrd"};
    for (size_t i = 0; i < 3; i++)
        c->changes[i] = (struct appraise_case_change){skipped[i], APPRAISE_SKIP, NULL};
    appraise_case_reboot_firmware(c);
    measure_boot_entry("root=/dev/sda1 initrd=\\initrd.img");
    measure_load_options("root=/dev/sda1", true);
    appraise_case_append_ima(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true},", "");
    appraise_case_run(c);
    assert_string_equal("", appraisal_command_line(c->appraisal));
    appraise_case_assert_trusted(c);
}

/* ---- IMA ---- */

static void
names_unknown_files_and_counts_the_rest(void **state)
{
    (void)state;
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
    (void)state;
    log_builder_ima(&c->log, "boot_aggregate", "evil");
    appraise_case_run(c);
    assert_non_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_IMA_UNKNOWN_FILE));
}

static void
weighs_violations_by_policy(void **state)
{
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
    (void)log_builder_event(&c->log, 11, EVENT_IPL, bytes_of_text("section"),
                            bytes_of(".\0l\0i\0n\0u\0x\0\0\0", 14));
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_BOOT_SURPLUS, VERDICT_UNTRUSTED);
    assert_int_equal(11, r->pcr);
}

static void
covers_no_pcr_that_policy_leaves_out(void **state)
{
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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
    (void)state;
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

static void
selects_nothing_by_an_empty_selector(void **state)
{
    (void)state;
    struct selector s = {0};
    assert_false(selector_match(&s, &c->subject));
    s.all = true;
    assert_true(selector_match(&s, &c->subject));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(warns_where_policy_says_warn),
        CASE(never_warns_of_a_device_that_was_revoked),
        CASE(takes_evidence_as_long_as_policy_says),
        CASE(reads_secure_boot_before_the_separator_only),
        CASE(believes_no_secure_boot_without_a_separator),
        CASE(believes_neither_of_two_secure_boot_variables),
        CASE(believes_no_data_that_the_digest_does_not_cover),
        CASE(believes_no_command_line_that_the_digest_does_not_cover),
        CASE(takes_no_other_value_for_on),
        CASE(demands_that_every_line_fits),
        CASE(names_the_stubs_line_by_a_template_without_holes),
        CASE(threat_50_takes_the_argument_itself_only),
        CASE(threat_50_reads_the_stubs_line_from_the_boot_entry_of_its_digest),
        CASE(reads_no_boot_entry_that_gives_another_digest),
        CASE(names_unknown_files_and_counts_the_rest),
        CASE(takes_no_file_for_an_aggregate_by_its_name),
        CASE(weighs_violations_by_policy),
        CASE(remembers_violations_of_earlier_rounds),
        CASE(denies_a_quirk_once_a_pcr),
        CASE(covers_a_boot_path_that_it_sees),
        CASE(covers_no_pcr_that_policy_leaves_out),
        CASE(demands_that_firmware_pcrs_were_extended),
        CASE(tells_a_revoked_value_as_that_alone),
        CASE(compares_no_pcr_that_it_matches),
        CASE(takes_a_value_that_is_active_elsewhere_for_active),
        CASE(applies_a_component_in_its_scope_only),
        CASE(compares_with_the_last_good_boot_and_only_warns),
        CASE(rests_on_no_sha1_value),
        CASE(takes_no_value_by_sha1_alone),
        CASE(selects_nothing_by_an_empty_selector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
