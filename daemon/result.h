/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: struct appraisal and the device; to: struct result = a signed EAR that others may rely on.
 * The dialect (profile and claim names) is a table. A token leaves only after its round is
 * committed. [protocol 5; draft-ietf-rats-ear; RFC 9711; RFC 7519]
 */
#pragma once

#include "appraise/appraise.h"
#include "daemon/jws.h"
#include "daemon/store_token.h"

enum result_dialect { RESULT_IETF = 0, RESULT_VERAISON, RESULT_DIALECT_COUNT };

#define RESULT_MEDIA_TYPE "application/eat+jwt"

struct result_input {
    const struct appraisal *appraisal;
    const struct store_device *device;
    const struct quote *quote;
    const char *attestation;    /* jti */
    const char *issuer;         /* our origin: iss, and aud unless asked otherwise */
    struct bytes ak_thumbprint; /* cnf: SHA-256 of the AK's SPKI */
    int64_t now_s;
};

struct result;

/* Build the claims and sign them with the current result key. exp = appraisal_expires_s(). */
MUST_CHECK enum status result_sign(const struct result_input *input, enum result_dialect dialect,
                                   const struct key *key, struct result **out);
/* The token, without a newline; a C string owned by the result. */
const char *result_token(const struct result *r);
void result_free(struct result *r);
void result_freep(struct result **r);

/* Sign a stored token's claims again for a relying party: other dialect, audience and nonce, iat of
 * now, a jti of its own ("ATTESTATION.RANDOM") and the same exp. audience and nonce may be NULL;
 * granted names the perspectives to keep, NULL for all, and the status of the whole is the worst of
 * those. STATUS_STALE: exp has passed. STATUS_INVALID: a nonce that is not 8 to 88 characters.
 * STATUS_NOT_FOUND: no perspective is left. STATUS_MALFORMED: not a token of ours. [protocol 5;
 * RFC 7519 4.1.7] */
struct result_request {
    const char *audience;
    const char *nonce;
    enum result_dialect dialect;
    int64_t now_s;
    const struct store_grants *granted;
};
MUST_CHECK enum status result_reissue(const char *token, const struct result_request *request,
                                      const struct key *key, struct result **out);

/* The dialect that an Accept header asks for; false: none of ours. An absent or wildcard Accept is
 * RESULT_IETF. */
bool result_negotiate(const char *accept, enum result_dialect *out);
