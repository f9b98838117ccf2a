/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/quote_case.h"

#include "base/cleanup.h"
#include "tests/lib/test.h"

struct tpm_builder *quote_case_tpm;
struct tpm_builder *quote_case_other;
struct selection quote_case_banks;

static const uint8_t exporter[BINDING_EXPORTER_SIZE] = {7, 7, 7};

int
quote_case_setup(void **state)
{
    (void)state;
    quote_case_banks = tpm_builder_selection(QUOTE_CASE_BANKS);
    quote_case_tpm = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    quote_case_other = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    tpm_builder_extend_all(quote_case_tpm, &quote_case_banks);
    tpm_builder_extend_all(quote_case_other, &quote_case_banks);
    return 0;
}

int
quote_case_teardown(void **state)
{
    (void)state;
    tpm_builder_free(quote_case_tpm);
    tpm_builder_free(quote_case_other);
    return 0;
}

struct round_builder
quote_case_usual(void)
{
    return (struct round_builder){.tpm = quote_case_tpm,
                                  .selection = quote_case_banks,
                                  .exporter = bytes_of(exporter, sizeof exporter),
                                  .boot_log = bytes_of_text("a boot log"),
                                  .claims = bytes_of_text("{}"),
                                  .ima = bytes_of_text("an IMA list")};
}

void
quote_case_claim_with(enum reason_code expected, const struct round_built *r,
                      const struct freshness *f, const struct ak *ak)
{
    CLEANUP(quote_freep) struct quote *q = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK,
                  quote_verify(quote_case_tpm->hasher, &r->evidence, ak, f, &q, &reasons));
    if (expected != REASON_NONE && reasons.n_items == 1)
        assert_string_equal(reason_code_name(expected), reason_code_name(reasons.items[0].code));
    assert_int_equal(expected == REASON_NONE ? 0 : 1, reasons.n_items);
    assert_int_equal(expected == REASON_NONE, q != NULL);
}

struct quote *
quote_case_verify(const struct round_built *r, struct reasons *reasons)
{
    struct quote *q = NULL;
    assert_status(STATUS_OK, quote_verify(quote_case_tpm->hasher, &r->evidence, r->ak, r->freshness,
                                          &q, reasons));
    return q;
}

void
quote_case_claim(enum reason_code expected, const struct round_built *r)
{
    quote_case_claim_with(expected, r, r->freshness, r->ak);
}
