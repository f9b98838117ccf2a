/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between result.c and result_json.c only: sign claims that are JSON text already.
 */
#pragma once

#include "daemon/result.h"

/* Sign claims as an EAT. STATUS_CRYPTO, STATUS_NOMEM. */
MUST_CHECK enum status result_sign_claims(struct bytes claims, const struct key *key,
                                          struct result **out);
