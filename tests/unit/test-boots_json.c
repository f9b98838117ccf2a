/* SPDX-License-Identifier: Apache-2.0 */
/* Recorded boots: quoting what their TPM said, the logs prove every PCR without a reason. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/recorded_boot_json.h"
#include "tests/lib/test.h"

#include <ctype.h>
#include <string.h>

static struct round *
start(const struct recorded_boot *boot)
{
    struct round *r = recorded_boot_load(boot);
    round_replay(r);
    return r;
}

static void
assert_proven(const struct recorded_boot *boot, const struct round *r)
{
    round_assert_no_reason(r);
    for (uint32_t pcr = 0; pcr < 16; pcr++) {
        enum replay_pcr state = replay_pcr_state(r->replay, pcr);
        if (state != REPLAY_PCR_PROVEN && state != REPLAY_PCR_RESET)
            fail_msg("%s: PCR %u", boot->folder, pcr);
    }
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 4));
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 10));
    assert_true(replay_n_ima(r->replay) > 0);
    assert_int_equal(ALG_SHA384, reasons_find(&r->reasons, REASON_IMA_WEAK)->bank);
}

static void
our_recorded_boots_are_proven(void **state)
{
    (void)state;
    static const char *const folders[] = {
        "secure", "secure-other-kernel", "secure-other-cmdline", "secure-update", "plain", "uki",
    };
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char folder[64];
        (void)snprintf(folder, sizeof folder, "tests/vectors/boots/%s", folders[i]);
        struct recorded_boot boot = {folder, "boot-log", "ima", test_source};
        struct round *r = start(&boot);
        assert_proven(&boot, r);
        round_finish(r);
    }
}

/* The TPM's driver is a module there: IMA starts without it. */
static void
the_arm64_boot_of_uboot_is_proven_but_its_list_is_not_anchored(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/uboot-efi", "boot-log", "ima", test_source};
    struct round *r = start(&boot);
    (void)round_assert_reason(r, REASON_IMA_NOT_ANCHORED);
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, pcr));
    assert_int_equal(0, replay_n_ima(r->replay));
    round_finish(r);
}

static void
a_boot_without_log_says_so(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/plain-no-log", NULL, "ima", test_source};
    struct round *r = start(&boot);
    (void)round_assert_reason(r, REASON_LOG_MISSING);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 10));
    round_finish(r);
}

static void
measured_boots_are_proven(void **state)
{
    (void)state;
    static const char *const folders[] = {"A", "B", "C", "D1", "E2", "K"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char folder[64];
        (void)snprintf(folder, sizeof folder, "measured-boots/%s", folders[i]);
        struct recorded_boot boot = {folder, "binary_bios_measurements",
                                     "ima_binary_runtime_measurements", test_corpus};
        struct round *r = start(&boot);
        assert_proven(&boot, r);
        round_finish(r);
    }
}

/* What the TPM said of PCR 10 after the violations ("10: 0x..." of each bank, in their order). */
static void
take_violated_pcrs(struct round *r)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    test_corpus("measured-boots/E2/after-violation/pcrread.yaml", &text);
    const char *at = buffer_text(&text);
    for (size_t bank = 0; bank < 3; bank++) {
        struct digest *pcr = &r->q.pcr[bank][10];
        char hex[2 * ALG_MAX_SIZE + 1] = "";
        at = strstr(at, "10: 0x");
        assert_non_null(at);
        at += strlen("10: 0x");
        for (size_t i = 0; i < (size_t)2 * pcr->size; i++)
            hex[i] = (char)tolower((unsigned char)at[i]);
        assert_status(STATUS_OK, text_parse_hex_exact(hex, pcr->data, pcr->size));
    }
}

/* A real kernel's violations, in the second round of a boot: 0xFF is extended, in the bank that is
 * padded too; and the first round's entries are not replayed again. */
static void
violations_of_a_real_kernel_are_named(void **state)
{
    (void)state;
    struct recorded_boot boot = {"measured-boots/E2", "binary_bios_measurements",
                                 "ima_binary_runtime_measurements", test_corpus};
    struct round *r = start(&boot);
    CLEANUP(buffer_free) struct buffer grown = {0};
    test_corpus("measured-boots/E2/after-violation/ima_binary_runtime_measurements", &grown);
    size_t before = r->b.ima.size;
    uint64_t n_before = replay_state_after(r->replay)->n_entries;
    assert_true(bytes_equal(buffer_bytes(&r->b.ima), bytes_slice(buffer_bytes(&grown), 0, before)));
    r->in.state = *replay_state_after(r->replay);
    buffer_reset(&r->b.ima);
    buffer_append(&r->b.ima, bytes_slice(buffer_bytes(&grown), before, grown.size - before));
    take_violated_pcrs(r);
    round_replay(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 10));
    assert_true(replay_n_ima(r->replay) > 0);
    assert_int_equal(n_before, replay_ima_at(r->replay, 0)->number);
    size_t n = 0;
    for (size_t i = 0; i < r->reasons.n_items; i++) {
        const struct reason *reason = &r->reasons.items[i];
        n += reason->code == REASON_IMA_VIOLATION;
        if (reason_code_kind(reason->code) == REASON_KIND_REASON)
            assert_int_equal(REASON_IMA_VIOLATION, reason->code);
    }
    assert_int_equal(4, n);
    round_finish(r);
}

/* systemd 252: its phases are in PCR 11 and in no log. */
static void
a_measured_boot_of_systemd_has_reached_its_phase(void **state)
{
    (void)state;
    struct recorded_boot boot = {"measured-boots/E2", "binary_bios_measurements",
                                 "ima_binary_runtime_measurements", test_corpus};
    struct round *r = start(&boot);
    assert_string_equal("ready", reasons_find(&r->reasons, REASON_BOOT_PHASE)->found);
    round_finish(r);
}

static void
the_secure_boot_says_so_in_a_bound_variable(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/secure", "boot-log", "ima", test_source};
    struct round *r = start(&boot);
    const struct replay_event *e = round_find(r, EVENT_KIND_VARIABLE);
    assert_string_equal("SecureBoot", e->meaning.variable.name);
    assert_true(e->meaning.bound);
    assert_hex("01", e->meaning.variable.value);
    CLEANUP(buffer_free) struct buffer text = {0};
    e = round_find(r, EVENT_KIND_COMMAND_LINE);
    assert_non_null(e);
    assert_status(STATUS_OK, event_text(&e->meaning, &text));
    assert_true(text_starts(buffer_text(&text), "/vmlinuz"));
    round_finish(r);
}

static void
assert_fact(const struct round *r, enum reason_code code, const char *what, const char *found)
{
    for (size_t i = 0; i < r->reasons.n_items; i++) {
        const struct reason *fact = &r->reasons.items[i];
        if (fact->code == code && text_equal(fact->what, what) && text_equal(fact->found, found)) {
            assert_true(fact->bound);
            return;
        }
    }
    fail_msg("no %s %s: %s", reason_code_name(code), what, found);
}

static void
the_secure_boot_tells_its_keys_and_authorities(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/secure", "boot-log", "ima", test_source};
    struct round *r = start(&boot);
    assert_fact(r, REASON_SECURE_BOOT_KEYS, "db",
                "Microsoft Windows Production PCA 2011; Microsoft Corporation UEFI CA 2011; 2 "
                "certificates");
    assert_fact(r, REASON_SECURE_BOOT_KEYS, "dbx", "1 SHA-256");
    assert_fact(r, REASON_SECURE_BOOT_AUTHORITY, "db", "Microsoft Corporation UEFI CA 2011");
    assert_fact(r, REASON_SECURE_BOOT_AUTHORITY, "MokListRT", "Debian Secure Boot CA");
    assert_fact(r, REASON_SECURE_BOOT_SBAT, "", "sbat,1,2025021800");
    assert_fact(r, REASON_SECURE_BOOT_MICROSOFT, "", "KEK 2011, db 2011, used 2011");
    round_finish(r);
}

/* Without Secure Boot there is nothing to tell. */
static void
the_plain_boot_tells_nothing_of_keys(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/plain", "boot-log", "ima", test_source};
    struct round *r = start(&boot);
    assert_null(reasons_find(&r->reasons, REASON_SECURE_BOOT_KEYS));
    assert_null(reasons_find(&r->reasons, REASON_SECURE_BOOT_MICROSOFT));
    round_finish(r);
}

static void
the_unified_image_shows_options_and_initrd_by_digest(void **state)
{
    (void)state;
    struct recorded_boot boot = {"tests/vectors/boots/uki", "boot-log", "ima", test_source};
    struct round *r = start(&boot);
    assert_false(round_find(r, EVENT_KIND_LOAD_OPTIONS)->meaning.bound);
    assert_non_null(round_find(r, EVENT_KIND_INITRD));
    assert_non_null(round_find(r, EVENT_KIND_SECTION));
    const struct replay_event *name = round_find(r, EVENT_KIND_STRING);
    while (name->pcr != 11)
        name++;
    assert_true(name->meaning.bound);
    assert_int_equal(EVENT_QUIRK_STRING_UTF16, name->meaning.quirk);
    round_finish(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(our_recorded_boots_are_proven),
        cmocka_unit_test(the_arm64_boot_of_uboot_is_proven_but_its_list_is_not_anchored),
        cmocka_unit_test(a_boot_without_log_says_so),
        cmocka_unit_test(measured_boots_are_proven),
        cmocka_unit_test(violations_of_a_real_kernel_are_named),
        cmocka_unit_test(a_measured_boot_of_systemd_has_reached_its_phase),
        cmocka_unit_test(the_secure_boot_says_so_in_a_bound_variable),
        cmocka_unit_test(the_secure_boot_tells_its_keys_and_authorities),
        cmocka_unit_test(the_plain_boot_tells_nothing_of_keys),
        cmocka_unit_test(the_unified_image_shows_options_and_initrd_by_digest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
