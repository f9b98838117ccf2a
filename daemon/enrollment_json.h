/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two bodies of an enrolment: strict, every member known, typed and bounded. What a device says
 * of its TPM is written anew, so that nothing of its own making is stored.
 */
#pragma once

#include "base/limits.h"
#include "evidence/enrollment.h"

struct enrollment_ek {
    struct buffer public_area;
    struct buffer certificate; /* empty: none */
};

/* Owned. */
struct enrollment_body {
    struct enrollment_ek eks[LIMIT_CERTS]; /* the first is to be activated */
    size_t n_eks;                          /* 1 at least */
    struct buffer certificates[LIMIT_CERTS];
    size_t n_certificates;
    struct buffer ak_public;
    char *token; /* NULL: none */
    uint32_t claimed_manufacturer;
    char claimed_model[64];
    uint64_t claimed_firmware;
    struct buffer
        tpm_json; /* {"manufacturer", "model", "firmware_version", "family", "revision"} */
};

/* POST /v1/enrollments. STATUS_MALFORMED names the member; STATUS_LIMIT: more than LIMIT_CERTS EKs
 * or certificates; STATUS_NOMEM. enrollment_body_free() is safe after any status. */
MUST_CHECK enum status enrollment_body_parse(struct bytes body, struct enrollment_body *out,
                                             struct diag *diag);
void enrollment_body_free(struct enrollment_body *b);

/* POST /v1/enrollments/{enrollment}/activation. STATUS_MALFORMED. */
MUST_CHECK enum status enrollment_proof_parse(struct bytes body,
                                              uint8_t proof[static DIGEST_SHA256_SIZE],
                                              struct diag *diag);
