/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys of a TPM as libcrypto's: the one place that turns a TPM public area into an EVP_PKEY,
 * and the test for keys that are known to be weak. Never sees a private key. Pure.
 */
#pragma once

#include "evidence/tpm_wire.h"

#include <openssl/types.h>

/* An EVP_PKEY from a TPM public area (RSA, P-256, P-384, P-521); owned by the caller. h keeps
 * curves for the next key. STATUS_UNSUPPORTED: another type or curve; STATUS_MALFORMED: a modulus
 * that has not the size it says or is even, an even exponent, a point that is not on the curve;
 * STATUS_NOMEM, STATUS_CRYPTO. [TPM2 P2 12.2.3] */
MUST_CHECK enum status tpm_public_key(struct hasher *h, const struct tpm_public *pub,
                                      EVP_PKEY **out);
void evp_pkey_freep(EVP_PKEY **key);
/* DER SubjectPublicKeyInfo of a key, appended. STATUS_CRYPTO, STATUS_NOMEM. */
MUST_CHECK enum status key_spki(const EVP_PKEY *key, struct buffer *out);
/* True when an RSA modulus has the ROCA fingerprint (CVE-2017-15361): it is a power of 65537 modulo
 * the product of the primes up to 167. About one in 2^154 other moduli has it too. */
bool rsa_is_roca(struct bytes modulus);
/* Bytes of an RSA key's modulus or of an EC key's coordinate; 0 for neither. */
size_t key_field_size(const EVP_PKEY *key);
/* Strong enough to rest trust on: RSA of 2048 to 4096 bits with an exponent of at least 65537 and
 * without the ROCA fingerprint, or a point on P-256 or P-384. [protocol 2; threats 16, 18] */
bool key_is_strong(const EVP_PKEY *key);
