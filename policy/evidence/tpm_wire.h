/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM structures from bytes: TPMS_ATTEST (quote), TPMT_SIGNATURE, TPMT_PUBLIC. Own parsers over
 * base/reader, since libtss2-mu accepts a wrong magic and trailing bytes. All views are borrowed
 * from the input. Parsed is not believed: see quote.h and ak.h. Pure.
 */
#pragma once

#include "base/digest.h"
#include "evidence/selection.h"

#define TPM_GENERATED_VALUE 0xFF544347u /* TPM2 P2 6.2 */
#define TPM_ST_ATTEST_QUOTE 0x8018u     /* TPM2 P2 6.9 */

#define TPM_ALG_RSA    0x0001u
#define TPM_ALG_AES    0x0006u
#define TPM_ALG_NULL   0x0010u
#define TPM_ALG_RSASSA 0x0014u
#define TPM_ALG_RSAPSS 0x0016u
#define TPM_ALG_ECDSA  0x0018u
#define TPM_ALG_ECDAA  0x001Au
#define TPM_ALG_ECC    0x0023u
#define TPM_ALG_CFB    0x0043u

#define TPM_ECC_P256 0x0003u
#define TPM_ECC_P384 0x0004u
#define TPM_ECC_P521 0x0005u

/* TPMA_OBJECT bits, TPM2 P2 8.3 */
#define TPM_OBJECT_FIXED_TPM             (1u << 1)
#define TPM_OBJECT_ST_CLEAR              (1u << 2)
#define TPM_OBJECT_FIXED_PARENT          (1u << 4)
#define TPM_OBJECT_SENSITIVE_DATA_ORIGIN (1u << 5)
#define TPM_OBJECT_USER_WITH_AUTH        (1u << 6)
#define TPM_OBJECT_ADMIN_WITH_POLICY     (1u << 7)
#define TPM_OBJECT_NO_DA                 (1u << 10)
#define TPM_OBJECT_ENCRYPTED_DUPLICATION (1u << 11)
#define TPM_OBJECT_RESTRICTED            (1u << 16)
#define TPM_OBJECT_DECRYPT               (1u << 17)
#define TPM_OBJECT_SIGN                  (1u << 18)

#define TPM_RH_ENDORSEMENT 0x4000000Bu

struct tpm_attest {
    uint32_t magic; /* as found: the caller refuses a wrong one by its own reason */
    uint16_t type;
    struct bytes qualified_signer;
    struct bytes extra_data;
    uint64_t clock_ms;
    uint32_t reset_count;
    uint32_t restart_count;
    bool safe;
    uint64_t firmware_version;
    struct selection selection; /* the rest only when magic and type are a quote's */
    struct bytes pcr_digest;
};

struct tpm_signature {
    uint16_t scheme; /* TPM_ALG_RSASSA, _RSAPSS or _ECDSA */
    uint16_t hash;
    struct bytes rsa;  /* RSA schemes */
    struct bytes r, s; /* ECDSA: as sent, may be shorter than the field */
};

struct tpm_public {
    struct bytes area; /* the whole TPMT_PUBLIC, without a TPM2B size */
    uint16_t type;     /* TPM_ALG_RSA or TPM_ALG_ECC */
    uint16_t name_alg;
    uint32_t attributes;
    struct bytes auth_policy;
    uint16_t symmetric, symmetric_bits, symmetric_mode; /* TPM_ALG_NULL, 0, 0 for signing keys */
    uint16_t scheme, scheme_hash;
    uint16_t curve;       /* ECC */
    uint16_t key_bits;    /* RSA; for ECC the field size in bits */
    uint32_t exponent;    /* RSA; 65537 when sent as 0 */
    struct bytes modulus; /* RSA */
    struct bytes x, y;    /* ECC */
};

/* TPMS_ATTEST. Only magic and type are filled when they are not a quote's: the caller names that.
 * STATUS_MALFORMED with clause and offset. [TPM2 P2 10.12.12] */
MUST_CHECK enum status tpm_attest_parse(struct bytes in, struct tpm_attest *out, struct diag *diag);
/* TPMT_SIGNATURE. STATUS_UNSUPPORTED: a scheme that we do not verify (ECDAA, SM2, EC-Schnorr,
 * HMAC, post-quantum); STATUS_MALFORMED. [TPM2 P2 11.3.4] */
MUST_CHECK enum status tpm_signature_parse(struct bytes in, struct tpm_signature *out,
                                           struct diag *diag);
/* TPMT_PUBLIC, or TPM2B_PUBLIC (its size field is recognised and checked). STATUS_UNSUPPORTED: a
 * type, curve or scheme that we do not know. [TPM2 P2 12.2.4] */
MUST_CHECK enum status tpm_public_parse(struct bytes in, struct tpm_public *out, struct diag *diag);

/* Name = be16 nameAlg || H(TPMT_PUBLIC), appended to out. [TPM2 P1 16] STATUS_UNSUPPORTED. */
MUST_CHECK enum status tpm_name(struct hasher *h, const struct tpm_public *pub, struct buffer *out);
/* Qualified Name of a primary key: be16 nameAlg || H(hierarchy || Name). [TPM2 P1 16] */
MUST_CHECK enum status tpm_qualified_name(struct hasher *h, uint32_t hierarchy, struct bytes name,
                                          struct buffer *out);
