/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWS compact serialisation, ES256, by EVP: signing is on the hot path. [RFC 7515; RFC 7518 3.4]
 */
#pragma once

#include "daemon/keyring.h"

/* header {"alg":"ES256","kid":...,"typ":typ} . payload . signature, appended without a newline.
 * STATUS_CRYPTO, STATUS_NOMEM. */
MUST_CHECK enum status jws_sign(const struct key *key, const char *typ, struct bytes payload,
                                struct buffer *out);
