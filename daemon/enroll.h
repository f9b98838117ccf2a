/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator of enrolment: who an EK is, whether its TPM is genuine, whether the device is one
 * of ours, and that its AK lives beside it. Two answers are kept apart: genuine and member. Nothing
 * is stored before the activation has succeeded. A refusal is a reason, counted in the store; the
 * caller answers it. Any thread. [protocol 2; threats 15 to 19, 45, 48]
 */
#pragma once

#include "daemon/credential.h"
#include "daemon/enrollment_json.h"
#include "daemon/verifier.h"

/* What enrolment keeps open: the operator's trust in EKs, fetched algorithms, the rates. */
struct enroll;

MUST_CHECK enum status enroll_open(const struct config *config, int64_t now_s, struct enroll **out,
                                   struct diag *diag);
/* Load trust again; on failure what was loaded before stays in force. */
MUST_CHECK enum status enroll_reload(struct enroll *e, const struct config *config, int64_t now_s,
                                     struct diag *diag);
void enroll_close(struct enroll *e);
/* Whether address may begin an enrolment now, since that costs us more than it costs the asker. */
bool enroll_permits(struct enroll *e, const char *address, int64_t now_ms, unsigned *wait_s);

struct enroll_caller {
    const char *address; /* of the client, for the record */
    const char *origin;  /* our origin that it uses */
    int64_t now_s;
};

/* Refused: reasons is not empty, and the rest is. */
struct enroll_offer {
    struct reasons reasons;
    char device[DEVICE_ID_SIZE];
    struct buffer sealed; /* the enrolment's identifier */
    struct credential credential;
};
MUST_CHECK enum status enroll_begin(struct verifier *v, struct hasher *h,
                                    const struct enroll_caller *who,
                                    const struct enrollment_body *body, struct enroll_offer *out);
void enroll_offer_clear(struct enroll_offer *o);

struct enroll_outcome {
    struct reasons reasons;
    struct store_device device; /* as it is now */
    enum store_enrolled how;
};
/* id: the identifier as it came, base64url. The same AK again is the same answer. */
MUST_CHECK enum status enroll_activate(struct verifier *v, struct hasher *h,
                                       const struct enroll_caller *who, const char *id,
                                       const uint8_t proof[static DIGEST_SHA256_SIZE],
                                       struct enroll_outcome *out);
void enroll_outcome_clear(struct enroll_outcome *o);

/* For a round, of what is kept of the TPM: the fact device.tpm, and device.advisory where an
 * advisory names the TPM's maker and the firmware version that the quote says; and which roots,
 * CRLs and advisories were in force. */
void enroll_describe_tpm(struct enroll *e, const struct enrollment_tpm *tpm,
                         uint64_t quoted_firmware, struct reasons *found,
                         uint8_t trust_version[static DIGEST_SHA256_SIZE]);
