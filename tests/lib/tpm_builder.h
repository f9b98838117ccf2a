/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TPM made of software, for tests, fuzzers and benchmarks: an attestation key, PCR banks and the
 * encoders that a TPM has, each of whose inputs can be made wrong. Ends the program when anything
 * fails. Never part of an installed program.
 */
#pragma once

#include "base/digest.h"
#include "evidence/ak.h"
#include "evidence/selection.h"

enum tpm_builder_key {
    TPM_BUILDER_P256,
    TPM_BUILDER_P384,
    TPM_BUILDER_RSASSA, /* RSA-2048 */
    TPM_BUILDER_RSAPSS,
    TPM_BUILDER_N_KEYS
};

/* Fields may be changed at any time: what the public area says, the PCRs, how it signs. */
struct tpm_builder {
    struct hasher *hasher;
    EVP_PKEY *key;
    uint16_t type;       /* TPM_ALG_RSA, TPM_ALG_ECC */
    uint16_t curve;      /* ECC */
    uint16_t name_alg;   /* ALG_SHA256 */
    uint32_t attributes; /* those of an attestation key */
    uint16_t scheme;     /* by the kind of key */
    uint16_t hash;       /* of the scheme */
    int pss_salt;        /* bytes; -1: the digest's size, -3: as much as fits */
    uint64_t clock_ms;   /* what the next quote says */
    uint32_t reset_count;
    uint32_t restart_count;
    bool safe;
    uint64_t firmware_version;
    /* By alg_index(); zeros, except 17 to 22: ones. Copies of the struct share them. */
    struct digest (*pcrs)[LIMIT_PCRS];
};

/* A fresh key of this kind whose scheme has this hash. */
struct tpm_builder *tpm_builder_new(enum tpm_builder_key kind, uint16_t hash);
void tpm_builder_free(struct tpm_builder *t);
void tpm_builder_freep(struct tpm_builder **t);

/* Extend a PCR with the bank's digest of data. */
void tpm_builder_extend(struct tpm_builder *t, uint16_t alg, uint32_t pcr, struct bytes data);
/* Every PCR of a selection, extended with a text of its own. */
void tpm_builder_extend_all(struct tpm_builder *t, const struct selection *s);

/* TPMT_PUBLIC, appended. */
void tpm_builder_public(const struct tpm_builder *t, struct buffer *out);
/* What a verifier makes of that; ends the program when it is refused. */
struct ak *tpm_builder_ak(const struct tpm_builder *t);

/* A TPMS_ATTEST before it is encoded. Views without data stand for what a TPM would put there. */
struct tpm_builder_quote {
    uint32_t magic;
    uint16_t type;
    struct bytes qualified_signer; /* of the key as a primary key of the endorsement hierarchy */
    struct bytes extra_data;
    struct selection selection;
    uint16_t composite_hash; /* that of the signing scheme */
    struct bytes pcr_digest; /* the composite digest of the PCRs selected */
    struct bytes trailing;   /* nothing */
};

/* An honest quote. */
struct tpm_builder_quote tpm_builder_quote_of(const struct tpm_builder *t,
                                              const struct selection *s, struct bytes extra_data);
void tpm_builder_attest(const struct tpm_builder *t, const struct tpm_builder_quote *q,
                        struct buffer *out);
/* TPMT_SIGNATURE over message by the key, with its scheme and hash. */
void tpm_builder_sign(const struct tpm_builder *t, struct bytes message, struct buffer *out);
/* The values of a selection, in its order, nothing between. */
void tpm_builder_pcrs(const struct tpm_builder *t, const struct selection *s, struct buffer *out);

/* A 2048-bit modulus that has the ROCA fingerprint: 65537^exponent modulo the product of the odd
 * primes up to 167, plus a multiple of it. No key that signs anything. */
#define TPM_BUILDER_MODULUS_SIZE 256u
void tpm_builder_roca_modulus(unsigned exponent, uint8_t out[static TPM_BUILDER_MODULUS_SIZE]);

/* "sha256:0,1" as a selection. */
struct selection tpm_builder_selection(const char *text);
