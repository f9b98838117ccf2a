/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of quote_verify() share: two TPMs made of software, a usual round with all
 * members, and the claim that a round has exactly one outcome. For programs with cmocka.
 */
#pragma once

#include "tests/lib/round_builder.h"

#define QUOTE_CASE_BANKS "sha256:0-7,10+sha384:0-7,10"

extern struct tpm_builder *quote_case_tpm;   /* P-256, scheme hash SHA-256 */
extern struct tpm_builder *quote_case_other; /* the same in another machine */
extern struct selection quote_case_banks;    /* QUOTE_CASE_BANKS, extended in both */

/* Group setup and teardown. */
int quote_case_setup(void **state);
int quote_case_teardown(void **state);

/* By quote_case_tpm over quote_case_banks, with an exporter, a boot log, claims and an IMA list. */
struct round_builder quote_case_usual(void);

/* What the round gives: a quote for the caller to free, or NULL. */
struct quote *quote_case_verify(const struct round_built *r, struct reasons *reasons);
/* The round gives a quote when expected is REASON_NONE, else no quote and this one reason. */
void quote_case_claim(enum reason_code expected, const struct round_built *r);
/* The same with another freshness or key than the round's own. */
void quote_case_claim_with(enum reason_code expected, const struct round_built *r,
                           const struct freshness *f, const struct ak *ak);
