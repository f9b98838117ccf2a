/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is an EK's certificate a maker's word: a path of at most LIMIT_CHAIN_DEPTH certificates above it
 * to a configured anchor, every signature, date, usage, constraint and known revocation checked.
 * Intermediates come from the device's NV and from the bundle; nothing is fetched. CRLs are
 * consulted where the bundle has one; a stale one refuses. Pure: the time is an argument.
 * [RFC 5280 6; EK Credential Profile 2.5 3; threats 17]
 */
#pragma once

#include "evidence/ek_certificate.h"
#include "evidence/ek_roots.h"

/* The zero value refuses. */
enum ek_standing {
    EK_STANDING_UNVERIFIED = 0,
    EK_STANDING_SOFTWARE, /* a verified path, but the TPM is software by its own certificate */
    EK_STANDING_VERIFIED
};

struct ek_chain_input {
    const struct ek_certificate *certificate;
    const struct bytes *extra; /* DER or NV dumps, from the device; at most LIMIT_CERTS */
    size_t n_extra;
    int64_t now_s;
    uint32_t permitted; /* oddities that policy names */
};

struct ek_chain {
    enum ek_standing standing;
    enum tpm_kind kind;               /* by the certificate; unknown unless verified */
    size_t depth;                     /* certificates above the EK's */
    char anchor[EK_CERTIFICATE_TEXT]; /* subject of the anchor; "" unless verified */
};

/* Not verified: out->standing says so, STATUS_OK, and reasons has one of ek.usage, ek.chain,
 * ek.dates, ek.revoked, ek.weak, ek.unsupported, ek.malformed (an extra certificate), with what and
 * the place in the path. STATUS_LIMIT: more than LIMIT_CERTS extra ones. STATUS_NOMEM,
 * STATUS_CRYPTO. */
MUST_CHECK enum status ek_chain_verify(struct hasher *h, const struct ek_roots *roots,
                                       const struct ek_chain_input *in, struct ek_chain *out,
                                       struct reasons *reasons);
/* The same for a platform certificate: a path from it, or for an attribute certificate from the
 * certificate of the key that signed it. Nothing here looks at which machine it names; there are no
 * revocation lists of attribute certificates. STATUS_INVALID: another kind of certificate. */
MUST_CHECK enum status ek_chain_verify_platform(struct hasher *h, const struct ek_roots *roots,
                                                const struct ek_chain_input *in,
                                                struct ek_chain *out, struct reasons *reasons);
