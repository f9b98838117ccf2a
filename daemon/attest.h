/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The coordinator of a round: one line a stage, no detail (architecture 2). from: a body over a
 * verified freshness; to: either an attempt (nothing said about the device, nothing changed) or a
 * committed, signed result. Called on a worker thread; blocks until the round is committed.
 */
#pragma once

#include "daemon/result.h"
#include "daemon/verifier.h"

struct attest_request {
    const char *device_id;
    struct bytes body;
    bool json; /* application/cmw+json instead of +cbor */
    const struct freshness *freshness;
    const char *origin;          /* the configured origin the request came to: issuer */
    enum result_dialect dialect; /* of the token in the answer */
    int64_t now_ms;
    const struct writer_meanwhile *meanwhile; /* for the caller's thread, while it waits; or NULL */
};

struct attest_answer {
    /* An attempt: exactly one reason in reasons, its code here; else REASON_NONE. */
    enum reason_code attempt;
    struct reasons reasons;
    /* A committed round. */
    char attestation[STORE_ID_SIZE];
    struct buffer
        body; /* JSON of the answer, api: attestation, verdict, perspectives, result, held, ... */
    char *token; /* the token alone, in the asked dialect */
    enum verdict verdict;
    enum reason_code announcement_refused; /* why an offer was not taken; else REASON_NONE */
};

/* STATUS_OK: an attempt or a committed round. STATUS_BUSY: conflicts three times, or the queue is
 * full. STATUS_UNCERTAIN, STATUS_STORE and others: nothing may be relied on; the token is dropped.
 */
MUST_CHECK enum status attest_round(struct verifier *v, struct hasher *h,
                                    const struct attest_request *request,
                                    struct attest_answer *out);
void attest_answer_clear(struct attest_answer *a);
