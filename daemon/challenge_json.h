/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a challenge request: empty, or {"logs": "full"} or {"logs": "delta"}.
 */
#pragma once

#include "base/bytes.h"

/* STATUS_MALFORMED with what is wrong. */
MUST_CHECK enum status challenge_request_parse(struct bytes body, bool *full_logs,
                                               struct diag *diag);
