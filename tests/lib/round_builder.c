/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a round is about; to: both sides of it; never: judges. */
#include "tests/lib/round_builder.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEVICE_ID "00112233445566778899aabbccddeeff"
#define ORIGIN    "https://attest.example"
#define ISSUED_MS INT64_C(1769000000000)

static const struct freshness_key key = {.kid = "0123456789abcdef", .key = {1, 2, 3}};

static void
demand_ok(enum status s, const char *what)
{
    if (s == STATUS_OK)
        return;
    (void)fprintf(stderr, "round_builder: %s: %s\n", what, status_name(s));
    abort();
}

static const char *
device_id(const struct round_builder *b)
{
    return b->device_id ? b->device_id : DEVICE_ID;
}

static const char *
origin(const struct round_builder *b)
{
    return b->origin ? b->origin : ORIGIN;
}

static int64_t
issued_ms(const struct round_builder *b)
{
    return b->issued_ms ? b->issued_ms : ISSUED_MS;
}

struct freshness *
round_builder_freshness(const struct round_builder *b, const struct round_built *built)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct freshness *f = NULL;
    const struct freshness_context context = {.device_id = device_id(b),
                                              .origin = origin(b),
                                              .exporter = b->exporter,
                                              .now_ms = issued_ms(b)};
    demand_ok(freshness_verify(&key, 1, buffer_bytes(&built->token), &context, &f, &reasons),
              "freshness_verify");
    return f;
}

static void
add_entry(const struct round_builder *b, struct bytes content, struct manifest_entry *entry)
{
    if (!content.data)
        return;
    entry->present = true;
    entry->size = content.size;
    demand_ok(digest_sha256(b->tpm->hasher, content, entry->sha256), "digest_sha256");
}

static void
make_manifest(const struct round_builder *b, struct buffer *out)
{
    struct manifest m = {0};
    add_entry(b, b->boot_log, &m.entries[MANIFEST_BOOT_LOG]);
    add_entry(b, b->claims, &m.entries[MANIFEST_CLAIMS]);
    demand_ok(manifest_encode(&m, out), "manifest_encode");
}

/* As the agent computes it, not as freshness.c does. */
static void
bind(const struct round_builder *b, struct round_built *out)
{
    uint8_t extra_data[DIGEST_SHA256_SIZE];
    const struct binding binding = {.challenge = buffer_bytes(&out->token),
                                    .device_id = device_id(b),
                                    .ak_name = ak_name(out->ak),
                                    .origin = origin(b),
                                    .exporter = b->exporter,
                                    .manifest = buffer_bytes(&out->manifest)};
    demand_ok(binding_extra_data(b->tpm->hasher, &binding, extra_data), "binding_extra_data");
    buffer_append(&out->extra_data, bytes_of(extra_data, sizeof extra_data));
    demand_ok(buffer_check(&out->extra_data), "append");
}

static void
make_challenge(const struct round_builder *b, struct round_built *out)
{
    struct challenge challenge = {.issued_ms = issued_ms(b),
                                  .selection = b->selection,
                                  .exporter_required = b->exporter.size > 0};
    memset(challenge.random, 0x5A, sizeof challenge.random);
    demand_ok(freshness_issue(&key, device_id(b), &challenge, &out->token), "freshness_issue");
    out->freshness = round_builder_freshness(b, out);
}

void
round_builder_begin(const struct round_builder *b, struct round_built *out)
{
    *out = (struct round_built){0};
    if (b->token.data)
        buffer_append(&out->token, b->token);
    else
        make_challenge(b, out);
    out->ak = tpm_builder_ak(b->tpm);
    make_manifest(b, &out->manifest);
    bind(b, out);
    out->quote = tpm_builder_quote_of(b->tpm, &b->selection, buffer_bytes(&out->extra_data));
}

static void
put_member(struct evidence *e, enum evidence_member member, struct bytes content)
{
    e->present[member] = content.data;
    e->member[member] = content;
}

void
round_builder_finish(const struct round_builder *b, struct round_built *out)
{
    buffer_reset(&out->attest);
    buffer_reset(&out->signature);
    buffer_reset(&out->pcrs);
    tpm_builder_attest(b->tpm, &out->quote, &out->attest);
    tpm_builder_sign(b->tpm, buffer_bytes(&out->attest), &out->signature);
    tpm_builder_pcrs(b->tpm, &out->quote.selection, &out->pcrs);
    struct evidence *e = &out->evidence;
    *e = (struct evidence){.ima_offset = b->ima_offset, .userspace_offset = b->userspace_offset};
    put_member(e, EVIDENCE_MANIFEST, buffer_bytes(&out->manifest));
    put_member(e, EVIDENCE_QUOTE, buffer_bytes(&out->attest));
    put_member(e, EVIDENCE_SIGNATURE, buffer_bytes(&out->signature));
    put_member(e, EVIDENCE_PCRS, buffer_bytes(&out->pcrs));
    put_member(e, EVIDENCE_IMA, b->ima);
    put_member(e, EVIDENCE_USERSPACE_LOG, b->userspace_log);
    put_member(e, EVIDENCE_CLAIMS, b->claims);
    if (!b->boot_log_by_reference)
        put_member(e, EVIDENCE_BOOT_LOG, b->boot_log);
}

void
round_builder_make(const struct round_builder *b, struct round_built *out)
{
    round_builder_begin(b, out);
    round_builder_finish(b, out);
}

void
round_built_free(struct round_built *r)
{
    buffer_free(&r->token);
    buffer_free(&r->manifest);
    buffer_free(&r->extra_data);
    buffer_free(&r->attest);
    buffer_free(&r->signature);
    buffer_free(&r->pcrs);
    freshness_free(r->freshness);
    ak_free(r->ak);
    *r = (struct round_built){0};
}
