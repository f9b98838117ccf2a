/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What documents must not be when they come into force together: a policy that would accept
 * everything, or names a component that none of its sets has; a document that a perspective's
 * signers did not sign, or not for what it holds. Pure. [attest-policy(5)]
 */
#pragma once

#include "appraise/compiled.h"

/* perspective: the policy's, NULL when nothing is said of it. STATUS_INVALID names the document. */
MUST_CHECK enum status document_check(const struct compiled_policy *policy,
                                      const struct perspective *perspective, struct diag *diag);
