/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who signed an attribute certificate: libcrypto knows none, so this finds its issuer and checks
 * its signature. Whether the issuer is believed is for ek_chain.h. Pure. [RFC 5755 4.1, 4.2]
 */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>
#include <openssl/x509.h>

/* Did this key sign the attribute certificate, whole DER. False also for a signature algorithm that
 * is not known or hashes with less than SHA-256. */
bool platform_signature_is_by(struct bytes der, EVP_PKEY *key);
/* Of the anchors of store and of others, a certificate by the name of the issuer whose key signed
 * the attribute certificate; borrowed. NULL: none, and *named says whether any has that name. */
X509 *platform_signature_issuer(struct bytes der, X509_STORE *store, const STACK_OF(X509) * others,
                                bool *named);
