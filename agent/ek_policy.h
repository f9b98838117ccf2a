/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policies of the standard EK templates, computed from their definitions. PolicyA =
 * PolicySecret(endorsement); PolicyC = PolicyAuthorizeNV(the policy index of the hash); PolicyB =
 * PolicyOR(A, C). The low range carries A, the high range B. Pure.
 * [EK Credential Profile 2.5 B.6; TPM2 P1 19.7, P3 23]
 */
#pragma once

#include "base/digest.h"

struct ek_policy {
    struct digest a;
    struct digest c;
    struct digest b;
};

/* alg: SHA-256, SHA-384 or SHA-512. STATUS_UNSUPPORTED else; STATUS_CRYPTO, STATUS_NOMEM. */
MUST_CHECK enum status ek_policy_compute(struct hasher *h, uint16_t alg, struct ek_policy *out);
