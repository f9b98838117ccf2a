/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A round that was stored, taken through the stages again from the bytes that were kept: quote,
 * replay, and an appraisal under its own documents or others. from: struct stored_parts of a store
 * or a round file; to: the same result as then, or another document's. Signs nothing, stores
 * nothing, and nothing here can become a result. Pure. [appraisal 1, 4]
 */
#pragma once

#include "appraise/appraise.h"
#include "appraise/stored_inputs.h"

/* Borrowed while the round is open. */
struct stored_parts {
    struct bytes evidence;  /* the frame without logs */
    struct bytes ak_public; /* TPMT_PUBLIC of the AK of that round */
    struct bytes boot_log;
    struct bytes ima; /* of its boot: what came before, and what came with the round */
    struct bytes userspace_log;
    struct bytes inputs; /* JSON, stored_inputs.h */
};

struct stored_round;

/* STATUS_MALFORMED: the parts are not those of one round whose quote verifies; diag says what is
 * wrong. STATUS_INVALID: the inputs, among them those of rounds stored before all inputs were kept.
 * STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status stored_round_open(struct hasher *h, const struct stored_parts *parts,
                                         struct stored_round **out, struct diag *diag);
const struct stored_inputs *stored_round_inputs(const struct stored_round *r);
const struct replay *stored_round_replay(const struct stored_round *r);
/* Appraise with the round's own inputs, but these documents. Statuses of appraise(). */
MUST_CHECK enum status stored_round_appraise(struct hasher *h, const struct stored_round *r,
                                             struct documents *documents, struct appraisal **out);
/* The same of the device as it is now (other labels, say), and of a boot to come; prediction may be
 * NULL. */
struct stored_view {
    const struct subject *subject;
    const struct prediction *prediction;
};
MUST_CHECK enum status stored_round_appraise_as(struct hasher *h, const struct stored_round *r,
                                                const struct stored_view *view,
                                                struct documents *documents,
                                                struct appraisal **out);
/* The attestation document as it was stored, from this appraisal. Appends. */
MUST_CHECK enum status stored_round_encode(const struct stored_round *r, const char *attestation,
                                           const struct appraisal *a, struct buffer *out);
void stored_round_free(struct stored_round *r);
void stored_round_freep(struct stored_round **r);
