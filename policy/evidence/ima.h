/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IMA measurement list: binary (either byte order) or ASCII, one entry at a time. Parsed is not
 * believed: replay.h says how far the quote proves the list. Views borrow from the input. Pure.
 */
#pragma once

#include "base/digest.h"
#include "evidence/reason.h"

enum ima_format { IMA_BINARY_LE, IMA_BINARY_BE, IMA_ASCII };

struct ima_entry {
    uint64_t number; /* from 0 over the whole list, earlier segments included */
    uint32_t pcr;
    struct bytes digest; /* template digest as listed; 20 bytes in the classic list */
    struct bytes name;   /* template name or format */
    struct bytes data;   /* template data as hashed, lengths included (binary) */
    bool violation;      /* listed digest is all zero: 0xFF is extended */
    uint16_t file_alg;   /* of d-ng and its like; ALG_SHA1 for template "ima"; 0 unknown */
    struct bytes file_digest;
    struct bytes path;      /* n-ng, without NUL; a hint only */
    struct bytes signature; /* sig field, may be empty */
    struct bytes buffer;    /* ima-buf content, may be empty */
};

struct ima_reader {
    struct bytes in;
    size_t offset; /* of the next entry */
    uint64_t next; /* its number */
    enum ima_format format;
};

/* Decide the format from the first entry. first: entries before this segment. An empty input is an
 * empty list. STATUS_MALFORMED. */
MUST_CHECK enum status ima_open(struct bytes in, uint64_t first, struct ima_reader *out,
                                struct diag *diag);
/* The next entry; STATUS_NOT_FOUND at the end. STATUS_MALFORMED, STATUS_LIMIT. For ASCII lists data
 * is rebuilt into scratch (valid until the next call), for binary ones it borrows and scratch may
 * be NULL. */
MUST_CHECK enum status ima_next(struct ima_reader *r, struct buffer *scratch, struct ima_entry *out,
                                struct diag *diag);
/* Digest of the template data with alg, as the kernel extends it into a bank that it rehashes.
 * Template "ima": digest || path padded to 256. [kernel ima_template] */
MUST_CHECK enum status ima_template_digest(struct hasher *h, uint16_t alg,
                                           const struct ima_entry *e, struct digest *out);
/* Replay alone, without a quote, for inspection: the value of every PCR that entries name, for one
 * bank; padded: SHA-1 template digests padded with zeros. */
struct ima_pcrs {
    bool used[LIMIT_PCRS];
    struct digest pcr[LIMIT_PCRS];
};
MUST_CHECK enum status ima_replay(struct hasher *h, struct bytes in, uint16_t alg, bool padded,
                                  struct ima_pcrs *out, struct diag *diag);
