/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation key that may sign quotes: a restricted signing key, fixed to its TPM. One record,
 * immutable, from one TPM public area; all else (Name, scheme, EVP_PKEY) is derived from it. Also
 * the place that turns a TPM public area into an EVP_PKEY. [protocol 2; TPM2 P1 27.3]
 */
#pragma once

#include "evidence/reason.h"
#include "evidence/tpm_wire.h"

#include <openssl/types.h>

struct ak;

/* From TPMT_PUBLIC or TPM2B_PUBLIC; copies what it keeps. When the key may not sign quotes *out is
 * NULL, STATUS_OK, and reasons has one of ak.malformed, ak.unsupported, ak.attributes (fixedTPM,
 * fixedParent, sensitiveDataOrigin, restricted, sign, not decrypt, not encryptedDuplication,
 * nameAlg >= SHA-256), ak.scheme, ak.weak (RSA < 2048, not P-256/P-384, ROCA). */
MUST_CHECK enum status ak_parse(struct hasher *h, struct bytes public_area, struct ak **out,
                                struct reasons *reasons);
/* From a PEM or DER SubjectPublicKeyInfo, for offline use: nothing is known of its attributes, so
 * ak_attributes_known() is false and the scheme is whichever fits the key type. STATUS_MALFORMED.
 */
MUST_CHECK enum status ak_parse_spki(struct bytes spki, struct ak **out, struct diag *diag);

struct bytes ak_public_area(const struct ak *ak); /* TPMT_PUBLIC */
struct bytes ak_name(const struct ak *ak);        /* empty when unknown */
/* Qualified Name in the endorsement hierarchy; empty when unknown. */
struct bytes ak_qualified_name(const struct ak *ak);
bool ak_attributes_known(const struct ak *ak);
uint16_t ak_scheme(const struct ak *ak); /* TPM_ALG_NULL when any of the key type's is accepted */
uint16_t ak_hash(const struct ak *ak);   /* ALG_NULL when any trusted one is accepted */
EVP_PKEY *ak_key(const struct ak *ak);   /* borrowed */
/* "ecdsa-p256-sha256", for people. */
const char *ak_describe(const struct ak *ak, char *out, size_t out_size);
void ak_free(struct ak *ak);
void ak_freep(struct ak **ak);

/* Verify a TPMT_SIGNATURE over message with the key's scheme and hash. *valid is false on STATUS_OK
 * when it is not; reasons then has quote.malformed, quote.unsupported, quote.algorithm or
 * quote.signature. RSA: signature size = modulus size; ECDSA: 0 < r,s < n. */
MUST_CHECK enum status ak_verify(const struct ak *ak, struct bytes message, struct bytes signature,
                                 bool *valid, struct reasons *reasons);

/* An EVP_PKEY from a TPM public area (RSA, P-256, P-384, P-521); owned by the caller.
 * STATUS_UNSUPPORTED, STATUS_MALFORMED (point not on the curve), STATUS_CRYPTO. */
MUST_CHECK enum status tpm_public_key(const struct tpm_public *pub, EVP_PKEY **out);
void evp_pkey_freep(EVP_PKEY **key);
/* DER SubjectPublicKeyInfo of a key, appended. */
MUST_CHECK enum status key_spki(const EVP_PKEY *key, struct buffer *out);
/* True when an RSA modulus has the ROCA fingerprint (CVE-2017-15361). */
bool rsa_is_roca(struct bytes modulus);
