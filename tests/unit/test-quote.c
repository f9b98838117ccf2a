/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A good round, and the same with exactly one thing of the quote changed: each has exactly one
 * reason. Names begin with the row of the threats that they answer.
 */
#include "base/cleanup.h"
#include "tests/lib/quote_case.h"
#include "tests/lib/test.h"

#include <string.h>

/* A round of b after change() has had the quote that is about to be signed. */
static void
claim_changed(enum reason_code expected, const struct round_builder *b,
              void (*change)(struct tpm_builder_quote *q))
{
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_begin(b, &r);
    change(&r.quote);
    round_builder_finish(b, &r);
    quote_case_claim(expected, &r);
}

static void
good_round_gives_a_quote(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_make(&b, &r);
    quote_case_claim(REASON_NONE, &r);
}

static void
good_round_of_each_kind_of_key_gives_a_quote(void **state)
{
    (void)state;
    static const uint16_t hashes[] = {ALG_SHA256, ALG_SHA384, ALG_SHA512};
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        CLEANUP(tpm_builder_freep)
        struct tpm_builder *t = tpm_builder_new((enum tpm_builder_key)kind, ALG_SHA256);
        for (size_t i = 0; i < 3; i++) {
            struct round_builder b = quote_case_usual();
            CLEANUP(round_built_free) struct round_built r = {0};
            t->hash = hashes[i];
            b.tpm = t;
            round_builder_make(&b, &r);
            quote_case_claim(REASON_NONE, &r);
        }
    }
}

static void
quote_holds_no_pointer_into_the_evidence(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    round_builder_make(&b, &r);
    CLEANUP(quote_freep) struct quote *q = quote_case_verify(&r, &reasons);
    round_built_free(&r);
    for (size_t bank = 0; bank < quote_case_banks.n_banks; bank++) {
        uint16_t alg = quote_case_banks.banks[bank].alg;
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            const struct digest *d = quote_pcr(q, alg, pcr);
            assert_int_equal(selection_has(&quote_case_banks, alg, pcr), d != NULL);
            if (d)
                assert_true(digest_equal(d, &quote_case_tpm->pcrs[alg_index(alg)][pcr]));
        }
    }
    assert_null(quote_pcr(q, ALG_SHA1, 0));
    assert_null(quote_pcr(q, ALG_SHA256, LIMIT_PCRS));
    assert_int_equal(34, quote_ak_name(q).size);
}

static void
set_magic(struct tpm_builder_quote *q)
{
    q->magic = 0xFF544348;
}

static void
clear_magic(struct tpm_builder_quote *q)
{
    q->magic = 0;
}

static void
threat_01_wrong_magic_is_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    claim_changed(REASON_QUOTE_MAGIC, &b, set_magic);
    claim_changed(REASON_QUOTE_MAGIC, &b, clear_magic);
}

static void
threat_02_another_type_than_a_quote_is_refused(void **state)
{
    (void)state;
    static const uint16_t types[] = {0x8014, 0x8015, 0x8016, 0x8017, 0x8019, 0x801A, 0x801C, 0};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        round_builder_begin(&b, &r);
        r.quote.type = types[i];
        round_builder_finish(&b, &r);
        quote_case_claim(REASON_QUOTE_TYPE, &r);
    }
}

/* A quote over another selection than asked for, honest in all else. */
static void
claim_selection(enum reason_code expected, const char *asked, const char *quoted)
{
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    b.selection = tpm_builder_selection(asked);
    round_builder_begin(&b, &r);
    r.quote.selection = tpm_builder_selection(quoted);
    round_builder_finish(&b, &r);
    quote_case_claim(expected, &r);
}

/* PCR 16 can be reset and extended by software until it holds what PCR 4 should. */
static void
threat_03_pcr_16_passed_off_as_a_boot_pcr_is_refused(void **state)
{
    (void)state;
    CLEANUP(tpm_builder_freep)
    struct tpm_builder *t = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built honest = {0}, masked = {0};
    b.tpm = t;
    b.selection = tpm_builder_selection("sha256:4");
    tpm_builder_extend_all(t, &b.selection);
    round_builder_make(&b, &honest);
    t->pcrs[alg_index(ALG_SHA256)][16] = t->pcrs[alg_index(ALG_SHA256)][4];
    round_builder_begin(&b, &masked);
    masked.quote.selection = tpm_builder_selection("sha256:16");
    round_builder_finish(&b, &masked);
    assert_true(bytes_equal(buffer_bytes(&honest.pcrs), buffer_bytes(&masked.pcrs)));
    quote_case_claim(REASON_NONE, &honest);
    quote_case_claim(REASON_QUOTE_SELECTION, &masked);
}

static void
threat_03_other_banks_bits_or_order_are_refused(void **state)
{
    (void)state;
    claim_selection(REASON_NONE, "sha256:0-7+sha384:0-7", "sha256:0-7+sha384:0-7");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7+sha384:0-7", "sha384:0-7+sha256:0-7");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7", "sha384:0-7");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7", "sha1:0-7");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7", "sha256:0-6,8");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7", "sha256:0-7+sha384:0");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7+sha384:0", "sha256:0-7");
}

static void
repeat_bank(struct tpm_builder_quote *q)
{
    q->selection.banks[1] = q->selection.banks[0];
}

static void
threat_03_duplicate_bank_is_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    claim_changed(REASON_QUOTE_MALFORMED, &b, repeat_bank);
}

static void
empty_banks(struct tpm_builder_quote *q)
{
    q->selection.banks[0].mask = 0;
    q->selection.banks[1].mask = 0;
}

static void
no_banks(struct tpm_builder_quote *q)
{
    q->selection.n_banks = 0;
}

static void
threat_04_empty_or_partial_selection_is_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    claim_changed(REASON_QUOTE_SELECTION, &b, no_banks);
    claim_changed(REASON_QUOTE_SELECTION, &b, empty_banks);
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7,10", "sha256:0-7");
    claim_selection(REASON_QUOTE_SELECTION, "sha256:0-7,10", "sha256:0-7,10,11");
}

/* Not even when a person asks for nothing. */
static void
threat_04_empty_selection_is_refused_offline_too(void **state)
{
    (void)state;
    static const struct selection nothing[] = {
        {0}, {.n_banks = 1, .banks = {{.alg = ALG_SHA256, .mask = 0}}}};
    for (size_t i = 0; i < 2; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        CLEANUP(freshness_freep) struct freshness *given = NULL;
        round_builder_begin(&b, &r);
        r.quote.selection = nothing[i];
        round_builder_finish(&b, &r);
        assert_status(STATUS_OK, freshness_given(buffer_bytes(&r.extra_data), &nothing[i], &given));
        quote_case_claim_with(REASON_QUOTE_SELECTION, &r, given, r.ak);
    }
}

static void
threat_05_composite_digest_of_another_size_is_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 20, 31, 33, 48, 64};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        CLEANUP(buffer_free) struct buffer values = {0};
        struct digest d;
        uint8_t cut[ALG_MAX_SIZE] = {0};
        tpm_builder_pcrs(quote_case_tpm, &quote_case_banks, &values);
        assert_status(STATUS_OK, digest_compute(quote_case_tpm->hasher, ALG_SHA256,
                                                buffer_bytes(&values), &d));
        memcpy(cut, d.data, d.size);
        round_builder_begin(&b, &r);
        r.quote.pcr_digest = bytes_of(cut, sizes[i]);
        round_builder_finish(&b, &r);
        quote_case_claim(REASON_QUOTE_COMPOSITE, &r);
    }
}

/* Offline, without values, the size is all there is to check. */
static void
threat_05_composite_digest_of_another_size_is_refused_without_values(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 20, 31, 32, 48};
    uint8_t digest[ALG_MAX_SIZE] = {0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        CLEANUP(freshness_freep) struct freshness *given = NULL;
        round_builder_begin(&b, &r);
        r.quote.pcr_digest = bytes_of(digest, sizes[i]);
        round_builder_finish(&b, &r);
        r.evidence.present[EVIDENCE_PCRS] = false;
        assert_status(STATUS_OK,
                      freshness_given(buffer_bytes(&r.extra_data), &quote_case_banks, &given));
        quote_case_claim_with(sizes[i] == 32 ? REASON_NONE : REASON_QUOTE_COMPOSITE, &r, given,
                              r.ak);
        quote_case_claim(REASON_QUOTE_COMPOSITE, &r); /* a challenge wants the values */
    }
}

/* Values of another number of PCRs than selected, though they hash to the digest that is signed. */
static void
threat_05_values_of_another_size_are_refused_even_signed(void **state)
{
    (void)state;
    for (size_t size = 0; size <= 64; size += 32) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        struct digest d;
        const uint8_t values[64] = {0};
        assert_status(STATUS_OK, digest_compute(quote_case_tpm->hasher, ALG_SHA256,
                                                bytes_of(values, size), &d));
        b.selection = tpm_builder_selection("sha256:11");
        round_builder_begin(&b, &r);
        r.quote.pcr_digest = digest_bytes(&d);
        round_builder_finish(&b, &r);
        r.evidence.member[EVIDENCE_PCRS] = bytes_of(values, size);
        quote_case_claim(size == 32 ? REASON_NONE : REASON_QUOTE_COMPOSITE, &r);
    }
}

/* Bank and scheme of different sizes: the composite's hash is the scheme's. */
static void
claim_hash(enum reason_code expected, uint16_t scheme, const char *bank, uint16_t composite)
{
    struct tpm_builder t = *quote_case_tpm;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    t.hash = scheme;
    b.tpm = &t;
    b.selection = tpm_builder_selection(bank);
    round_builder_begin(&b, &r);
    r.quote.composite_hash = composite;
    round_builder_finish(&b, &r);
    quote_case_claim(expected, &r);
}

static void
threat_06_composite_hash_is_the_schemes_not_the_banks(void **state)
{
    (void)state;
    claim_hash(REASON_NONE, ALG_SHA256, "sha384:0-7", ALG_SHA256);
    claim_hash(REASON_NONE, ALG_SHA384, "sha256:0-7", ALG_SHA384);
    claim_hash(REASON_QUOTE_COMPOSITE, ALG_SHA256, "sha384:0-7", ALG_SHA384);
    claim_hash(REASON_QUOTE_COMPOSITE, ALG_SHA384, "sha256:0-7", ALG_SHA256);
    claim_hash(REASON_QUOTE_COMPOSITE, ALG_SHA256, "sha256:0-7", ALG_SHA1);
}

static void
append_byte(struct tpm_builder_quote *q)
{
    static const uint8_t zero = 0;
    q->trailing = bytes_of(&zero, 1);
}

static void
threat_07_trailing_byte_is_refused_even_signed(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    claim_changed(REASON_QUOTE_MALFORMED, &b, append_byte);
}

static void
threat_07_trailing_or_missing_bytes_of_members_are_refused(void **state)
{
    (void)state;
    static const struct {
        enum evidence_member member;
        enum reason_code reason;
    } rows[] = {
        {EVIDENCE_QUOTE, REASON_QUOTE_MALFORMED},    {EVIDENCE_SIGNATURE, REASON_QUOTE_MALFORMED},
        {EVIDENCE_PCRS, REASON_QUOTE_COMPOSITE},     {EVIDENCE_MANIFEST, REASON_QUOTE_EXTRA_DATA},
        {EVIDENCE_CLAIMS, REASON_EVIDENCE_MANIFEST}, {EVIDENCE_BOOT_LOG, REASON_EVIDENCE_MANIFEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        CLEANUP(buffer_free) struct buffer longer = {0};
        round_builder_make(&b, &r);
        struct bytes *member = &r.evidence.member[rows[i].member];
        buffer_append(&longer, *member);
        buffer_append_u8(&longer, 0);
        *member = bytes_of(longer.data, longer.size - 2);
        quote_case_claim(rows[i].reason, &r);
        *member = buffer_bytes(&longer);
        quote_case_claim(rows[i].reason, &r);
    }
}

static void
threat_08_signature_of_another_scheme_or_hash_is_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    struct tpm_builder t = *quote_case_tpm;
    round_builder_begin(&b, &r); /* enrolled with SHA-256 */
    t.hash = ALG_SHA384;
    b.tpm = &t;
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_QUOTE_ALGORITHM, &r);
    t.hash = ALG_SHA1;
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_QUOTE_ALGORITHM, &r);
}

static void
threat_08_unsupported_signature_is_named_so(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_make(&b, &r);
    r.signature.data[1] = TPM_ALG_ECDAA;
    quote_case_claim(REASON_QUOTE_UNSUPPORTED, &r);
}

/* Whatever one byte is changed: no quote, exactly one reason. */
static void
threat_09_no_changed_byte_can_look_like_success(void **state)
{
    (void)state;
    static const enum evidence_member members[] = {EVIDENCE_QUOTE,    EVIDENCE_SIGNATURE,
                                                   EVIDENCE_PCRS,     EVIDENCE_MANIFEST,
                                                   EVIDENCE_BOOT_LOG, EVIDENCE_CLAIMS};
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    round_builder_make(&b, &r);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct bytes *member = &r.evidence.member[members[i]];
        const struct bytes honest = *member;
        CLEANUP(buffer_free) struct buffer changed = {0};
        buffer_append(&changed, honest);
        *member = buffer_bytes(&changed);
        for (size_t at = 0; at < changed.size; at++) {
            CLEANUP(reasons_free) struct reasons reasons = {0};
            changed.data[at] ^= (uint8_t)(1u << at % 8);
            CLEANUP(quote_freep) struct quote *q = quote_case_verify(&r, &reasons);
            assert_null(q);
            assert_int_equal(1, reasons.n_items);
            changed.data[at] ^= (uint8_t)(1u << at % 8);
        }
        *member = honest;
    }
    quote_case_claim(REASON_NONE, &r);
}

static void
threat_09_absent_member_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum evidence_member member;
        enum reason_code reason;
    } rows[] = {
        {EVIDENCE_QUOTE, REASON_QUOTE_MALFORMED},    {EVIDENCE_SIGNATURE, REASON_QUOTE_MALFORMED},
        {EVIDENCE_PCRS, REASON_QUOTE_COMPOSITE},     {EVIDENCE_MANIFEST, REASON_QUOTE_EXTRA_DATA},
        {EVIDENCE_CLAIMS, REASON_EVIDENCE_MANIFEST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct round_builder b = quote_case_usual();
        CLEANUP(round_built_free) struct round_built r = {0};
        round_builder_make(&b, &r);
        r.evidence.present[rows[i].member] = false;
        quote_case_claim(rows[i].reason, &r);
    }
}

static void
values_of_one_pcr_or_of_exchanged_banks_are_refused(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(buffer_free) struct buffer exchanged = {0};
    round_builder_make(&b, &r);
    const struct selection turned = tpm_builder_selection("sha384:0-7,10+sha256:0-7,10");
    tpm_builder_pcrs(quote_case_tpm, &turned, &exchanged);
    r.evidence.member[EVIDENCE_PCRS] = buffer_bytes(&exchanged);
    quote_case_claim(REASON_QUOTE_COMPOSITE, &r);
    r.evidence.member[EVIDENCE_PCRS] = bytes_of(r.pcrs.data, 32);
    quote_case_claim(REASON_QUOTE_COMPOSITE, &r);
}

/* Everything wrong at once; mended one after the other the reasons come in the contract's order. */
static void
reasons_come_in_the_order_of_the_contract(void **state)
{
    (void)state;
    static const uint8_t wrong[] = {1, 2, 3};
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(ak_freep) struct ak *stranger = tpm_builder_ak(quote_case_other);
    round_builder_begin(&b, &r);
    const struct tpm_builder_quote honest = r.quote;
    r.quote.magic = 1;
    r.quote.type = 2;
    r.quote.qualified_signer = r.quote.extra_data = r.quote.pcr_digest = bytes_of(wrong, 3);
    r.quote.selection = tpm_builder_selection("sha1:23");
    b.boot_log = bytes_of_text("another boot log");
    round_builder_finish(&b, &r);
    quote_case_claim_with(REASON_QUOTE_MAGIC, &r, r.freshness, stranger);
    r.quote.magic = honest.magic;
    round_builder_finish(&b, &r);
    quote_case_claim_with(REASON_QUOTE_TYPE, &r, r.freshness, stranger);
    r.quote.type = honest.type;
    round_builder_finish(&b, &r);
    quote_case_claim_with(REASON_QUOTE_SIGNATURE, &r, r.freshness, stranger);
    quote_case_claim(REASON_QUOTE_SIGNER, &r);
    r.quote.qualified_signer = honest.qualified_signer;
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_QUOTE_SELECTION, &r);
    r.quote.selection = honest.selection;
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_QUOTE_EXTRA_DATA, &r);
    r.quote.extra_data = honest.extra_data;
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_QUOTE_COMPOSITE, &r);
    r.quote.pcr_digest = honest.pcr_digest;
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_EVIDENCE_MANIFEST, &r);
    b.boot_log = bytes_of_text("a boot log");
    round_builder_finish(&b, &r);
    quote_case_claim(REASON_NONE, &r);
}

static void
refusals_tell_what_was_asked_and_found(void **state)
{
    (void)state;
    struct round_builder b = quote_case_usual();
    CLEANUP(round_built_free) struct round_built r = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    round_builder_begin(&b, &r);
    r.quote.selection = tpm_builder_selection("sha256:16");
    round_builder_finish(&b, &r);
    CLEANUP(quote_freep) struct quote *q = quote_case_verify(&r, &reasons);
    assert_null(q);
    assert_string_equal(QUOTE_CASE_BANKS, reasons.items[0].expected);
    assert_string_equal("sha256:16", reasons.items[0].found);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_round_gives_a_quote),
        cmocka_unit_test(good_round_of_each_kind_of_key_gives_a_quote),
        cmocka_unit_test(quote_holds_no_pointer_into_the_evidence),
        cmocka_unit_test(threat_01_wrong_magic_is_refused),
        cmocka_unit_test(threat_02_another_type_than_a_quote_is_refused),
        cmocka_unit_test(threat_03_pcr_16_passed_off_as_a_boot_pcr_is_refused),
        cmocka_unit_test(threat_03_other_banks_bits_or_order_are_refused),
        cmocka_unit_test(threat_03_duplicate_bank_is_refused),
        cmocka_unit_test(threat_04_empty_or_partial_selection_is_refused),
        cmocka_unit_test(threat_04_empty_selection_is_refused_offline_too),
        cmocka_unit_test(threat_05_composite_digest_of_another_size_is_refused),
        cmocka_unit_test(threat_05_composite_digest_of_another_size_is_refused_without_values),
        cmocka_unit_test(threat_05_values_of_another_size_are_refused_even_signed),
        cmocka_unit_test(threat_06_composite_hash_is_the_schemes_not_the_banks),
        cmocka_unit_test(threat_07_trailing_byte_is_refused_even_signed),
        cmocka_unit_test(threat_07_trailing_or_missing_bytes_of_members_are_refused),
        cmocka_unit_test(threat_08_signature_of_another_scheme_or_hash_is_refused),
        cmocka_unit_test(threat_08_unsupported_signature_is_named_so),
        cmocka_unit_test(threat_09_no_changed_byte_can_look_like_success),
        cmocka_unit_test(threat_09_absent_member_is_refused),
        cmocka_unit_test(values_of_one_pcr_or_of_exchanged_banks_are_refused),
        cmocka_unit_test(reasons_come_in_the_order_of_the_contract),
        cmocka_unit_test(refusals_tell_what_was_asked_and_found),
    };
    return cmocka_run_group_tests(tests, quote_case_setup, quote_case_teardown);
}
