/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys as documents hold them, and documents that are signed with them. Fails the test when the
 * library does.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>

/* The public key in PEM; escaped as in a JSON string when wanted. */
void jws_builder_pem(struct buffer *out, const EVP_PKEY *key, bool escape);
/* The compact serialization, with the header as it is given. Signed as RS256 or, with a key on
 * P-256, ES256. [RFC 7515 7.1] */
void jws_builder_compact(struct buffer *out, const char *payload, EVP_PKEY *key,
                         const char *header);
