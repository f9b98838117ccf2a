/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document that was put signed: a JWS, in the compact or the flattened JSON serialization, whose
 * payload is the document's text. Who signed is asked when a perspective pins signers; the
 * signature stays with the text, so that the answer is the same years later. Pure. [RFC 7515 7]
 */
#pragma once

#include "appraise/shape.h"
#include "base/digest.h"

/* Zero value: not signed. */
struct document_signature {
    const char *alg; /* "ES256", "ES384", "RS256", "PS256"; NULL: not signed */
    struct digest digest;
    struct bytes signature; /* in the arena */
};

/* When text is a JWS: its payload into *payload, else text as it is; scratch owns the payload.
 * STATUS_INVALID: a JWS that is not well-formed, "crit", "b64", or another algorithm; STATUS_NOMEM,
 * STATUS_CRYPTO. */
MUST_CHECK enum status document_signature_open(struct hasher *h, struct arena *arena,
                                               struct bytes text, struct buffer *scratch,
                                               struct document_signature *out,
                                               struct bytes *payload, struct diag *diag);
/* STATUS_NOMEM. *by: the signature is by this key. */
MUST_CHECK enum status document_signature_is_by(const struct document_signature *s,
                                                struct bytes spki, bool *by);
