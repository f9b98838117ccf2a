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
#define EVIDENCE_CMWC_T    "__cmwc_t" /* the collection's own type, a key beside the members */
#define EVIDENCE_PROFILE   "tag:attestd.example,2026:evidence#1"
#define EVIDENCE_IND       4u /* the indicator that a record may carry: evidence */

/* In the order of the wire: by the encoded names. [RFC 8949 4.2.1] */
enum evidence_member {
    EVIDENCE_IMA,           /* "ima": binary_runtime_measurements from the offset on */
    EVIDENCE_PCRS,          /* "pcrs": values in the order of the selection, nothing between */
    EVIDENCE_QUOTE,         /* "quote": TPMS_ATTEST */
    EVIDENCE_CLAIMS,        /* "claims": JSON object, the device's own word */
    EVIDENCE_OFFSETS,       /* "offsets": CBOR map {"ima": entries, "userspace-log": records,
                               ? "userspace-incomplete": true} */
    EVIDENCE_BOOT_LOG,      /* "boot-log": binary_bios_measurements */
    EVIDENCE_MANIFEST,      /* "manifest": deterministic CBOR, binding.h */
    EVIDENCE_SIGNATURE,     /* "signature": TPMT_SIGNATURE */
    EVIDENCE_ANNOUNCEMENT,  /* "announcement": JSON object, what the next boot will show */
    EVIDENCE_USERSPACE_LOG, /* "userspace-log": tpm2-measure.log from the offset on */
    EVIDENCE_N_MEMBERS
};

struct evidence {
    bool present[EVIDENCE_N_MEMBERS];
    struct bytes member[EVIDENCE_N_MEMBERS];
    uint64_t ima_offset;       /* entries before the first one sent; at most INT64_MAX */
    uint64_t userspace_offset; /* records */
    bool userspace_incomplete; /* the device says so of its userspace log (sticky bit) */
};

/* Frame only: container, member names, media types, sizes; offsets. No allocation. When bad
 * STATUS_OK is not returned: STATUS_MALFORMED, STATUS_LIMIT; and reasons has exactly one of
 * evidence.malformed, evidence.limit, evidence.member-missing (manifest, quote, signature, pcrs)
 * and evidence.member-unknown. *out is empty then. */
MUST_CHECK enum status evidence_parse(struct bytes body, struct evidence *out,
                                      struct reasons *reasons);
/* The same as JSON, for people with curl: appends decoded base64url to owner, which must outlive
 * *out and not change. Body at most LIMIT_JSON_BODY. Also STATUS_NOMEM, without a reason. */
MUST_CHECK enum status evidence_parse_json(struct bytes body, struct buffer *owner,
                                           struct evidence *out, struct reasons *reasons);
/* Encode the present members, in deterministic order; "offsets" from ima_offset,
 * userspace_offset and userspace_incomplete, not from its member bytes. Appends. STATUS_NOMEM. */
MUST_CHECK enum status evidence_encode(const struct evidence *e, struct buffer *out);
MUST_CHECK enum status evidence_encode_json(const struct evidence *e, struct buffer *out);

/* A copy whose member "offsets" is encoded, into owner: what both encoders begin with. */
MUST_CHECK enum status evidence_with_offsets(const struct evidence *e, struct buffer *owner,
                                             struct evidence *out);
/* What both parsers end with, all members being read: sizes, demanded members, offsets. Status and
 * reasons as evidence_parse(). */
MUST_CHECK enum status evidence_check(struct evidence *e, struct reasons *reasons);
/* Add the reason; its status: STATUS_LIMIT for evidence.limit, else STATUS_MALFORMED. what is the
 * member, found our own text; both may be NULL. */
enum status evidence_refuse(struct reasons *reasons, enum reason_code code, const char *what,
                            const char *found);
/* The same for a member that is not known: its escaped name is what was found. */
enum status evidence_refuse_name(struct reasons *reasons, struct bytes name);

/* "boot-log"; its media type; the most bytes it may have. */
const char *evidence_member_name(enum evidence_member m);
const char *evidence_member_type(enum evidence_member m);
size_t evidence_member_limit(enum evidence_member m);
/* EVIDENCE_N_MEMBERS when there is none of that name. */
enum evidence_member evidence_member_find(struct bytes name);
