/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two bodies of an enrolment: strict, every member known, typed and bounded. What a device says
 * of its TPM is written anew, so that nothing of its own making is stored.
 */
#pragma once

#include "base/limits.h"
#include "evidence/ek_certificate.h"
#include "evidence/enrollment.h"

struct enrollment_ek {
    struct buffer public_area;
    struct buffer certificate; /* empty: none */
};

/* What is known of a device's TPM, kept as JSON with the device: {"manufacturer", "model",
 * "firmware_version", "family", "revision"} as the device claims them, "kind" and "kind_by" (claim
 * or certificate), and with a certificate "certificate": {"manufacturer", "model", "version"}. */
struct enrollment_tpm {
    uint32_t manufacturer; /* the certificate's; else what is claimed */
    char model[64];
    char kind[16];
    char kind_by[16];
    bool certified; /* manufacturer, model and kind are a verified certificate's */
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
    char claimed[5][64]; /* the texts of "tpm" in the order above */
};

/* POST /v1/enrollments. STATUS_MALFORMED names the member; STATUS_LIMIT: more than LIMIT_CERTS EKs
 * or certificates; STATUS_NOMEM. enrollment_body_free() is safe after any status. */
MUST_CHECK enum status enrollment_body_parse(struct bytes body, struct enrollment_body *out,
                                             struct diag *diag);
void enrollment_body_free(struct enrollment_body *b);

/* The JSON of a TPM; c: its verified certificate, or NULL. STATUS_NOMEM. */
MUST_CHECK enum status enrollment_tpm_encode(const struct enrollment_body *b,
                                             const struct ek_certificate *c, struct buffer *out);
/* And back; json may be NULL. Members that are absent or not what they must be are zero. */
void enrollment_tpm_parse(const char *json, struct enrollment_tpm *out);

/* POST /v1/enrollments/{enrollment}/activation. STATUS_MALFORMED. */
MUST_CHECK enum status enrollment_proof_parse(struct bytes body,
                                              uint8_t proof[static DIGEST_SHA256_SIZE],
                                              struct diag *diag);
