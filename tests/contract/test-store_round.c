/* SPDX-License-Identifier: Apache-2.0 */
/* Rounds: one transaction, compare and set, boots and logs. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/store_place.h"
#include "tests/contract/contract.h"

#include <string.h>

#define TEXTS_MAX (16u * 1024u * 1024u)

static void
keeps_every_part_of_a_round(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    struct store_attestation a = {0};
    CLEANUP(buffer_free) struct buffer evidence = {0};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_int_equal(r.version + 1, d.version);
    assert_int_equal(r.spent_ms, d.spent_ms);
    assert_int_equal(NOW_S, d.attested_s);
    assert_true(d.counters.present && d.counters.safe);
    assert_int_equal(5000, d.counters.clock_ms);
    assert_int_equal(7, d.counters.reset_count);
    assert_true(d.counters.firmware_version == UINT64_C(0x8000000000000001));
    assert_int_not_equal(0, d.boot);
    assert_int_equal(2, d.n_perspectives);
    assert_string_equal("owner", d.perspectives[0].name);
    assert_int_equal(VERDICT_TRUSTED, d.perspectives[1].verdict);
    assert_true(d.last_good_present);
    assert_int_equal(r.pcrs.present, d.last_good.present);
    assert_true(digest_equal(&r.pcrs.pcr[23], &d.last_good.pcr[23]));
    store_device_clear(&d);
    assert_status(STATUS_OK, store_get_attestation(s, "a1", &a));
    assert_string_equal(contract_device(1), a.device);
    assert_int_equal(VERDICT_TRUSTED, a.verdict);
    assert_int_equal(NOW_S - 1, a.evidence_s);
    assert_string_equal(r.appraisal_json, a.appraisal_json);
    assert_string_equal(r.inputs_json, a.inputs_json);
    assert_string_equal(r.result, a.result);
    store_attestation_clear(&a);
    assert_status(STATUS_OK, store_get_evidence(s, "a1", &evidence));
    assert_true(bytes_equal(r.evidence, buffer_bytes(&evidence)));
}

/* Nothing that the daemon makes: what it is told is checked before anything is written. */
static void
refuses_a_round_that_lacks_a_part(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    const char **parts[] = {&r.appraisal_json, &r.inputs_json, &r.result};
    for (size_t i = 0; i < 3; i++) {
        const char *part = *parts[i];
        *parts[i] = NULL;
        assert_status(STATUS_STORE, contract_put(s, &r));
        *parts[i] = part;
    }
    size_t n_perspectives = r.n_perspectives;
    r.n_perspectives = LIMIT_PERSPECTIVES + 1;
    assert_status(STATUS_STORE, contract_put(s, &r));
    r.n_perspectives = n_perspectives;
    assert_status(STATUS_OK, contract_put(s, &r));
}

/* More than it would take apart again. */
static void
refuses_texts_that_are_too_long_to_be_read_back(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer text = {0};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, buffer_reserve(&text, TEXTS_MAX + 1));
    memset(text.data, ' ', TEXTS_MAX);
    text.data[TEXTS_MAX] = '\0';
    r.inputs_json = (const char *)text.data;
    assert_status(STATUS_LIMIT, contract_put(s, &r));
}

static void
keeps_all_that_a_round_was_appraised_from(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    struct store_device d = {0};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    r.ak_serial = 1;
    r.ima_segment = bytes_of("first,", 6);
    r.userspace_log = bytes_of("userspace", 9);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    r = contract_round(s, 1, "a2");
    r.ak_serial = 1;
    r.new_boot = false;
    r.boot = d.boot;
    r.ima_segment = bytes_of("second,", 7);
    r.ima_rest = bytes_of("rest", 4);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_kept(s, "a1", &k));
    assert_true(bytes_equal(bytes_of("first,", 6), buffer_bytes(&k.ima)));
    assert_true(bytes_equal(bytes_of("userspace", 9), buffer_bytes(&k.userspace_log)));
    assert_true(bytes_equal(r.evidence, buffer_bytes(&k.evidence)));
    assert_true(bytes_equal(buffer_bytes(&d.ak_public), buffer_bytes(&k.ak_public)));
    assert_string_equal("a1", k.attestation.id);
    assert_string_equal(r.inputs_json, k.attestation.inputs_json);
    store_kept_clear(&k);
    assert_status(STATUS_OK, store_get_kept(s, "a2", &k));
    assert_true(bytes_equal(bytes_of("first,second,rest", 17), buffer_bytes(&k.ima)));
    assert_int_equal(0, k.userspace_log.size);
    store_kept_clear(&k);
    assert_status(STATUS_NOT_FOUND, store_get_kept(s, "a3", &k));
    r = contract_round(s, 1, "a3");
    r.ak_serial = 9; /* an AK that is not kept, as of a round of schema 1 */
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_UNSUPPORTED, store_get_kept(s, "a3", &k));
    store_device_clear(&d);
}

static void
lists_the_newest_round_of_each_device_and_of_each_boot(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(store_place_list_clear) struct store_place_list list = {0};
    char after[STORE_ID_SIZE];
    for (unsigned n = 1; n < 4; n++)
        contract_enroll(s, n); /* the third one never attests */
    static const char *const names[] = {"a1", "a2", "b1"};
    for (unsigned i = 0; i < 3; i++) {
        struct store_round r = contract_round(s, 1 + i / 2, names[i]);
        assert_status(STATUS_OK, contract_put(s, &r));
    }
    struct store_round r = contract_round(s, 2, "b2");
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(2), &d));
    r.new_boot = false;
    r.boot = d.boot;
    assert_status(STATUS_OK, contract_put(s, &r));
    store_device_clear(&d);
    assert_status(STATUS_OK, store_list_places(s, false, NULL, 10, &list));
    assert_int_equal(2, list.n_items);
    for (size_t i = 0; i < 2; i++) {
        bool first = text_equal(list.items[i].device, contract_device(1));
        assert_string_equal(first ? "a2" : "b2", list.items[i].attestation);
    }
    store_place_list_clear(&list);
    assert_status(STATUS_OK, store_list_places(s, true, NULL, 2, &list));
    assert_int_equal(2, list.n_items);
    assert_string_equal("a1", list.items[0].attestation);
    assert_string_equal("a2", list.items[1].attestation);
    (void)text_copy(after, sizeof after, list.items[1].cursor);
    store_place_list_clear(&list);
    assert_status(STATUS_OK, store_list_places(s, true, after, 2, &list));
    assert_int_equal(1, list.n_items);
    assert_string_equal("b2", list.items[0].attestation);
    store_place_list_clear(&list);
    assert_status(STATUS_INVALID, store_list_places(s, true, "x", 2, &list));
    assert_status(STATUS_LIMIT, store_list_places(s, true, NULL, LIMIT_PAGE + 1, &list));
}

/* Quotes prepared for many challenges: only a newer one than the last spent counts. */
static void
threat_56_challenge_older_than_the_last_is_stale(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    struct store_round first = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, contract_put(s, &first));
    struct store_round older = contract_round(s, 1, "a2");
    older.spent_ms = first.spent_ms - 1;
    assert_status(STATUS_STALE, contract_put(s, &older));
    older.spent_ms = first.spent_ms + 1;
    assert_status(STATUS_OK, contract_put(s, &older));
}

static void
threat_11_challenge_is_spent_once(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    struct store_round first = contract_round(s, 1, "a1");
    struct store_round again = contract_round(s, 1, "a2");
    assert_status(STATUS_OK, contract_put(s, &first));
    assert_status(STATUS_STALE, contract_put(s, &again));
    again = contract_round(s, 1, "a2");
    again.spent_ms = first.spent_ms - 1;
    assert_status(STATUS_STALE, contract_put(s, &again));
    struct store_attestation a = {0};
    assert_status(STATUS_NOT_FOUND, store_get_attestation(s, "a2", &a));
}

static void
refuses_a_round_over_a_device_that_has_moved(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    struct store_round old = contract_round(s, 1, "a1");
    struct store_device_change change = {.id = contract_device(1),
                                         .version = old.version,
                                         .state = LIFE_CYCLE_REVOKED,
                                         .member_by = MEMBER_BY_APPROVAL,
                                         .n_labels = SIZE_MAX};
    assert_status(STATUS_OK, store_change_device(s, &contract_operator, &change));
    assert_status(STATUS_CONFLICT, contract_put(s, &old));
    old.device = contract_device(2);
    assert_status(STATUS_NOT_FOUND, contract_put(s, &old));
}

static void
threat_58_one_member_that_fails_is_nothing_to_its_group(void **state)
{
    struct store *s = contract_store(state);
    for (unsigned n = 1; n <= 3; n++)
        contract_enroll(s, n);
    static struct store_round r[4];
    const struct store_round *group[4] = {&r[0], &r[1], &r[2], &r[3]};
    enum status results[4];
    for (unsigned i = 0; i < 4; i++) {
        const char id[] = {'a', (char)('1' + i), '\0'};
        r[i] = contract_round(s, i % 3 + 1, id);
    }
    r[1].version++;
    assert_status(STATUS_OK, store_put_rounds(s, group, 4, results));
    assert_status(STATUS_OK, results[0]);
    assert_status(STATUS_CONFLICT, results[1]);
    assert_status(STATUS_OK, results[2]);
    assert_status(STATUS_STALE, results[3]);
    struct store_attestation a = {0};
    assert_status(STATUS_NOT_FOUND, store_get_attestation(s, "a2", &a));
    assert_status(STATUS_OK, store_get_attestation(s, "a3", &a));
    store_attestation_clear(&a);
    uint64_t broken = 0, last = 0;
    assert_status(STATUS_OK, store_check_audit(s, &broken, &last));
    assert_int_equal(0, broken);
    assert_int_equal(5, last);
}

static void
a_member_that_fails_late_leaves_nothing(void **state)
{
    struct store *s = contract_store(state);
    struct store_device before = {0}, after = {0};
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    struct store_round r = contract_round(s, 1, "same");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(2), &before));
    r = contract_round(s, 2, "same");
    r.ima_segment = bytes_of("segment", 7);
    assert_status(STATUS_STORE, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(2), &after));
    assert_int_equal(before.version, after.version);
    assert_int_equal(0, after.boot);
    assert_int_equal(0, after.spent_ms);
    store_device_clear(&before);
    store_device_clear(&after);
}

/* ---- boots and logs ---- */

static void
hash(struct bytes in, uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK, digest_sha256(h, in, out));
}

static void
continues_a_boot_with_its_segments_in_order(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer ima = {0};
    struct store_device d = {0};
    struct store_boot boot = {0};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    r.ima_segment = bytes_of("first,", 6);
    r.state.n_entries = 2;
    (void)text_copy(r.generation, sizeof r.generation, "2026-11");
    (void)text_copy(r.last_generation, sizeof r.last_generation, "2026-10");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    r = contract_round(s, 1, "a2");
    r.new_boot = false;
    r.boot = d.boot;
    r.ima_segment = bytes_of("second", 6);
    r.state.n_entries = 3;
    r.state.n_banks = 1;
    r.state.banks[0].pcr = digest_reset(ALG_SHA256, 9);
    r.counters.restart_count = 4;
    r.pcrs.pcr[7] = digest_reset(ALG_SHA256, 8);
    r.good = false;
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_boot(s, d.boot, &boot));
    assert_int_equal(r.pcrs.present, boot.pcrs.present);
    assert_true(digest_equal(&r.pcrs.pcr[7], &boot.pcrs.pcr[7]));
    assert_int_equal(d.boot, boot.id);
    assert_int_equal(NOW_S, boot.opened_s);
    assert_string_equal("2026-11", boot.generation);
    assert_string_equal("2026-10", boot.last_generation);
    assert_int_equal(3, boot.state.n_entries);
    assert_true(digest_equal(&r.state.banks[0].pcr, &boot.state.banks[0].pcr));
    assert_int_equal(7, boot.reset_count);
    assert_int_equal(4, boot.restart_count);
    assert_false(boot.boot_log_present);
    assert_status(STATUS_OK, store_get_ima(s, d.boot, &ima));
    assert_true(bytes_equal(bytes_of("first,second", 12), buffer_bytes(&ima)));
    store_device_clear(&d);
}

static void
keeps_no_pcrs_of_a_boot_without_a_trusted_bank(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    struct store_boot boot = {.pcrs = {.alg = ALG_SHA256}};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    r.pcrs = (struct subject_pcrs){0};
    assert_status(STATUS_STORE, contract_put(s, &r)); /* good, by no PCR */
    r.good = false;
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_status(STATUS_OK, store_get_boot(s, d.boot, &boot));
    assert_int_equal(0, boot.pcrs.alg);
    store_device_clear(&d);
}

static void
refuses_to_continue_a_boot_that_is_not_the_current_one(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    r = contract_round(s, 1, "a2");
    assert_status(STATUS_OK, contract_put(s, &r));
    r = contract_round(s, 1, "a3");
    r.new_boot = false;
    r.boot = d.boot;
    assert_status(STATUS_CONFLICT, contract_put(s, &r));
    store_device_clear(&d);
    struct store_boot boot = {0};
    assert_status(STATUS_NOT_FOUND, store_get_boot(s, 12345, &boot));
    contract_enroll(s, 2);
    r = contract_round(s, 2, "a4"); /* of a device that never had one */
    r.new_boot = false;
    r.boot = 0;
    assert_status(STATUS_CONFLICT, contract_put(s, &r));
}

static void
holds_a_boot_log_for_the_device_that_sent_it(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer log = {0}, kept = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    for (int i = 0; i < 5000; i++)
        buffer_append_format(&log, "event %d\n", i);
    hash(buffer_bytes(&log), sha256);
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    struct store_round r = contract_round(s, 1, "a1");
    r.boot_log_present = true;
    r.boot_log = buffer_bytes(&log);
    memcpy(r.boot_log_sha256, sha256, sizeof sha256);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_log(s, contract_device(1), sha256, &kept));
    assert_true(bytes_equal(buffer_bytes(&log), buffer_bytes(&kept)));
    assert_status(STATUS_NOT_FOUND, store_get_log(s, contract_device(2), sha256, &kept));
    r = contract_round(s, 1, "a2");
    r.boot_log_present = true;
    memcpy(r.boot_log_sha256, sha256, sizeof sha256);
    assert_status(STATUS_OK, contract_put(s, &r));
    r = contract_round(s, 2, "a3");
    r.boot_log_present = true;
    memcpy(r.boot_log_sha256, sha256, sizeof sha256);
    assert_status(STATUS_CONFLICT, contract_put(s, &r));
    r.boot_log = buffer_bytes(&log);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_log(s, contract_device(2), sha256, &kept));
}

static void
refuses_a_log_under_a_digest_that_is_not_its_own(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    r.boot_log_present = true;
    r.boot_log = bytes_of("log", 3);
    assert_status(STATUS_STORE, contract_put(s, &r));
    hash(r.boot_log, r.boot_log_sha256);
    assert_status(STATUS_OK, contract_put(s, &r));
}

static void
gives_nobody_a_log_for_naming_its_digest(void **state)
{
    struct store *s = contract_store(state);
    CLEANUP(buffer_free) struct buffer kept = {0};
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    struct store_round r = contract_round(s, 1, "a1");
    r.boot_log_present = true;
    r.boot_log = bytes_of("of another", 10);
    hash(r.boot_log, r.boot_log_sha256);
    assert_status(STATUS_OK, contract_put(s, &r));
    struct store_round thief = contract_round(s, 2, "a2");
    thief.boot_log_present = true;
    thief.boot_log = bytes_of("of my own", 9);
    memcpy(thief.boot_log_sha256, r.boot_log_sha256, sizeof thief.boot_log_sha256);
    assert_status(STATUS_STORE, contract_put(s, &thief));
    assert_status(STATUS_NOT_FOUND, store_get_log(s, contract_device(2), r.boot_log_sha256, &kept));
}

/* ---- verdicts and their events ---- */

static void
expect_events(struct store *s, const char *const *expected, size_t n_expected)
{
    struct store_event_list l = {0};
    size_t n = 0;
    assert_status(STATUS_OK, store_sequence_events(s, &n));
    assert_status(STATUS_OK, store_list_events(s, 0, LIMIT_PAGE, &l));
    assert_int_equal(n_expected, l.n_items);
    for (size_t i = 0; i < n_expected; i++) {
        assert_int_equal(i + 1, l.items[i].seq);
        assert_string_equal(expected[i], l.items[i].data);
    }
    store_event_list_clear(&l);
}

static void
tells_a_verdict_when_it_changes_and_only_then(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    char id[] = "a0";
    static const enum verdict owner[] = {VERDICT_TRUSTED, VERDICT_TRUSTED, VERDICT_UNTRUSTED};
    contract_enroll(s, 1);
    for (int i = 0; i < 3; i++) {
        id[1] = (char)('1' + i);
        struct store_round r = contract_round(s, 1, id);
        r.n_perspectives = i < 2 ? 2 : 1;
        r.perspectives[0].verdict = owner[i];
        r.perspectives[0].since_s = NOW_S + i;
        r.perspectives[1].verdict = VERDICT_NONE;
        r.good = false;
        assert_status(STATUS_OK, contract_put(s, &r));
        assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
        assert_int_equal(r.n_perspectives, d.n_perspectives);
        assert_int_equal(i < 2 ? NOW_S : NOW_S + 2, d.perspectives[0].since_s);
        assert_string_equal(id, d.perspectives[0].attestation);
        store_device_clear(&d);
    }
    const char *const expected[] = {
        "{\"state\":\"enrolled\",\"genuine\":\"verified\",\"member_by\":\"approval\","
        "\"ek_sha256\":\"e001010101010101010101010101010101010101010101010101010101010101\","
        "\"ak_sha256\":\"04abc8821a06e5a30937967d11ad10221cb5ac3b5273e434f1284ee87129a061\"}",
        "{\"device\":\"e0010101010101010101010101010101\",\"perspective\":\"owner\","
        "\"verdict\":\"trusted\",\"was\":\"none\",\"attestation\":\"a1\"}",
        "{\"device\":\"e0010101010101010101010101010101\",\"perspective\":\"owner\","
        "\"verdict\":\"untrusted\",\"was\":\"trusted\",\"attestation\":\"a3\"}",
    };
    expect_events(s, expected, 3);
}

static void
keeps_the_last_good_values_through_a_bad_round(void **state)
{
    struct store *s = contract_store(state);
    struct store_device d = {0};
    contract_enroll(s, 1);
    struct store_round r = contract_round(s, 1, "a1");
    assert_status(STATUS_OK, contract_put(s, &r));
    r = contract_round(s, 1, "a2");
    r.good = false;
    r.pcrs.pcr[7] = digest_reset(ALG_SHA256, 0xbb);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_int_equal(2, d.last_good.pcr[7].data[31]);
    store_device_clear(&d);
    r = contract_round(s, 1, "a3");
    r.pcrs.pcr[7] = digest_reset(ALG_SHA256, 0xcc);
    assert_status(STATUS_OK, contract_put(s, &r));
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    assert_int_equal(0xcc, d.last_good.pcr[7].data[31]);
    store_device_clear(&d);
}

/* ---- attestations ---- */

static void
lists_attestations_newest_first_page_by_page(void **state)
{
    struct store *s = contract_store(state);
    struct store_attestation_list l = {0};
    struct store_attestation a = {0};
    contract_enroll(s, 1);
    contract_enroll(s, 2);
    for (unsigned i = 0; i < 5; i++) {
        char id[] = "a0";
        id[1] = (char)('0' + i);
        struct store_round r = contract_round(s, 1, id);
        r.time_s = NOW_S - i; /* a clock that goes back changes no order */
        assert_status(STATUS_OK, contract_put(s, &r));
    }
    assert_status(STATUS_OK, store_list_attestations(s, contract_device(1), NULL, 3, &l));
    assert_int_equal(3, l.n_items);
    assert_true(l.more);
    assert_string_equal("a4", l.items[0].id);
    assert_string_equal("a2", l.items[2].id);
    assert_null(l.items[0].result);
    store_attestation_list_clear(&l);
    assert_status(STATUS_OK, store_list_attestations(s, contract_device(1), "a2", 3, &l));
    assert_int_equal(2, l.n_items);
    assert_false(l.more);
    assert_string_equal("a1", l.items[0].id);
    store_attestation_list_clear(&l);
    assert_status(STATUS_NOT_FOUND, store_list_attestations(s, contract_device(2), "a2", 3, &l));
    assert_status(STATUS_OK, store_get_latest(s, contract_device(1), &a));
    assert_string_equal("a4", a.id);
    store_attestation_clear(&a);
    assert_status(STATUS_NOT_FOUND, store_get_latest(s, contract_device(2), &a));
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(keeps_every_part_of_a_round),
        CLAIM(refuses_a_round_that_lacks_a_part),
        CLAIM(refuses_texts_that_are_too_long_to_be_read_back),
        CLAIM(keeps_all_that_a_round_was_appraised_from),
        CLAIM(lists_the_newest_round_of_each_device_and_of_each_boot),
        CLAIM(threat_56_challenge_older_than_the_last_is_stale),
        CLAIM(threat_11_challenge_is_spent_once),
        CLAIM(refuses_a_round_over_a_device_that_has_moved),
        CLAIM(threat_58_one_member_that_fails_is_nothing_to_its_group),
        CLAIM(a_member_that_fails_late_leaves_nothing),
        CLAIM(continues_a_boot_with_its_segments_in_order),
        CLAIM(keeps_no_pcrs_of_a_boot_without_a_trusted_bank),
        CLAIM(refuses_to_continue_a_boot_that_is_not_the_current_one),
        CLAIM(holds_a_boot_log_for_the_device_that_sent_it),
        CLAIM(refuses_a_log_under_a_digest_that_is_not_its_own),
        CLAIM(gives_nobody_a_log_for_naming_its_digest),
        CLAIM(tells_a_verdict_when_it_changes_and_only_then),
        CLAIM(keeps_the_last_good_values_through_a_bad_round),
        CLAIM(lists_attestations_newest_first_page_by_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
