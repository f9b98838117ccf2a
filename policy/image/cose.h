/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COSE_Sign1: one signature around a payload, as signed CoRIMs have it. Reading one says nothing of
 * who signed; cose_verify() does, for a key of the caller's. Keys and certificates that stand in
 * the message itself are never used. Pure. [RFC 9052 4.2, RFC 9053, RFC 9864]
 */
#pragma once

#include "base/digest.h"
#include "image/leftover.h"

#define COSE_TAG_SIGN1 18u

/* Everything is borrowed from the message. */
struct cose {
    struct bytes header; /* the protected one, encoded */
    struct bytes payload;
    struct bytes signature;
    bool has_alg;
    int64_t alg; /* of IANA's COSE registry */
};

/* in is what the tag 18 is of. Header parameters that it does not act on go to leftovers.
 * STATUS_MALFORMED; STATUS_UNSUPPORTED: a detached or hashed payload, or a parameter that is
 * critical and not known; STATUS_LIMIT. diag's offset is from the beginning of in. */
MUST_CHECK enum status cose_parse(struct bytes in, struct cose *out, struct leftovers *leftovers,
                                  struct diag *diag);
/* "ES256"; NULL: none that cose_verify() has. */
const char *cose_alg_name(int64_t alg);
/* *by: the signature is by this key, PEM of a public key or of a certificate (whose dates and
 * issuer are not looked at). STATUS_UNSUPPORTED: the message names no algorithm, or one that is not
 * known; STATUS_INVALID: no key there, or none that can carry trust; STATUS_NOMEM, STATUS_CRYPTO.
 */
MUST_CHECK enum status cose_verify(struct hasher *h, const struct cose *c, struct bytes pem,
                                   bool *by, struct diag *diag);
