/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot rule: proven events against ordered components of reference sets that are alternatives.
 * Choose first (which set, and so which PCRs are covered), judge after. Pure. [appraisal 2, 3]
 */
#pragma once

#include "appraise/boot_match.h"
#include "appraise/judge.h"

/* Zero value: the policy has no boot rule. */
struct boot {
    struct arena arena;
    struct announced announced;
    struct boot_profiles profiles;
    struct boot_match match; /* of the set that explains most */
    uint32_t covered;        /* PCRs that must match */
    uint32_t compared;       /* with the device's last good boot */
};

/* STATUS_NOMEM. boot_clear() after any status. Blames nothing. */
MUST_CHECK enum status boot_choose(const struct judge *j, struct boot *out);
/* Blame what the chosen match found, revoked values, changed PCRs, an initrd that nothing measured.
 */
void boot_judge(struct judge *j, const struct boot *b);
/* Which event was taken for which component, for explanations and predictions; the first policy's
 * with a boot rule. STATUS_NOMEM. */
MUST_CHECK enum status boot_tell_parts(const struct judge *j, const struct boot *b);
void boot_clear(struct boot *b);
