/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a replay is what would be computed, and only for the same evidence. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/replay_memory.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"
#include "tests/lib/verifier_case.h"

#include <string.h>

/* ---- keys and places, over one true round ---- */

static const uint8_t log_sha256[DIGEST_SHA256_SIZE] = {7};

static struct appraise_case *
booted(struct replay_input *in)
{
    struct appraise_case *c = appraise_case_ready();
    appraise_case_run(c);
    *in = (struct replay_input){.boot_log_present = true, .boot_log = buffer_bytes(&c->log.log)};
    return c;
}

static struct replay_key
key_of(const struct appraise_case *c, const struct replay_input *in)
{
    struct replay_key key;
    assert_status(STATUS_OK, replay_key_of(c->h, c->quote, in, log_sha256, &key));
    return key;
}

static bool
keys_equal(const struct replay_key *a, const struct replay_key *b)
{
    return bytes_equal(bytes_of(a->sha256, sizeof a->sha256),
                       bytes_of(b->sha256, sizeof b->sha256));
}

/* in is changed in one way, and so is its key. */
static void
assert_other(const struct appraise_case *c, const struct replay_key *than,
             const struct replay_input *in)
{
    struct replay_key key = key_of(c, in);
    assert_true(key.fits);
    assert_false(keys_equal(than, &key));
}

static void
tells_apart_all_that_a_replay_comes_from(void **state)
{
    (void)state;
    struct replay_input in, other;
    struct appraise_case *c = booted(&in);
    struct replay_key key = key_of(c, &in);
    struct replay_key again = key_of(c, &in);
    assert_true(key.fits);
    assert_true(keys_equal(&key, &again));
    other = in;
    other.boot_log_present = false;
    assert_other(c, &key, &other);
    other = in;
    other.ima_present = true;
    assert_other(c, &key, &other);
    other = in;
    other.userspace_present = true;
    assert_other(c, &key, &other);
    other = in;
    other.userspace_incomplete = true;
    assert_other(c, &key, &other);
    other = in;
    other.userspace_log = bytes_of_text("{}");
    assert_other(c, &key, &other);
    other = in;
    other.state.n_entries = 1;
    assert_other(c, &key, &other);
    other = in;
    other.state.aggregate_seen = true;
    assert_other(c, &key, &other);
    const uint8_t another[DIGEST_SHA256_SIZE] = {8};
    assert_status(STATUS_OK, replay_key_of(c->h, c->quote, &in, another, &again));
    assert_false(keys_equal(&key, &again));
    log_builder_ima(&c->log, "/usr/bin/one", "sh");
    appraise_case_take_pcrs(c);
    appraise_case_run(c);
    assert_other(c, &key, &in); /* the quote says something else */
    appraise_case_free(c);
}

static void
keeps_no_replay_that_brings_ima_entries(void **state)
{
    (void)state;
    struct replay_input in, other;
    struct appraise_case *c = booted(&in);
    other = in;
    other.ima = bytes_of_text("entry");
    assert_false(key_of(c, &other).fits);
    other = in;
    other.ima_older = bytes_of_text("entry");
    assert_false(key_of(c, &other).fits);
    other = in;
    other.ima_starts_over = true;
    assert_false(key_of(c, &other).fits);
    appraise_case_free(c);
}

static void
assert_same_replay(const struct appraise_case *c, const struct replay_input *in,
                   const struct replay_kept *kept)
{
    CLEANUP(replay_freep) struct replay *computed = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, replay_verify(c->h, c->quote, in, &computed, &reasons));
    assert_int_equal(reasons.n_items, replay_kept_reasons(kept)->n_items);
    for (size_t i = 0; i < reasons.n_items; i++)
        assert_memory_equal(&reasons.items[i], &replay_kept_reasons(kept)->items[i],
                            sizeof reasons.items[i]);
    const struct replay *r = replay_kept_replay(kept);
    assert_int_equal(replay_n_events(computed), replay_n_events(r));
    assert_true(replay_n_events(r) > 10);
    for (size_t i = 0; i < replay_n_events(r); i++) {
        const struct replay_event *a = replay_event_at(computed, i);
        const struct replay_event *b = replay_event_at(r, i);
        assert_int_equal(a->number, b->number);
        assert_int_equal(a->pcr, b->pcr);
        assert_int_equal(a->type, b->type);
        assert_memory_equal(a->digest, b->digest, sizeof a->digest);
        assert_int_equal(a->meaning.kind, b->meaning.kind);
        assert_int_equal(a->meaning.bound, b->meaning.bound);
        assert_true(bytes_equal(a->meaning.text, b->meaning.text));
        assert_true(bytes_equal(a->meaning.variable.value, b->meaning.variable.value));
    }
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        assert_int_equal(replay_pcr_state(computed, pcr), replay_pcr_state(r, pcr));
}

/* The log that it was made from is gone by then. */
static void
gives_what_was_computed_with_logs_of_its_own(void **state)
{
    (void)state;
    struct replay_input in;
    struct replay_memory *m = NULL;
    struct replay_kept *kept = NULL;
    struct appraise_case *c = booted(&in);
    CLEANUP(buffer_free) struct buffer log = {0};
    buffer_append(&log, in.boot_log);
    in.boot_log = buffer_bytes(&log);
    const struct replay_key key = key_of(c, &in);
    assert_status(STATUS_OK, replay_memory_new(REPLAY_MEMORY_SIZE, &m));
    assert_null(replay_memory_get(m, &key));
    assert_status(STATUS_OK, replay_kept_new(c->h, c->quote, &in, &key, &kept));
    replay_memory_put(m, &key, kept);
    replay_kept_unref(kept);
    memset(log.data, 0, log.size);
    in.boot_log = buffer_bytes(&c->log.log);
    kept = replay_memory_get(m, &key);
    assert_non_null(kept);
    assert_same_replay(c, &in, kept);
    replay_memory_free(m);
    assert_same_replay(c, &in, kept); /* held by whom it was given to */
    replay_kept_unref(kept);
    appraise_case_free(c);
}

static void
stays_within_its_size(void **state)
{
    (void)state;
    struct replay_input in;
    struct replay_memory *m = NULL;
    struct replay_kept *kept = NULL;
    struct appraise_case *c = booted(&in);
    struct replay_key key = key_of(c, &in);
    assert_status(STATUS_OK, replay_memory_new(1024 * 1024, &m));
    assert_status(STATUS_OK, replay_kept_new(c->h, c->quote, &in, &key, &kept));
    for (unsigned i = 0; i < 1000; i++) {
        key.sha256[0] = (uint8_t)i;
        key.sha256[1] = (uint8_t)(i >> 8);
        replay_memory_put(m, &key, kept);
        assert_true(replay_memory_count(m) * replay_n_events(replay_kept_replay(kept)) *
                        sizeof(struct replay_event) <=
                    1024 * 1024);
    }
    assert_true(replay_memory_count(m) > 1);
    struct replay_kept *last = replay_memory_get(m, &key);
    assert_ptr_equal(kept, last);
    replay_kept_unref(last);
    key.sha256[0] = key.sha256[1] = 0;
    assert_null(replay_memory_get(m, &key));
    replay_memory_free(m);
    assert_status(STATUS_OK, replay_memory_new(64, &m));
    replay_memory_put(m, &key, kept);
    assert_int_equal(0, replay_memory_count(m));
    replay_memory_free(m);
    replay_kept_unref(kept);
    appraise_case_free(c);
}

/* ---- rounds ---- */

/* What the newest attestation says of the evidence: all but its name, times and counters. */
static char *
attest(struct verifier_case *c, bool by_reference)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    CLEANUP(store_attestation_clear) struct store_attestation stored = {0};
    const struct verifier_case_round r = {.boot_log_by_reference = by_reference, .no_ima = true};
    assert_status(STATUS_OK, verifier_case_attest(c, &r, &a));
    assert_int_equal(REASON_NONE, a.attempt);
    assert_status(STATUS_OK,
                  store_get_latest(c->verifier.store, c->device->subject.device_id, &stored));
    const char *begin = strstr(stored.appraisal_json, "\"verdict\"");
    const char *end = strstr(stored.appraisal_json, "\"counters\"");
    assert_true(begin && end && begin < end);
    return strndup(begin, (size_t)(end - begin));
}

static void
changes_nothing_that_a_round_says(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    struct replay_memory *m = c->verifier.replay_memory;
    CLEANUP(free_charp) char *first = attest(c, false);
    assert_int_equal(1, replay_memory_count(m));
    CLEANUP(free_charp) char *whole = attest(c, false);
    CLEANUP(free_charp) char *referenced = attest(c, true);
    assert_int_equal(1, replay_memory_count(m));
    c->verifier.replay_memory = NULL;
    CLEANUP(free_charp) char *computed = attest(c, true);
    c->verifier.replay_memory = m;
    assert_string_equal(whole, computed);
    assert_string_equal(referenced, computed);
    assert_string_equal(first, computed);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_apart_all_that_a_replay_comes_from),
        cmocka_unit_test(keeps_no_replay_that_brings_ima_entries),
        cmocka_unit_test(gives_what_was_computed_with_logs_of_its_own),
        cmocka_unit_test(stays_within_its_size),
        VERIFIER_CASE(changes_nothing_that_a_round_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
