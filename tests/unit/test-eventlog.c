/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/eventlog.h"
#include "tests/lib/log_builder.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#define SPEC_ID_DATA 32u /* offset of the Spec ID event's data in the log */

static struct log_builder b; /* of the running test */
static const uint16_t two_banks[] = {ALG_SHA1, ALG_SHA256};

static struct eventlog *
parse(void)
{
    struct eventlog *log = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&b.log), &log, &reasons));
    if (!log)
        fail_msg("%s: %s", reason_code_name(reasons.items[0].code), reasons.items[0].found);
    assert_int_equal(0, reasons.n_items);
    return log;
}

/* Refused, with exactly this reason at that event. */
static void
assert_refused(enum reason_code code, int64_t event)
{
    struct eventlog *log = NULL;
    struct reasons reasons = {0};
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&b.log), &log, &reasons));
    assert_null(log);
    assert_int_equal(1, reasons.n_items);
    if (reasons.items[0].code != code)
        fail_msg("%s: %s", reason_code_name(reasons.items[0].code), reasons.items[0].found);
    assert_int_equal(event, reasons.items[0].event);
    assert_int_equal(REASON_LOG_BOOT, reasons.items[0].log);
    reasons_free(&reasons);
}

static void
empty_log(void)
{
    log_builder_free(&b);
    log_builder_init(&b, test_hasher, two_banks, 2);
}

static void
small_log(void)
{
    empty_log();
    (void)log_builder_text(&b, 0, EVENT_S_CRTM_VERSION, "one");
    (void)log_builder_separator(&b, 7);
}

/* Offset of event 1 in small_log(). */
static size_t
first_event(void)
{
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    return log->events[1].offset;
}

static void
reads_every_field_of_a_crypto_agile_log(void **state)
{
    (void)state;
    small_log();
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_int_equal(EVENTLOG_CRYPTO_AGILE, log->format);
    assert_int_equal(2, log->n_banks);
    assert_int_equal(ALG_SHA256, log->banks[1]);
    assert_int_equal(3, log->n_events);
    assert_int_equal(-1, log->startup_locality);
    assert_int_equal(b.log.size, log->size);
    assert_int_equal(1, log->events[1].number);
    assert_int_equal(0, log->events[1].pcr);
    assert_int_equal(EVENT_S_CRTM_VERSION, log->events[1].type);
    assert_hex("6f6e65", log->events[1].data);
    assert_int_equal(20, log->events[1].digest[0].size);
    assert_hex("df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119",
               log->events[2].digest[1]);
}

static void
replays_to_the_builders_pcrs(void **state)
{
    (void)state;
    empty_log();
    (void)log_builder_locality(&b, 3);
    log_builder_boot(&b);
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_int_equal(3, log->startup_locality);
    struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    assert_non_null(pcrs);
    assert_status(STATUS_OK, eventlog_replay(test_hasher, log, pcrs));
    for (size_t bank = 0; bank < 2; bank++) {
        for (uint32_t pcr = 0; pcr < 10; pcr++)
            assert_true(digest_equal(&b.pcr[bank][pcr], &pcrs->pcr[bank][pcr]));
    }
    assert_true(pcrs->used[9] && !pcrs->used[10]);
    free(pcrs);
}

static void
tolerates_filler_of_one_kind_only(void **state)
{
    (void)state;
    static const uint8_t kinds[] = {0x00, 0xFF};
    for (size_t i = 0; i < 2; i++) {
        small_log();
        size_t size = b.log.size;
        for (size_t n = 0; n < 40; n++)
            buffer_append_u8(&b.log, kinds[i]);
        CLEANUP(eventlog_freep) struct eventlog *log = parse();
        assert_int_equal(3, log->n_events);
        assert_int_equal(size, log->size);
        buffer_append_u8(&b.log, 0x55);
        assert_refused(REASON_LOG_MALFORMED, 2);
    }
}

static void
refuses_every_prefix_that_does_not_end_a_record(void **state)
{
    (void)state;
    small_log();
    size_t whole = b.log.size;
    CLEANUP(eventlog_freep) struct eventlog *all = parse();
    for (size_t n = 0; n < whole; n++) {
        size_t first = all->events[1].offset; /* its PCR is four bytes that could be filler */
        bool is_end = (n >= first && n <= first + 4) || n == all->events[2].offset;
        struct eventlog *log = NULL;
        struct reasons reasons = {0};
        assert_status(STATUS_OK, eventlog_parse(bytes_of(b.log.data, n), &log, &reasons));
        assert_int_equal(is_end, log != NULL);
        assert_int_equal(is_end ? 0 : 1, reasons.n_items);
        eventlog_free(log);
        reasons_free(&reasons);
    }
}

/* Threat 26. */
static void
refuses_a_pcr_above_23(void **state)
{
    (void)state;
    small_log();
    uint32_t n = log_builder_text(&b, 24, EVENT_IPL, "x");
    assert_refused(REASON_LOG_PCR_RANGE, n);
    small_log();
    n = log_builder_text(&b, UINT32_MAX, EVENT_IPL, "x");
    assert_refused(REASON_LOG_PCR_RANGE, n);
    small_log();
    n = log_builder_text(&b, 24, EVENT_NO_ACTION, "x");
    assert_refused(REASON_LOG_PCR_RANGE, n);
}

static void
no_action_may_name_no_pcr_and_extends_nothing(void **state)
{
    (void)state;
    small_log();
    (void)log_builder_text(&b, UINT32_MAX, EVENT_NO_ACTION, "windows");
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_int_equal(4, log->n_events);
    assert_false(eventlog_is_extend(&log->events[3]));
    struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    assert_non_null(pcrs);
    assert_status(STATUS_OK, eventlog_replay(test_hasher, log, pcrs));
    assert_true(digest_equal(&b.pcr[1][0], &pcrs->pcr[1][0]));
    free(pcrs);
}

/* Threat 27: the algorithm table. */
static void
refuses_an_algorithm_that_is_not_listed_repeated_or_of_wrong_size(void **state)
{
    (void)state;
    small_log();
    size_t event = first_event();
    b.log.data[event + 12] = ALG_SHA384;
    assert_refused(REASON_LOG_ALGORITHM, 1);
    small_log();
    event = first_event();
    b.log.data[event + 12 + 22] = ALG_SHA1; /* the second digest */
    assert_refused(REASON_LOG_ALGORITHM, 1);
    small_log();
    b.log.data[SPEC_ID_DATA + 28 + 2] = 21; /* SHA-1 of 21 bytes */
    assert_refused(REASON_LOG_ALGORITHM, 0);
    small_log();
    b.log.data[SPEC_ID_DATA + 28 + 4] = ALG_SHA1;
    b.log.data[SPEC_ID_DATA + 28 + 6] = 20;
    assert_refused(REASON_LOG_ALGORITHM, 0);
    small_log();
    event = first_event();
    b.log.data[event + 8] = 3; /* more digests than banks */
    assert_refused(REASON_LOG_ALGORITHM, 1);
}

static void
refuses_a_spec_id_event_that_contradicts_itself(void **state)
{
    (void)state;
    static const struct row {
        size_t at;
        uint8_t value;
        enum reason_code code;
    } rows[] = {
        {20, 1, REASON_LOG_MALFORMED}, /* minor version */
        {21, 1, REASON_LOG_MALFORMED}, /* major version */
        {24, 0, REASON_LOG_ALGORITHM}, /* no algorithm */
        {24, 3, REASON_LOG_MALFORMED}, /* one more than there is room for */
        {27, 0xFF, REASON_LOG_LIMIT},  /* 4 billion */
        {36, 1, REASON_LOG_MALFORMED}, /* vendorInfo that is not there */
        {30, 0, REASON_LOG_ALGORITHM}, /* digest of size 0 */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        small_log();
        b.log.data[SPEC_ID_DATA + rows[i].at] = rows[i].value;
        assert_refused(rows[i].code, 0);
    }
}

static void
refuses_a_second_spec_id_event(void **state)
{
    (void)state;
    small_log();
    uint32_t n = log_builder_data(&b, 0, EVENT_NO_ACTION, bytes_of("Spec ID Event03", 16));
    assert_refused(REASON_LOG_MALFORMED, n);
}

static void
fewer_digests_than_banks_leave_the_other_bank_alone(void **state)
{
    (void)state;
    small_log();
    struct digest before = b.pcr[1][4];
    struct digest d;
    assert_status(STATUS_OK, digest_compute(test_hasher, ALG_SHA1, bytes_of_text("x"), &d));
    buffer_append_le32(&b.log, 4);
    buffer_append_le32(&b.log, EVENT_IPL);
    buffer_append_le32(&b.log, 1);
    buffer_append_le16(&b.log, ALG_SHA1);
    buffer_append(&b.log, digest_bytes(&d));
    buffer_append_le32(&b.log, 0);
    assert_status(STATUS_OK, digest_extend(test_hasher, &b.pcr[0][4], digest_bytes(&d)));
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    assert_non_null(pcrs);
    assert_status(STATUS_OK, eventlog_replay(test_hasher, log, pcrs));
    assert_true(digest_equal(&b.pcr[0][4], &pcrs->pcr[0][4]));
    assert_true(digest_equal(&before, &pcrs->pcr[1][4]));
    free(pcrs);
}

static void
refuses_an_event_without_any_digest(void **state)
{
    (void)state;
    small_log();
    buffer_append_le32(&b.log, 4);
    buffer_append_le32(&b.log, EVENT_IPL);
    buffer_append_le32(&b.log, 0);
    buffer_append_le32(&b.log, 0);
    assert_refused(REASON_LOG_MALFORMED, 3);
}

/* Threat 29. */
static void
refuses_a_startup_locality_twice_late_misplaced_or_out_of_range(void **state)
{
    (void)state;
    empty_log();
    (void)log_builder_locality(&b, 3);
    assert_refused(REASON_LOG_LOCALITY, log_builder_locality(&b, 3));
    small_log();
    assert_refused(REASON_LOG_LOCALITY, log_builder_locality(&b, 3));
    empty_log();
    assert_refused(REASON_LOG_LOCALITY, log_builder_locality(&b, 1));
    empty_log();
    (void)log_builder_locality(&b, 3);
    b.log.data[b.log.size - 17 - 4 - 56 - 4 - 8] = 5; /* its PCR */
    assert_refused(REASON_LOG_LOCALITY, 1);
    empty_log();
    (void)log_builder_data(&b, 0, EVENT_NO_ACTION, bytes_of("StartupLocality", 16));
    assert_refused(REASON_LOG_LOCALITY, 1);
}

static void
an_hcrtm_event_first_starts_pcr_0_at_4(void **state)
{
    (void)state;
    empty_log();
    (void)log_builder_text(&b, 0, EVENT_EFI_HCRTM, "HCRTM");
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_true(log->hcrtm);
    struct digest start = eventlog_start(log, ALG_SHA256, 0);
    assert_int_equal(4, start.data[31]);
    small_log();
    (void)log_builder_text(&b, 0, EVENT_EFI_HCRTM, "HCRTM");
    CLEANUP(eventlog_freep) struct eventlog *late = parse();
    assert_false(late->hcrtm);
}

/* Whichever of the two is wrong, the replay tells: the record that names a locality is heard. */
static void
a_locality_that_the_log_names_stands_before_an_hcrtm_event(void **state)
{
    static const uint8_t localities[] = {0, 3, 4};
    (void)state;
    for (size_t i = 0; i < sizeof localities; i++) {
        empty_log();
        (void)log_builder_locality(&b, localities[i]);
        (void)log_builder_text(&b, 0, EVENT_EFI_HCRTM, "HCRTM");
        CLEANUP(eventlog_freep) struct eventlog *log = parse();
        assert_true(log->hcrtm);
        assert_int_equal(localities[i], eventlog_locality(log));
        assert_int_equal(localities[i], eventlog_start(log, ALG_SHA256, 0).data[31]);
        assert_int_equal(0, eventlog_start(log, ALG_SHA256, 1).data[31]);
    }
}

static void
refuses_sizes_above_their_limits(void **state)
{
    (void)state;
    small_log();
    buffer_append_le32(&b.log, 4);
    buffer_append_le32(&b.log, EVENT_IPL);
    buffer_append_le32(&b.log, 1);
    buffer_append_le16(&b.log, ALG_SHA1);
    for (size_t i = 0; i < 20; i++)
        buffer_append_u8(&b.log, 0x11);
    size_t size_at = b.log.size;
    buffer_append_le32(&b.log, LIMIT_EVENT_DATA + 1);
    assert_refused(REASON_LOG_LIMIT, 3);
    (void)size_at;
    small_log();
    while (b.n_events <= LIMIT_BOOT_EVENTS)
        (void)log_builder_separator(&b, 4);
    assert_refused(REASON_LOG_LIMIT, LIMIT_BOOT_EVENTS - 1);
    small_log();
    while (b.log.size <= LIMIT_BOOT_LOG)
        buffer_append_be64(&b.log, 0);
    assert_refused(REASON_LOG_LIMIT, 0);
}

static void
reads_a_sha1_log_for_inspection(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    for (uint32_t i = 0; i < 2; i++) {
        buffer_append_le32(&in, 4);
        buffer_append_le32(&in, EVENT_IPL);
        for (size_t k = 0; k < 20; k++)
            buffer_append_u8(&in, 0x22);
        buffer_append_le32(&in, 3);
        buffer_append_text(&in, "abc");
    }
    struct reasons reasons = {0};
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&in), &log, &reasons));
    assert_non_null(log);
    assert_int_equal(EVENTLOG_SHA1, log->format);
    assert_int_equal(2, log->n_events);
    assert_int_equal(ALG_SHA1, log->banks[0]);
}

static void
knows_a_ccel_by_its_first_register(void **state)
{
    (void)state;
    small_log();
    b.log.data[0] = 1;
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_int_equal(EVENTLOG_CCEL, log->format);
}

static void
keeps_an_algorithm_that_it_does_not_know_without_replaying_it(void **state)
{
    (void)state;
    small_log();
    b.log.data[SPEC_ID_DATA + 28] = 0x77; /* instead of SHA-1, with its size */
    size_t event = 32 + SPEC_ID_DATA + 5;
    for (size_t i = 0; i < 2; i++) {
        b.log.data[event + 12] = 0x77;
        event += 12 + 22 + 34 + 4 + (i == 0 ? 3u : 4u);
    }
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_int_equal(0x77, log->banks[0]);
    struct eventlog_pcrs *pcrs = calloc(1, sizeof *pcrs);
    assert_non_null(pcrs);
    assert_status(STATUS_OK, eventlog_replay(test_hasher, log, pcrs));
    assert_int_equal(0, pcrs->pcr[0][7].size);
    assert_true(digest_equal(&b.pcr[1][7], &pcrs->pcr[1][7]));
    free(pcrs);
}

/* Threat 27. */
static void
refuses_an_unknown_algorithm_of_no_size_or_too_large(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        empty_log();
        b.log.data[SPEC_ID_DATA + 28] = 0x77; /* instead of SHA-1 */
        b.log.data[SPEC_ID_DATA + 30] = i == 0 ? 0 : ALG_MAX_SIZE + 1;
        assert_refused(REASON_LOG_ALGORITHM, 0);
    }
}

/* Threat 29: the start value is PCR 0's, and an event of that type in another PCR says nothing. */
static void
an_hcrtm_event_of_another_pcr_changes_no_start(void **state)
{
    (void)state;
    empty_log();
    (void)log_builder_text(&b, 1, EVENT_EFI_HCRTM, "HCRTM");
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_false(log->hcrtm);
}

/* Only EV_NO_ACTION makes a Spec ID event of these bytes. */
static void
the_spec_id_event_has_its_type(void **state)
{
    (void)state;
    empty_log();
    b.log.data[4] = EVENT_IPL;
    CLEANUP(eventlog_freep) struct eventlog *log = parse();
    assert_int_equal(EVENTLOG_SHA1, log->format);
    empty_log();
    b.log.data[SPEC_ID_DATA] = 's';
    CLEANUP(eventlog_freep) struct eventlog *other = parse();
    assert_int_equal(EVENTLOG_SHA1, other->format);
}

static void
names_types_and_admits_what_it_does_not_know(void **state)
{
    (void)state;
    assert_string_equal("EV_SEPARATOR", event_type_name(EVENT_SEPARATOR));
    assert_string_equal("EV_EFI_VARIABLE_AUTHORITY", event_type_name(EVENT_EFI_VARIABLE_AUTHORITY));
    assert_null(event_type_name(0x12345678));
}

/* Threat 27: an algorithm that we do not know has a size that we can bound. */
static void
threat_27_an_unknown_algorithm_has_a_size_within_bounds(void **state)
{
    (void)state;
    static const uint16_t sizes[] = {0, 65, 0x1000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        empty_log();
        b.log.data[SPEC_ID_DATA + 28] = 0x99;
        b.log.data[SPEC_ID_DATA + 28 + 1] = 0x09;
        b.log.data[SPEC_ID_DATA + 28 + 2] = (uint8_t)sizes[i];
        b.log.data[SPEC_ID_DATA + 28 + 3] = (uint8_t)(sizes[i] >> 8);
        assert_refused(REASON_LOG_ALGORITHM, 0);
    }
}

/* Threat 26: the count is refused itself, before a digest is read. */
static void
threat_26_more_digests_than_banks_are_refused_by_their_count(void **state)
{
    (void)state;
    small_log();
    b.log.data[first_event() + 8] = 3;
    struct eventlog *log = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&b.log), &log, &reasons));
    assert_null(log);
    assert_string_equal("more digests than the Spec ID event lists", reasons.items[0].found);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_field_of_a_crypto_agile_log),
        cmocka_unit_test(replays_to_the_builders_pcrs),
        cmocka_unit_test(tolerates_filler_of_one_kind_only),
        cmocka_unit_test(refuses_every_prefix_that_does_not_end_a_record),
        cmocka_unit_test(refuses_a_pcr_above_23),
        cmocka_unit_test(no_action_may_name_no_pcr_and_extends_nothing),
        cmocka_unit_test(refuses_an_algorithm_that_is_not_listed_repeated_or_of_wrong_size),
        cmocka_unit_test(refuses_a_spec_id_event_that_contradicts_itself),
        cmocka_unit_test(refuses_a_second_spec_id_event),
        cmocka_unit_test(fewer_digests_than_banks_leave_the_other_bank_alone),
        cmocka_unit_test(refuses_an_event_without_any_digest),
        cmocka_unit_test(refuses_a_startup_locality_twice_late_misplaced_or_out_of_range),
        cmocka_unit_test(an_hcrtm_event_first_starts_pcr_0_at_4),
        cmocka_unit_test(a_locality_that_the_log_names_stands_before_an_hcrtm_event),
        cmocka_unit_test(refuses_sizes_above_their_limits),
        cmocka_unit_test(reads_a_sha1_log_for_inspection),
        cmocka_unit_test(knows_a_ccel_by_its_first_register),
        cmocka_unit_test(keeps_an_algorithm_that_it_does_not_know_without_replaying_it),
        cmocka_unit_test(refuses_an_unknown_algorithm_of_no_size_or_too_large),
        cmocka_unit_test(an_hcrtm_event_of_another_pcr_changes_no_start),
        cmocka_unit_test(the_spec_id_event_has_its_type),
        cmocka_unit_test(names_types_and_admits_what_it_does_not_know),
        cmocka_unit_test(threat_27_an_unknown_algorithm_has_a_size_within_bounds),
        cmocka_unit_test(threat_26_more_digests_than_banks_are_refused_by_their_count),
    };
    int failed = cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
    log_builder_free(&b);
    return failed;
}
