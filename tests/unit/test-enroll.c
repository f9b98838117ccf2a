/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment from body to device on a store of its own, the TPM played by tests/lib. */
#include "base/cleanup.h"
#include "base/log.h"
#include "tests/lib/applicant.h"

#include <string.h>

/* ---- genuine ---- */

static void
wants_a_verified_certificate_by_default(void **state)
{
    struct applicant *f = *state;
    CLEANUP(enrollment_body_free) struct enrollment_body bare = {0};
    applicant_body(f, &bare);
    buffer_reset(&bare.eks[0].certificate);
    applicant_assert_refused(f, &bare, REASON_EK_CHAIN);
    CLEANUP(enrollment_body_free) struct enrollment_body orphan = {0};
    applicant_body(f, &orphan);
    orphan.n_certificates = 0;
    applicant_assert_refused(f, &orphan, REASON_EK_CHAIN);
}

static void
takes_it_where_policy_demands(struct applicant *f, enum genuine genuine)
{
    applicant_override(f, "enrollment", "genuine", genuine_name(genuine));
    applicant_reopen(f);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_outcome(&o, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
    assert_int_equal(o.device.genuine, genuine);
}

static void
takes_any_ek_only_where_policy_says_so(void **state)
{
    struct applicant *f = *state;
    buffer_reset(&f->body.eks[0].certificate);
    takes_it_where_policy_demands(f, GENUINE_UNVERIFIED);
}

static void
replace_certificate(struct applicant *f, const struct ek_builder_spec *spec,
                    struct enrollment_body *body)
{
    buffer_reset(&body->eks[0].certificate);
    ek_builder_certificate(f->ek, spec, NULL, &body->eks[0].certificate);
}

/* threats 45: a simulator is refused unless policy names it. */
static void
refuses_software_unless_policy_names_it(void **state)
{
    struct applicant *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.manufacturer = "id:00001014";
    spec.model = "swtpm";
    replace_certificate(f, &spec, &f->body);
    applicant_assert_refused(f, &f->body, REASON_EK_SOFTWARE);
    takes_it_where_policy_demands(f, GENUINE_SOFTWARE);
}

static void
refuses_a_revoked_ek_whatever_policy_says(void **state)
{
    struct applicant *f = *state;
    CLEANUP(buffer_free) struct buffer crl = {0};
    ek_builder_crl(&f->ek->intermediate, 77, APPLICANT_NOW_S + 86400, &crl);
    applicant_save(f, "bundle/crl", buffer_bytes(&crl));
    applicant_override(f, "enrollment", "genuine", "unverified");
    applicant_reopen(f);
    applicant_assert_refused(f, &f->body, REASON_EK_REVOKED);
}

static void
refuses_a_certificate_of_another_ek(void **state)
{
    struct applicant *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *other = ek_builder_new("L-2");
    struct ek_builder_spec spec = ek_builder_spec_ek(other);
    buffer_reset(&f->body.eks[0].certificate);
    ek_builder_certificate(other, &spec, &f->ek->intermediate, &f->body.eks[0].certificate);
    applicant_assert_refused(f, &f->body, REASON_EK_CERTIFICATE_KEY);
}

static void
reads_every_ek_that_is_sent(void **state)
{
    struct applicant *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *second = ek_builder_new("H-3");
    second->attributes |= TPM_OBJECT_SIGN;
    applicant_add_ek(second, NULL, true, &f->body);
    applicant_assert_refused(f, &f->body, REASON_EK_TEMPLATE);
    CLEANUP(enrollment_body_free) struct enrollment_body junk = {0};
    applicant_body(f, &junk);
    buffer_reset(&junk.eks[0].certificate);
    buffer_append_text(&junk.eks[0].certificate, "junk");
    applicant_assert_refused(f, &junk, REASON_EK_MALFORMED);
}

static void
takes_an_oddity_only_where_policy_names_it(void **state)
{
    struct applicant *f = *state;
    struct ek_builder_spec spec = ek_builder_spec_ek(f->ek);
    spec.extended_usage = NULL;
    replace_certificate(f, &spec, &f->body);
    applicant_assert_refused(f, &f->body, REASON_EK_USAGE);
    applicant_override(f, "enrollment", "oddities", "missing-eku");
    applicant_reopen(f);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer);
}

/* threats 18. */
static void
refuses_firmware_that_an_advisory_names(void **state)
{
    struct applicant *f = *state;
    applicant_save(
        f, "advisories.json",
        bytes_of_text("{\"advisories\":[{\"id\":\"TEST-1\",\"manufacturer\":\"STM\",\"firmware\":["
                      "{\"from\":\"0001000000000000\",\"below\":\"0001010300000000\"}]}]}"));
    assert_status(STATUS_OK, enroll_reload(f->verifier.enroll, &f->config, APPLICANT_NOW_S, NULL));
    applicant_assert_refused(f, &f->body, REASON_EK_ADVISORY);
    f->body.claimed_firmware = 0x0001010300000000;
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer);
}

/* threats 18: by the quoted firmware, since what was claimed at enrolment may have been a lie. */
static void
tells_each_round_of_the_tpm_and_its_advisories(void **state)
{
    struct applicant *f = *state;
    CLEANUP(reasons_free) struct reasons found = {0};
    CLEANUP(reasons_free) struct reasons later = {0};
    struct enrollment_tpm tpm;
    uint8_t trust[DIGEST_SHA256_SIZE];
    uint8_t trust_later[DIGEST_SHA256_SIZE];
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome o = applicant_activate(f, &offer);
    applicant_assert_outcome(&o, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
    enrollment_tpm_parse(o.device.tpm_json, &tpm);
    enroll_describe_tpm(f->verifier.enroll, &tpm, 0x0001010200000000, &found, trust);
    assert_int_equal(found.n_items, 1);
    assert_int_equal(found.items[0].code, REASON_DEVICE_TPM);
    assert_string_equal(found.items[0].what, "certificate");
    assert_string_equal(found.items[0].found, "discrete");
    assert_true(tpm.certified);
    assert_string_equal(tpm.kind, "discrete");
    applicant_save(
        f, "advisories.json",
        bytes_of_text("{\"advisories\":[{\"id\":\"TEST-1\",\"manufacturer\":\"STM\",\"firmware\":["
                      "{\"from\":\"0001000000000000\",\"below\":\"0001010300000000\"}]}]}"));
    assert_status(STATUS_OK, enroll_reload(f->verifier.enroll, &f->config, APPLICANT_NOW_S, NULL));
    enroll_describe_tpm(f->verifier.enroll, &tpm, 0x0001010200000000, &later, trust_later);
    assert_non_null(reasons_find(&later, REASON_DEVICE_ADVISORY));
    assert_memory_not_equal(trust, trust_later, sizeof trust);
}

/* threats 16. */
static void
refuses_an_ak_that_may_not_quote(void **state)
{
    struct applicant *f = *state;
    CLEANUP(enrollment_body_free) struct enrollment_body body = {0};
    f->ak->attributes &= ~TPM_OBJECT_RESTRICTED;
    applicant_body(f, &body);
    applicant_assert_refused(f, &body, REASON_AK_ATTRIBUTES);
}

/* ---- the proof ---- */

static void
refuses_a_wrong_proof(void **state)
{
    struct applicant *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_prove(f, f->ek, f->ak, &offer, proof);
    proof[31] ^= 1;
    CLEANUP(enroll_outcome_clear)
    struct enroll_outcome o = applicant_activate_at(f, &who, &offer, proof);
    applicant_assert_not_activated(&o, REASON_ENROLL_PROOF);
    char id[DEVICE_ID_SIZE];
    uint8_t sha256[DIGEST_SHA256_SIZE];
    applicant_ek_digest(f, sha256);
    assert_status(STATUS_NOT_FOUND, store_find_ek(f->verifier.store, sha256, id));
}

/* The AK's Name is in the credential's integrity, and in the proof. */
static void
refuses_a_proof_for_another_ak(void **state)
{
    struct applicant *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S);
    CLEANUP(tpm_builder_freep)
    struct tpm_builder *other = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_prove(f, f->ek, other, &offer, proof);
    CLEANUP(enroll_outcome_clear)
    struct enroll_outcome o = applicant_activate_at(f, &who, &offer, proof);
    applicant_assert_not_activated(&o, REASON_ENROLL_PROOF);
}

static void
refuses_a_proof_made_for_another_origin(void **state)
{
    struct applicant *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_prove(f, f->ek, f->ak, &offer, proof);
    who.origin = "https://other.example";
    CLEANUP(enroll_outcome_clear)
    struct enroll_outcome o = applicant_activate_at(f, &who, &offer, proof);
    applicant_assert_not_activated(&o, REASON_ENROLL_PROOF);
}

static void
refuses_an_enrolment_after_its_life(void **state)
{
    struct applicant *f = *state;
    uint8_t proof[DIGEST_SHA256_SIZE];
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_prove(f, f->ek, f->ak, &offer, proof);
    struct enroll_caller late = applicant_caller(APPLICANT_NOW_S + LIMIT_ENROLL_LIFE_S + 1);
    CLEANUP(enroll_outcome_clear)
    struct enroll_outcome o = applicant_activate_at(f, &late, &offer, proof);
    applicant_assert_not_activated(&o, REASON_ENROLL_EXPIRED);
    struct enroll_caller last = applicant_caller(APPLICANT_NOW_S + LIMIT_ENROLL_LIFE_S);
    CLEANUP(enroll_outcome_clear)
    struct enroll_outcome good = applicant_activate_at(f, &last, &offer, proof);
    applicant_assert_outcome(&good, STORE_ENROLLED_NEW, LIFE_CYCLE_PENDING, MEMBER_BY_NONE);
}

static void
refuses_an_identifier_with_any_byte_changed(void **state)
{
    struct applicant *f = *state;
    static const uint8_t proof[DIGEST_SHA256_SIZE];
    struct enroll_caller who = applicant_caller(APPLICANT_NOW_S);
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    for (size_t i = 0; i < offer.sealed.size; i++) {
        offer.sealed.data[i] ^= 1;
        CLEANUP(enroll_outcome_clear)
        struct enroll_outcome o = applicant_activate_at(f, &who, &offer, proof);
        applicant_assert_not_activated(&o, REASON_ENROLL_FOREIGN);
        offer.sealed.data[i] ^= 1;
    }
    struct enroll_outcome o;
    assert_status(STATUS_OK,
                  enroll_activate(&f->verifier, f->hasher, &who, "no base64!", proof, &o));
    applicant_assert_not_activated(&o, REASON_ENROLL_FOREIGN);
    enroll_outcome_clear(&o);
}

static void
counts_what_it_refuses(void **state)
{
    struct applicant *f = *state;
    CLEANUP(store_refusal_list_clear) struct store_refusal_list list = {0};
    applicant_use_token(&f->body, "never-made");
    applicant_assert_refused(f, &f->body, REASON_ENROLL_TOKEN);
    applicant_assert_refused(f, &f->body, REASON_ENROLL_TOKEN);
    store_tend(f->verifier.store);
    assert_status(STATUS_OK, store_list_refusals(f->verifier.store, NULL, 10, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].code, "enroll.token");
    assert_string_equal(list.items[0].address, APPLICANT_ADDRESS);
    assert_int_equal(list.items[0].count, 2);
    assert_int_equal(strlen(list.items[0].ek_sha256), 64);
}

/* ---- what stays open ---- */

static void
refuses_to_open_on_what_it_cannot_read(void **state)
{
    struct applicant *f = *state;
    struct diag diag = {0};
    struct enroll *e = NULL;
    applicant_save(f, "bundle/junk", bytes_of_text("junk"));
    assert_status(STATUS_INVALID, enroll_open(&f->config, APPLICANT_NOW_S, &e, &diag));
    assert_non_null(strstr(diag.text, "bundle/junk"));
    assert_status(STATUS_INVALID,
                  enroll_reload(f->verifier.enroll, &f->config, APPLICANT_NOW_S, &diag));
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = applicant_begin(f, &f->body);
    applicant_assert_offered(&offer); /* by what was loaded before */
}

static void
refuses_to_open_on_settings_that_mean_nothing(void **state)
{
    struct applicant *f = *state;
    static const struct {
        const char *key, *bad, *good, *says;
    } rows[] = {
        {"oddities", "missing-eku everything", "missing-eku", "everything is not the name of one"},
        {"genuine", "mostly", "verified", "enrollment.genuine is verified, software or unverified"},
        {"rate", "0", "1", "must be above 0"},
        {"rate_total", "0", "1", "must be above 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct diag diag = {0};
        struct enroll *e = NULL;
        applicant_override(f, "enrollment", rows[i].key, rows[i].bad);
        assert_status(STATUS_INVALID, enroll_open(&f->config, APPLICANT_NOW_S, &e, &diag));
        assert_null(e);
        assert_non_null(strstr(diag.text, rows[i].says));
        applicant_override(f, "enrollment", rows[i].key, rows[i].good);
    }
}

static void
limits_how_often_an_address_may_ask(void **state)
{
    struct applicant *f = *state;
    unsigned wait_s = 0;
    applicant_override(f, "enrollment", "rate", "2");
    applicant_reopen(f);
    assert_true(
        enroll_permits(f->verifier.enroll, APPLICANT_ADDRESS, APPLICANT_NOW_S * 1000, &wait_s));
    assert_true(
        enroll_permits(f->verifier.enroll, APPLICANT_ADDRESS, APPLICANT_NOW_S * 1000, &wait_s));
    assert_false(
        enroll_permits(f->verifier.enroll, APPLICANT_ADDRESS, APPLICANT_NOW_S * 1000, &wait_s));
    assert_true(wait_s > 0);
    assert_true(enroll_permits(f->verifier.enroll, "192.0.2.8", APPLICANT_NOW_S * 1000, &wait_s));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPLICANT_CASE(wants_a_verified_certificate_by_default),
        APPLICANT_CASE(takes_any_ek_only_where_policy_says_so),
        APPLICANT_CASE(refuses_software_unless_policy_names_it),
        APPLICANT_CASE(refuses_a_revoked_ek_whatever_policy_says),
        APPLICANT_CASE(refuses_a_certificate_of_another_ek),
        APPLICANT_CASE(reads_every_ek_that_is_sent),
        APPLICANT_CASE(takes_an_oddity_only_where_policy_names_it),
        APPLICANT_CASE(refuses_firmware_that_an_advisory_names),
        APPLICANT_CASE(tells_each_round_of_the_tpm_and_its_advisories),
        APPLICANT_CASE(refuses_an_ak_that_may_not_quote),
        APPLICANT_CASE(refuses_a_wrong_proof),
        APPLICANT_CASE(refuses_a_proof_for_another_ak),
        APPLICANT_CASE(refuses_a_proof_made_for_another_origin),
        APPLICANT_CASE(refuses_an_enrolment_after_its_life),
        APPLICANT_CASE(refuses_an_identifier_with_any_byte_changed),
        APPLICANT_CASE(counts_what_it_refuses),
        APPLICANT_CASE(refuses_to_open_on_what_it_cannot_read),
        APPLICANT_CASE(refuses_to_open_on_settings_that_mean_nothing),
        APPLICANT_CASE(limits_how_often_an_address_may_ask),
    };
    log_open("test-enroll", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
