/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the IMA entries of each device's running boot came to (appraise/standing.h), so that a round
 * costs what is new in it. A cache: bounded by size, the device heard of least goes first; what is
 * not here is judged again from the kept segments. from: committed rounds; to: the next round of
 * the device; never: gives what belongs to another state of the list. Any thread. [protocol 4]
 */
#pragma once

#include "appraise/standing.h"
#include "evidence/enrollment.h"

#define IMA_MEMORY_SIZE (64u * 1024u * 1024u) /* what a daemon keeps */

struct ima_memory;

/* max_size: bytes. STATUS_NOMEM. */
MUST_CHECK enum status ima_memory_new(size_t max_size, struct ima_memory **out);
void ima_memory_free(struct ima_memory *m);

/* Remember standing as that of the device's list in the replay state of this digest, instead of
 * what was remembered of the device. Takes a reference of its own. */
void ima_memory_put(struct ima_memory *m, const char *device,
                    const uint8_t state[static DIGEST_SHA256_SIZE], struct standing *standing);
/* A reference, standing_unref() it; NULL when it is not remembered for exactly this state. */
struct standing *ima_memory_get(struct ima_memory *m, const char *device,
                                const uint8_t state[static DIGEST_SHA256_SIZE]);
