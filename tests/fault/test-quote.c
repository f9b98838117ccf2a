/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/quote.h"
#include "tests/fault/fault.h"
#include "tests/lib/round_builder.h"
#include "tests/lib/test.h"

/* A good round by one kind of key, made before anything fails. */
static struct tpm_builder *tpms[TPM_BUILDER_N_KEYS];
static struct round_built rounds[TPM_BUILDER_N_KEYS];

static int
make_rounds(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        tpms[kind] = tpm_builder_new((enum tpm_builder_key)kind, ALG_SHA256);
        const struct round_builder b = {.tpm = tpms[kind],
                                        .selection = tpm_builder_selection("sha256:0-7"),
                                        .boot_log = bytes_of_text("a boot log"),
                                        .claims = bytes_of_text("{}")};
        round_builder_make(&b, &rounds[kind]);
    }
    return 0;
}

static int
free_rounds(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        round_built_free(&rounds[kind]);
        tpm_builder_free(tpms[kind]);
    }
    return 0;
}

/* A refusal counts as noticed: nothing that failed may look like success. */
static enum status
parse_ak(void *context)
{
    unsigned kind = *(const unsigned *)context;
    CLEANUP(ak_freep) struct ak *ak = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = ak_parse(tpms[kind]->hasher, ak_public_area(rounds[kind].ak), &ak, &reasons);
    assert_true(s == STATUS_OK || !ak);
    if (s == STATUS_OK && !ak)
        return STATUS_MALFORMED;
    return s;
}

static enum status
verify_quote(void *context)
{
    unsigned kind = *(const unsigned *)context;
    const struct round_built *r = &rounds[kind];
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s =
        quote_verify(tpms[kind]->hasher, &r->evidence, r->ak, r->freshness, &q, &reasons);
    assert_true(s == STATUS_OK || !q);
    if (s == STATUS_OK && !q)
        return STATUS_MALFORMED;
    return s;
}

/* Offline: the key from its SubjectPublicKeyInfo, contexts set up for each signature. */
static enum status
verify_with_bare_key(void *context)
{
    unsigned kind = *(const unsigned *)context;
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(ak_freep) struct ak *bare = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    bool valid = false;
    enum status s = key_spki(tpms[kind]->key, &spki);
    if (s != STATUS_OK)
        return s;
    s = ak_parse_spki(buffer_bytes(&spki), &bare, NULL);
    if (s != STATUS_OK)
        return s;
    s = ak_verify(bare, buffer_bytes(&rounds[kind].attest), buffer_bytes(&rounds[kind].signature),
                  &valid, &reasons);
    return s == STATUS_OK && !valid ? STATUS_MALFORMED : s;
}

static void
claim_each(enum status (*scenario)(void *context), size_t at_least)
{
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        size_t n = fault_each(scenario, &kind);
        print_message("%zu calls\n", n);
        assert_true(n >= at_least);
    }
}

static void
no_call_can_fail_into_an_attestation_key(void **state)
{
    (void)state;
    claim_each(parse_ak, 10);
}

static void
no_call_can_fail_into_a_quote(void **state)
{
    (void)state;
    claim_each(verify_quote, 10);
}

static void
no_call_can_fail_into_a_signature_by_a_bare_key(void **state)
{
    (void)state;
    claim_each(verify_with_bare_key, 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_call_can_fail_into_an_attestation_key),
        cmocka_unit_test(no_call_can_fail_into_a_quote),
        cmocka_unit_test(no_call_can_fail_into_a_signature_by_a_bare_key),
    };
    return cmocka_run_group_tests(tests, make_rounds, free_rounds);
}
