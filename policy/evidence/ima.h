/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The IMA measurement list: binary (either byte order) or ASCII, one entry at a time. Parsed is not
 * believed: replay.h says how far the quote proves the list. Views borrow from the input. Pure.
 */
#pragma once

#include "base/digest.h"
#include "evidence/reason.h"

enum ima_format { IMA_BINARY_LE, IMA_BINARY_BE, IMA_ASCII };

/* How the kernel extends a bank other than the list's own. [kernel ima_queue, ima_crypto] */
enum ima_mode {
    IMA_NATIVE = 0, /* the bank's hash of the template data */
    IMA_PADDED,     /* no such hash when IMA started: the SHA-1 digest, zeros after it */
    IMA_PADDED_OLD, /* kernels before 5.8: the same, and a violation is 20 bytes of 0xFF */
    IMA_N_MODES
};

#define IMA_PCR 10u /* what an unconfigured kernel extends */

struct ima_entry {
    uint64_t number; /* from 0 over the whole list, earlier segments included */
    size_t end;      /* offset of the next entry in its list */
    uint32_t pcr;
    struct bytes digest; /* template digest as listed; 20 bytes in the classic list */
    struct bytes name;   /* template name or format */
    struct bytes data;   /* template data as hashed, lengths included */
    bool violation;      /* listed digest is all zero: 0xFF is extended */
    bool digest_bad;     /* set by replay: the listed digest is not that of data */
    bool template_known; /* false: the fields below are empty */
    bool verity;         /* file_digest is fs-verity's (d-ngv2) */
    uint16_t file_alg;   /* of d-ng and its like; ALG_SHA1 for template "ima"; 0 unknown */
    struct bytes file_digest;
    struct bytes path;      /* n-ng, without NUL; a hint only */
    struct bytes signature; /* sig, evmsig or modsig field, may be empty */
    struct bytes buffer;    /* ima-buf content, may be empty */
};

struct ima_reader {
    struct bytes in;
    size_t offset;  /* of the next entry */
    uint64_t next;  /* its number */
    uint64_t limit; /* entries before this number are permitted */
    enum ima_format format;
    size_t digest_size; /* of a binary list's entries */
};

/* Decide format, byte order and digest size from the first two entries. first: entries before this
 * segment. An empty input is an empty list. STATUS_MALFORMED. */
MUST_CHECK enum status ima_open(struct bytes in, uint64_t first, struct ima_reader *out,
                                struct diag *diag);
/* Binary segments that follow one another, as they are kept: together without the caps of one. */
MUST_CHECK enum status ima_open_joined(struct bytes in, struct ima_reader *out);
/* The next entry; STATUS_NOT_FOUND at the end. STATUS_MALFORMED, STATUS_LIMIT; STATUS_NOMEM for an
 * ASCII list, whose data is rebuilt into scratch (valid until the next call). A binary list
 * borrows, and scratch may be NULL. diag->offset is the entry's. */
MUST_CHECK enum status ima_next(struct ima_reader *r, struct buffer *scratch, struct ima_entry *out,
                                struct diag *diag);
/* An ASCII list as the binary one that the kernel keeps beside it (little-endian), appended to out;
 * *n_entries of them. Otherwise out has the entries before the one that is wrong, and diag->offset
 * is its: STATUS_MALFORMED also for digests of two sizes, which no binary list has; STATUS_LIMIT,
 * STATUS_NOMEM. */
MUST_CHECK enum status ima_ascii_to_binary(struct bytes in, struct buffer *out, uint64_t *n_entries,
                                           struct diag *diag);
/* Digest of the template data with alg, as the kernel extends it into a bank that it rehashes.
 * Template "ima": digest || path padded to 256. [kernel ima_template] */
MUST_CHECK enum status ima_template_digest(struct hasher *h, uint16_t alg,
                                           const struct ima_entry *e, struct digest *out);
/* Algorithm of the listed template digests, by their size. */
uint16_t ima_list_alg(const struct ima_entry *e);
/* What the kernel extends into a bank of alg for this entry: 0xFF for a violation, the listed
 * digest in the list's own bank, else as mode says. STATUS_UNSUPPORTED: alg unknown, or absent from
 * libcrypto. */
MUST_CHECK enum status ima_extend_value(struct hasher *h, uint16_t alg, enum ima_mode mode,
                                        const struct ima_entry *e, struct digest *out);
/* The entry is a boot_aggregate (by its path). */
bool ima_is_aggregate(const struct ima_entry *e);
/* What makes an entry no statement about a file: another PCR or a violation; a listed digest that
 * is not its data's; an unknown template. As many codes as are returned; digest_bad is set. */
#define IMA_ODD_MAX 3u
unsigned ima_odd(const struct ima_entry *e, enum reason_code out[static IMA_ODD_MAX]);
/* A reason that names the entry: by its path, or by its template where that is what is wrong. */
struct reason ima_reason(enum reason_code code, const struct ima_entry *e);
/* Replay alone, without a quote, for inspection: the value of every PCR that entries name, for one
 * bank; padded: SHA-1 template digests padded with zeros. STATUS_UNSUPPORTED: libcrypto lacks alg.
 */
struct ima_pcrs {
    uint64_t n_entries;
    uint64_t n_violations;
    bool used[LIMIT_PCRS];
    struct digest pcr[LIMIT_PCRS];
};
MUST_CHECK enum status ima_replay(struct hasher *h, struct bytes in, uint16_t alg,
                                  enum ima_mode mode, struct ima_pcrs *out, struct diag *diag);
