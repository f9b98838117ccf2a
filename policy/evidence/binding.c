/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a round is about; to: the extraData of its quote; never: decides what is bound (that
 * is freshness.h). [protocol 3] */
#include "evidence/binding.h"

#include "base/cleanup.h"
#include "evidence/dcbor.h"
#include "evidence/evidence.h"

#include <string.h>

#define CLAUSE           "protocol 3, manifest"
#define BINDING_N_ITEMS  7u
#define MANIFEST_N_ITEMS 3u

/* In the order of the wire. */
static const enum evidence_member members[MANIFEST_COUNT] = {
    [MANIFEST_CLAIMS] = EVIDENCE_CLAIMS,
    [MANIFEST_BOOT_LOG] = EVIDENCE_BOOT_LOG,
    [MANIFEST_ANNOUNCEMENT] = EVIDENCE_ANNOUNCEMENT,
};

enum status
binding_extra_data(struct hasher *h, const struct binding *b,
                   uint8_t out[static DIGEST_SHA256_SIZE])
{
    memset(out, 0, DIGEST_SHA256_SIZE);
    if (b->exporter.size != 0 && b->exporter.size != BINDING_EXPORTER_SIZE)
        return STATUS_INVALID;
    uint8_t manifest[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, b->manifest, manifest);
    if (s != STATUS_OK)
        return s;
    CLEANUP(buffer_free) struct buffer text = {0};
    dcbor_put_array(&text, BINDING_N_ITEMS);
    dcbor_put_text(&text, BINDING_LABEL);
    dcbor_put_bytes(&text, b->challenge);
    dcbor_put_text(&text, b->device_id);
    dcbor_put_bytes(&text, b->ak_name);
    dcbor_put_text(&text, b->origin);
    if (b->exporter.size > 0)
        dcbor_put_bytes(&text, b->exporter);
    else
        dcbor_put_null(&text);
    dcbor_put_bytes(&text, bytes_of(manifest, sizeof manifest));
    s = buffer_check(&text);
    return s == STATUS_OK ? digest_sha256(h, buffer_bytes(&text), out) : s;
}

static void
put_entry(struct buffer *out, enum evidence_member member, const struct manifest_entry *entry)
{
    dcbor_put_text(out, evidence_member_name(member));
    dcbor_put_array(out, MANIFEST_N_ITEMS);
    dcbor_put_text(out, evidence_member_type(member));
    dcbor_put_uint(out, entry->size);
    dcbor_put_bytes(out, bytes_of(entry->sha256, sizeof entry->sha256));
}

enum status
manifest_encode(const struct manifest *m, struct buffer *out)
{
    size_t n = 0;
    for (size_t i = 0; i < MANIFEST_COUNT; i++)
        n += m->entries[i].present;
    dcbor_put_map(out, n);
    for (size_t i = 0; i < MANIFEST_COUNT; i++) {
        if (m->entries[i].present)
            put_entry(out, members[i], &m->entries[i]);
    }
    return buffer_check(out);
}

static void
read_entry(struct dcbor *r, enum evidence_member member, struct manifest_entry *entry)
{
    if (dcbor_array(r) != MANIFEST_N_ITEMS)
        dcbor_fail(r);
    dcbor_expect_text(r, evidence_member_type(member));
    entry->size = dcbor_uint(r);
    struct bytes sha256 = dcbor_bytes(r);
    if (sha256.size != DIGEST_SHA256_SIZE) {
        dcbor_fail(r);
        return;
    }
    memcpy(entry->sha256, sha256.data, DIGEST_SHA256_SIZE);
    entry->present = true;
}

static void
read_member(struct dcbor *r, struct manifest *m)
{
    struct bytes name = dcbor_key(r);
    for (size_t i = 0; i < MANIFEST_COUNT && !r->failed; i++) {
        if (bytes_equal(name, bytes_of_text(evidence_member_name(members[i])))) {
            read_entry(r, members[i], &m->entries[i]);
            return;
        }
    }
    dcbor_fail(r);
}

enum status
manifest_parse(struct bytes in, struct manifest *out, struct diag *diag)
{
    *out = (struct manifest){0};
    struct manifest m = {0};
    struct dcbor r = dcbor_of(in);
    size_t n = dcbor_map(&r);
    for (size_t i = 0; i < n && !r.failed; i++)
        read_member(&r, &m);
    enum status s = dcbor_end(&r, CLAUSE, diag);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < MANIFEST_COUNT; i++) {
        if (m.entries[i].size > evidence_member_limit(members[i]))
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "%s is larger than %zu bytes",
                            evidence_member_name(members[i]), evidence_member_limit(members[i]));
    }
    *out = m;
    return STATUS_OK;
}
