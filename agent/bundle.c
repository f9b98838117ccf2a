/* SPDX-License-Identifier: Apache-2.0 */
/* from: logs, a challenge and the TPM; to: a body of evidence; never: reads a growing log before
 * the quote. [protocol 3] */
#include "agent/bundle.h"

#include "agent/claims.h"
#include "evidence/binding.h"
#include "evidence/evidence.h"

#include <string.h>

void
bundle_free(struct bundle *b)
{
    collect_log_free(&b->boot_log);
    buffer_free(&b->claims);
    buffer_free(&b->manifest);
    tpm_quote_free(&b->quote);
    collect_log_free(&b->ima_log);
    collect_log_free(&b->userspace_log);
}

static enum status
set_entry(struct hasher *h, struct bytes member, struct manifest_entry *out)
{
    out->present = true;
    out->size = member.size;
    return digest_sha256(h, member, out->sha256);
}

static enum status
make_manifest(struct bundle *b, struct hasher *h)
{
    struct manifest m = {0};
    enum status s = set_entry(h, buffer_bytes(&b->claims), &m.entries[MANIFEST_CLAIMS]);
    if (s == STATUS_OK && b->boot_log.state == COLLECT_READ) {
        struct manifest_entry *entry = &m.entries[MANIFEST_BOOT_LOG];
        s = set_entry(h, buffer_bytes(&b->boot_log.content), entry);
        memcpy(b->boot_log_sha256, entry->sha256, sizeof b->boot_log_sha256);
    }
    if (s == STATUS_OK && b->announcement.size > 0)
        s = set_entry(h, b->announcement, &m.entries[MANIFEST_ANNOUNCEMENT]);
    return s == STATUS_OK ? manifest_encode(&m, &b->manifest) : s;
}

enum status
bundle_prepare(struct bundle *b, const struct settings *s, struct device *d,
               struct bytes announcement)
{
    bundle_free(b);
    *b = (struct bundle){.announcement = announcement};
    enum status status = collect_read(s->boot_log, 0, LIMIT_BOOT_LOG, &b->boot_log);
    if (status != STATUS_OK)
        return status;
    struct claims claims;
    claims_init(&claims, s, b->boot_log.state);
    status = claims_encode(&claims, &b->claims);
    return status == STATUS_OK ? make_manifest(b, d->hasher) : status;
}

enum status
bundle_quote(struct bundle *b, struct device *d, const struct bundle_binding *binding,
             struct diag *diag)
{
    struct binding over = {
        .challenge = binding->token,
        .device_id = binding->device_id,
        .ak_name = buffer_bytes(&d->ak_name),
        .origin = binding->origin,
        .exporter = binding->exporter,
        .manifest = buffer_bytes(&b->manifest),
    };
    uint8_t extra_data[DIGEST_SHA256_SIZE];
    enum status s = binding_extra_data(d->hasher, &over, extra_data);
    if (s != STATUS_OK)
        return s;
    return tpm_quote_get(&d->ak, bytes_of(extra_data, sizeof extra_data),
                         &binding->challenge->selection, &b->quote, diag);
}

enum status
bundle_collect(struct bundle *b, const struct settings *s, const struct state *state)
{
    collect_log_free(&b->ima_log);
    collect_log_free(&b->userspace_log);
    b->ima_entries = state->ima_entries;
    b->ima_size = state->ima_size;
    enum status status = collect_read(s->ima_log, b->ima_size, LIMIT_IMA_SEGMENT, &b->ima_log);
    if (status != STATUS_OK)
        return status;
    return collect_read_userspace(s->userspace_log, LIMIT_USERSPACE_LOG, &b->userspace_log);
}

static void
put_member(struct evidence *e, enum evidence_member member, const struct buffer *content)
{
    e->present[member] = true;
    e->member[member] = buffer_bytes(content);
}

enum status
bundle_encode(const struct bundle *b, bool by_reference, struct buffer *out)
{
    struct evidence e = {
        .ima_offset = b->ima_entries,
        .userspace_incomplete = b->userspace_log.incomplete,
    };
    e.present[EVIDENCE_OFFSETS] = e.ima_offset > 0 || e.userspace_incomplete;
    put_member(&e, EVIDENCE_MANIFEST, &b->manifest);
    put_member(&e, EVIDENCE_QUOTE, &b->quote.attest);
    put_member(&e, EVIDENCE_SIGNATURE, &b->quote.signature);
    put_member(&e, EVIDENCE_PCRS, &b->quote.pcrs);
    put_member(&e, EVIDENCE_CLAIMS, &b->claims);
    if (b->boot_log.state == COLLECT_READ && !by_reference)
        put_member(&e, EVIDENCE_BOOT_LOG, &b->boot_log.content);
    e.present[EVIDENCE_ANNOUNCEMENT] = b->announcement.size > 0;
    e.member[EVIDENCE_ANNOUNCEMENT] = b->announcement;
    if (b->ima_log.state == COLLECT_READ)
        put_member(&e, EVIDENCE_IMA, &b->ima_log.content);
    if (b->userspace_log.state == COLLECT_READ)
        put_member(&e, EVIDENCE_USERSPACE_LOG, &b->userspace_log.content);
    return evidence_encode(&e, out);
}
