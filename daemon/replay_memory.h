/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays that were computed before, by all that they were computed from: the digest of the boot
 * log, the selection and its PCR values, the userspace log, the state of the IMA list. A replay is
 * a pure function of these, so what is given here is what replay_verify() would give. Only rounds
 * that bring no new IMA entries are kept. Bounded by number and size, what was used least lately
 * goes first. Any thread. [protocol 3; architecture 4]
 */
#pragma once

#include "evidence/replay.h"

#define REPLAY_MEMORY_SIZE (48u * 1024u * 1024u) /* bytes that a daemon keeps */

struct replay_memory;

/* One replay with its reasons, and the logs that it borrows. Immutable and shared. */
struct replay_kept;

struct replay_key {
    bool fits; /* such a replay is kept at all */
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

/* boot_log_sha256 is of the log that is, or would be, input->boot_log. STATUS_CRYPTO, STATUS_NOMEM.
 */
MUST_CHECK enum status replay_key_of(struct hasher *h, const struct quote *quote,
                                     const struct replay_input *input,
                                     const uint8_t boot_log_sha256[static DIGEST_SHA256_SIZE],
                                     struct replay_key *out);
/* Replay. When key fits, the logs are copied, else they must outlive *out. Statuses of
 * replay_verify(). */
MUST_CHECK enum status replay_kept_new(struct hasher *h, const struct quote *quote,
                                       const struct replay_input *input,
                                       const struct replay_key *key, struct replay_kept **out);
const struct replay *replay_kept_replay(const struct replay_kept *k);
/* What replay_verify() said. */
const struct reasons *replay_kept_reasons(const struct replay_kept *k);
void replay_kept_unref(struct replay_kept *k);

/* max_size: bytes. STATUS_NOMEM. */
MUST_CHECK enum status replay_memory_new(size_t max_size, struct replay_memory **out);
/* A reference, replay_kept_unref() it; NULL: none of that key. m may be NULL. */
struct replay_kept *replay_memory_get(struct replay_memory *m, const struct replay_key *key);
/* Keep k, with a reference of its own, if key fits and so does its size. m may be NULL. */
void replay_memory_put(struct replay_memory *m, const struct replay_key *key,
                       struct replay_kept *k);
size_t replay_memory_count(struct replay_memory *m);
void replay_memory_free(struct replay_memory *m);
