/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents in force: an immutable compiled snapshot behind one pointer, swapped while rounds
 * run. from: active documents in the store; to: struct documents. Any thread. [architecture 4]
 */
#pragma once

#include "appraise/documents.h"
#include "daemon/store.h"

struct snapshot;

/* Compile the store's active documents. STATUS_INVALID names the document that does not compile. */
MUST_CHECK enum status snapshot_open(struct store *store, struct snapshot **out, struct diag *diag);
/* A reference to the current documents; documents_unref() it. */
struct documents *snapshot_get(struct snapshot *s);
/* Compile again when the store's generation moved (or force). On failure the old documents stay in
 * force and the status is returned. */
MUST_CHECK enum status snapshot_refresh(struct snapshot *s, bool force, struct diag *diag);
void snapshot_close(struct snapshot *s);
