/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom an operator believes about EKs: trust anchors, and beside them a bundle of intermediates and
 * revocation lists that are believed only by their signatures. Filled once from bytes, then read by
 * any thread. Never fetches anything. Pure. [threats 17]
 */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>
#include <openssl/x509.h>

#define EK_ROOTS_MAX 4096u /* certificates or revocation lists of one kind */

enum ek_roots_part {
    EK_ROOTS_ANCHORS, /* certificates that end a path, self-signed or not */
    EK_ROOTS_BUNDLE   /* intermediates and CRLs */
};

struct ek_roots;

MUST_CHECK enum status ek_roots_new(struct ek_roots **out);
/* Add what a file holds: PEM blocks, or one certificate or CRL in DER. A CRL goes to the CRLs in
 * either part. STATUS_INVALID with diag: something else, a block that cannot be read, an attribute
 * certificate; what stood before it was added. STATUS_LIMIT above EK_ROOTS_MAX. */
MUST_CHECK enum status ek_roots_add(struct ek_roots *roots, enum ek_roots_part part,
                                    struct bytes content, struct diag *diag);
size_t ek_roots_n_anchors(const struct ek_roots *roots);
size_t ek_roots_n_intermediates(const struct ek_roots *roots);
size_t ek_roots_n_crls(const struct ek_roots *roots);
/* CRLs whose next update is due at now_s: they refuse every certificate of their issuer. */
size_t ek_roots_count_stale_crls(const struct ek_roots *roots, int64_t now_s);
void ek_roots_free(struct ek_roots *roots);
void ek_roots_freep(struct ek_roots **roots);

/* For ek_chain.c: the anchors and CRLs, and the intermediates; borrowed. */
X509_STORE *ek_roots_store(const struct ek_roots *roots);
STACK_OF(X509) * ek_roots_intermediates(const struct ek_roots *roots);
