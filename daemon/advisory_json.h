/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of advisories: {"advisories": [{"id", "manufacturer", "model", "firmware": [{"from",
 * "below"}, ...], "text"}, ...]}. Versions are 16 hex digits, as TPMs say them. model and text may
 * be absent.
 */
#pragma once

#include "evidence/advisory.h"

/* Add the file's rows to list. STATUS_INVALID with the row's number: an unknown, missing or
 * wrongly typed member. */
MUST_CHECK enum status advisory_json_parse(struct bytes text, struct advisories *list,
                                           struct diag *diag);
