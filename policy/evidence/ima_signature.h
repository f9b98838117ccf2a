/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature of a file in an IMA list (template ima-sig): version 2 of security.ima, over the
 * file's digest. Listed is not verified: the kernel logs what stands in the attribute, so it counts
 * only by a key that the verifier holds. Pure. [kernel security/integrity/digsig_asymmetric.c]
 */
#pragma once

#include "evidence/ima.h"

/* *valid only when the entry has such a signature, over its own file digest, by the key. A digest
 * of fs-verity, another version, another algorithm than the digest's: not valid. STATUS_NOMEM. */
MUST_CHECK enum status ima_signature_verify(struct bytes spki, const struct ima_entry *e,
                                            bool *valid);
