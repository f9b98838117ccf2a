/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each reason does to a verdict and to the AR4SI vector: one table, one row a reason code of
 * kind REASON. Pure. [draft-ietf-rats-ar4si; appraisal 1]
 */
#pragma once

#include "appraise/policy.h"
#include "appraise/verdict.h"
#include "evidence/reason.h"

/* The verdict that a reason leaves at most, by the effect of the rule that it breaks. */
enum verdict effect_verdict(enum reason_code code, enum policy_effect effect);
/* Worsen the claims that the reason is about. */
void effect_on_vector(const struct reason *r, enum policy_effect effect, struct vector *v);
/* True when a reason is about a whole log, whichever PCR it names. */
bool effect_is_whole(enum reason_code code);
/* The claim that the events of a PCR bear on. */
enum vector_claim effect_claim_of_pcr(int32_t pcr);
