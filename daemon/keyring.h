/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier's keys, by role, never shared between roles. A key is a file STATE-KID.pem (or .key
 * for secrets) under DIRECTORY/ROLE/, mode 0600, or a systemd credential "attestd-ROLE". Made at
 * first start. The TLS key is tls.h's. Immutable after open but for
 * the day's challenge keys: a reload opens a new keyring. Any thread. [architecture 6]
 */
#pragma once

#include "base/bytes.h"
#include "evidence/freshness.h"

#include <openssl/types.h>

#define KEYRING_SECRET_SIZE 32u
#define KEYRING_KID_SIZE    44u /* base64url of a SHA-256 thumbprint, and NUL */

enum key_role {
    KEY_ROLE_RESULT,     /* signs attestation results: ES256 */
    KEY_ROLE_AUDIT,      /* signs audit checkpoints: ES256 */
    KEY_ROLE_CHALLENGE,  /* secret from which the daily challenge keys come */
    KEY_ROLE_ENROLLMENT, /* secret that seals enrolment ids */
    KEY_ROLE_COUNT
};

enum key_state { KEY_STATE_CURRENT = 0, KEY_STATE_NEXT, KEY_STATE_RETIRED };

struct key {
    enum key_role role;
    enum key_state state;
    char kid[KEYRING_KID_SIZE]; /* RFC 7638 thumbprint for ES256 */
    EVP_PKEY *pkey;             /* NULL for secrets */
    EVP_MD_CTX *signing;        /* as key_start_signing() left it, to be copied; NULL for secrets */
    uint8_t secret[KEYRING_SECRET_SIZE];
    uint8_t x[32], y[32]; /* of the public key */
};

/* Make key->signing from key->pkey, once: to start a signature costs a third of one, a copy far
 * less. The caller frees it. STATUS_CRYPTO. */
MUST_CHECK enum status key_start_signing(struct key *key);

struct keyring;

/* Load, making what is missing when create is true. credentials: $CREDENTIALS_DIRECTORY or NULL.
 * STATUS_DENIED: a key that others may read; STATUS_NOT_FOUND: missing and not to be made. */
MUST_CHECK enum status keyring_open(const char *directory, const char *credentials, bool create,
                                    struct keyring **out, struct diag *diag);
void keyring_close(struct keyring *k);
void keyring_closep(struct keyring **k);

/* The current key of a role; never NULL in an open keyring. */
const struct key *keyring_current(const struct keyring *k, enum key_role role);
/* Today's challenge key first, then yesterday's: HMAC-SHA-256(secret, "attestd challenge" || day).
 * Issue with [0]; both are accepted. */
MUST_CHECK enum status keyring_challenge_keys(struct keyring *k, int64_t now_ms,
                                              struct freshness_key out[static 2]);
/* JWKS of all result and audit keys, retired ones too. [RFC 7517] */
void keyring_append_jwks(const struct keyring *k, struct buffer *out);
/* role as in paths and kids: "result". */
const char *key_role_name(enum key_role role);
