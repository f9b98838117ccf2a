/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a digest was signed by a key, for signatures that name neither: those of files in an IMA
 * list and of documents. The scheme is the caller's word, never the signature's. Pure.
 */
#pragma once

#include "base/digest.h"

enum prehashed_scheme {
    PREHASHED_ASN1,  /* RSA PKCS #1 1.5, or ECDSA in DER, as the key is */
    PREHASHED_PKCS1, /* RSA only */
    PREHASHED_PSS,   /* RSA only; MGF1 with the digest's hash, salt as long as it */
    PREHASHED_FIXED  /* ECDSA only: r || s, each as long as the curve's field */
};

/* DER SubjectPublicKeyInfo from the first PEM block "PUBLIC KEY" or "CERTIFICATE" of text, into
 * out. STATUS_MALFORMED: there is none, or a key that key_is_strong() does not take;
 * STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status prehashed_key_parse(struct bytes pem, struct buffer *out);
/* STATUS_NOMEM: also when spki is none that prehashed_key_parse() gave. */
MUST_CHECK enum status prehashed_verify(struct bytes spki, enum prehashed_scheme scheme,
                                        const struct digest *digest, struct bytes signature,
                                        bool *valid);
