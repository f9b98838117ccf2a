/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: a public key and what its holder may sign with; to: whether a TPMT_SIGNATURE over a message
 * is by it; never: lets the signature choose its scheme or hash. A struct signature_key may be used
 * by several threads at once. Pure. [TPM2 P2 11.3.4; threats 7, 8]
 */
#pragma once

#include "evidence/reason.h"
#include "evidence/tpm_wire.h"

#include <openssl/types.h>

/* A public key made ready once, so that verifying costs little more than the mathematics. */
struct signature_key;

/* scheme TPM_ALG_NULL: any that fits the key's type; hash ALG_NULL: any trusted one. Takes a
 * reference of key. STATUS_UNSUPPORTED: libcrypto has not this hash, or not with this scheme, or
 * the key is neither RSA nor EC; STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status signature_key_new(EVP_PKEY *key, uint16_t scheme, uint16_t hash,
                                         struct signature_key **out);
void signature_key_free(struct signature_key *k);
void signature_key_freep(struct signature_key **k);

/* Whether a scheme is a signing scheme of keys of this type (TPM_ALG_RSA, TPM_ALG_ECC). */
bool signature_scheme_fits(uint16_t scheme, uint16_t type);

/* *fault is REASON_NONE only when the signature verifies; else quote.malformed, quote.unsupported,
 * quote.algorithm or quote.signature. RSA: its size is the modulus's, any salt length for PSS;
 * ECDSA: r and s not longer than the field, 0 < r,s < n. Any other status than STATUS_OK: ours;
 * *fault is quote.signature then. */
MUST_CHECK enum status signature_verify(const struct signature_key *k, struct bytes message,
                                        struct bytes signature, enum reason_code *fault);
