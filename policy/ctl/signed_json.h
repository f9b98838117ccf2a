/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document's text as JSON, whether or not it was signed. from: a text that document_parse() has
 * taken, or that the verifier keeps; to: what it says, or how it goes into a request. The signature
 * is not verified here: the verifier asks who signed. [RFC 7515 7]
 */
#pragma once

#include "base/bytes.h"
#include "base/status.h"

#include <jansson.h>

/* What the document says; *is_signed: as the payload of a JWS. *out is the caller's.
 * STATUS_INVALID: a JWS that is not well-formed; STATUS_MALFORMED: no JSON; STATUS_NOMEM,
 * STATUS_CRYPTO. */
MUST_CHECK enum status signed_json_content(struct bytes text, json_t **out, bool *is_signed,
                                           struct diag *diag);
/* The document as a member of a request: what is compact gets the flattened form, which keeps the
 * signature good. *out is the caller's. STATUS_MALFORMED: no JSON and no JWS; STATUS_NOMEM. */
MUST_CHECK enum status signed_json_wire(struct bytes text, json_t **out, struct diag *diag);
