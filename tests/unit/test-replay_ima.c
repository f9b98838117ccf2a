/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/replay.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

static const uint16_t one_bank[] = {ALG_SHA256};
static const uint16_t three_banks[] = {ALG_SHA1, ALG_SHA256, ALG_SHA384};

static void
proves_an_ima_list(void **state)
{
    (void)state;
    struct round *r = round_start_ima(three_banks, 3);
    round_quote(r);
    round_assert_no_reason(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 10));
    assert_int_equal(3, replay_n_ima(r->replay));
    assert_int_equal(0, replay_n_ima_unattested(r->replay));
    assert_int_equal(r->b.ima.size, replay_ima_size(r->replay));
    const struct ima_entry *e = replay_ima_at(r->replay, 1);
    assert_int_equal(ALG_SHA256, e->file_alg);
    struct digest file;
    assert_status(STATUS_OK, digest_compute(r->h, ALG_SHA256, bytes_of_text("init"), &file));
    assert_true(digest_equal_bytes(&file, e->file_digest));
    assert_true(bytes_equal(e->path, bytes_of_text("/usr/bin/init")));
    round_finish(r);
}

static void
reads_a_big_endian_list(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    r->b.big_endian = true;
    log_builder_boot(&r->b);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    log_builder_ima(&r->b, "/init", "init");
    round_quote(r);
    round_assert_no_reason(r);
    assert_int_equal(2, replay_n_ima(r->replay));
    round_finish(r);
}

/* Threat 32: the list has grown since the quote. */
static void
stops_at_the_first_prefix_that_the_quote_covers(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    size_t size = r->b.ima.size;
    log_builder_ima(&r->b, "/usr/bin/later", "later");
    round_replay(r);
    round_assert_no_reason(r);
    assert_int_equal(3, replay_n_ima(r->replay));
    assert_int_equal(1, replay_n_ima_unattested(r->replay));
    assert_int_equal(size, replay_ima_size(r->replay));
    assert_int_equal(3, reasons_find(&r->reasons, REASON_LOG_UNATTESTED)->event);
    round_finish(r);
}

static void
finds_banks_that_take_padded_sha1(void **state)
{
    (void)state;
    struct round *r = round_start(three_banks, 3);
    r->b.is_padded[2] = true;
    log_builder_boot(&r->b);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    log_builder_ima(&r->b, "/init", "init");
    round_quote(r);
    round_assert_no_reason(r);
    assert_int_equal(ALG_SHA384, reasons_find(&r->reasons, REASON_IMA_WEAK)->bank);
    const struct replay_state *after = replay_state_after(r->replay);
    assert_int_equal(IMA_NATIVE, after->banks[1].mode);
    assert_int_equal(IMA_PADDED, after->banks[2].mode);
    assert_true(after->banks[2].decided);
    round_finish(r);
}

static void
a_growing_list_goes_on_from_the_remembered_value(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    round_quote(r);
    CLEANUP(buffer_free) struct buffer kept = {0};
    assert_status(STATUS_OK, replay_state_encode(replay_state_after(r->replay), &kept));
    assert_status(STATUS_OK, replay_state_parse(buffer_bytes(&kept), &r->in.state, NULL));
    assert_int_equal(3, r->in.state.n_entries);
    CLEANUP(buffer_free) struct buffer older = r->b.ima;
    r->b.ima = (struct buffer){0};
    log_builder_ima(&r->b, "/usr/bin/more", "more");
    round_quote(r);
    round_assert_no_reason(r);
    assert_int_equal(1, replay_n_ima(r->replay));
    assert_int_equal(3, replay_ima_at(r->replay, 0)->number);
    assert_int_equal(4, replay_state_after(r->replay)->n_entries);
    r->in.ima_older = buffer_bytes(&older);
    round_replay(r);
    round_assert_no_reason(r);
    assert_int_equal(4, replay_n_ima(r->replay));
    assert_int_equal(0, replay_ima_at(r->replay, 0)->number);
    round_finish(r);
}

static void
nothing_new_is_proven_by_the_remembered_value(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    round_quote(r);
    r->in.state = *replay_state_after(r->replay);
    buffer_reset(&r->b.ima);
    round_replay(r);
    round_assert_no_reason(r);
    assert_int_equal(REPLAY_PCR_PROVEN, replay_pcr_state(r->replay, 10));
    log_builder_extend(&r->b, 10, bytes_of_text("unlisted"));
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_MISSING);
    round_finish(r);
}

static void
refuses_a_list_that_does_not_reach_the_quote(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    log_builder_extend(&r->b, 10, bytes_of_text("unlisted"));
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_MISMATCH);
    assert_int_equal(0, replay_n_ima(r->replay));
    assert_int_equal(0, replay_ima_size(r->replay));
    round_finish(r);
}

/* Found by fuzzing: the boot log alone gave PCR 10, the list then did not. */
static void
a_boot_log_does_not_speak_for_pcr_10_against_the_list(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    (void)log_builder_text(&r->b, 10, EVENT_IPL, "firmware in PCR 10");
    quote_double_take(&r->q, &r->b);
    log_builder_ima(&r->b, "/init", "init");
    r->q.pcr[0][10].data[0] ^= 1;
    round_replay(r);
    assert_int_equal(REPLAY_PCR_MISMATCH, replay_pcr_state(r->replay, 10));
    for (size_t i = 0; i < replay_n_events(r->replay); i++)
        assert_int_not_equal(10, replay_event_at(r->replay, i)->pcr);
    round_finish(r);
}

static void
says_that_the_list_is_missing(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    log_builder_extend(&r->b, 10, bytes_of_text("unlisted"));
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_MISSING);
    assert_int_equal(REPLAY_PCR_UNEXPLAINED, replay_pcr_state(r->replay, 10));
    round_finish(r);
}

/* Threat 51. */
static void
names_a_list_that_no_pcr_anchors(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    r->q.pcr[0][10] = digest_reset(ALG_SHA256, 0);
    round_replay(r);
    (void)round_assert_reason(r, REASON_IMA_NOT_ANCHORED);
    assert_int_equal(0, replay_n_ima(r->replay));
    round_finish(r);
}

static void
refuses_the_aggregate_of_another_boot(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    log_builder_boot(&r->b);
    round_quote(r);
    assert_int_equal(0, round_assert_reason(r, REASON_IMA_AGGREGATE)->event);
    round_finish(r);
}

static void
refuses_a_list_that_begins_without_an_aggregate(void **state)
{
    (void)state;
    struct round *r = round_start_boot();
    log_builder_ima(&r->b, "/init", "init");
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_AGGREGATE);
    round_finish(r);
}

/* Of a bank that is not quoted, or of an algorithm that nobody knows: it binds no boot. */
static void
refuses_an_aggregate_that_nothing_quoted_can_tell(void **state)
{
    (void)state;
    static const char *const fields[] = {"sha1:\0aaaaaaaaaaaaaaaaaaaa",
                                         "none:\0aaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < 2; i++) {
        struct round *r = round_start_boot();
        CLEANUP(buffer_free) struct buffer data = {0};
        log_builder_ima_field(&r->b, &data, bytes_of(fields[i], 26));
        log_builder_ima_field(&r->b, &data, bytes_of("boot_aggregate", 15));
        log_builder_ima_raw(&r->b, "ima-ng", buffer_bytes(&data), NULL);
        round_quote(r);
        const struct reason *reason = round_assert_reason(r, REASON_IMA_AGGREGATE);
        assert_string_equal("boot_aggregate of a bank that is not quoted", reason->found);
        assert_true(replay_state_after(r->replay)->aggregate_bad);
        round_finish(r);
    }
}

/* It stays one as long as the boot runs: whether entries follow, or none, or no list. */
static void
remembers_a_bad_aggregate(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    log_builder_boot(&r->b);
    round_quote(r);
    r->in.state = *replay_state_after(r->replay);
    buffer_reset(&r->b.ima);
    round_replay(r);
    (void)round_assert_reason(r, REASON_IMA_AGGREGATE);
    log_builder_ima(&r->b, "/usr/bin/more", "more");
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_AGGREGATE);
    round_finish(r);
}

/* A bank that was not quoted before has no value to go on from. */
static void
refuses_to_go_on_in_a_bank_that_it_did_not_see(void **state)
{
    (void)state;
    struct round *r = round_start_ima(three_banks, 3);
    round_quote(r);
    r->in.state = *replay_state_after(r->replay);
    r->in.state.n_banks = 2;
    buffer_reset(&r->b.ima);
    log_builder_ima(&r->b, "/usr/bin/more", "more");
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_MISMATCH);
    assert_int_equal(REPLAY_PCR_MISMATCH, replay_pcr_state(r->replay, 10));
    round_finish(r);
}

static void
refuses_an_ascii_list(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    buffer_reset(&r->b.ima);
    buffer_append_text(&r->b.ima, "10 1d8d532d463c9f8c205d0df7787669a85f93e260 ima-ng "
                                  "sha1:0000000000000000000000000000000000000000 boot_aggregate\n");
    round_replay(r);
    const struct reason *reason = round_assert_reason(r, REASON_IMA_MALFORMED);
    assert_string_equal("not a binary list", reason->found);
    round_finish(r);
}

/* Bytes behind the proven entries that are none: told, and not kept. */
static void
tells_of_rubbish_behind_the_proven_entries(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    size_t before = r->b.ima.size;
    buffer_append_text(&r->b.ima, "abc");
    round_replay(r);
    const struct reason *fact = reasons_find(&r->reasons, REASON_LOG_UNATTESTED);
    assert_non_null(fact);
    assert_string_equal("0 entries, then no entry", fact->found);
    assert_int_equal(before, replay_ima_size(r->replay));
    round_finish(r);
}

static void
a_later_aggregate_is_a_kexec(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    round_quote(r);
    round_assert_no_reason(r);
    assert_int_equal(3, reasons_find(&r->reasons, REASON_IMA_KEXEC)->event);
    round_finish(r);
}

static void
names_a_violation(void **state)
{
    (void)state;
    struct round *r = round_start_ima(three_banks, 3);
    log_builder_ima_violation(&r->b, "/var/log/journal");
    round_quote(r);
    const struct reason *reason = round_assert_reason(r, REASON_IMA_VIOLATION);
    assert_int_equal(3, reason->event);
    assert_string_equal("/var/log/journal", reason->found);
    round_finish(r);
}

/* Threat 33: the SHA-1 bank takes the listed digest, whatever the data say. */
static void
refuses_an_entry_whose_digest_is_not_that_of_its_data(void **state)
{
    (void)state;
    static const uint16_t sha1[] = {ALG_SHA1};
    struct round *r = round_start(sha1, 1);
    log_builder_boot(&r->b);
    log_builder_ima_aggregate(&r->b, ALG_SHA1);
    struct digest listed;
    assert_status(STATUS_OK, digest_compute(r->h, ALG_SHA1, bytes_of_text("evil"), &listed));
    CLEANUP(buffer_free) struct buffer data = {0};
    CLEANUP(buffer_free) struct buffer field = {0};
    buffer_append(&field, bytes_of("sha1:", 6));
    buffer_append(&field, digest_bytes(&listed));
    log_builder_ima_field(&r->b, &data, buffer_bytes(&field));
    log_builder_ima_field(&r->b, &data, bytes_of("/bin/good", 10));
    log_builder_ima_raw(&r->b, "ima-ng", buffer_bytes(&data), &listed);
    round_quote(r);
    assert_int_equal(1, round_assert_reason(r, REASON_IMA_DIGEST)->event);
    assert_int_equal(0, replay_ima_at(r->replay, 1)->file_digest.size);
    round_finish(r);
}

static void
names_a_template_that_it_does_not_know(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    log_builder_ima_raw(&r->b, "d-ng|n-ng|future", bytes_of_text("whatever"), NULL);
    round_quote(r);
    assert_int_equal(3, round_assert_reason(r, REASON_IMA_TEMPLATE)->event);
    round_finish(r);
}

static void
a_malformed_list_is_one_reason(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    r->b.ima.size -= 2;
    round_replay(r);
    assert_int_equal(2, round_assert_reason(r, REASON_IMA_MALFORMED)->event);
    round_finish(r);
}

/* As it was kept before a list could start over: {0: entries, 1: seen, 2: banks}. */
static void
reads_a_state_that_was_kept_before(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    round_quote(r);
    CLEANUP(buffer_free) struct buffer kept = {0};
    struct replay_state back;
    assert_status(STATUS_OK, replay_state_encode(replay_state_after(r->replay), &kept));
    assert_int_equal(0xA5, kept.data[0]);
    kept.data[0] = 0xA3;
    kept.size -= 4;
    assert_status(STATUS_OK, replay_state_parse(buffer_bytes(&kept), &back, NULL));
    assert_int_equal(3, back.n_entries);
    assert_true(back.aggregate_seen && !back.aggregate_bad);
    assert_int_equal(0, back.list_first);
    round_finish(r);
}

static void
refuses_a_kept_state_with_one_byte_changed_or_cut(void **state)
{
    (void)state;
    struct replay_state s = {.n_entries = 7, .n_banks = 1};
    s.banks[0] = (struct replay_bank){.pcr = digest_reset(ALG_SHA256, 9), .mode = IMA_PADDED};
    CLEANUP(buffer_free) struct buffer kept = {0};
    assert_status(STATUS_OK, replay_state_encode(&s, &kept));
    struct replay_state back;
    assert_status(STATUS_OK, replay_state_parse(buffer_bytes(&kept), &back, NULL));
    assert_int_equal(7, back.n_entries);
    assert_true(digest_equal(&s.banks[0].pcr, &back.banks[0].pcr));
    for (size_t n = 0; n < kept.size; n++)
        assert_status(STATUS_MALFORMED, replay_state_parse(bytes_of(kept.data, n), &back, NULL));
}

/* Threat 32: half an entry behind the quoted ones is told as well. */
static void
threat_32_bytes_behind_the_quoted_entries_are_told(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    round_quote(r);
    size_t size = r->b.ima.size;
    buffer_append_text(&r->b.ima, "\n\0\0");
    round_replay(r);
    assert_int_equal(3, replay_n_ima(r->replay));
    assert_int_equal(size, replay_ima_size(r->replay));
    assert_int_equal(0, replay_n_ima_unattested(r->replay));
    assert_non_null(reasons_find(&r->reasons, REASON_LOG_UNATTESTED));
    round_finish(r);
}

/* Threat 33: an aggregate of another boot stays one, also in a round without entries. */
static void
threat_33_a_wrong_aggregate_is_told_in_every_round(void **state)
{
    (void)state;
    struct round *r = round_start(one_bank, 1);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    log_builder_boot(&r->b);
    round_quote(r);
    (void)round_assert_reason(r, REASON_IMA_AGGREGATE);
    r->in.state = *replay_state_after(r->replay);
    buffer_reset(&r->b.ima);
    round_replay(r);
    (void)round_assert_reason(r, REASON_IMA_AGGREGATE);
    round_finish(r);
}

/* Threat 33: what is remembered of one bank proves nothing in another. */
static void
threat_33_a_bank_without_a_remembered_value_is_not_gone_on_with(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    round_quote(r);
    r->in.state = *replay_state_after(r->replay);
    r->in.state.banks[0].pcr.alg = ALG_SHA384;
    buffer_reset(&r->b.ima);
    log_builder_ima(&r->b, "/usr/bin/more", "more");
    round_quote(r);
    assert_non_null(reasons_find(&r->reasons, REASON_IMA_MISMATCH));
    assert_int_equal(0, replay_n_ima(r->replay));
    round_finish(r);
}

/* Threat 33: the aggregate is of a bank that the quote has. */
static void
threat_33_an_aggregate_of_a_bank_that_is_not_quoted_is_refused(void **state)
{
    (void)state;
    static const uint16_t both[] = {ALG_SHA256, ALG_SHA1};
    struct round *r = round_start(both, 2);
    log_builder_boot(&r->b);
    log_builder_ima_aggregate(&r->b, ALG_SHA1);
    quote_double_take(&r->q, &r->b);
    r->q.selection.n_banks = 1; /* SHA-256 */
    round_replay(r);
    assert_non_null(reasons_find(&r->reasons, REASON_IMA_AGGREGATE));
    round_finish(r);
}

/* Only the kernel's own form is evidence: what people read is not replayed. */
static void
threat_33_an_ascii_list_is_no_evidence(void **state)
{
    (void)state;
    struct round *r = round_start_ima(one_bank, 1);
    quote_double_take(&r->q, &r->b);
    buffer_reset(&r->b.ima);
    buffer_append_text(&r->b.ima, "10 0011223344556677889900112233445566778899 ima-ng sha1:"
                                  "0011223344556677889900112233445566778899 /init\n");
    round_replay(r);
    assert_non_null(reasons_find(&r->reasons, REASON_IMA_MALFORMED));
    assert_int_equal(0, replay_n_ima(r->replay));
    round_finish(r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proves_an_ima_list),
        cmocka_unit_test(reads_a_big_endian_list),
        cmocka_unit_test(stops_at_the_first_prefix_that_the_quote_covers),
        cmocka_unit_test(finds_banks_that_take_padded_sha1),
        cmocka_unit_test(a_growing_list_goes_on_from_the_remembered_value),
        cmocka_unit_test(nothing_new_is_proven_by_the_remembered_value),
        cmocka_unit_test(refuses_a_list_that_does_not_reach_the_quote),
        cmocka_unit_test(a_boot_log_does_not_speak_for_pcr_10_against_the_list),
        cmocka_unit_test(says_that_the_list_is_missing),
        cmocka_unit_test(names_a_list_that_no_pcr_anchors),
        cmocka_unit_test(refuses_the_aggregate_of_another_boot),
        cmocka_unit_test(refuses_a_list_that_begins_without_an_aggregate),
        cmocka_unit_test(refuses_an_aggregate_that_nothing_quoted_can_tell),
        cmocka_unit_test(remembers_a_bad_aggregate),
        cmocka_unit_test(refuses_to_go_on_in_a_bank_that_it_did_not_see),
        cmocka_unit_test(refuses_an_ascii_list),
        cmocka_unit_test(tells_of_rubbish_behind_the_proven_entries),
        cmocka_unit_test(a_later_aggregate_is_a_kexec),
        cmocka_unit_test(names_a_violation),
        cmocka_unit_test(refuses_an_entry_whose_digest_is_not_that_of_its_data),
        cmocka_unit_test(names_a_template_that_it_does_not_know),
        cmocka_unit_test(a_malformed_list_is_one_reason),
        cmocka_unit_test(reads_a_state_that_was_kept_before),
        cmocka_unit_test(refuses_a_kept_state_with_one_byte_changed_or_cut),
        cmocka_unit_test(threat_32_bytes_behind_the_quoted_entries_are_told),
        cmocka_unit_test(threat_33_a_wrong_aggregate_is_told_in_every_round),
        cmocka_unit_test(threat_33_a_bank_without_a_remembered_value_is_not_gone_on_with),
        cmocka_unit_test(threat_33_an_aggregate_of_a_bank_that_is_not_quoted_is_refused),
        cmocka_unit_test(threat_33_an_ascii_list_is_no_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
