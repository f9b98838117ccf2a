/* SPDX-License-Identifier: Apache-2.0 */
/* Who is let in, and as whom, asked through whole enrolments. */
#include "base/cleanup.h"
#include "base/log.h"
#include "tests/lib/applicant.h"
#include "tests/lib/store_sql.h"

/* ---- member by ---- */

static void
enrolls_an_expected_device_by_the_list(void **state)
{
    struct applicant *f = *state;
    applicant_expect(f);
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_LIST);
}

static void
enrolls_by_a_join_token_and_spends_it(void **state)
{
    struct applicant *f = *state;
    applicant_make_token(f, "join-me", 1, APPLICANT_NOW_S + 3600);
    applicant_use_token(&f->body, "join-me");
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_TOKEN);
    CLEANUP(ek_builder_freep) struct ek_builder *other = ek_builder_new("L-2");
    struct ek_builder *mine = f->ek;
    CLEANUP(enrollment_body_free) struct enrollment_body second = {0};
    f->ek = other;
    applicant_body(f, &second);
    applicant_use_token(&second, "join-me");
    f->ek = mine;
    applicant_assert_refused(f, &second, REASON_ENROLL_TOKEN);
}

/* Between the two halves somebody else was faster. */
static void
refuses_a_token_that_was_spent_meanwhile(void **state)
{
    struct applicant *f = *state;
    applicant_make_token(f, "join-me", 1, APPLICANT_NOW_S + 3600);
    applicant_use_token(&f->body, "join-me");
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer);
    assert_status(STATUS_OK, store_remove_token(f->verifier.store, &applicant_operator,
                                                STORE_TOKEN_JOIN, "join-me"));
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_not_activated(&o, REASON_ENROLL_TOKEN);
    const struct store_device_filter all = {.limit = 10};
    CLEANUP(store_device_list_clear) struct store_device_list list = {0};
    assert_status(STATUS_OK, store_list_devices(f->verifier.store, &all, &list));
    assert_int_equal(0, list.n_items);
}

static void
refuses_an_unknown_and_an_expired_token(void **state)
{
    struct applicant *f = *state;
    applicant_make_token(f, "old", 1, APPLICANT_NOW_S - 1);
    applicant_use_token(&f->body, "old");
    applicant_assert_refused(f, &f->body, REASON_ENROLL_TOKEN);
    applicant_use_token(&f->body, "never-made");
    applicant_assert_refused(f, &f->body, REASON_ENROLL_TOKEN);
}

/* threats 48: a vendor's chain admits nobody. */
static void
threat_48_keeps_a_genuine_stranger_waiting(void **state)
{
    struct applicant *f = *state;
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
    applicant_set_state(f, LIFE_CYCLE_ENROLLED);
    applicant_enroll(f, &f->body, STORE_ENROLLED_AGAIN, LIFE_CYCLE_ENROLLED, MEMBER_BY_APPROVAL);
}

static void
refuses_a_stranger_where_nobody_approves(void **state)
{
    struct applicant *f = *state;
    applicant_override(f, "enrollment", "approval", "no");
    applicant_assert_refused(f, &f->body, REASON_ENROLL_NOT_MEMBER);
}

static void
admits_at_first_use_only_where_it_is_open(void **state)
{
    struct applicant *f = *state;
    applicant_override(f, "enrollment", "open", "yes");
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_FIRST_USE);
}

static void
lets_a_waiting_device_in_by_token(void **state)
{
    struct applicant *f = *state;
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
    applicant_make_token(f, "join-me", 1, APPLICANT_NOW_S + 3600);
    applicant_use_token(&f->body, "join-me");
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_TOKEN);
}

static void
refuses_a_revoked_device(void **state)
{
    struct applicant *f = *state;
    applicant_expect(f);
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_LIST);
    applicant_set_state(f, LIFE_CYCLE_REVOKED);
    applicant_assert_refused(f, &f->body, REASON_ENROLL_REVOKED);
    applicant_set_state(f, LIFE_CYCLE_DECOMMISSIONED);
    applicant_assert_refused(f, &f->body, REASON_ENROLL_REVOKED);
}

/* ---- one device, one TPM ---- */

static void
answers_the_same_ak_the_same_way(void **state)
{
    struct applicant *f = *state;
    applicant_make_token(f, "join-me", 1, APPLICANT_NOW_S + 3600);
    applicant_use_token(&f->body, "join-me");
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome first = applicant_activate(f, &offer);
    applicant_assert_outcome(&first, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_TOKEN);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome second = applicant_activate(f, &offer);
    applicant_assert_outcome(&second, STORE_ENROLLED_AGAIN, LIFE_CYCLE_ENROLLED, MEMBER_BY_TOKEN);
}

/* threats 19: identity belongs to the EK; a new AK replaces the old one of an enrolled device. */
static void
threat_19_takes_a_new_ak_of_an_enrolled_device(void **state)
{
    struct applicant *f = *state;
    applicant_expect(f);
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_ENROLLED, MEMBER_BY_LIST);
    tpm_builder_free(f->ak);
    f->ak = tpm_builder_new(TPM_BUILDER_P384, ALG_SHA256);
    CLEANUP(enrollment_body_free) struct enrollment_body again = {0};
    applicant_body(f, &again);
    applicant_enroll(f, &again, STORE_ENROLLED_NEW_AK, LIFE_CYCLE_ENROLLED, MEMBER_BY_LIST);
    applicant_set_state(f, LIFE_CYCLE_QUARANTINED);
    tpm_builder_free(f->ak);
    f->ak = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    CLEANUP(enrollment_body_free) struct enrollment_body third = {0};
    applicant_body(f, &third);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &third);
    applicant_assert_offered(&offer);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_not_activated(&o, REASON_ENROLL_REVOKED);
}

/* threats 19: an EK that another device activated is not shared, whatever is sent beside it; one
 * that it only listed is its word alone, and the same AK gives the same TPM away. */
static void
threat_19_ek_of_another_device_is_refused(void **state)
{
    struct applicant *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *second = ek_builder_new("H-3");
    applicant_add_ek(second, NULL, true, &f->body);
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
    applicant_override(f, "enrollment", "genuine", "unverified");
    applicant_reopen(f);
    CLEANUP(enrollment_body_free) struct enrollment_body alone = {0};
    applicant_add_ek(second, NULL, false, &alone);
    tpm_builder_public(f->ak, &alone.ak_public);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &alone);
    applicant_assert_offered(&offer);
    CLEANUP(ek_builder_freep) struct ek_builder *third = ek_builder_new("L-2");
    CLEANUP(enrollment_body_free) struct enrollment_body beside = {0};
    applicant_add_ek(third, NULL, false, &beside);
    applicant_add_ek(f->ek, NULL, false, &beside);
    tpm_builder_public(f->ak, &beside.ak_public);
    applicant_assert_refused(f, &beside, REASON_EK_SAME_TPM);
    applicant_override(f, "enrollment", "approval", "no");
    CLEANUP(enroll_offer_clear) struct enroll_offer refused = applicant_begin(f, &beside);
    assert_int_equal(1, refused.reasons.n_items); /* whatever else it is not */
}

static void
threat_19_ak_of_another_device_is_refused(void **state)
{
    struct applicant *f = *state;
    applicant_enroll(f, &f->body, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
    ek_builder_free(f->ek);
    f->ek = ek_builder_new("L-2");
    applicant_override(f, "enrollment", "genuine", "unverified");
    applicant_reopen(f);
    CLEANUP(enrollment_body_free) struct enrollment_body other = {0};
    applicant_body(f, &other);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &other);
    applicant_assert_offered(&offer);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_not_activated(&o, REASON_EK_SAME_TPM);
}

/* The store's own test fills it the same way. */
static void
fill_with_pending(const struct applicant *f)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %u)"
                   " INSERT INTO device (id, ueid, version, state, genuine, member_by, verdict,"
                   " ek_sha256, ak_serial, created_s, enrolled_s, attested_s, spent_ms) SELECT"
                   " printf('%%032x', i), x'01', 1, 'pending', 'unverified', 'none', 'none', x'00',"
                   " 0, %lld, 0, 0, 0 FROM n",
                   LIMIT_PENDING_DEVICES, (long long)APPLICANT_NOW_S);
    store_sql(f->directory, sql);
}

static void
refuses_another_waiting_device_when_it_is_full(void **state)
{
    struct applicant *f = *state;
    fill_with_pending(f);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_not_activated(&o, REASON_ENROLL_FULL);
}

/* Else an EK that is another device's would be let in. */
static void
offers_nothing_when_the_store_cannot_tell_whose_an_ek_is(void **state)
{
    struct applicant *f = *state;
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = {0};
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S);
    store_sql(f->directory, "DROP TABLE ek");
    assert_status(STATUS_STORE, enroll_begin(&f->verifier, f->hasher, &who, &f->body, &offer));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPLICANT_CASE(enrolls_an_expected_device_by_the_list),
        APPLICANT_CASE(enrolls_by_a_join_token_and_spends_it),
        APPLICANT_CASE(refuses_a_token_that_was_spent_meanwhile),
        APPLICANT_CASE(refuses_an_unknown_and_an_expired_token),
        APPLICANT_CASE(threat_48_keeps_a_genuine_stranger_waiting),
        APPLICANT_CASE(refuses_a_stranger_where_nobody_approves),
        APPLICANT_CASE(admits_at_first_use_only_where_it_is_open),
        APPLICANT_CASE(lets_a_waiting_device_in_by_token),
        APPLICANT_CASE(refuses_a_revoked_device),
        APPLICANT_CASE(answers_the_same_ak_the_same_way),
        APPLICANT_CASE(threat_19_takes_a_new_ak_of_an_enrolled_device),
        APPLICANT_CASE(threat_19_ek_of_another_device_is_refused),
        APPLICANT_CASE(threat_19_ak_of_another_device_is_refused),
        APPLICANT_CASE(refuses_another_waiting_device_when_it_is_full),
        APPLICANT_CASE(offers_nothing_when_the_store_cannot_tell_whose_an_ek_is),
    };
    log_open("test-membership", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
