/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why evidence is fresh. A sum type; only the first two kinds can make a device trusted. from: a
 * challenge token in a header; to: struct freshness = ours, for this device, not old. Whether it is
 * spent is decided by the store, in the transaction that stores the result. Pure: time, keys and
 * randomness are arguments. [protocol 3; RFC 9334 10]
 */
#pragma once

#include "base/digest.h"
#include "evidence/challenge.h"
#include "evidence/reason.h"

enum freshness_kind {
    FRESHNESS_NONE = 0,
    FRESHNESS_CHALLENGE,     /* our challenge, issued at most LIMIT_CHALLENGE_LIFE_S ago */
    FRESHNESS_SESSION_NONCE, /* reserved: a nonce bound at first use */
    FRESHNESS_EPOCH,         /* reserved */
    FRESHNESS_TPM_TIME,      /* reserved */
    FRESHNESS_GIVEN          /* offline: qualifying data given by the person who asks */
};

struct freshness_key {
    char kid[17];
    uint8_t key[32];
};

/* What the connection and the URL say; the expected inputs of extraData. */
struct freshness_context {
    const char *device_id; /* 32 hex digits, from the URL */
    const char *origin;    /* the configured origin that the request was sent to */
    struct bytes exporter; /* 32 bytes of the TLS exporter; empty when off or not to be had */
    int64_t now_ms;
};

struct freshness;

/* Issue: token = challenge || first 16 bytes of HMAC-SHA-256(key, challenge || device id),
 * appended. The kid is the key's, whatever the challenge holds. STATUS_INVALID: no device id, or as
 * challenge_encode(). STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status freshness_issue(const struct freshness_key *key, const char *device_id,
                                       const struct challenge *challenge, struct buffer *token);
/* Check in constant time. When not acceptable *out is NULL, STATUS_OK and reasons has
 * challenge.malformed, challenge.foreign (unknown kid, HMAC, other device), challenge.expired
 * (older than LIMIT_CHALLENGE_LIFE_S or more than LIMIT_CLOCK_AHEAD_S ahead) or evidence.exporter
 * (required, and none of 32 bytes is there). An exporter that the challenge does not ask for is not
 * bound. Copies token and context. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status freshness_verify(const struct freshness_key *keys, size_t n_keys,
                                        struct bytes token, const struct freshness_context *context,
                                        struct freshness **out, struct reasons *reasons);
/* A challenge that this verifier accepted when it was fresh, from the round that it stored: neither
 * its key, which is gone, nor its age is asked. The exporter is bound where the challenge asks for
 * one. STATUS_MALFORMED: no challenge, no device id, or an exporter of another size. */
MUST_CHECK enum status freshness_restore(struct bytes token,
                                         const struct freshness_context *context,
                                         struct freshness **out);
/* Offline: the quote must carry exactly this qualifying data and selection. STATUS_LIMIT: more than
 * LIMIT_CHALLENGE bytes. STATUS_NOMEM. */
MUST_CHECK enum status freshness_given(struct bytes qualifying_data,
                                       const struct selection *selection, struct freshness **out);

enum freshness_kind freshness_kind(const struct freshness *f);
const struct challenge *freshness_challenge(const struct freshness *f); /* NULL unless CHALLENGE */
const struct selection *freshness_selection(const struct freshness *f);
bool freshness_exporter_bound(const struct freshness *f);
/* What a quote over a challenge is bound to beside the device: token, origin, exporter (empty
 * unless bound). NULL and empty unless CHALLENGE. */
struct bytes freshness_token(const struct freshness *f);
const char *freshness_origin(const struct freshness *f);
struct bytes freshness_exporter(const struct freshness *f);
/* When the evidence counts as made, unix ms; -1 when not known (FRESHNESS_GIVEN). */
int64_t freshness_time_ms(const struct freshness *f);
/* The extraData that a quote over this freshness must carry: for a challenge the binding of
 * binding.h, else the given bytes. Appended to out. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status freshness_extra_data(struct hasher *h, const struct freshness *f,
                                            struct bytes ak_name, struct bytes manifest,
                                            struct buffer *out);
void freshness_free(struct freshness *f);
void freshness_freep(struct freshness **f);
