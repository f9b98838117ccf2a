/* SPDX-License-Identifier: Apache-2.0 */
/* Final events that repeat the end of the log: taken once where the quote says so, and never
 * anything else left out. [threats 22, 30] */
#include "base/cleanup.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

#include <string.h>

#define SUCCESS "Exit Boot Services Returned with Success"

static const uint16_t two_banks[] = {ALG_SHA1, ALG_SHA256};

/* A boot as its TPM saw it, and where the run begins that final events repeat. */
struct overlap {
    struct round *r;
    size_t begin, end; /* of the run, in the log */
    uint32_t first;    /* its first event's number */
    uint32_t n;
};

/* The run: a NO_ACTION, a partition table, a command, the call to leave boot services. */
static struct overlap
start(const uint16_t *banks, size_t n_banks)
{
    struct overlap o = {.r = round_start(banks, n_banks), .n = 4};
    struct log_builder *b = &o.r->b;
    log_builder_boot(b);
    o.begin = b->log.size;
    o.first = log_builder_text(b, 5, EVENT_NO_ACTION, "nothing");
    (void)log_builder_text(b, 5, EVENT_EFI_GPT, "another table");
    (void)log_builder_grub(b, "grub_cmd: ", "set a=b");
    (void)log_builder_text(b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    o.end = b->log.size;
    quote_double_take(&o.r->q, b);
    return o;
}

/* The log goes on with the run once more; offset of the copy. */
static size_t
repeat(struct overlap *o)
{
    CLEANUP(buffer_free) struct buffer run = {0};
    buffer_append(&run, bytes_of(o->r->b.log.data + o->begin, o->end - o->begin));
    size_t at = o->r->b.log.size;
    buffer_append(&o->r->b.log, buffer_bytes(&run));
    return at;
}

/* What follows in the log was measured too. */
static void
measure_success(struct overlap *o)
{
    (void)log_builder_text(&o->r->b, 5, EVENT_EFI_ACTION, SUCCESS);
    quote_double_take(&o->r->q, &o->r->b);
}

static void
assert_mismatch(struct overlap *o)
{
    round_replay(o->r);
    assert_null(reasons_find(&o->r->reasons, REASON_LOG_MEASURED_TWICE));
    assert_non_null(reasons_find(&o->r->reasons, REASON_LOG_PCR_MISMATCH));
    assert_int_equal(0, replay_quirks(o->r->replay));
    round_finish(o->r);
}

static void
final_events_that_overlap_count_once(void **state)
{
    (void)state;
    for (int with_success = 0; with_success < 2; with_success++) {
        struct overlap o = start(two_banks, 2);
        (void)repeat(&o);
        if (with_success)
            measure_success(&o);
        round_replay(o.r);
        round_assert_no_reason(o.r);
        const struct reason *fact = reasons_find(&o.r->reasons, REASON_LOG_MEASURED_TWICE);
        assert_non_null(fact);
        assert_int_equal(o.first + o.n, fact->event);
        assert_string_equal("4 events", fact->found);
        assert_string_equal("final-overlap", fact->what);
        assert_int_equal(1u << EVENT_QUIRK_FINAL_OVERLAP, replay_quirks(o.r->replay));
        unsigned n_invocations = 0;
        for (size_t i = 0; i < replay_n_events(o.r->replay); i++) {
            const struct replay_event *e = replay_event_at(o.r->replay, i);
            n_invocations += e->pcr == 5 && e->type == EVENT_EFI_GPT;
        }
        assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(o.r->replay, 5));
        assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(o.r->replay, 8));
        assert_int_equal(1, n_invocations);
        round_finish(o.r);
    }
}

/* PCRs outside the quote say nothing. */
static void
finds_the_overlap_with_few_pcrs_quoted(void **state)
{
    (void)state;
    struct overlap o = start(two_banks, 2);
    (void)repeat(&o);
    for (size_t bank = 0; bank < 2; bank++)
        o.r->q.selection.banks[bank].mask = 1u << 5 | 1u << 7;
    round_replay(o.r);
    round_assert_no_reason(o.r);
    assert_non_null(reasons_find(&o.r->reasons, REASON_LOG_MEASURED_TWICE));
    round_finish(o.r);
}

static void
a_run_that_no_quoted_pcr_has_is_left_in(void **state)
{
    (void)state;
    struct overlap o = start(two_banks, 2);
    (void)repeat(&o);
    for (size_t bank = 0; bank < 2; bank++)
        o.r->q.selection.banks[bank].mask = 1u << 0 | 1u << 7;
    o.r->q.pcr[1][0].data[0] ^= 1;
    o.r->q.pcr[0][0].data[0] ^= 1;
    assert_mismatch(&o);
}

static void
what_was_measured_twice_stays(void **state)
{
    (void)state;
    struct overlap o = start(two_banks, 2);
    (void)log_builder_text(&o.r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    quote_double_take(&o.r->q, &o.r->b);
    round_replay(o.r);
    assert_null(reasons_find(&o.r->reasons, REASON_LOG_MEASURED_TWICE));
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(o.r->replay, 5));
    round_finish(o.r);
}

/* One byte of the copy that no PCR of the quote holds: the last event's data, its type, its PCR, a
 * digest of the bank that is not quoted. */
static void
a_copy_that_differs_is_no_copy(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct overlap o = start(two_banks, 2);
        size_t copy = repeat(&o);
        size_t gpt = copy + 12 + 2 + 20 + 2 + 32 + 4 + strlen("nothing");
        struct buffer *log = &o.r->b.log;
        if (what == 0)
            log->data[gpt + 12 + 2 + 20 + 2 + 32 + 4] ^= 1;
        else if (what == 1)
            log->data[gpt + 4] ^= 1; /* type */
        else
            log->data[gpt + 12 + 2] ^= 1; /* SHA-1 */
        o.r->q.selection.banks[0] = o.r->q.selection.banks[1];
        memcpy(o.r->q.pcr[0], o.r->q.pcr[1], sizeof o.r->q.pcr[0]);
        o.r->q.selection.n_banks = 1;
        assert_mismatch(&o);
    }
}

/* An event that the TPM did not see in PCR 9 instead of 8, twice. */
static void
a_copy_in_another_pcr_is_no_copy(void **state)
{
    (void)state;
    struct overlap o = start(two_banks, 2);
    size_t copy = repeat(&o);
    size_t gpt = copy + 12 + 2 + 20 + 2 + 32 + 4 + strlen("nothing");
    o.r->b.log.data[gpt] = 16; /* is no evidence, so nothing would contradict */
    assert_mismatch(&o);
}

/* Threat 22: only the exit from boot services may stand behind the second copy. */
static void
a_copy_in_the_middle_is_an_event_too_many(void **state)
{
    (void)state;
    static const struct {
        uint32_t pcr, type;
    } others[] = {{5, EVENT_EFI_GPT}, {4, EVENT_EFI_ACTION}, {9, EVENT_IPL}};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct overlap o = start(two_banks, 2);
        (void)repeat(&o);
        (void)log_builder_text(&o.r->b, others[i].pcr, others[i].type, "more");
        quote_double_take(&o.r->q, &o.r->b);
        assert_mismatch(&o);
    }
}

static void
what_the_quote_does_not_say_is_not_left_out(void **state)
{
    (void)state;
    struct overlap o = start(two_banks, 2);
    (void)repeat(&o);
    o.r->q.pcr[1][8].data[0] ^= 1;
    assert_mismatch(&o);
}

/* A record with a digest for one of two banks extends that one alone. */
static void
an_event_without_a_digest_of_the_bank_extends_it_not(void **state)
{
    (void)state;
    struct overlap o = start(two_banks, 2);
    struct buffer *log = &o.r->b.log;
    buffer_append_le32(log, 5);
    buffer_append_le32(log, EVENT_EFI_ACTION);
    buffer_append_le32(log, 1);
    buffer_append_le16(log, ALG_SHA1);
    for (int i = 0; i < 20; i++)
        buffer_append_u8(log, 7);
    buffer_append_le32(log, 0);
    o.end = log->size;
    (void)repeat(&o);
    o.r->q.selection.banks[0] = o.r->q.selection.banks[1];
    memcpy(o.r->q.pcr[0], o.r->q.pcr[1], sizeof o.r->q.pcr[0]);
    o.r->q.selection.n_banks = 1;
    round_replay(o.r);
    assert_non_null(reasons_find(&o.r->reasons, REASON_LOG_MEASURED_TWICE));
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(o.r->replay, 5));
    round_finish(o.r);
}

/* The search is for logs as machines make them. */
static void
a_very_long_log_is_not_searched(void **state)
{
    (void)state;
    struct overlap o = start(two_banks + 1, 1);
    for (int i = 0; i < 1024; i++) {
        const uint8_t text[2] = {(uint8_t)i, (uint8_t)(i >> 8)};
        (void)log_builder_data(&o.r->b, 9, EVENT_IPL, bytes_of(text, sizeof text));
    }
    o.begin = o.r->b.log.size;
    (void)log_builder_text(&o.r->b, 5, EVENT_EFI_ACTION, "Exit Boot Services Invocation");
    o.end = o.r->b.log.size;
    quote_double_take(&o.r->q, &o.r->b);
    (void)repeat(&o);
    assert_mismatch(&o);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(final_events_that_overlap_count_once),
        cmocka_unit_test(finds_the_overlap_with_few_pcrs_quoted),
        cmocka_unit_test(a_run_that_no_quoted_pcr_has_is_left_in),
        cmocka_unit_test(what_was_measured_twice_stays),
        cmocka_unit_test(a_copy_that_differs_is_no_copy),
        cmocka_unit_test(a_copy_in_another_pcr_is_no_copy),
        cmocka_unit_test(a_copy_in_the_middle_is_an_event_too_many),
        cmocka_unit_test(what_the_quote_does_not_say_is_not_left_out),
        cmocka_unit_test(an_event_without_a_digest_of_the_bank_extends_it_not),
        cmocka_unit_test(a_very_long_log_is_not_searched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
