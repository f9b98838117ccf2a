/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The attestation key that may sign quotes: a restricted signing key, fixed to its TPM. One record,
 * immutable, from one TPM public area; all else (Name, scheme, EVP_PKEY) is derived from it. A
 * struct ak may be used by several threads at once. Pure. [protocol 2; TPM2 P1 27.3; threats 8, 15,
 * 16]
 */
#pragma once

#include "evidence/key.h"
#include "evidence/reason.h"

struct ak;

/* From TPMT_PUBLIC or TPM2B_PUBLIC; copies what it keeps. When the key may not sign quotes *out is
 * NULL, STATUS_OK, and reasons has one of ak.malformed, ak.unsupported, ak.attributes (fixedTPM,
 * fixedParent, sensitiveDataOrigin, restricted, sign, not decrypt, not encryptedDuplication,
 * nameAlg >= SHA-256), ak.scheme, ak.weak (RSA < 2048 or exponent < 65537, not P-256/P-384, ROCA).
 */
MUST_CHECK enum status ak_parse(struct hasher *h, struct bytes public_area, struct ak **out,
                                struct reasons *reasons);
/* From a PEM or DER SubjectPublicKeyInfo, for offline use: nothing is known of its attributes, so
 * ak_attributes_known() is false and the scheme is whichever fits the key type. STATUS_MALFORMED;
 * STATUS_UNSUPPORTED: a type, curve or size that ak_parse() would refuse, or a weak key. */
MUST_CHECK enum status ak_parse_spki(struct bytes spki, struct ak **out, struct diag *diag);

struct bytes ak_public_area(const struct ak *ak); /* TPMT_PUBLIC; empty when unknown */
struct bytes ak_name(const struct ak *ak);        /* empty when unknown */
/* Qualified Name in the endorsement hierarchy; empty when unknown. */
struct bytes ak_qualified_name(const struct ak *ak);
bool ak_attributes_known(const struct ak *ak);
uint16_t ak_scheme(const struct ak *ak); /* TPM_ALG_NULL when any of the key type's is accepted */
uint16_t ak_hash(const struct ak *ak);   /* ALG_NULL when any trusted one is accepted */
EVP_PKEY *ak_key(const struct ak *ak);   /* borrowed */
/* "ecdsa-p256-sha256", "rsapss-2048-sha384", or "ecc-p256", "rsa-2048" when any is accepted; for
 * people. Returns out, cut when it is too small. */
const char *ak_describe(const struct ak *ak, char *out, size_t out_size);
void ak_free(struct ak *ak);
void ak_freep(struct ak **ak);

/* Verify a TPMT_SIGNATURE over message with the key's scheme and hash. *valid is false on STATUS_OK
 * when it is not; reasons then has quote.malformed, quote.unsupported, quote.algorithm or
 * quote.signature. RSA: signature size = modulus size (else quote.malformed), any salt length for
 * PSS; ECDSA: r and s not longer than the field (else quote.malformed), 0 < r,s < n. */
MUST_CHECK enum status ak_verify(const struct ak *ak, struct bytes message, struct bytes signature,
                                 bool *valid, struct reasons *reasons);
