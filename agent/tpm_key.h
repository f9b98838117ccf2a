/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in the TPM: endorsement keys by the standard templates, the attestation key, and what they
 * do. All are primaries, made again from their templates when needed and flushed after: nothing of
 * them is on flash. Statuses as tpm.h. [EK Credential Profile 2.5; protocol 1]
 */
#pragma once

#include "agent/tpm.h"

#include <stdint.h>

/* A loaded key; zero value: none. */
struct tpm_key {
    struct tpm *tpm;
    uint32_t handle;
    struct buffer public_area; /* TPMT_PUBLIC */
};

/* Flush it from the TPM. */
void tpm_key_close(struct tpm_key *key);

/* Standard EK templates, best first: P-384, P-256, RSA-2048, each high range before low. */
struct tpm_ek_template {
    const char *name;      /* "p384-h3" */
    const char *algorithm; /* "p384", "p256", "rsa2048" */
    uint32_t certificate;  /* NV index */
};
#define TPM_EK_COUNT 5u
const struct tpm_ek_template *tpm_ek_template(size_t which);

MUST_CHECK enum status tpm_ek_create(struct tpm *t, size_t which, struct tpm_key *out,
                                     struct diag *diag);

enum tpm_ak_algorithm { TPM_AK_P256, TPM_AK_RSA2048 };

/* The attestation key of a counter: the same each time, also after TPM2_Clear. Restricted, fixed to
 * its TPM, noDA, so that a power cut never counts as a failed authorisation. [TPM2 P1 19.8] */
MUST_CHECK enum status tpm_ak_create(struct tpm *t, enum tpm_ak_algorithm algorithm,
                                     uint32_t counter, struct tpm_key *out, struct diag *diag);

/* Recover the secret that a verifier made for ek, of template number which, and the Name of ak.
 * blob: TPM2B_ID_OBJECT, seed: TPM2B_ENCRYPTED_SECRET. The session is salted with ek and encrypts
 * the answer, so that the secret does not cross the bus in clear. STATUS_DENIED: made for another
 * EK or another Name. [TPM2 P3 12.5] */
struct tpm_credential {
    struct bytes blob;
    struct bytes seed;
};
MUST_CHECK enum status tpm_activate(const struct tpm_key *ek, size_t which,
                                    const struct tpm_key *ak, const struct tpm_credential *made,
                                    struct buffer *secret, struct diag *diag);

struct tpm_quote {
    struct buffer attest;       /* TPMS_ATTEST */
    struct buffer signature;    /* TPMT_SIGNATURE */
    struct buffer pcrs;         /* values of the quoted selection, in its order */
    struct selection selection; /* as quoted: banks that the TPM has not are missing from it */
};

/* Quote selection over extra_data and read the PCRs until they are those of the quote.
 * STATUS_CONFLICT: they changed at every try. */
MUST_CHECK enum status tpm_quote_get(const struct tpm_key *ak, struct bytes extra_data,
                                     const struct selection *selection, struct tpm_quote *out,
                                     struct diag *diag);
void tpm_quote_free(struct tpm_quote *q);
