/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An enrolment under way, sealed into its own identifier: nothing is stored before the activation
 * succeeds. AES-256-GCM under the enrolment key that all nodes share, with a random nonce. Any
 * thread; never reads the clock. [protocol 2]
 */
#pragma once

#include "appraise/subject.h"
#include "evidence/enrollment.h"

/* The identifier goes into a path: base64url of this many bytes. */
#define TICKET_MAX 3000u

/* Views are the caller's, or live as long as the opened plain text. */
struct ticket {
    int64_t expires_s;
    uint8_t secret[ENROLLMENT_SECRET_SIZE];
    struct bytes spki;        /* of the EK to be activated */
    struct bytes eks;         /* SHA-256 of each EK's SPKI one after the other, that one first */
    struct bytes ak_public;   /* TPMT_PUBLIC */
    struct bytes certificate; /* of that EK; empty when none, or when it finds no room */
    struct bytes join_token;  /* SHA-256 of the token; empty: none */
    struct bytes tpm_json;    /* what the device claims of its TPM */
    enum genuine genuine;
};

/* Append the sealed ticket. The certificate is left out when TICKET_MAX is too small for it.
 * STATUS_LIMIT: too large without it, too. STATUS_CRYPTO, STATUS_NOMEM. */
MUST_CHECK enum status ticket_seal(struct bytes key, const struct ticket *t, struct buffer *out);
/* plain is overwritten and holds what *out points to; wipe it by buffer_free(). STATUS_DENIED: not
 * sealed with this key; expiry is the caller's to check. */
MUST_CHECK enum status ticket_open(struct bytes key, struct bytes sealed, struct buffer *plain,
                                   struct ticket *out);
