/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a quote is bound to, and by whom: the same changed one at a time. Names begin with the row
 * of the threats that they answer.
 */
#include "base/cleanup.h"
#include "tests/lib/quote_case.h"
#include "tests/lib/test.h"

#include <string.h>

static void
quote_tells_counters_values_and_binding(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct tpm_builder t = *quote_case_tpm;
    t.clock_ms = 0x123456789A;
    t.reset_count = 77;
    t.restart_count = 3;
    t.safe = false;
    t.firmware_version = 0xFEDCBA9876543210;
    b.tpm = &t;
    round_builder_make(&b, &r);
    assert_status(STATUS_OK, quote_verify(t.hasher, &r.evidence, r.ak, r.freshness, &q, &reasons));
    const struct quote_counters *c = quote_counters(q);
    assert_int_equal(0x123456789A, c->clock_ms);
    assert_int_equal(77, c->reset_count);
    assert_int_equal(3, c->restart_count);
    assert_false(c->safe);
    assert_int_equal(0xFEDCBA9876543210, c->firmware_version);
    assert_true(selection_equal(&quote_case_banks, quote_selection(q)));
    assert_int_equal(FRESHNESS_CHALLENGE, quote_freshness(q));
    assert_int_equal(freshness_time_ms(r.freshness), quote_time_ms(q));
    assert_true(quote_exporter_bound(q));
    assert_int_equal(10, quote_manifest(q)->entries[MANIFEST_BOOT_LOG].size);
    assert_true(bytes_equal(ak_name(r.ak), quote_ak_name(q)));
}

static void
threat_10_another_challenge_is_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual(), later = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0}, next = {0};
    round_builder_make(&b, &r);
    later.issued_ms = freshness_time_ms(r.freshness) + 1;
    round_builder_make(&later, &next);
    quote_case_claim_with(REASON_QUOTE_EXTRA_DATA, &r, next.freshness, r.ak);
    quote_case_claim_with(REASON_QUOTE_EXTRA_DATA, &next, r.freshness, r.ak);
}

static void
threat_10_given_data_are_compared_whole(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_make(&b, &r);
    uint8_t data[DIGEST_SHA256_SIZE + 1] = {0};
    memcpy(data, r.extra_data.data, DIGEST_SHA256_SIZE);
    for (size_t size = 0; size <= sizeof data; size++) {
        CLEANUP(freshness_freep) struct freshness *given = NULL;
        assert_status(STATUS_OK, freshness_given(bytes_of(data, size), &quote_case_banks, &given));
        quote_case_claim_with(size == DIGEST_SHA256_SIZE ? REASON_NONE : REASON_QUOTE_EXTRA_DATA,
                              &r, given, r.ak);
    }
}

static void
threat_12_answer_of_another_device_is_refused(void **state)
{
    (void)state;
    struct round_builder ours = quote_case_usual(), theirs = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0}, foreign = {0};
    theirs.device_id = "ffeeddccbbaa99887766554433221100";
    round_builder_make(&ours, &r);
    round_builder_make(&theirs, &foreign);
    quote_case_claim_with(REASON_QUOTE_EXTRA_DATA, &r, foreign.freshness, r.ak);
}

static void
threat_13_relayed_answer_over_another_origin_or_channel_is_refused(void **state)
{
    (void)state;
    static const uint8_t elsewhere[BINDING_EXPORTER_SIZE] = {8};
    struct round_builder b = quote_case_usual(), origin = quote_case_usual(),
                         channel = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_make(&b, &r);
    origin.origin = "https://attest.example.net";
    channel.exporter = bytes_of(elsewhere, sizeof elsewhere);
    CLEANUP(freshness_freep) struct freshness *at_origin = round_builder_freshness(&origin, &r);
    CLEANUP(freshness_freep) struct freshness *on_channel = round_builder_freshness(&channel, &r);
    quote_case_claim_with(REASON_QUOTE_EXTRA_DATA, &r, at_origin, r.ak);
    quote_case_claim_with(REASON_QUOTE_EXTRA_DATA, &r, on_channel, r.ak);
}

static void
threat_14_member_that_the_manifest_does_not_name_is_refused(void **state)
{
    (void)state;
    static const enum evidence_member members[] = {EVIDENCE_BOOT_LOG, EVIDENCE_CLAIMS};
    for (size_t i = 0; i < 2; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        b.boot_log = b.claims = (struct bytes){0};
        round_builder_make(&b, &r);
        quote_case_claim(REASON_NONE, &r);
        r.evidence.present[members[i]] = true;
        r.evidence.member[members[i]] = bytes_of_text("put in");
        quote_case_claim(REASON_EVIDENCE_MANIFEST, &r);
        r.evidence.member[members[i]] = bytes_of_text("");
        quote_case_claim(REASON_EVIDENCE_MANIFEST, &r);
    }
}

static void
threat_14_exchanged_members_are_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_make(&b, &r);
    r.evidence.member[EVIDENCE_BOOT_LOG] = b.claims;
    r.evidence.member[EVIDENCE_CLAIMS] = b.boot_log;
    quote_case_claim(REASON_EVIDENCE_MANIFEST, &r);
}

static void
boot_log_may_be_sent_by_reference(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    b.boot_log_by_reference = true;
    round_builder_make(&b, &r);
    assert_status(STATUS_OK, quote_verify(quote_case_tpm->hasher, &r.evidence, r.ak, r.freshness,
                                          &q, &reasons));
    assert_non_null(q);
    assert_true(quote_manifest(q)->entries[MANIFEST_BOOT_LOG].present);
}

/* Signed over, but no manifest: the binding alone does not make it one. */
static void
manifest_that_is_none_is_refused(void **state)
{
    (void)state;
    static const uint8_t not_a_map = 0x80;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_begin(&b, &r);
    uint8_t extra_data[DIGEST_SHA256_SIZE];
    CLEANUP(buffer_free) struct buffer expected = {0};
    assert_status(STATUS_OK,
                  freshness_extra_data(quote_case_tpm->hasher, r.freshness, ak_name(r.ak),
                                       bytes_of(&not_a_map, 1), &expected));
    memcpy(extra_data, expected.data, sizeof extra_data);
    r.quote.extra_data = bytes_of(extra_data, sizeof extra_data);
    round_builder_finish(&b, &r);
    r.evidence.member[EVIDENCE_MANIFEST] = bytes_of(&not_a_map, 1);
    quote_case_claim(REASON_EVIDENCE_MANIFEST, &r);
}

static void
threat_15_another_key_than_the_enrolled_one_is_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(ak_freep) struct ak *stranger = tpm_builder_ak(quote_case_other);
    round_builder_make(&b, &r);
    quote_case_claim_with(REASON_QUOTE_SIGNATURE, &r, r.freshness, stranger);
}

static void
claim_signer(enum reason_code expected, struct bytes signer)
{
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_begin(&b, &r);
    r.quote.qualified_signer = signer;
    round_builder_finish(&b, &r);
    quote_case_claim(expected, &r);
}

/* Then its counters would be disguised, and its hierarchy be another's. */
static void
key_of_another_hierarchy_or_parent_is_refused(void **state)
{
    (void)state;
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(quote_case_tpm);
    CLEANUP(buffer_free) struct buffer owner = {0}, child = {0};
    struct digest d;
    claim_signer(REASON_NONE, ak_qualified_name(ak));
    claim_signer(REASON_QUOTE_SIGNER, ak_name(ak));
    claim_signer(REASON_QUOTE_SIGNER, bytes_of(ak_name(ak).data, 0));
    assert_status(STATUS_OK,
                  tpm_qualified_name(quote_case_tpm->hasher, 0x40000001, ak_name(ak), &owner));
    claim_signer(REASON_QUOTE_SIGNER, buffer_bytes(&owner));
    const struct bytes parts[] = {ak_qualified_name(ak), ak_name(ak)};
    assert_status(STATUS_OK,
                  digest_compute_parts(quote_case_tpm->hasher, ALG_SHA256, parts, 2, &d));
    buffer_append_be16(&child, ALG_SHA256);
    buffer_append(&child, digest_bytes(&d));
    claim_signer(REASON_QUOTE_SIGNER, buffer_bytes(&child));
}

/* A challenge is answered by an enrolled key only, not by one of which nothing is known. */
static void
bare_key_cannot_answer_a_challenge(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(ak_freep) struct ak *bare = NULL;
    CLEANUP(freshness_freep) struct freshness *given = NULL;
    round_builder_make(&b, &r);
    assert_status(STATUS_OK, key_spki(quote_case_tpm->key, &spki));
    assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&spki), &bare, NULL));
    quote_case_claim_with(REASON_QUOTE_SIGNER, &r, r.freshness, bare);
    r.quote.qualified_signer = bytes_of(r.attest.data, 0); /* as empty as what is known */
    round_builder_finish(&b, &r);
    quote_case_claim_with(REASON_QUOTE_SIGNER, &r, r.freshness, bare);
    assert_status(STATUS_OK,
                  freshness_given(buffer_bytes(&r.extra_data), &quote_case_banks, &given));
    quote_case_claim_with(REASON_NONE, &r, given, bare);
}

static void
offline_quote_without_values_binds_none(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(freshness_freep) struct freshness *given = NULL;
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    round_builder_make(&b, &r);
    r.evidence.present[EVIDENCE_PCRS] = false;
    assert_status(STATUS_OK,
                  freshness_given(buffer_bytes(&r.extra_data), &quote_case_banks, &given));
    assert_status(STATUS_OK,
                  quote_verify(quote_case_tpm->hasher, &r.evidence, r.ak, given, &q, &reasons));
    assert_non_null(q);
    assert_null(quote_pcr(q, ALG_SHA256, 0));
    assert_int_equal(-1, quote_time_ms(q));
    assert_int_equal(FRESHNESS_GIVEN, quote_freshness(q));
    assert_false(quote_exporter_bound(q));
    assert_false(quote_manifest(q)->entries[MANIFEST_BOOT_LOG].present);
}

/* Threat 34: what the manifest claims of a member is bounded like the member. */
static void
threat_34_manifest_with_a_size_above_its_members_limit_is_refused(void **state)
{
    (void)state;
    struct manifest m = {.entries = {[MANIFEST_CLAIMS] = {.present = true, .size = UINT32_MAX}}};
    CLEANUP(buffer_free) struct buffer bytes = {0};
    assert_status(STATUS_OK, manifest_encode(&m, &bytes));
    assert_status(STATUS_LIMIT, manifest_parse(buffer_bytes(&bytes), &m, NULL));
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_begin(&b, &r);
    uint8_t extra_data[DIGEST_SHA256_SIZE];
    CLEANUP(buffer_free) struct buffer expected = {0};
    assert_status(STATUS_OK, freshness_extra_data(quote_case_tpm->hasher, r.freshness,
                                                  ak_name(r.ak), buffer_bytes(&bytes), &expected));
    memcpy(extra_data, expected.data, sizeof extra_data);
    r.quote.extra_data = bytes_of(extra_data, sizeof extra_data);
    round_builder_finish(&b, &r);
    r.evidence.member[EVIDENCE_MANIFEST] = buffer_bytes(&bytes);
    quote_case_claim(REASON_EVIDENCE_MANIFEST, &r);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quote_tells_counters_values_and_binding),
        cmocka_unit_test(threat_10_another_challenge_is_refused),
        cmocka_unit_test(threat_10_given_data_are_compared_whole),
        cmocka_unit_test(threat_12_answer_of_another_device_is_refused),
        cmocka_unit_test(threat_13_relayed_answer_over_another_origin_or_channel_is_refused),
        cmocka_unit_test(threat_14_member_that_the_manifest_does_not_name_is_refused),
        cmocka_unit_test(threat_14_exchanged_members_are_refused),
        cmocka_unit_test(boot_log_may_be_sent_by_reference),
        cmocka_unit_test(manifest_that_is_none_is_refused),
        cmocka_unit_test(threat_15_another_key_than_the_enrolled_one_is_refused),
        cmocka_unit_test(key_of_another_hierarchy_or_parent_is_refused),
        cmocka_unit_test(bare_key_cannot_answer_a_challenge),
        cmocka_unit_test(offline_quote_without_values_binds_none),
        cmocka_unit_test(threat_34_manifest_with_a_size_above_its_members_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, quote_case_setup, quote_case_teardown);
}
