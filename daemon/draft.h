/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that would be in force after a change: those that are, with some in the place of
 * their namesakes and some taken out. Nothing comes into force by it. Any thread. [appraisal 4]
 */
#pragma once

#include "daemon/simulation_json.h"
#include "daemon/store.h"

/* STATUS_INVALID: a document is malformed, they do not go together, or one to be taken out is not
 * in force; diag says which. Statuses of the store. */
MUST_CHECK enum status draft_compile(struct store *store, struct hasher *h,
                                     const struct simulation_body *body, struct documents **out,
                                     struct diag *diag);
