/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation as JSON: what the API shows of one round, and every input of its verdict, so that
 * the same inputs give the same verdict years later. from: the stages' values; to: text. [appraisal
 * 1]
 */
#pragma once

#include "appraise/appraise.h"
#include "daemon/store.h"

struct attestation {
    const char *id;
    const struct store_device *device; /* as read before the round */
    const struct quote *quote;
    const struct appraisal *appraisal;
    const struct documents *documents;
    const struct replay_state *state_before;
    uint64_t boot; /* 0: a new boot record */
    int64_t now_s;
};

/* The document of GET /v1/attestations/{id}, without "inputs" and "result". */
MUST_CHECK enum status attestation_encode(const struct attestation *a, struct buffer *out);
/* The inputs: documents, labels, ledger and replay state before, AK, quirk table, program version,
 * time. */
MUST_CHECK enum status attestation_encode_inputs(const struct attestation *a, struct buffer *out);
/* Deterministic CBOR {alg: {pcr: value}} of the bound PCR values. */
MUST_CHECK enum status attestation_encode_pcrs(const struct quote *quote, struct buffer *out);
