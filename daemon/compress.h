/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept bytes, smaller: one zstd frame a value, that says its size. Decompression is capped by the
 * size that the caller knows, so a frame cannot grow into more. struct compress keeps the contexts,
 * whose making costs more than a small frame: not for two threads. The only room that uses zstd.
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
