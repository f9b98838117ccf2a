/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hash chain of the audit: each entry's hash covers the entry and the hash before it, so that
 * one changed, moved or taken out shows. One chain a node. Pure. [architecture 5]
 */
#pragma once

#include "base/digest.h"

/* Borrowed. previous: the hash of seq - 1, zeros for seq 1. */
struct audit_entry {
    const char *node;
    uint64_t seq;
    int64_t time_s;
    const char *actor, *verb, *object;
    const char *detail; /* JSON */
    const uint8_t *previous;
};

/* SHA-256 over deterministic CBOR [node, seq, time, actor, verb, object, detail, previous].
 * STATUS_INVALID: a text is NULL, or the time is before 1970. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status audit_hash(struct hasher *h, const struct audit_entry *e,
                                  uint8_t hash[static DIGEST_SHA256_SIZE]);
/* STATUS_OK when e follows (last_seq, last_hash), 0 and zeros for the first, and claimed_hash is
 * its hash. STATUS_CONFLICT: the chain is broken here. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status audit_check(struct hasher *h, const struct audit_entry *e,
                                   const uint8_t claimed_hash[static DIGEST_SHA256_SIZE],
                                   uint64_t last_seq,
                                   const uint8_t last_hash[static DIGEST_SHA256_SIZE]);
