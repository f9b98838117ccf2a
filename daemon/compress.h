/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kept bytes, smaller: one zstd frame a value, that says its size. Decompression is capped by the
 * size that the caller knows, so a frame cannot grow into more. The only room that uses zstd.
 */
#pragma once

#include "base/bytes.h"

/* Append the frame of in to out. STATUS_NOMEM. */
MUST_CHECK enum status compress_encode(struct bytes in, struct buffer *out);
/* Append exactly size bytes to out. STATUS_MALFORMED: not one whole frame of that size.
 * STATUS_NOMEM. out is unchanged unless STATUS_OK. */
MUST_CHECK enum status compress_decode(struct bytes frame, size_t size, struct buffer *out);
