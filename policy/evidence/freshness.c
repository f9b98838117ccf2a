/* SPDX-License-Identifier: Apache-2.0 */
/* from: a token and what the connection says; to: struct freshness = ours, for this device, not
 * old; never: reads the clock, knows what is spent. [protocol 3; RFC 9334 10] */
#include "evidence/freshness.h"

#include "base/text.h"
#include "evidence/binding.h"
#include "evidence/enrollment.h"

#include <stdlib.h>
#include <string.h>

#define LIFE_MS  (INT64_C(1000) * LIMIT_CHALLENGE_LIFE_S)
#define AHEAD_MS (INT64_C(1000) * LIMIT_CLOCK_AHEAD_S)

struct freshness {
    enum freshness_kind kind;
    struct challenge challenge; /* FRESHNESS_CHALLENGE */
    struct selection selection;
    uint8_t bytes[LIMIT_CHALLENGE]; /* the token, or the given qualifying data */
    size_t size;
    char device_id[DEVICE_ID_SIZE];
    char *origin;
    uint8_t exporter[BINDING_EXPORTER_SIZE];
    bool exporter_bound;
};

static enum status
compute_tag(const struct freshness_key *key, struct bytes signed_part, const char *device_id,
            uint8_t tag[static CHALLENGE_TAG_SIZE])
{
    uint8_t in[LIMIT_CHALLENGE + DEVICE_ID_SIZE];
    struct bytes id = bytes_of_text(device_id);
    memcpy(in, signed_part.data, signed_part.size);
    memcpy(in + signed_part.size, id.data, id.size);
    struct digest mac;
    enum status s = digest_hmac(ALG_SHA256, bytes_of(key->key, sizeof key->key),
                                bytes_of(in, signed_part.size + id.size), &mac);
    if (s != STATUS_OK)
        return s;
    memcpy(tag, mac.data, CHALLENGE_TAG_SIZE);
    return STATUS_OK;
}

enum status
freshness_issue(const struct freshness_key *key, const char *device_id,
                const struct challenge *challenge, struct buffer *token)
{
    if (!enrollment_is_device_id(device_id))
        return STATUS_INVALID;
    struct challenge issued = *challenge;
    memcpy(issued.kid, key->kid, sizeof issued.kid);
    size_t before = token->size;
    enum status s = challenge_encode(&issued, token);
    if (s != STATUS_OK)
        return s;
    uint8_t tag[CHALLENGE_TAG_SIZE];
    struct bytes signed_part = bytes_slice(buffer_bytes(token), before, token->size - before);
    s = compute_tag(key, signed_part, device_id, tag);
    if (s != STATUS_OK)
        return s;
    buffer_append(token, bytes_of(tag, sizeof tag));
    return buffer_check(token);
}

/* Whether one of our keys made the tag for this device. */
static enum status
check_tag(const struct freshness_key *keys, size_t n_keys, const struct challenge *c,
          struct bytes signed_part, struct bytes tag, const char *device_id, bool *ours)
{
    *ours = false;
    if (!enrollment_is_device_id(device_id))
        return STATUS_OK;
    for (size_t i = 0; i < n_keys && !*ours; i++) {
        if (!text_equal(keys[i].kid, c->kid))
            continue;
        uint8_t expected[CHALLENGE_TAG_SIZE];
        enum status s = compute_tag(&keys[i], signed_part, device_id, expected);
        if (s != STATUS_OK)
            return s;
        *ours = digest_bytes_equal(bytes_of(expected, sizeof expected), tag);
    }
    return STATUS_OK;
}

/* issued_ms is not negative, so neither difference leaves int64_t when now_ms is not either. */
static bool
is_current(int64_t issued_ms, int64_t now_ms)
{
    if (now_ms < 0)
        return false;
    return now_ms >= issued_ms ? now_ms - issued_ms <= LIFE_MS : issued_ms - now_ms <= AHEAD_MS;
}

/* A copy of token and context; the exporter only where the challenge asks for it. */
static enum status
copy(const struct challenge *c, struct bytes token, const struct freshness_context *context,
     struct freshness **out)
{
    struct freshness *f = calloc(1, sizeof *f);
    char *origin = strdup(context->origin);
    if (!f || !origin) {
        free(f);
        free(origin);
        return STATUS_NOMEM;
    }
    f->kind = FRESHNESS_CHALLENGE;
    f->challenge = *c;
    f->selection = c->selection;
    f->size = token.size;
    memcpy(f->bytes, token.data, token.size);
    (void)text_copy(f->device_id, sizeof f->device_id, context->device_id);
    f->origin = origin;
    f->exporter_bound = c->exporter_required;
    if (f->exporter_bound)
        memcpy(f->exporter, context->exporter.data, sizeof f->exporter);
    *out = f;
    return STATUS_OK;
}

static enum status
refuse(struct reasons *reasons, enum reason_code code)
{
    (void)reasons_add(reasons, code);
    return STATUS_OK;
}

enum status
freshness_verify(const struct freshness_key *keys, size_t n_keys, struct bytes token,
                 const struct freshness_context *context, struct freshness **out,
                 struct reasons *reasons)
{
    *out = NULL;
    struct challenge c;
    struct bytes signed_part;
    struct bytes tag;
    if (challenge_parse(token, &c, &signed_part, &tag, NULL) != STATUS_OK)
        return refuse(reasons, REASON_CHALLENGE_MALFORMED);
    bool ours = false;
    enum status s = check_tag(keys, n_keys, &c, signed_part, tag, context->device_id, &ours);
    if (s != STATUS_OK)
        return s;
    if (!ours)
        return refuse(reasons, REASON_CHALLENGE_FOREIGN);
    if (!is_current(c.issued_ms, context->now_ms))
        return refuse(reasons, REASON_CHALLENGE_EXPIRED);
    if (c.exporter_required && context->exporter.size != BINDING_EXPORTER_SIZE)
        return refuse(reasons, REASON_EVIDENCE_EXPORTER);
    return copy(&c, token, context, out);
}

enum status
freshness_restore(struct bytes token, const struct freshness_context *context,
                  struct freshness **out)
{
    *out = NULL;
    struct challenge c;
    struct bytes signed_part;
    struct bytes tag;
    enum status s = challenge_parse(token, &c, &signed_part, &tag, NULL);
    if (s != STATUS_OK)
        return s == STATUS_NOMEM ? s : STATUS_MALFORMED;
    bool whole = !c.exporter_required || context->exporter.size == BINDING_EXPORTER_SIZE;
    if (!whole || !context->origin || !enrollment_is_device_id(context->device_id))
        return STATUS_MALFORMED;
    return copy(&c, token, context, out);
}

enum status
freshness_given(struct bytes qualifying_data, const struct selection *selection,
                struct freshness **out)
{
    *out = NULL;
    if (qualifying_data.size > LIMIT_CHALLENGE)
        return STATUS_LIMIT;
    struct freshness *f = calloc(1, sizeof *f);
    if (!f)
        return STATUS_NOMEM;
    f->kind = FRESHNESS_GIVEN;
    f->selection = *selection;
    f->size = qualifying_data.size;
    if (f->size > 0)
        memcpy(f->bytes, qualifying_data.data, f->size);
    *out = f;
    return STATUS_OK;
}

enum freshness_kind
freshness_kind(const struct freshness *f)
{
    return f->kind;
}

const struct challenge *
freshness_challenge(const struct freshness *f)
{
    return f->kind == FRESHNESS_CHALLENGE ? &f->challenge : NULL;
}

const struct selection *
freshness_selection(const struct freshness *f)
{
    return &f->selection;
}

bool
freshness_exporter_bound(const struct freshness *f)
{
    return f->exporter_bound;
}

struct bytes
freshness_token(const struct freshness *f)
{
    return bytes_of(f->bytes, f->kind == FRESHNESS_CHALLENGE ? f->size : 0);
}

const char *
freshness_origin(const struct freshness *f)
{
    return f->origin;
}

struct bytes
freshness_exporter(const struct freshness *f)
{
    return bytes_of(f->exporter, f->exporter_bound ? sizeof f->exporter : 0);
}

int64_t
freshness_time_ms(const struct freshness *f)
{
    return f->kind == FRESHNESS_CHALLENGE ? f->challenge.issued_ms : -1;
}

enum status
freshness_extra_data(struct hasher *h, const struct freshness *f, struct bytes ak_name,
                     struct bytes manifest, struct buffer *out)
{
    if (f->kind != FRESHNESS_CHALLENGE) {
        buffer_append(out, bytes_of(f->bytes, f->size));
        return buffer_check(out);
    }
    const struct binding binding = {
        .challenge = bytes_of(f->bytes, f->size),
        .device_id = f->device_id,
        .ak_name = ak_name,
        .origin = f->origin,
        .exporter = bytes_of(f->exporter, f->exporter_bound ? sizeof f->exporter : 0),
        .manifest = manifest,
    };
    uint8_t extra_data[DIGEST_SHA256_SIZE];
    enum status s = binding_extra_data(h, &binding, extra_data);
    if (s != STATUS_OK)
        return s;
    buffer_append(out, bytes_of(extra_data, sizeof extra_data));
    return buffer_check(out);
}

void
freshness_free(struct freshness *f)
{
    if (!f)
        return;
    free(f->origin);
    free(f);
}

void
freshness_freep(struct freshness **f)
{
    freshness_free(*f);
}
