/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes, or a frame and its size; to: a frame, or the bytes; never: believes a frame's size.
 */
#include "daemon/compress.h"

#include <zstd.h>

#define LEVEL 3

enum status
compress_encode(struct bytes in, struct buffer *out)
{
    size_t room = ZSTD_compressBound(in.size);
    enum status s = buffer_reserve(out, room);
    if (s != STATUS_OK)
        return s;
    size_t size = ZSTD_compress(out->data + out->size, room, in.data, in.size, LEVEL);
    if (ZSTD_isError(size))
        return STATUS_NOMEM;
    out->size += size;
    return STATUS_OK;
}

enum status
compress_decode(struct bytes frame, size_t size, struct buffer *out)
{
    if (ZSTD_getFrameContentSize(frame.data, frame.size) != size ||
        ZSTD_findFrameCompressedSize(frame.data, frame.size) != frame.size)
        return STATUS_MALFORMED;
    enum status s = buffer_reserve(out, size);
    if (s != STATUS_OK)
        return s;
    if (ZSTD_decompress(out->data + out->size, size, frame.data, frame.size) != size)
        return STATUS_MALFORMED;
    out->size += size;
    return STATUS_OK;
}
