/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of a policy but for the boot profile (boot.h). Each looks at one thing, and blames; one
 * that the policy does not have does nothing. Pure.
 */
#pragma once

#include "appraise/judge.h"

/* Freshness, evidence age, life cycle, genuine, member. [protocol 2, 3, 5; RFC 9334 10] */
void identity_judge(struct judge *j);
/* The TPM's kind, manufacturer and model by its certificate. [protocol 2; threats 18] */
void tpm_judge(struct judge *j);
/* The TPM's counters against those of the last round. [protocol 4; TPM2 P1 36] */
void ledger_judge(struct judge *j);
/* The bound SecureBoot variable, and what the other bound variables hold where the policy says.
 * Covers PCR 7. STATUS_NOMEM, STATUS_CRYPTO. [UEFI 2.10 3.3, 32.4.1; threats 24, 25] */
MUST_CHECK enum status secure_boot_judge(struct judge *j);
/* Bound command lines against templates. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status command_line_judge(struct judge *j);
/* Arguments that every bound command line must, and must not, have. */
void argument_judge(struct judge *j);
/* dm-verity's root hash on the bound command lines. */
void verity_judge(struct judge *j);
/* The phase that PCR 11 has reached. Covers PCR 11. [appraisal 3] */
void phase_judge(struct judge *j);
/* Quoted values, whatever the logs say of them. */
void pcrs_judge(struct judge *j);
/* Proven IMA entries against allowed file digests, and violations, over the whole boot; what they
 * came to is added to j->standing. Covers PCR 10. STATUS_NOMEM. */
MUST_CHECK enum status ima_judge(struct judge *j);
/* All that it judges by, of this policy. */
struct standing_key ima_key(const struct compiled_policy *policy,
                            const struct appraisal_input *input);
/* Events whose data was bound by a quirk that the policy denies. [threats 30] */
void quirks_judge(struct judge *j);
