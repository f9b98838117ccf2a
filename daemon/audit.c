/* SPDX-License-Identifier: Apache-2.0 */
/* from: an entry and the hash before it; to: its hash; never: stores. */
#include "daemon/audit.h"

#include "base/cleanup.h"
#include "evidence/dcbor.h"

#define AUDIT_ITEMS 8u

static bool
equal(const uint8_t *a, const uint8_t *b)
{
    return digest_bytes_equal(bytes_of(a, DIGEST_SHA256_SIZE), bytes_of(b, DIGEST_SHA256_SIZE));
}

enum status
audit_hash(struct hasher *h, const struct audit_entry *e, uint8_t hash[static DIGEST_SHA256_SIZE])
{
    if (!e->node || !e->actor || !e->verb || !e->object || !e->detail || e->time_s < 0)
        return STATUS_INVALID;
    CLEANUP(buffer_free) struct buffer text = {0};
    dcbor_put_array(&text, AUDIT_ITEMS);
    dcbor_put_text(&text, e->node);
    dcbor_put_uint(&text, e->seq);
    dcbor_put_uint(&text, (uint64_t)e->time_s);
    dcbor_put_text(&text, e->actor);
    dcbor_put_text(&text, e->verb);
    dcbor_put_text(&text, e->object);
    dcbor_put_text(&text, e->detail);
    dcbor_put_bytes(&text, bytes_of(e->previous, DIGEST_SHA256_SIZE));
    enum status s = buffer_check(&text);
    return s == STATUS_OK ? digest_sha256(h, buffer_bytes(&text), hash) : s;
}

enum status
audit_check(struct hasher *h, const struct audit_entry *e,
            const uint8_t claimed_hash[static DIGEST_SHA256_SIZE], uint64_t last_seq,
            const uint8_t last_hash[static DIGEST_SHA256_SIZE])
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    if (e->seq != last_seq + 1 || !equal(e->previous, last_hash))
        return STATUS_CONFLICT;
    enum status s = audit_hash(h, e, hash);
    if (s == STATUS_INVALID)
        return STATUS_CONFLICT;
    if (s != STATUS_OK)
        return s;
    return equal(hash, claimed_hash) ? STATUS_OK : STATUS_CONFLICT;
}
