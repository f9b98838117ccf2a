/* SPDX-License-Identifier: Apache-2.0 */
/* Kernel command lines: those that GRUB logs, and those that the EFI stub measures by digest. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

static struct appraise_case *c;

static void
believes_no_command_line_that_the_digest_does_not_cover(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){
        "cmdline", APPRAISE_DATA, "kernel_cmdline: /vmlinuz root=/dev/sda1 ro quiet"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_string_equal("", appraisal_command_line(c->appraisal));
    assert_non_null(
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE_UNBOUND));
}

static void
cover(const char *pcrs)
{
    CLEANUP(buffer_free) struct buffer rule = {0};
    buffer_append_format(&rule, "[\"boot\"], \"coverage\": {\"enforce\": [%s]}", pcrs);
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"enforce\"", buffer_text(&rule));
    appraise_case_run(c);
}

/* Where a PCR had to be proven and is not, the line is hidden, and that was said. */
static void
misses_no_command_line_that_a_covered_pcr_hides(void **state)
{
    c = *state;
    cover("4, 8");
    appraise_case_assert_trusted(c);
    log_builder_extend(&c->log, 8, bytes_of_text("x"));
    appraise_case_run(c);
    const struct reasons *found = &appraise_case_perspective(c)->reasons;
    assert_non_null(reasons_find(found, REASON_LOG_PCR_MISMATCH));
    assert_null(reasons_find(found, REASON_COMMAND_LINE_UNBOUND));
}

/* In a PCR that no component is held against anybody can measure a line that fits, and call the
 * kernel's own what he likes. */
static void
takes_no_command_line_from_pcrs_that_no_rule_covers(void **state)
{
    c = *state;
    static const char *const changed[] = {"linux /vmlinuz init=/bin/sh", "/vmlinuz init=/bin/sh"};
    c->changes[0] = (struct appraise_case_change){"command", APPRAISE_SKIP, NULL};
    c->changes[1] = (struct appraise_case_change){"cmdline", APPRAISE_SKIP, NULL};
    appraise_case_reboot_firmware(c);
    for (size_t i = 0; i < 2; i++)
        (void)log_builder_text(&c->log, 8, EVENT_IPL, changed[i]);
    (void)log_builder_grub(&c->log, "grub_cmd: ", "linux /vmlinuz root=/dev/sda1 ro");
    (void)log_builder_grub(&c->log, "kernel_cmdline: ", "/vmlinuz root=/dev/sda1 ro");
    appraise_case_append_ima(c);
    cover("4, 9");
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_UNBOUND, VERDICT_UNTRUSTED);
    appraise_case_edit(c, 0, "[4, 9]", "[4, 9], \"compare\": [8]");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_UNBOUND, VERDICT_UNTRUSTED);
    log_builder_extend(&c->log, 8, bytes_of_text("x")); /* nor does it hide one */
    appraise_case_run(c);
    assert_non_null(
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE_UNBOUND));
}

/* What does not fit is told wherever it stands. */
static void
blames_a_command_line_that_is_not_covered(void **state)
{
    c = *state;
    (void)log_builder_grub(&c->log, "grub_cmd: ", "linux /vmlinuz init=/bin/sh");
    (void)log_builder_grub(&c->log, "kernel_cmdline: ", "/vmlinuz init=/bin/sh");
    cover("4, 9");
    assert_non_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE));
}

static void
demands_that_every_line_fits(void **state)
{
    c = *state;
    (void)log_builder_grub(&c->log, "kernel_cmdline: ", "/vmlinuz init=/bin/sh");
    appraise_case_run(c);
    const struct reason *r =
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE);
    assert_non_null(r);
    assert_string_equal("/vmlinuz init=/bin/sh", r->found);
    assert_string_equal("/vmlinuz root=/dev/sda1 ro", r->expected);
    assert_true(r->bound);
}

/* Boot with this line, every digest of which is approved, under one template. */
static void
boot_with(const char *line, const char *template)
{
    CLEANUP(buffer_free) struct buffer command = {0};
    CLEANUP(buffer_free) struct buffer rule = {0};
    buffer_append_format(&command, "linux %s", line);
    buffer_append_format(&rule, "\"command_line\": {\"templates\": [\"%s\"]}", template);
    c->changes[0] = (struct appraise_case_change){"cmdline", APPRAISE_HASHED, line};
    c->changes[1] =
        (struct appraise_case_change){"command", APPRAISE_HASHED, buffer_text(&command)};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", buffer_text(&rule));
    appraise_case_run(c);
}

/* A blank that is no space is shown escaped; systemd cuts at an apostrophe what the kernel does
 * not. */
static void
lets_no_hole_take_what_is_escaped_or_quoted(void **state)
{
    c = *state;
    static const char *const lines[] = {
        "/vmlinuz a=b\tinit=/bin/sh ro", "/vmlinuz a=b\vinit=/bin/sh ro",
        "/vmlinuz a=b\xa0init=/bin/sh ro", "/vmlinuz a=b\\ ro", "/vmlinuz a=b' ro"};
    boot_with("/vmlinuz a=b=c,d ro", "/vmlinuz a={any} ro");
    appraise_case_assert_trusted(c);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        boot_with(lines[i], "/vmlinuz a={any} ro");
        (void)appraise_case_assert_only(c, REASON_COMMAND_LINE, VERDICT_UNTRUSTED);
    }
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

/* By a boot entry with this line, unless NULL; the kernel is given the other one. */
static void
boot_by_the_stub(const char *entry, const char *line, bool with_nul)
{
    static const char *const skipped[] = {"command", "cmdline", "initrd"};
    for (size_t i = 0; i < 3; i++)
        c->changes[i] = (struct appraise_case_change){skipped[i], APPRAISE_SKIP, NULL};
    appraise_case_reboot_firmware(c);
    if (entry)
        measure_boot_entry(entry);
    measure_load_options(line, with_nul);
    appraise_case_append_ima(c);
    appraise_case_documents(c);
}

static void
names_the_stubs_line_by_a_template_without_holes(void **state)
{
    c = *state;
    static const char exact[] = "\"command_line\": {\"templates\": [\"root=/dev/sda1 ro\"]}";
    for (int nul = 0; nul <= 1; nul++) {
        boot_by_the_stub(NULL, "root=/dev/sda1 ro", nul != 0);
        appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", exact);
        appraise_case_run(c);
        appraise_case_assert_trusted(c);
    }
    boot_by_the_stub(NULL, "root=/dev/sda1 rw", true);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}", exact);
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE_UNBOUND, VERDICT_UNTRUSTED);
}

/* A kernel that starts another: either line may be the running one's. */
static void
names_every_line_of_the_stub(void **state)
{
    c = *state;
    static const char *const lines[] = {"root=/dev/sda1 ro", "init=/bin/sh"};
    for (size_t i = 0; i < 2; i++) {
        boot_by_the_stub(NULL, lines[i], true);
        measure_load_options(lines[1 - i], true);
        appraise_case_profile(c, 1, "boot");
        appraise_case_edit(c, 0, "\"command_line\": {\"references\": true}",
                           "\"command_line\": {\"templates\": [\"root=/dev/sda1 ro\"]}");
        appraise_case_run(c);
        assert_non_null(
            reasons_find(&appraise_case_perspective(c)->reasons, REASON_COMMAND_LINE_UNBOUND));
    }
}

static void
run_without_a_rule(const char *entry, const char *line)
{
    boot_by_the_stub(entry, line, true);
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true},", "");
    appraise_case_run(c);
}

static void
threat_50_reads_the_stubs_line_from_the_boot_entry_of_its_digest(void **state)
{
    c = *state;
    run_without_a_rule("root=/dev/sda1 initrd=\\initrd.img", "root=/dev/sda1 initrd=\\initrd.img");
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
    c = *state;
    run_without_a_rule("root=/dev/sda1 no_initrd=\\initrd.img",
                       "root=/dev/sda1 no_initrd=\\initrd.img");
    assert_null(
        reasons_find(&appraise_case_perspective(c)->reasons, REASON_BOOT_INITRD_UNMEASURED));
}

static void
reads_no_boot_entry_that_gives_another_digest(void **state)
{
    c = *state;
    run_without_a_rule("root=/dev/sda1 initrd=\\initrd.img", "root=/dev/sda1");
    assert_string_equal("", appraisal_command_line(c->appraisal));
    appraise_case_assert_trusted(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPRAISE_CASE(believes_no_command_line_that_the_digest_does_not_cover),
        APPRAISE_CASE(misses_no_command_line_that_a_covered_pcr_hides),
        APPRAISE_CASE(takes_no_command_line_from_pcrs_that_no_rule_covers),
        APPRAISE_CASE(blames_a_command_line_that_is_not_covered),
        APPRAISE_CASE(demands_that_every_line_fits),
        APPRAISE_CASE(lets_no_hole_take_what_is_escaped_or_quoted),
        APPRAISE_CASE(names_the_stubs_line_by_a_template_without_holes),
        APPRAISE_CASE(names_every_line_of_the_stub),
        APPRAISE_CASE(threat_50_reads_the_stubs_line_from_the_boot_entry_of_its_digest),
        APPRAISE_CASE(threat_50_takes_the_argument_itself_only),
        APPRAISE_CASE(reads_no_boot_entry_that_gives_another_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
