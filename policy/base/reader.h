/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One sticky, bounds-checked cursor over untrusted bytes. After the first short read every read
 * returns zero (or an empty view) and reader_end() reports the failure with the offset where it
 * happened, so a parser is one line a field in the order of its specification.
 */
#pragma once

#include "base/bytes.h"

struct reader {
    struct bytes in;
    size_t offset; /* of the next byte; where the first short read began, once failed */
    bool failed;
};

static inline struct reader
reader_of(struct bytes in)
{
    return (struct reader){.in = in};
}

/* Bytes not yet read; 0 once failed. */
size_t reader_left(const struct reader *r);

/* Mark the input bad at the current offset (a count above its limit, say). */
void reader_fail(struct reader *r);

uint8_t reader_u8(struct reader *r);
uint16_t reader_be16(struct reader *r);
uint32_t reader_be32(struct reader *r);
uint64_t reader_be64(struct reader *r);
uint16_t reader_le16(struct reader *r);
uint32_t reader_le32(struct reader *r);
uint64_t reader_le64(struct reader *r);

/* The next size bytes, borrowed from the input; empty and failed when fewer are left. */
struct bytes reader_bytes(struct reader *r, size_t size);

/* TPM2B: be16 size, then that many bytes. Fails when size is above max. */
struct bytes reader_tpm2b(struct reader *r, size_t max);

/* What is left, consumed. */
struct bytes reader_rest(struct reader *r);

/* STATUS_OK when nothing failed and nothing is left; else STATUS_MALFORMED with diag naming the
 * clause and the offset of the short read or of the first trailing byte. */
MUST_CHECK enum status reader_end(const struct reader *r, const char *clause, struct diag *diag);
