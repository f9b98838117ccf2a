/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept bytes, smaller: one zstd frame a value, that says its size. Decompression is capped by the
 * size that the caller knows, so a frame cannot grow into more. struct compress keeps the contexts,
 * whose making costs more than a small frame: not for two threads. The only file that uses zstd.
 */
#pragma once

#include "base/bytes.h"

struct compress;

/* STATUS_NOMEM. */
MUST_CHECK enum status compress_new(struct compress **out);
void compress_free(struct compress *z);

/* Append the frame of in to out. STATUS_NOMEM. */
MUST_CHECK enum status compress_encode(struct compress *z, struct bytes in, struct buffer *out);
/* Append exactly size bytes to out. STATUS_MALFORMED: not one whole frame of that size.
 * STATUS_NOMEM. out is unchanged unless STATUS_OK. */
MUST_CHECK enum status compress_decode(struct compress *z, struct bytes frame, size_t size,
                                       struct buffer *out);

/* What values to come are like: a frame then holds little but the differences. Read-only once made,
 * for any thread. The bytes are copied; they are text, which zstd takes for no format of its own.
 */
struct dictionary;
/* STATUS_NOMEM. */
MUST_CHECK enum status dictionary_new(struct bytes bytes, struct dictionary **out);
void dictionary_free(struct dictionary *d);
/* As compress_encode(), with a checksum. */
MUST_CHECK enum status compress_encode_like(struct compress *z, const struct dictionary *d,
                                            struct bytes in, struct buffer *out);
/* As compress_decode(), given the same bytes that the dictionary was made of. Others are noticed:
 * STATUS_MALFORMED. */
MUST_CHECK enum status compress_decode_like(struct compress *z, struct bytes dictionary,
                                            struct bytes frame, size_t size, struct buffer *out);
