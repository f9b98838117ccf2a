/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a round came out as it did, for people: what changed against the device's last good boot,
 * event by event; each reason with one command to accept what was found and one to act on it; how
 * the boot came about in one sentence. from: two stored rounds under their own documents; to: JSON.
 * Pure. [appraisal 1]
 */
#pragma once

#include "appraise/stored_round.h"

struct explanation_side {
    const char *attestation;
    const struct stored_round *round;
    const struct appraisal *appraisal;
};

/* good: the newest trusted round before it; NULL: there is none, or it is not kept any more.
 * Appends the document of GET /v1/attestations/{id}/explanation. STATUS_NOMEM. */
MUST_CHECK enum status explanation_encode(const struct explanation_side *now,
                                          const struct explanation_side *good, struct buffer *out);
