/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TPM2_MakeCredential in software: a secret that only the TPM with this EK can give back, and only
 * when a key with this Name is loaded in it. The algorithms are fetched once; any thread may make
 * credentials. [TPM2 P1 24, 11.4.10, B.10.3, C.6.1; TPM2 P3 12.6]
 */
#pragma once

#include "evidence/ek.h"

struct credential_maker;

/* STATUS_CRYPTO: libcrypto lacks a key derivation or a cipher. STATUS_NOMEM. */
MUST_CHECK enum status credential_maker_new(struct credential_maker **out);
void credential_maker_free(struct credential_maker *m);
void credential_maker_freep(struct credential_maker **m);

/* Both with their TPM2B sizes, as TPM2_ActivateCredential takes them. */
struct credential {
    struct buffer blob;   /* TPM2B_ID_OBJECT */
    struct buffer secret; /* TPM2B_ENCRYPTED_SECRET */
};

/* value: at most the digest size of the EK's nameAlg; ak_name: the Name of the key to be shown.
 * Draws the seed itself. STATUS_LIMIT: value is too long; STATUS_CRYPTO, STATUS_NOMEM: *out is
 * empty. */
MUST_CHECK enum status credential_make(const struct credential_maker *m, const struct ek *ek,
                                       struct bytes ak_name, struct bytes value,
                                       struct credential *out);
void credential_clear(struct credential *c);
