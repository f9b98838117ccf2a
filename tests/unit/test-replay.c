/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/replay.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

#include <string.h>

static const uint16_t one_bank[] = {ALG_SHA256};
static const uint16_t three_banks[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384};

static void
proves_every_pcr_of_a_good_boot(void **state)
{
    (void)state;
    struct round *r = round_start(three_banks, 3);
    log_builder_boot(&r->b);
    round_quote(r);
    round_assert_no_reason(r);
    for (uint32_t pcr = 0; pcr < 10; pcr++)
        assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, pcr));
    for (uint32_t pcr = 10; pcr < 16; pcr++)
        assert_int_equal(REPLAY_PCR_RESET, replay_pcr_state(r->replay, pcr));
    assert_int_equal(REPLAY_PCR_NOT_QUOTED, replay_pcr_state(r->replay, 16));
    assert_int_equal(r->b.n_events - 1, replay_n_events(r->replay));
    round_finish(r);
}

static void
gives_events_in_order_with_digests_by_bank_of_the_quote(void **state)
{
    (void)state;
    struct round *r = round_start(three_banks, 3);
    log_builder_boot(&r->b);
    round_quote(r);
    const struct replay_event *e = round_find(r, EVENT_KIND_IMAGE);
    assert_non_null(e);
    size_t bank = replay_bank(r->replay, ALG_SHA384);
    struct digest expected;
    assert_status(STATUS_OK, digest_compute(r->h, ALG_SHA384, bytes_of_text("shim"), &expected));
    assert_true(digest_equal(&expected, &e->digest[bank]));
    assert_int_equal(LIMIT_BANKS, replay_bank(r->replay, ALG_SHA512));
    for (size_t i = 1; i < replay_n_events(r->replay); i++)
        assert_true(replay_event_at(r->replay, i - 1)->number <
                    replay_event_at(r->replay, i)->number);
    round_finish(r);
}

static void
decodes_the_command_line_with_its_quirk(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    round_quote(r);
    const struct replay_event *e = round_find(r, EVENT_KIND_COMMAND_LINE);
    assert_non_null(e);
    assert_true(e->meaning.bound);
    assert_int_equal(EVENT_QUIRK_STRING_PREFIX, e->meaning.quirk);
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, event_text(&e->meaning, &text));
    assert_string_equal("/vmlinuz root=/dev/sda1", buffer_text(&text));
    assert_non_null(reasons_find(&r->reasons, REASON_LOG_QUIRK));
    round_finish(r);
}

static void
refuses_a_changed_digest_and_hands_on_no_event_of_that_pcr(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    round_quote(r);
    uint32_t n = round_find(r, EVENT_KIND_IMAGE)->number;
    round_event(r, n)[4 + 4 + 4 + 2] ^= 1;
    round_replay(r);
    const struct reason *reason = round_assert_reason(r, REASON_LOG_PCR_MISMATCH);
    assert_int_equal(4, reason->pcr);
    assert_int_equal(ALG_SHA256, reason->bank);
    assert_int_equal(REPLAY_PCR_MISMATCH, replay_pcr_state(r->replay, 4));
    assert_null(round_find(r, EVENT_KIND_IMAGE));
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 7));
    round_finish(r);
}

static void
one_bank_does_not_speak_for_another(void **state)
{
    (void)state;
    struct round *r = round_start(three_banks, 3);
    log_builder_boot(&r->b);
    quote_double_take(&r->q, &r->b);
    r->q.pcr[2][4].data[0] ^= 1;
    round_replay(r);
    assert_int_equal(ALG_SHA384, round_assert_reason(r, REASON_LOG_PCR_MISMATCH)->bank);
    round_finish(r);
}

static void
names_a_pcr_that_no_log_explains(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    log_builder_extend(&r->b, 12, bytes_of_text("unknown"));
    round_quote(r);
    assert_int_equal(12, round_assert_reason(r, REASON_LOG_PCR_UNEXPLAINED)->pcr);
    assert_int_equal(REPLAY_PCR_UNEXPLAINED, replay_pcr_state(r->replay, 12));
    round_finish(r);
}

static void
pcr_16_is_no_evidence_even_with_events(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    (void)log_builder_text(&r->b, 16, EVENT_IPL, "debug");
    quote_double_take(&r->q, &r->b);
    r->q.selection.banks[0].mask |= 1u << 16;
    round_replay(r);
    assert_int_equal(16, round_assert_reason(r, REASON_LOG_PCR_UNEXPLAINED)->pcr);
    round_finish(r);
}

static void
drtm_pcrs_reset_to_ones_and_start_at_zero(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    quote_double_take(&r->q, &r->b);
    r->q.selection.banks[0].mask |= 1u << 17;
    round_replay(r);
    round_assert_no_reason(r);
    assert_int_equal(REPLAY_PCR_RESET, replay_pcr_state(r->replay, 17));
    r->b.pcr[0][17] = digest_reset(ALG_SHA256, 0);
    (void)log_builder_text(&r->b, 17, EVENT_IPL, "sinit");
    quote_double_take(&r->q, &r->b);
    r->q.selection.banks[0].mask |= 1u << 17;
    round_replay(r);
    round_assert_no_reason(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 17));
    round_finish(r);
}

static void
says_once_that_the_boot_log_is_missing(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    quote_double_take(&r->q, &r->b);
    r->b.log.size = 0;
    round_replay(r);
    (void)round_assert_reason(r, REASON_LOG_MISSING);
    assert_int_equal(0, replay_n_events(r->replay));
    round_finish(r);
}

static void
a_machine_without_measurements_has_pcrs_at_reset_and_no_reason(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    r->b.log.size = 0;
    round_replay(r);
    round_assert_no_reason(r);
    assert_int_equal(REPLAY_PCR_RESET, replay_pcr_state(r->replay, 0));
    round_finish(r);
}

static void
refuses_a_quoted_bank_that_the_log_has_not(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    quote_double_take(&r->q, &r->b);
    r->q.selection.n_banks = 2;
    r->q.selection.banks[1] = (struct selection_bank){.alg = ALG_SHA384, .mask = 0xFF};
    for (size_t pcr = 0; pcr < 8; pcr++)
        r->q.pcr[1][pcr] = digest_reset(ALG_SHA384, 0x55);
    round_replay(r);
    assert_int_equal(ALG_SHA384, round_assert_reason(r, REASON_LOG_BANK_MISSING)->bank);
    assert_int_equal(REPLAY_PCR_MISMATCH, replay_pcr_state(r->replay, 0));
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 8));
    round_finish(r);
}

/* Threat 20: the firmware left a bank alone; anybody could extend it. */
static void
refuses_a_bank_that_the_firmware_did_not_extend(void **state)
{
    (void)state;
    struct round *r = round_start(three_banks, 3);
    log_builder_boot(&r->b);
    quote_double_take(&r->q, &r->b);
    for (size_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        r->q.pcr[0][pcr] = digest_reset(ALG_SHA1, 0);
    round_replay(r);
    assert_int_equal(ALG_SHA1, round_assert_reason(r, REASON_LOG_BANK_UNCAPPED)->bank);
    round_finish(r);
}

static void
refuses_a_bank_without_separators(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        (void)log_builder_text(&r->b, pcr, EVENT_EFI_ACTION, "golden");
    round_quote(r);
    (void)round_assert_reason(r, REASON_LOG_BANK_UNCAPPED);
    round_finish(r);
}

static void
names_a_pcr_without_separator(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    for (uint32_t pcr = 0; pcr < 8; pcr++) {
        (void)log_builder_text(&r->b, pcr, EVENT_EFI_ACTION, "x");
        if (pcr != 6)
            (void)log_builder_separator(&r->b, pcr);
    }
    round_quote(r);
    assert_int_equal(6, round_assert_reason(r, REASON_LOG_SEPARATOR)->pcr);
    round_finish(r);
}

static void
refuses_a_second_separator(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    uint32_t n = log_builder_separator(&r->b, 4);
    round_quote(r);
    assert_int_equal(n, round_assert_reason(r, REASON_LOG_SEPARATOR)->event);
    round_finish(r);
}

/* Threat 22: the type is not measured, the digest is. */
static void
recognises_a_separator_by_digest_under_another_type(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    uint32_t n = 9; /* PCR 7's separator follows the five variables */
    quote_double_take(&r->q, &r->b);
    for (n = 1; n < r->b.n_events; n++) {
        if (round_event(r, n)[4] == EVENT_SEPARATOR)
            break;
    }
    round_event(r, n)[4] = EVENT_ACTION;
    round_replay(r);
    assert_int_equal(n, round_assert_reason(r, REASON_LOG_SEPARATOR)->event);
    round_finish(r);
}

static void
refuses_a_separator_type_over_another_digest(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    uint32_t n = log_builder_event(&r->b, 4, EVENT_SEPARATOR, bytes_of_text("image"),
                                   bytes_of("\0\0\0\0", 4));
    round_quote(r);
    assert_int_equal(n, round_assert_reason(r, REASON_LOG_SEPARATOR)->event);
    round_finish(r);
}

static void
names_an_error_separator(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    static const uint8_t error[4] = {1, 0, 0, 0};
    uint32_t n = log_builder_event(&r->b, 3, EVENT_SEPARATOR, bytes_of(error, 4),
                                   bytes_of_text("firmware error 5"));
    round_quote(r);
    assert_int_equal(n, round_assert_reason(r, REASON_LOG_ERROR_SEPARATOR)->event);
    round_finish(r);
}

/* Threat 23: the digest stands, the data says something else. */
static void
refuses_a_variable_whose_data_no_digest_covers(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    round_quote(r);
    const struct replay_event *e = round_find(r, EVENT_KIND_VARIABLE);
    assert_string_equal("SecureBoot", e->meaning.variable.name);
    uint8_t *record = round_event(r, e->number);
    size_t data = 4 + 4 + 4 + 2 + 32 + 4;
    record[data + 32 + 20] = 0; /* the variable's value */
    round_replay(r);
    const struct reason *reason = round_assert_reason(r, REASON_LOG_DIGEST);
    assert_int_equal(7, reason->pcr);
    assert_false(round_find(r, EVENT_KIND_VARIABLE)->meaning.bound);
    round_finish(r);
}

static void
what_only_sha1_covers_is_not_bound(void **state)
{
    (void)state;
    static const uint16_t sha1[] = {ALG_SHA1};
    struct round *r = round_start(sha1, 1);
    log_builder_boot(&r->b);
    round_quote(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 8));
    assert_false(round_find(r, EVENT_KIND_COMMAND_LINE)->meaning.bound);
    round_finish(r);
}

/* The other bank is quoted and proven as well, without that event. */
static void
an_event_that_only_the_sha1_bank_has_is_not_bound(void **state)
{
    (void)state;
    static const uint16_t both[] = {ALG_SHA1, ALG_SHA256};
    static const char line[] = "kernel_cmdline: /vmlinuz init=/bin/sh";
    struct digest d;
    struct round *r = round_start(both, 2);
    log_builder_boot(&r->b);
    struct bytes hashed = bytes_of_text(line + strlen("kernel_cmdline: "));
    assert_status(STATUS_OK, digest_compute(r->h, ALG_SHA1, hashed, &d));
    assert_status(STATUS_OK, digest_extend(r->h, &r->b.pcr[0][8], digest_bytes(&d)));
    buffer_append_le32(&r->b.log, 8);
    buffer_append_le32(&r->b.log, EVENT_IPL);
    buffer_append_le32(&r->b.log, 1);
    buffer_append_le16(&r->b.log, ALG_SHA1);
    buffer_append(&r->b.log, digest_bytes(&d));
    buffer_append_le32(&r->b.log, sizeof line);
    buffer_append(&r->b.log, bytes_of(line, sizeof line));
    round_quote(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 8));
    const struct replay_event *last = replay_event_at(r->replay, replay_n_events(r->replay) - 1);
    assert_int_equal(EVENT_KIND_COMMAND_LINE, last->meaning.kind);
    assert_true(last->meaning.weak);
    assert_false(last->meaning.bound);
    round_finish(r);
}

static void
replays_from_the_startup_locality(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    (void)log_builder_locality(&r->b, 3);
    log_builder_boot(&r->b);
    round_quote(r);
    round_assert_no_reason(r);
    round_finish(r);
}

static void
names_a_tpm_that_was_not_reset_on_a_warm_reboot(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    struct log_builder second = r->b;
    second.log = (struct buffer){0};
    second.ima = (struct buffer){0};
    log_builder_boot(&second);
    quote_double_take(&r->q, &second);
    round_replay(r);
    (void)round_assert_reason(r, REASON_LOG_REPEATED);
    log_builder_free(&second);
    round_finish(r);
}

static void
explains_pcr_11_by_the_phase_it_has_reached(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    (void)log_builder_text(&r->b, 11, EVENT_IPL, "section");
    log_builder_extend(&r->b, 11, bytes_of_text("enter-initrd"));
    log_builder_extend(&r->b, 11, bytes_of_text("leave-initrd"));
    round_quote(r);
    round_assert_no_reason(r);
    assert_string_equal("leave-initrd", reasons_find(&r->reasons, REASON_BOOT_PHASE)->found);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 11));
    round_finish(r);
}

static void
refuses_phases_out_of_order(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    (void)log_builder_text(&r->b, 11, EVENT_IPL, "section");
    log_builder_extend(&r->b, 11, bytes_of_text("leave-initrd"));
    log_builder_extend(&r->b, 11, bytes_of_text("enter-initrd"));
    round_quote(r);
    assert_int_equal(11, round_assert_reason(r, REASON_LOG_PCR_MISMATCH)->pcr);
    round_finish(r);
}

static void
knows_phases_without_an_initrd(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    (void)log_builder_text(&r->b, 11, EVENT_IPL, "section");
    log_builder_extend(&r->b, 11, bytes_of_text("sysinit"));
    log_builder_extend(&r->b, 11, bytes_of_text("ready"));
    round_quote(r);
    round_assert_no_reason(r);
    assert_string_equal("ready", reasons_find(&r->reasons, REASON_BOOT_PHASE)->found);
    round_finish(r);
}

static void
a_malformed_log_is_one_reason(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    quote_double_take(&r->q, &r->b);
    r->b.log.size -= 3;
    round_replay(r);
    (void)round_assert_reason(r, REASON_LOG_MALFORMED);
    assert_int_equal(0, replay_n_events(r->replay));
    round_finish(r);
}

static void
a_ccel_carries_no_trust_here(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    quote_double_take(&r->q, &r->b);
    r->b.log.data[0] = 1;
    round_replay(r);
    (void)round_assert_reason(r, REASON_LOG_UNSUPPORTED);
    round_finish(r);
}

/* Threat 28: an event whose only trusted bank is not quoted, or has no digest of it, is bound by
 * SHA-1 alone. */
static void
threat_28_a_trusted_bank_that_is_not_quoted_binds_nothing(void **state)
{
    (void)state;
    static const uint16_t both[] = {ALG_SHA1, ALG_SHA256};
    struct round *r = round_start(both, 2);
    log_builder_boot(&r->b);
    quote_double_take(&r->q, &r->b);
    r->q.selection.n_banks = 1; /* SHA-1 */
    round_replay(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 8));
    assert_false(round_find(r, EVENT_KIND_COMMAND_LINE)->meaning.bound);
    round_finish(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_every_pcr_of_a_good_boot),
        cmocka_unit_test(gives_events_in_order_with_digests_by_bank_of_the_quote),
        cmocka_unit_test(decodes_the_command_line_with_its_quirk),
        cmocka_unit_test(refuses_a_changed_digest_and_hands_on_no_event_of_that_pcr),
        cmocka_unit_test(one_bank_does_not_speak_for_another),
        cmocka_unit_test(names_a_pcr_that_no_log_explains),
        cmocka_unit_test(pcr_16_is_no_evidence_even_with_events),
        cmocka_unit_test(drtm_pcrs_reset_to_ones_and_start_at_zero),
        cmocka_unit_test(says_once_that_the_boot_log_is_missing),
        cmocka_unit_test(a_machine_without_measurements_has_pcrs_at_reset_and_no_reason),
        cmocka_unit_test(refuses_a_quoted_bank_that_the_log_has_not),
        cmocka_unit_test(refuses_a_bank_that_the_firmware_did_not_extend),
        cmocka_unit_test(refuses_a_bank_without_separators),
        cmocka_unit_test(names_a_pcr_without_separator),
        cmocka_unit_test(refuses_a_second_separator),
        cmocka_unit_test(recognises_a_separator_by_digest_under_another_type),
        cmocka_unit_test(refuses_a_separator_type_over_another_digest),
        cmocka_unit_test(names_an_error_separator),
        cmocka_unit_test(refuses_a_variable_whose_data_no_digest_covers),
        cmocka_unit_test(what_only_sha1_covers_is_not_bound),
        cmocka_unit_test(an_event_that_only_the_sha1_bank_has_is_not_bound),
        cmocka_unit_test(replays_from_the_startup_locality),
        cmocka_unit_test(names_a_tpm_that_was_not_reset_on_a_warm_reboot),
        cmocka_unit_test(explains_pcr_11_by_the_phase_it_has_reached),
        cmocka_unit_test(refuses_phases_out_of_order),
        cmocka_unit_test(knows_phases_without_an_initrd),
        cmocka_unit_test(a_malformed_log_is_one_reason),
        cmocka_unit_test(a_ccel_carries_no_trust_here),
        cmocka_unit_test(threat_28_a_trusted_bank_that_is_not_quoted_binds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
