/* SPDX-License-Identifier: Apache-2.0 */
/* The log of user space under a quote: what its records prove, and what is told of the rest. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/userspace.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

#include <string.h>

#define HEX32  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define DIGEST "{\"hashAlg\":\"sha256\",\"digest\":\"" HEX32 "\"}"

static const uint16_t two_banks[] = {ALG_SHA256, ALG_SHA384};

struct user_log {
    struct round *r;
    struct buffer log;
};

/* Append a record for every bank of the builder; it extends its PCR as well. */
static void
add(struct user_log *u, uint32_t pcr, const char *hashed, const char *string)
{
    log_builder_extend(&u->r->b, pcr, bytes_of_text(hashed));
    buffer_append_format(&u->log, "\x1e{\"pcr\":%u,\"digests\":[", pcr);
    for (size_t bank = 0; bank < u->r->b.n_banks; bank++) {
        struct digest d;
        uint16_t alg = u->r->b.banks[bank];
        assert_status(STATUS_OK, digest_compute(u->r->h, alg, bytes_of_text(hashed), &d));
        buffer_append_format(&u->log, "%s{\"hashAlg\":\"%s\",\"digest\":\"", bank > 0 ? "," : "",
                             alg_name(alg));
        text_append_hex(&u->log, digest_bytes(&d));
        buffer_append_text(&u->log, "\"}");
    }
    buffer_append_format(
        &u->log, "],\"content_type\":\"systemd\",\"content\":{\"string\":\"%s\"}}\n", string);
}

static struct user_log
start(void)
{
    struct user_log u = {.r = round_start(two_banks, 2)};
    log_builder_boot(&u.r->b);
    (void)log_builder_text(&u.r->b, 11, EVENT_IPL, "section");
    return u;
}

static void
replay(struct user_log *u)
{
    u->r->in.userspace_log = buffer_bytes(&u->log);
    u->r->in.userspace_present = true;
    round_replay(u->r);
}

static void
finish(struct user_log *u)
{
    round_finish(u->r);
    buffer_free(&u->log);
}

static void
records_prove_what_the_boot_log_leaves_open(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 11, "enter-initrd", "enter-initrd");
    add(&u, 15, "machine-id:0123", "machine-id:0123");
    add(&u, 11, "ready", "ready");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    round_assert_no_reason(u.r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(u.r->replay, 11));
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(u.r->replay, 15));
    assert_string_equal("ready", reasons_find(&u.r->reasons, REASON_BOOT_PHASE)->found);
    size_t n = replay_n_events(u.r->replay);
    const struct replay_event *e = replay_event_at(u.r->replay, n - 2);
    assert_int_equal(REASON_LOG_USERSPACE, e->log);
    assert_int_equal(1, e->number);
    assert_int_equal(15, e->pcr);
    assert_true(e->meaning.bound);
    assert_true(bytes_equal(e->meaning.text, bytes_of_text("machine-id:0123")));
    e = replay_event_at(u.r->replay, n - 1);
    assert_int_equal(EVENT_KIND_STRUCTURAL, e->meaning.kind);
    assert_string_equal("ready", e->meaning.action);
    finish(&u);
}

/* Threat 23: a volume key's record is an HMAC; its text is what the device says. */
static void
a_text_that_was_not_hashed_is_claimed(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "hmac of a key", "cryptsetup:root:0123");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    round_assert_no_reason(u.r);
    assert_false(replay_event_at(u.r->replay, replay_n_events(u.r->replay) - 1)->meaning.bound);
    finish(&u);
}

/* Threat 28: one bank's record says nothing for another. */
static void
a_record_without_a_digest_of_a_quoted_bank_proves_nothing(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "x", "x");
    struct digest d;
    assert_status(STATUS_OK, digest_compute(u.r->h, ALG_SHA256, bytes_of_text("y"), &d));
    assert_status(STATUS_OK, digest_extend(u.r->h, &u.r->b.pcr[0][14], digest_bytes(&d)));
    buffer_append_text(&u.log,
                       "\x1e{\"pcr\":14,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"");
    text_append_hex(&u.log, digest_bytes(&d));
    buffer_append_text(&u.log, "\"}]}\n");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_equal(14, round_assert_reason(u.r, REASON_LOG_PCR_UNEXPLAINED)->pcr);
    finish(&u);
}

/* What is quoted in one bank only is proven by that bank. */
static void
a_pcr_of_one_bank_is_proven_by_that_bank(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "machine-id:0123", "machine-id:0123");
    quote_double_take(&u.r->q, &u.r->b);
    u.r->q.selection.banks[1].mask &= ~(1u << 15);
    replay(&u);
    round_assert_no_reason(u.r);
    const struct replay_event *e = replay_event_at(u.r->replay, replay_n_events(u.r->replay) - 1);
    assert_true(e->pcr == 15 && e->meaning.bound);
    assert_int_equal(0, e->digest[1].size);
    finish(&u);
}

/* SHA-1 binds nothing that a rule may read. */
static void
a_text_under_sha1_alone_is_weak(void **state)
{
    (void)state;
    static const uint16_t sha1[] = {ALG_SHA1};
    struct user_log u = {.r = round_start(sha1, 1)};
    log_builder_boot(&u.r->b);
    add(&u, 15, "x", "x");
    add(&u, 15, "hmac", "y");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    size_t n = replay_n_events(u.r->replay);
    const struct event_meaning *m = &replay_event_at(u.r->replay, n - 2)->meaning;
    assert_true(m->weak && !m->bound);
    m = &replay_event_at(u.r->replay, n - 1)->meaning;
    assert_true(!m->weak && !m->bound);
    finish(&u);
}

/* A record of an NV index is in no PCR, and one of a PCR that is not quoted is not proven. */
static void
records_of_what_is_not_quoted_are_told_and_not_proven(void **state)
{
    (void)state;
    struct user_log u = start();
    struct digest d;
    size_t n_before = 0;
    for (int with_nv = 0; with_nv < 2; with_nv++) {
        add(&u, 13, "x", "x");
        if (with_nv) {
            assert_status(STATUS_OK, digest_compute(u.r->h, ALG_SHA256, bytes_of_text("y"), &d));
            buffer_append_text(&u.log, "\x1e{\"nv_index\":1,\"digests\":[{\"hashAlg\":\"sha256\","
                                       "\"digest\":\"");
            text_append_hex(&u.log, digest_bytes(&d));
            buffer_append_text(&u.log, "\"}]}\n");
        }
    }
    quote_double_take(&u.r->q, &u.r->b);
    for (size_t bank = 0; bank < 2; bank++)
        u.r->q.selection.banks[bank].mask &= ~(1u << 13);
    replay(&u);
    round_assert_no_reason(u.r);
    for (size_t i = 0; i < replay_n_events(u.r->replay); i++)
        n_before += replay_event_at(u.r->replay, i)->log == REASON_LOG_USERSPACE;
    assert_int_equal(0, n_before);
    const struct reason *rest = reasons_find(&u.r->reasons, REASON_LOG_UNATTESTED);
    assert_string_equal("3 records", rest->found);
    assert_int_equal(0, rest->event);
    finish(&u);
}

/* An NV index's digest extends no PCR, not even the first. */
static void
a_record_of_an_nv_index_explains_no_pcr(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 0, "y", "y");
    const char *record = "{\"pcr\":0,";
    const char *at = strstr(buffer_text(&u.log), record);
    assert_non_null(at);
    struct buffer log = {0};
    buffer_append_text(&log, "\x1e{\"nv_index\":1,");
    buffer_append_text(&log, at + strlen(record));
    buffer_free(&u.log);
    u.log = log;
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_equal(0, round_assert_reason(u.r, REASON_LOG_PCR_MISMATCH)->pcr);
    finish(&u);
}

/* Structure only where it is structure: else a text as any other. */
static void
an_os_separator_elsewhere_is_content(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "os-separator", "os-separator");
    add(&u, 7, "other", "other");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    round_assert_no_reason(u.r);
    size_t n = replay_n_events(u.r->replay);
    for (size_t i = n - 2; i < n; i++) {
        assert_int_equal(EVENT_KIND_STRING, replay_event_at(u.r->replay, i)->meaning.kind);
        assert_null(replay_event_at(u.r->replay, i)->meaning.action);
    }
    finish(&u);
}

static void
a_record_that_is_still_being_written_is_told(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "x", "x");
    quote_double_take(&u.r->q, &u.r->b);
    buffer_append_text(&u.log, "\x1e{\"pcr\"");
    replay(&u);
    round_assert_no_reason(u.r);
    assert_non_null(reasons_find(&u.r->reasons, REASON_LOG_UNATTESTED));
    finish(&u);
}

/* Threat 32. */
static void
records_after_the_quote_are_told_and_not_proven(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 11, "enter-initrd", "enter-initrd");
    quote_double_take(&u.r->q, &u.r->b);
    add(&u, 11, "leave-initrd", "leave-initrd");
    replay(&u);
    round_assert_no_reason(u.r);
    assert_string_equal("enter-initrd", reasons_find(&u.r->reasons, REASON_BOOT_PHASE)->found);
    const struct reason *rest = reasons_find(&u.r->reasons, REASON_LOG_UNATTESTED);
    assert_int_equal(REASON_LOG_USERSPACE, rest->log);
    assert_int_equal(1, rest->event);
    finish(&u);
}

static void
a_record_that_is_left_out_is_a_mismatch(void **state)
{
    (void)state;
    struct user_log u = start();
    log_builder_extend(&u.r->b, 11, bytes_of_text("unlogged"));
    add(&u, 11, "ready", "ready");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_equal(11, round_assert_reason(u.r, REASON_LOG_PCR_MISMATCH)->pcr);
    finish(&u);
}

static void
the_phase_model_is_not_asked_when_there_is_a_log(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "x", "x");
    log_builder_extend(&u.r->b, 11, bytes_of_text("enter-initrd"));
    log_builder_extend(&u.r->b, 11, bytes_of_text("leave-initrd"));
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    (void)round_assert_reason(u.r, REASON_LOG_PCR_MISMATCH);
    finish(&u);
}

/* At the first place, in between, at the end; the PCR is proven by none of it. */
static void
a_missing_record_of_known_content_is_named(void **state)
{
    (void)state;
    static const char *const phases[] = {"enter-initrd", "leave-initrd", "sysinit", "ready"};
    for (size_t missing = 0; missing < 4; missing++) {
        struct user_log u = start();
        for (size_t i = 0; i < 4; i++) {
            if (i == missing)
                log_builder_extend(&u.r->b, 11, bytes_of_text(phases[i]));
            else
                add(&u, 11, phases[i], phases[i]);
        }
        quote_double_take(&u.r->q, &u.r->b);
        replay(&u);
        const struct reason *r = round_assert_reason(u.r, REASON_LOG_RECORD_MISSING);
        assert_string_equal(phases[missing], r->what);
        assert_int_equal(11, r->pcr);
        assert_int_equal(missing, r->event);
        assert_int_equal(REASON_LOG_USERSPACE, r->log);
        assert_int_equal(REPLAY_PCR_MISMATCH, replay_pcr_state(u.r->replay, 11));
        finish(&u);
    }
}

static void
a_missing_os_separator_is_named(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "x", "x");
    log_builder_extend(&u.r->b, 7, bytes_of_text("os-separator"));
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    const struct reason *r = round_assert_reason(u.r, REASON_LOG_RECORD_MISSING);
    assert_string_equal("os-separator", r->what);
    assert_int_equal(7, r->pcr);
    finish(&u);
}

/* Records of other PCRs and of NV indices stand in between; the first place is before one's own. */
static void
names_the_place_of_a_missing_record_among_others(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "x", "x");
    buffer_append_text(&u.log, "\x1e{\"nv_index\":30474752,\"digests\":[" DIGEST "]}\n");
    log_builder_extend(&u.r->b, 11, bytes_of_text("enter-initrd"));
    add(&u, 11, "leave-initrd", "leave-initrd");
    add(&u, 15, "y", "y");
    add(&u, 11, "sysinit", "sysinit");
    quote_double_take(&u.r->q, &u.r->b);
    add(&u, 11, "ready", "ready"); /* later than the quote */
    replay(&u);
    const struct reason *r = round_assert_reason(u.r, REASON_LOG_RECORD_MISSING);
    assert_string_equal("enter-initrd", r->what);
    assert_int_equal(2, r->event);
    finish(&u);
}

/* Threat 26: no more places are tried than a boot has records. */
static void
names_no_record_among_very_many(void **state)
{
    (void)state;
    for (int n = 32; n < 34; n++) {
        struct user_log u = start();
        for (int i = 0; i < n; i++)
            add(&u, 7, "x", "x");
        log_builder_extend(&u.r->b, 7, bytes_of_text("os-separator"));
        quote_double_take(&u.r->q, &u.r->b);
        replay(&u);
        (void)round_assert_reason(u.r,
                                  n == 32 ? REASON_LOG_RECORD_MISSING : REASON_LOG_PCR_MISMATCH);
        finish(&u);
    }
}

/* Only PCR 11 has phases, and only some have an os-separator. */
static void
knows_records_in_their_pcrs_only(void **state)
{
    (void)state;
    static const struct {
        uint32_t pcr;
        const char *text;
    } rows[] = {{9, "ready"}, {8, "os-separator"}, {11, "os-separator"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct user_log u = start();
        add(&u, 15, "x", "x");
        log_builder_extend(&u.r->b, rows[i].pcr, bytes_of_text(rows[i].text));
        quote_double_take(&u.r->q, &u.r->b);
        replay(&u);
        (void)round_assert_reason(u.r, REASON_LOG_PCR_MISMATCH);
        finish(&u);
    }
}

/* Threat 24. */
static void
refuses_a_second_os_separator(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 7, "os-separator", "os-separator");
    add(&u, 6, "os-separator", "os-separator");
    add(&u, 7, "os-separator", "os-separator");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    const struct reason *r = round_assert_reason(u.r, REASON_LOG_SEPARATOR);
    assert_int_equal(7, r->pcr);
    assert_int_equal(2, r->event);
    assert_int_equal(REASON_LOG_USERSPACE, r->log);
    finish(&u);
}

/* PCR 12 has no events of the firmware. */
static void
a_missing_record_of_another_pcr_is_named_too(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "x", "x");
    log_builder_extend(&u.r->b, 12, bytes_of_text("os-separator"));
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_equal(12, round_assert_reason(u.r, REASON_LOG_RECORD_MISSING)->pcr);
    assert_int_equal(REPLAY_PCR_UNEXPLAINED, replay_pcr_state(u.r->replay, 12));
    finish(&u);
}

static void
refuses_phases_out_of_order(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 11, "ready", "ready");
    add(&u, 11, "sysinit", "sysinit");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_equal(1, round_assert_reason(u.r, REASON_LOG_ORDER)->event);
    finish(&u);
}

/* User space caps the firmware's PCRs after IMA has begun: boot_aggregate is of before. */
static void
an_os_separator_does_not_break_the_aggregate(void **state)
{
    (void)state;
    struct user_log u = start();
    log_builder_ima_aggregate(&u.r->b, ALG_SHA256);
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        add(&u, pcr, "os-separator", "os-separator");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    round_assert_no_reason(u.r);
    for (uint32_t pcr = 0; pcr < 8; pcr++)
        assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(u.r->replay, pcr));
    const struct replay_event *last =
        replay_event_at(u.r->replay, replay_n_events(u.r->replay) - 1);
    assert_int_equal(EVENT_KIND_STRUCTURAL, last->meaning.kind);
    finish(&u);
}

static void
a_malformed_log_is_one_reason(void **state)
{
    (void)state;
    struct user_log u = start();
    buffer_append_text(&u.log, "x");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_equal(REASON_LOG_USERSPACE, round_assert_reason(u.r, REASON_LOG_MALFORMED)->log);
    finish(&u);
}

static void
an_incomplete_log_says_so_of_itself(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 11, "ready", "ready");
    quote_double_take(&u.r->q, &u.r->b);
    u.r->in.userspace_incomplete = true;
    replay(&u);
    assert_false(round_assert_reason(u.r, REASON_LOG_INCOMPLETE)->bound);
    finish(&u);
}

/* Threat 32: what was being written when the log was read is told. */
static void
threat_32_a_record_that_was_being_written_is_told(void **state)
{
    (void)state;
    struct user_log u = start();
    add(&u, 15, "machine-id:0123", "machine-id:0123");
    quote_double_take(&u.r->q, &u.r->b);
    buffer_append_text(&u.log, "\x1e{\"pcr\":15");
    replay(&u);
    assert_non_null(reasons_find(&u.r->reasons, REASON_LOG_UNATTESTED));
    finish(&u);
}

/* Threat 28: one bank is not enough: a record without the digest of a quoted bank proves nothing.
 */
static void
threat_28_a_record_of_one_bank_proves_no_other(void **state)
{
    (void)state;
    struct user_log u = start();
    struct digest d;
    assert_status(STATUS_OK,
                  digest_compute(u.r->h, ALG_SHA256, bytes_of_text("machine-id:0123"), &d));
    assert_status(STATUS_OK, digest_extend(u.r->h, &u.r->b.pcr[0][15], digest_bytes(&d)));
    buffer_append_text(&u.log,
                       "\x1e{\"pcr\":15,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"");
    text_append_hex(&u.log, digest_bytes(&d));
    buffer_append_text(&u.log, "\"}]}\n");
    quote_double_take(&u.r->q, &u.r->b);
    replay(&u);
    assert_int_not_equal(REPLAY_PCR_PROVEN, replay_pcr_state(u.r->replay, 15));
    finish(&u);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_prove_what_the_boot_log_leaves_open),
        cmocka_unit_test(a_text_that_was_not_hashed_is_claimed),
        cmocka_unit_test(records_after_the_quote_are_told_and_not_proven),
        cmocka_unit_test(a_record_that_is_left_out_is_a_mismatch),
        cmocka_unit_test(the_phase_model_is_not_asked_when_there_is_a_log),
        cmocka_unit_test(a_missing_record_of_known_content_is_named),
        cmocka_unit_test(a_missing_os_separator_is_named),
        cmocka_unit_test(a_record_without_a_digest_of_a_quoted_bank_proves_nothing),
        cmocka_unit_test(a_pcr_of_one_bank_is_proven_by_that_bank),
        cmocka_unit_test(a_text_under_sha1_alone_is_weak),
        cmocka_unit_test(records_of_what_is_not_quoted_are_told_and_not_proven),
        cmocka_unit_test(a_record_of_an_nv_index_explains_no_pcr),
        cmocka_unit_test(an_os_separator_elsewhere_is_content),
        cmocka_unit_test(a_record_that_is_still_being_written_is_told),
        cmocka_unit_test(names_the_place_of_a_missing_record_among_others),
        cmocka_unit_test(names_no_record_among_very_many),
        cmocka_unit_test(knows_records_in_their_pcrs_only),
        cmocka_unit_test(refuses_a_second_os_separator),
        cmocka_unit_test(a_missing_record_of_another_pcr_is_named_too),
        cmocka_unit_test(refuses_phases_out_of_order),
        cmocka_unit_test(an_os_separator_does_not_break_the_aggregate),
        cmocka_unit_test(a_malformed_log_is_one_reason),
        cmocka_unit_test(an_incomplete_log_says_so_of_itself),
        cmocka_unit_test(threat_32_a_record_that_was_being_written_is_told),
        cmocka_unit_test(threat_28_a_record_of_one_bank_proves_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
