/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON bodies that the agent sends, appended to out. STATUS_NOMEM only. Pure.
 */
#pragma once

#include "agent/ek_list.h"
#include "agent/tpm.h"

struct request_enrollment {
    const struct ek_list *eks;
    struct bytes ak_public; /* TPMT_PUBLIC */
    const struct tpm_info *tpm;
    const char *token; /* NULL: none */
};
MUST_CHECK enum status request_enrollment_encode(const struct request_enrollment *r,
                                                 struct buffer *out);
MUST_CHECK enum status request_activation_encode(struct bytes proof, struct buffer *out);
/* {"logs":"full"}: the answer may carry whole logs. */
MUST_CHECK enum status request_challenge_encode(bool full_logs, struct buffer *out);
