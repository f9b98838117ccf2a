/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evidence as it arrives: a CMW collection (RFC 9999) whose members are byte strings, decoded in
 * place. Lengths fit; believed by nobody. All views borrow from the body (CBOR) or from the owner's
 * buffer (JSON). Pure. [protocol 3]
 *
 * A boot log that the manifest names and that is absent here was sent by reference.
 */
#pragma once

#include "evidence/reason.h"

#define EVIDENCE_TYPE_CBOR "application/cmw+cbor"
#define EVIDENCE_TYPE_JSON "application/cmw+json"
#define EVIDENCE_PROFILE   "tag:attestd.example,2026:evidence#1" /* __cmwc_t */

enum evidence_member {
    EVIDENCE_MANIFEST,      /* "manifest": deterministic CBOR, binding.h */
    EVIDENCE_QUOTE,         /* "quote": TPMS_ATTEST */
    EVIDENCE_SIGNATURE,     /* "signature": TPMT_SIGNATURE */
    EVIDENCE_PCRS,          /* "pcrs": values in the order of the selection, nothing between */
    EVIDENCE_BOOT_LOG,      /* "boot-log": binary_bios_measurements */
    EVIDENCE_IMA,           /* "ima": binary_runtime_measurements from the offset on */
    EVIDENCE_USERSPACE_LOG, /* "userspace-log": tpm2-measure.log from the offset on */
    EVIDENCE_CLAIMS,        /* "claims": JSON object, the device's own word */
    EVIDENCE_OFFSETS,       /* "offsets": CBOR map {"ima": entries, "userspace-log": records} */
    EVIDENCE_N_MEMBERS
};

struct evidence {
    bool present[EVIDENCE_N_MEMBERS];
    struct bytes member[EVIDENCE_N_MEMBERS];
    uint64_t ima_offset;       /* entries before the first one sent */
    uint64_t userspace_offset; /* records */
};

/* Frame only: container, member names, media types, sizes; offsets. When bad STATUS_OK is not
 * returned: STATUS_MALFORMED, STATUS_LIMIT; and reasons has evidence.malformed, evidence.limit,
 * evidence.member-missing (manifest, quote, signature, pcrs) or evidence.member-unknown. */
MUST_CHECK enum status evidence_parse(struct bytes body, struct evidence *out,
                                      struct reasons *reasons);
/* The same as JSON, for people with curl: decodes base64url into owner, which must outlive *out. */
MUST_CHECK enum status evidence_parse_json(struct bytes body, struct buffer *owner,
                                           struct evidence *out, struct reasons *reasons);
/* Encode the present members, in deterministic order. */
MUST_CHECK enum status evidence_encode(const struct evidence *e, struct buffer *out);
MUST_CHECK enum status evidence_encode_json(const struct evidence *e, struct buffer *out);
/* "boot-log"; its media type. */
const char *evidence_member_name(enum evidence_member m);
const char *evidence_member_type(enum evidence_member m);
