/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An attestation as JSON: what the API shows of one round. The same values give the same text, so a
 * round that is appraised again can be compared byte by byte. from: the stages' values; to: text.
 * Pure. [appraisal 1]
 */
#pragma once

#include "appraise/appraise.h"

struct attestation {
    const char *id;
    const struct subject *subject; /* as read before the round */
    const struct quote *quote;
    const struct appraisal *appraisal;
    int64_t now_s;
};

/* The document of GET /v1/attestations/{id}, without "inputs" and "result". */
MUST_CHECK enum status attestation_encode(const struct attestation *a, struct buffer *out);
