/* SPDX-License-Identifier: Apache-2.0 */
/* A boot with another initrd and command line than the reference set's: explained by an
 * announcement, or by a value that was approved for the device. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

static struct appraise_case *c;
static struct announcement announcement;
static struct announcement_item items[2];

static struct digest
digest_of(const char *content)
{
    struct digest d;
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text(content), &d));
    return d;
}

/* The set has the initrd "initrd"; the device boots "initrd 2", as it announced. */
static int
start(void **state)
{
    (void)state;
    c = appraise_case_ready();
    appraise_case_edit(c, 0, "\"ima\"", "\"announce\": {\"life\": \"2h\"}, \"ima\"");
    c->changes[0] = (struct appraise_case_change){"initrd", APPRAISE_HASHED, "initrd 2"};
    appraise_case_reboot(c);
    items[0] = (struct announcement_item){
        .role = "initrd", .n_digests = 1, .digests = {digest_of("initrd 2")}};
    items[1] = (struct announcement_item){0};
    announcement = (struct announcement){.device_id = c->subject.device_id,
                                         .reset_count = c->tpm->reset_count,
                                         .issued_s = c->now_s - 600,
                                         .expires_s = c->now_s + 600,
                                         .n_items = 1,
                                         .items = items};
    c->announcement = &announcement;
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

static void
only(enum reason_code code)
{
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, code, VERDICT_UNTRUSTED);
    assert_string_equal("initrd", r->what);
}

static void
explains_the_boot_that_was_announced(void **state)
{
    (void)state;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    const struct reason *r = appraise_case_fact(c, REASON_BOOT_ANNOUNCED);
    assert_non_null(r);
    assert_string_equal("initrd", r->what);
    assert_null(appraise_case_fact(c, REASON_BOOT_NOT_TAKEN));
    c->announcement = NULL;
    only(REASON_BOOT_UNKNOWN_IMAGE);
    assert_null(appraise_case_fact(c, REASON_BOOT_ANNOUNCED));
}

static void
explains_nothing_that_was_not_announced(void **state)
{
    (void)state;
    c->changes[0].with = "initrd 3";
    appraise_case_reboot(c);
    only(REASON_BOOT_UNKNOWN_IMAGE);
    items[0].digests[0] = digest_of("initrd 3");
    items[0].role = "grub-command";
    only(REASON_BOOT_UNKNOWN_IMAGE);
}

static void
explains_neither_the_boot_before_nor_the_one_after(void **state)
{
    (void)state;
    announcement.reset_count++;
    only(REASON_BOOT_ANNOUNCED_OTHER);
    announcement.reset_count -= 2;
    only(REASON_BOOT_ANNOUNCED_OTHER);
}

static void
explains_no_other_device(void **state)
{
    (void)state;
    announcement.device_id = "ffffffffffffffffffffffffffffffff";
    only(REASON_BOOT_ANNOUNCED_OTHER);
}

/* Its life ends before the boot is first seen; a boot that was seen in time stays explained. */
static void
explains_a_boot_that_is_seen_in_time(void **state)
{
    (void)state;
    announcement.expires_s = c->now_s;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    announcement.expires_s = c->now_s - 1;
    only(REASON_BOOT_ANNOUNCED_LATE);
    c->subject.boot_since_s = c->now_s - 1;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
holds_an_announcement_to_the_life_that_policy_gives(void **state)
{
    (void)state;
    announcement.issued_s = c->now_s - 7200;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    announcement.issued_s--;
    only(REASON_BOOT_ANNOUNCED_LATE);
}

static void
takes_only_roles_that_policy_names(void **state)
{
    (void)state;
    appraise_case_edit(c, 0, "\"life\": \"2h\"", "\"roles\": [\"command-line\"]");
    only(REASON_BOOT_ANNOUNCED_ROLE);
    appraise_case_edit(c, 0, "\"announce\": {\"roles\": [\"command-line\"]}, ", "");
    only(REASON_BOOT_ANNOUNCED_ROLE);
}

static void
a_revoked_value_stays_revoked(void **state)
{
    (void)state;
    struct digest d = digest_of("initrd 2");
    char hex[2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer with = {0};
    buffer_append_format(&with, "\"values\": [{\"sha256\": \"%s\", \"status\": \"revoked\"}, ",
                         text_hex(digest_bytes(&d), hex, sizeof hex));
    appraise_case_edit(c, 1, "\"values\": [", buffer_text(&with));
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_BOOT_REVOKED, VERDICT_UNTRUSTED);
}

/* By text: GRUB's command and the line that it hands to the kernel. */
static void
explains_a_command_line_by_its_text(void **state)
{
    (void)state;
    static const char line[] = "/vmlinuz root=/dev/sdb2 ro";
    c->changes[0] = (struct appraise_case_change){"cmdline", APPRAISE_HASHED, line};
    c->changes[1] = (struct appraise_case_change){"command", APPRAISE_HASHED,
                                                  "linux /vmlinuz root=/dev/sdb2 ro"};
    appraise_case_reboot(c);
    c->announcement = NULL;
    appraise_case_run(c);
    const struct reasons *reasons = &appraise_case_perspective(c)->reasons;
    assert_int_equal(3, reasons->n_items);
    assert_non_null(reasons_find(reasons, REASON_COMMAND_LINE));
    items[0] = (struct announcement_item){.role = "command-line", .text = line};
    items[1] = (struct announcement_item){.role = "grub-command",
                                          .text = "linux /vmlinuz root=/dev/sdb2 ro"};
    announcement.n_items = 2;
    c->announcement = &announcement;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    announcement.reset_count++;
    appraise_case_run(c);
    reasons = &appraise_case_perspective(c)->reasons;
    assert_int_equal(3, reasons->n_items);
    assert_non_null(reasons_find(reasons, REASON_BOOT_ANNOUNCED_OTHER));
    assert_non_null(reasons_find(reasons, REASON_COMMAND_LINE));
    announcement.reset_count--;
    items[0].text = "/vmlinuz root=/dev/sdb2 ro ";
    appraise_case_run(c);
    reasons = &appraise_case_perspective(c)->reasons;
    assert_int_equal(2, reasons->n_items);
    assert_non_null(reasons_find(reasons, REASON_COMMAND_LINE));
}

static void
tells_that_an_announced_boot_was_not_taken(void **state)
{
    (void)state;
    c->changes[0] = (struct appraise_case_change){0};
    appraise_case_reboot(c);
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    const struct reason *r = appraise_case_fact(c, REASON_BOOT_NOT_TAKEN);
    assert_non_null(r);
    assert_string_equal("initrd", r->expected);
    announcement.slot = "B";
    appraise_case_run(c);
    assert_string_equal("B", appraise_case_fact(c, REASON_BOOT_NOT_TAKEN)->expected);
    announcement.reset_count++;
    appraise_case_run(c);
    assert_null(appraise_case_fact(c, REASON_BOOT_NOT_TAKEN));
}

/* ---- approved for the device ---- */

static void
approve(const char *device, const char *until)
{
    struct digest d = digest_of("initrd 2");
    struct digest old = digest_of("initrd file");
    char hex[2][2 * ALG_MAX_SIZE + 1];
    CLEANUP(buffer_free) struct buffer with = {0};
    c->announcement = NULL;
    (void)text_hex(digest_bytes(&old), hex[0], sizeof hex[0]);
    (void)text_hex(digest_bytes(&d), hex[1], sizeof hex[1]);
    buffer_append_format(&with,
                         "%s\", \"approval\": {\"device\": \"%s\", \"approved_by\": \"ann\", "
                         "\"round\": \"a1\", \"until\": \"%s\"}}, {\"sha256\": \"%s",
                         hex[1], device, until, hex[0]);
    /* The set is of the first boot. */
    c->changes[0] = (struct appraise_case_change){0};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 1, hex[0], buffer_text(&with));
    c->changes[0] = (struct appraise_case_change){"initrd", APPRAISE_HASHED, "initrd 2"};
    appraise_case_reboot(c);
}

static void
takes_a_value_that_was_approved_for_the_device(void **state)
{
    (void)state;
    approve(c->subject.device_id, "2026-01-21T12:54:20Z"); /* now */
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    approve("ffffffffffffffffffffffffffffffff", "2026-01-21T12:54:20Z");
    only(REASON_BOOT_UNKNOWN_IMAGE);
    approve("00000000000000000000000000000000", "2026-01-21T12:54:20Z");
    only(REASON_BOOT_UNKNOWN_IMAGE);
}

static void
takes_it_until_its_time_only(void **state)
{
    (void)state;
    approve(c->subject.device_id, "2026-01-21T12:54:19Z");
    only(REASON_BOOT_APPROVAL_OVER);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(explains_the_boot_that_was_announced),
        CLAIM(explains_nothing_that_was_not_announced),
        CLAIM(explains_neither_the_boot_before_nor_the_one_after),
        CLAIM(explains_no_other_device),
        CLAIM(explains_a_boot_that_is_seen_in_time),
        CLAIM(holds_an_announcement_to_the_life_that_policy_gives),
        CLAIM(takes_only_roles_that_policy_names),
        CLAIM(a_revoked_value_stays_revoked),
        CLAIM(explains_a_command_line_by_its_text),
        CLAIM(tells_that_an_announced_boot_was_not_taken),
        CLAIM(takes_a_value_that_was_approved_for_the_device),
        CLAIM(takes_it_until_its_time_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
