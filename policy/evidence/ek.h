/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endorsement key: a public area that is exactly one of the standard templates, so that it is a
 * storage key that its TPM made and keeps. Anything else might be an ordinary key whose private
 * half is on a disk. Immutable once made. Pure. [EK Credential Profile 2.5 B.4; threats 17, 18]
 */
#pragma once

#include "evidence/key.h"
#include "evidence/reason.h"

struct ek;

/* From TPMT_PUBLIC or TPM2B_PUBLIC; copies what it keeps. When the key is no standard EK *out is
 * NULL, STATUS_OK, and reasons has one of ek.malformed, ek.unsupported, ek.template, ek.weak (ROCA,
 * or a modulus or exponent that no TPM makes). STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status ek_parse(struct hasher *h, struct bytes public_area, struct ek **out,
                                struct reasons *reasons);

/* "L-1", "L-2", "H-1" to "H-4", "H-6", "H-7". */
const char *ek_template(const struct ek *ek);
struct bytes ek_spki(const struct ek *ek);       /* DER SubjectPublicKeyInfo */
const uint8_t *ek_sha256(const struct ek *ek);   /* of the SPKI; DIGEST_SHA256_SIZE bytes */
EVP_PKEY *ek_key(const struct ek *ek);           /* borrowed */
uint16_t ek_name_alg(const struct ek *ek);       /* hash of the credential's key derivations */
uint16_t ek_symmetric_bits(const struct ek *ek); /* of AES-CFB */
void ek_free(struct ek *ek);
void ek_freep(struct ek **ek);
