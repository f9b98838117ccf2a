/* SPDX-License-Identifier: Apache-2.0 */
/* Whole rounds in this process: a software TPM, real documents and logs, a real store. The store's
 * commit can be made to answer as a busy or broken one would. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/device_emit.h"
#include "tests/lib/verifier_case.h"

#include <pthread.h>
#include <string.h>

/* ---- the commit, as the linker wraps it ---- */

static struct {
    enum status result; /* of each round, while n_refused lasts */
    enum status commit;
    int n_refused;
    int n_calls;
} store;

enum status __real_store_put_rounds(struct store *s, const struct store_round *const *rounds,
                                    size_t n, enum status *results);
enum status __wrap_store_put_rounds(struct store *s, const struct store_round *const *rounds,
                                    size_t n, enum status *results);

enum status
__wrap_store_put_rounds(struct store *s, const struct store_round *const *rounds, size_t n,
                        enum status *results)
{
    store.n_calls++;
    if (store.n_refused == 0)
        return __real_store_put_rounds(s, rounds, n, results);
    store.n_refused--;
    for (size_t i = 0; i < n; i++)
        results[i] = store.result;
    return store.commit;
}

static void
refuse_commits(int n, enum status result, enum status commit)
{
    store.n_calls = 0;
    store.n_refused = n;
    store.result = result;
    store.commit = commit;
}

/* ---- claims ---- */

static const char *
latest(struct verifier_case *c, struct store_attestation *out)
{
    assert_status(STATUS_OK,
                  store_get_latest(c->verifier.store, c->device->subject.device_id, out));
    return out->appraisal_json;
}

static void
assert_round(const struct attest_answer *a, enum verdict verdict)
{
    if (a->attempt != REASON_NONE)
        fail_msg("an attempt: %s", reason_code_name(a->attempt));
    assert_string_equal(verdict_name(verdict), verdict_name(a->verdict));
    assert_non_null(a->token);
    assert_int_equal('a', a->attestation[0]);
    assert_true(a->body.size > 0);
}

/* An attempt says nothing of the device: no row of it has changed. */
static void
assert_attempt(struct verifier_case *c, const struct verifier_case_round *r, enum reason_code code)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    CLEANUP(store_device_clear) struct store_device before = verifier_case_device(c);
    size_t n_before = verifier_case_n_attestations(c);
    assert_status(STATUS_OK, verifier_case_attest(c, r, &a));
    assert_string_equal(reason_code_name(code), reason_code_name(a.attempt));
    assert_int_equal(1, a.reasons.n_items);
    assert_int_equal(code, a.reasons.items[0].code);
    assert_null(a.token);
    assert_int_equal(0, a.body.size);
    CLEANUP(store_device_clear) struct store_device after = verifier_case_device(c);
    assert_int_equal(before.version, after.version);
    assert_int_equal(before.spent_ms, after.spent_ms);
    assert_int_equal(n_before, verifier_case_n_attestations(c));
}

/* ---- what a round gives ---- */

static void
trusts_a_boot_that_its_documents_approve(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    CLEANUP(store_attestation_clear) struct store_attestation stored = {0};
    verifier_case_documents(c);
    int64_t issued_ms = c->now_ms;
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_TRUSTED);
    (void)latest(c, &stored);
    assert_string_equal(a.attestation, stored.id);
    assert_string_equal(a.token, stored.result);
    assert_int_equal(VERDICT_TRUSTED, stored.verdict);
    assert_int_equal(issued_ms / 1000, stored.evidence_s);
    assert_int_equal(issued_ms / 1000 + 3600, stored.expires_s);
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_equal(issued_ms, d.spent_ms);
    assert_int_equal(c->now_ms / 1000, d.attested_s);
    assert_true(d.last_good_present);
    assert_true(d.boot != 0);
}

/* Each perspective by its own policy, and one on trial is said to be. */
static void
lets_each_perspective_age_by_its_own_policy(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_activate(
        c,
        "{\"type\":\"policy\",\"id\":\"next\",\"version\":1,\"perspective\":\"next\",\"select\":{"
        "\"all\":true},\"evidence_age\":{\"max\":\"1m\",\"effect\":\"warn\"},\"secure_boot\":{"
        "\"state\":\"off\"}}");
    verifier_case_activate(
        c, "{\"type\":\"perspective\",\"id\":\"next\",\"version\":1,\"trial\":true}");
    verifier_case_documents(c);
    int64_t issued_s = c->now_ms / 1000;
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_TRUSTED);
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_equal(2, d.n_perspectives);
    const struct store_perspective *next = &d.perspectives[0], *owner = &d.perspectives[1];
    assert_string_equal("next", next->name);
    assert_true(next->trial);
    assert_int_equal(VERDICT_UNTRUSTED, next->verdict);
    assert_int_equal(issued_s + 60, next->expires_s);
    assert_int_equal(issued_s + 120, next->lapses_s);
    assert_string_equal("owner", owner->name);
    assert_false(owner->trial);
    assert_int_equal(issued_s + 3600, owner->expires_s);
    assert_int_equal(issued_s + 3600, owner->lapses_s);
    assert_int_equal(VERDICT_TRUSTED, device_verdict(&d, issued_s + 3599));
    assert_int_equal(VERDICT_NONE, device_verdict(&d, issued_s + 3600));
}

static void
signs_and_stores_a_refusal_as_it_does_a_pass(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    CLEANUP(store_attestation_clear) struct store_attestation stored = {0};
    verifier_case_documents(c);
    c->device->changes[0] =
        (struct appraise_case_change){"kernel", APPRAISE_HASHED, "another kernel"};
    appraise_case_reboot(c->device);
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_UNTRUSTED);
    assert_non_null(strstr(buffer_text(&a.body), "boot.unknown-image"));
    assert_non_null(strstr(latest(c, &stored), "boot.unknown-image"));
    assert_string_equal(a.token, stored.result);
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_false(d.last_good_present);
}

static void
says_nothing_of_a_device_that_no_policy_selects(void **state)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(*state, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_NONE);
    assert_non_null(strstr(buffer_text(&a.body), "policy.none"));
}

static void
never_trusts_a_quarantined_device(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    verifier_case_set_state(c, LIFE_CYCLE_QUARANTINED);
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_UNTRUSTED);
    assert_non_null(strstr(buffer_text(&a.body), "device.state"));
}

static void
takes_json_and_answers_in_the_dialect_asked_for(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    CLEANUP(store_attestation_clear) struct store_attestation stored = {0};
    verifier_case_documents(c);
    const struct verifier_case_round r = {.json = true, .dialect = RESULT_VERAISON};
    assert_status(STATUS_OK, verifier_case_attest(c, &r, &a));
    assert_round(&a, VERDICT_TRUSTED);
    (void)latest(c, &stored);
    assert_string_not_equal(a.token, stored.result);
}

static void
says_whether_the_quote_is_bound_to_the_channel(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer bound = {0}, off = {0};
    CLEANUP(store_attestation_clear) struct store_attestation first = {0}, second = {0};
    verifier_case_documents(c);
    const struct verifier_case_round r = {.exporter =
                                              bytes_of("0123456789abcdef0123456789abcdef", 32)};
    assert_status(STATUS_OK, verifier_case_attest(c, &r, &bound));
    assert_round(&bound, VERDICT_TRUSTED);
    assert_non_null(strstr(latest(c, &first), "\"exporter\":\"bound\""));
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &off));
    assert_round(&off, VERDICT_TRUSTED);
    assert_non_null(strstr(latest(c, &second), "\"exporter\":\"off\""));
    assert_non_null(strstr(second.appraisal_json, "exporter.off"));
}

/* ---- attempts ---- */

static void
knows_no_device_but_those_enrolled(void **state)
{
    assert_attempt(*state,
                   &(struct verifier_case_round){.device_id = "ffffffffffffffffffffffffffffffff"},
                   REASON_DEVICE_UNKNOWN);
}

static void
takes_no_evidence_of_a_device_out_of_service(void **state)
{
    static const enum life_cycle out[] = {LIFE_CYCLE_PENDING, LIFE_CYCLE_REVOKED,
                                          LIFE_CYCLE_DECOMMISSIONED};
    struct verifier_case *c = *state;
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        verifier_case_set_state(c, out[i]);
        assert_attempt(c, &(struct verifier_case_round){0}, REASON_DEVICE_NOT_ENROLLED);
    }
}

static void
threat_47_supersedes_a_challenge_of_an_older_selection(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round r = {.selection = "sha256:0-7"};
    assert_attempt(c, &r, REASON_CHALLENGE_SUPERSEDED);
    verifier_case_documents(c);
    assert_attempt(c, &r, REASON_CHALLENGE_SUPERSEDED);
}

static void
threat_11_spends_a_challenge_once(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    int64_t issued_ms = c->now_ms;
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_NONE);
    const struct verifier_case_round again = {.issued_ms = issued_ms};
    const struct verifier_case_round older = {.issued_ms = issued_ms - 1};
    assert_attempt(c, &again, REASON_CHALLENGE_SPENT);
    assert_attempt(c, &older, REASON_CHALLENGE_SPENT);
}

static void
spends_a_challenge_whatever_the_verdict(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    int64_t issued_ms = c->now_ms;
    const struct verifier_case_round bare = {.no_boot_log = true};
    const struct verifier_case_round again = {.issued_ms = issued_ms};
    verifier_case_documents(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &bare, &a));
    assert_round(&a, VERDICT_UNTRUSTED);
    assert_attempt(c, &again, REASON_CHALLENGE_SPENT);
}

static void
spoil_magic(struct tpm_builder_quote *q)
{
    q->magic ^= 1;
}

static void
spoil_type(struct tpm_builder_quote *q)
{
    q->type = 0x8014;
}

static void
spoil_selection(struct tpm_builder_quote *q)
{
    q->selection = tpm_builder_selection("sha256:0-7");
}

static void
spoil_composite(struct tpm_builder_quote *q)
{
    static const uint8_t zeros[32];
    q->pcr_digest = bytes_of(zeros, sizeof zeros);
}

static void
spoil_extra_data(struct tpm_builder_quote *q)
{
    q->extra_data = bytes_of("another", 7);
}

static void
leave_out_pcrs(struct evidence *e)
{
    e->present[EVIDENCE_PCRS] = false;
}

static void
exchange_boot_log(struct evidence *e)
{
    e->member[EVIDENCE_BOOT_LOG] = bytes_of("another", 7);
}

static void
threat_46_answers_what_is_wrong_before_a_quote_exists(void **state)
{
    static const struct {
        enum reason_code code;
        struct verifier_case_round round;
    } rows[] = {
        {REASON_QUOTE_MAGIC, {.spoil = spoil_magic}},
        {REASON_QUOTE_TYPE, {.spoil = spoil_type}},
        {REASON_QUOTE_SELECTION, {.spoil = spoil_selection}},
        {REASON_QUOTE_COMPOSITE, {.spoil = spoil_composite}},
        {REASON_QUOTE_EXTRA_DATA, {.spoil = spoil_extra_data}},
        {REASON_EVIDENCE_MEMBER_MISSING, {.change = leave_out_pcrs}},
        {REASON_EVIDENCE_MANIFEST, {.change = exchange_boot_log}},
    };
    verifier_case_documents(*state);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct verifier_case_round json = rows[i].round;
        json.json = true;
        assert_attempt(*state, &rows[i].round, rows[i].code);
        assert_attempt(*state, &json, rows[i].code);
    }
}

static void
refuses_a_quote_of_another_tpm(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(tpm_builder_freep)
    struct tpm_builder *other = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    memcpy(other->pcrs[alg_index(ALG_SHA256)], c->device->log.pcr[0], sizeof c->device->log.pcr[0]);
    assert_attempt(c, &(struct verifier_case_round){.tpm = other}, REASON_QUOTE_SIGNATURE);
}

static void
refuses_a_body_that_is_no_frame(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    struct freshness_key keys[2];
    const char *id = c->device->subject.device_id;
    verifier_case_challenge(c, id, NULL, c->now_ms, (struct bytes){0}, &token);
    assert_status(STATUS_OK, keyring_challenge_keys(c->verifier.keyring, c->now_ms, keys));
    const struct freshness_context context = {
        .device_id = id, .origin = VERIFIER_CASE_ORIGIN, .now_ms = c->now_ms};
    assert_status(STATUS_OK,
                  freshness_verify(keys, 2, buffer_bytes(&token), &context, &f, &reasons));
    for (int json = 0; json < 2; json++) {
        CLEANUP(attest_answer_clear) struct attest_answer a = {0};
        const struct attest_request request = {.device_id = id,
                                               .body = bytes_of_text("]"),
                                               .json = json == 1,
                                               .freshness = f,
                                               .origin = VERIFIER_CASE_ORIGIN,
                                               .now_ms = c->now_ms};
        assert_status(STATUS_OK, attest_round(&c->verifier, c->h, &request, &a));
        assert_int_equal(REASON_EVIDENCE_MALFORMED, a.attempt);
    }
    assert_int_equal(0, verifier_case_n_attestations(c));
}

/* ---- the commit ---- */

static void
runs_again_when_the_device_changed_meanwhile(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    refuse_commits(2, STATUS_CONFLICT, STATUS_OK);
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_round(&a, VERDICT_TRUSTED);
    assert_int_equal(3, store.n_calls);
    assert_int_equal(1, verifier_case_n_attestations(c));
}

static void
assert_failed(struct verifier_case *c, enum status expected)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    assert_status(expected, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_null(a.token);
    assert_int_equal(0, a.body.size);
    assert_int_equal(0, verifier_case_n_attestations(c));
}

static void
gives_up_after_three_conflicts(void **state)
{
    refuse_commits(4, STATUS_CONFLICT, STATUS_OK);
    assert_failed(*state, STATUS_BUSY);
    assert_int_equal(3, store.n_calls);
    refuse_commits(0, STATUS_OK, STATUS_OK);
}

static void
threat_58_drops_the_token_when_the_outcome_is_unknown(void **state)
{
    refuse_commits(1, STATUS_OK, STATUS_UNCERTAIN);
    assert_failed(*state, STATUS_UNCERTAIN);
    assert_int_equal(1, store.n_calls);
}

static void
threat_58_drops_the_token_when_the_store_refuses_the_group(void **state)
{
    refuse_commits(1, STATUS_OK, STATUS_STORE);
    assert_failed(*state, STATUS_STORE);
}

static void
drops_the_token_when_the_store_refuses_the_round(void **state)
{
    refuse_commits(1, STATUS_STORE, STATUS_OK);
    assert_failed(*state, STATUS_STORE);
}

static void
threat_47_tells_of_a_challenge_that_another_round_spent_first(void **state)
{
    refuse_commits(1, STATUS_STALE, STATUS_OK);
    assert_attempt(*state, &(struct verifier_case_round){0}, REASON_CHALLENGE_SPENT);
}

struct rival {
    pthread_t thread;
    struct verifier_case c; /* a copy: its own hasher and time */
    struct tpm_builder tpm; /* the device's, with a hasher for this thread */
    struct verifier_case_round round;
    struct attest_answer answer;
    enum status status;
};

static void *
attest(void *argument)
{
    struct rival *r = argument;
    r->status = verifier_case_attest(&r->c, &r->round, &r->answer);
    return NULL;
}

static void
threat_11_lets_one_of_two_rounds_over_one_challenge_win(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct rival rivals[2] = {{0}};
    verifier_case_documents(c);
    verifier_case_challenge(c, c->device->subject.device_id, NULL, c->now_ms, (struct bytes){0},
                            &token);
    appraise_case_take_pcrs(c->device);
    for (size_t i = 0; i < 2; i++) {
        rivals[i].c = *c;
        rivals[i].tpm = *c->device->tpm;
        assert_status(STATUS_OK, hasher_new(&rivals[i].c.h));
        rivals[i].tpm.hasher = rivals[i].c.h;
        rivals[i].round.tpm = &rivals[i].tpm;
        rivals[i].round.token = buffer_bytes(&token);
        assert_int_equal(0, pthread_create(&rivals[i].thread, NULL, attest, &rivals[i]));
    }
    size_t n_won = 0;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(0, pthread_join(rivals[i].thread, NULL));
        assert_status(STATUS_OK, rivals[i].status);
        n_won += rivals[i].answer.attempt == REASON_NONE;
        if (rivals[i].answer.attempt != REASON_NONE)
            assert_int_equal(REASON_CHALLENGE_SPENT, rivals[i].answer.attempt);
        attest_answer_clear(&rivals[i].answer);
        hasher_free(rivals[i].c.h);
    }
    assert_int_equal(1, n_won);
    assert_int_equal(1, verifier_case_n_attestations(c));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(trusts_a_boot_that_its_documents_approve),
        VERIFIER_CASE(lets_each_perspective_age_by_its_own_policy),
        VERIFIER_CASE(signs_and_stores_a_refusal_as_it_does_a_pass),
        VERIFIER_CASE(says_nothing_of_a_device_that_no_policy_selects),
        VERIFIER_CASE(never_trusts_a_quarantined_device),
        VERIFIER_CASE(takes_json_and_answers_in_the_dialect_asked_for),
        VERIFIER_CASE(says_whether_the_quote_is_bound_to_the_channel),
        VERIFIER_CASE(knows_no_device_but_those_enrolled),
        VERIFIER_CASE(takes_no_evidence_of_a_device_out_of_service),
        VERIFIER_CASE(threat_47_supersedes_a_challenge_of_an_older_selection),
        VERIFIER_CASE(threat_11_spends_a_challenge_once),
        VERIFIER_CASE(spends_a_challenge_whatever_the_verdict),
        VERIFIER_CASE(threat_46_answers_what_is_wrong_before_a_quote_exists),
        VERIFIER_CASE(refuses_a_quote_of_another_tpm),
        VERIFIER_CASE(refuses_a_body_that_is_no_frame),
        VERIFIER_CASE(runs_again_when_the_device_changed_meanwhile),
        VERIFIER_CASE(gives_up_after_three_conflicts),
        VERIFIER_CASE(threat_58_drops_the_token_when_the_outcome_is_unknown),
        VERIFIER_CASE(threat_58_drops_the_token_when_the_store_refuses_the_group),
        VERIFIER_CASE(drops_the_token_when_the_store_refuses_the_round),
        VERIFIER_CASE(threat_47_tells_of_a_challenge_that_another_round_spent_first),
        VERIFIER_CASE(threat_11_lets_one_of_two_rounds_over_one_challenge_win),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
