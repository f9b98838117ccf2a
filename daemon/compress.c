/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes, or a frame and its size; to: a frame, or the bytes; never: believes a frame's size.
 */
#include "daemon/compress.h"

#include <stdlib.h>
#include <zstd.h>

#define LEVEL       3
#define LEVEL_SMALL (-2) /* of the texts of a round: in half the time, in as many pages */
#define SMALL       (16u * 1024u)

struct compress {
    ZSTD_CCtx *encoder;
    ZSTD_DCtx *decoder;
};

struct dictionary {
    ZSTD_CDict *digested;
};

enum status
compress_new(struct compress **out)
{
    *out = NULL;
    struct compress *z = calloc(1, sizeof *z);
    if (!z)
        return STATUS_NOMEM;
    z->encoder = ZSTD_createCCtx();
    z->decoder = ZSTD_createDCtx();
    if (!z->encoder || !z->decoder) {
        compress_free(z);
        return STATUS_NOMEM;
    }
    *out = z;
    return STATUS_OK;
}

void
compress_free(struct compress *z)
{
    if (!z)
        return;
    ZSTD_freeCCtx(z->encoder);
    ZSTD_freeDCtx(z->decoder);
    free(z);
}

enum status
compress_encode(struct compress *z, struct bytes in, struct buffer *out)
{
    size_t room = ZSTD_compressBound(in.size);
    enum status s = buffer_reserve(out, room);
    if (s != STATUS_OK)
        return s;
    int level = in.size <= SMALL ? LEVEL_SMALL : LEVEL;
    size_t size =
        ZSTD_compressCCtx(z->encoder, out->data + out->size, room, in.data, in.size, level);
    if (ZSTD_isError(size))
        return STATUS_NOMEM;
    out->size += size;
    return STATUS_OK;
}

/* Of the whole of one frame, which says the size that it was told to have. */
static bool
is_frame(struct bytes frame, size_t size)
{
    return ZSTD_getFrameContentSize(frame.data, frame.size) == size &&
           ZSTD_findFrameCompressedSize(frame.data, frame.size) == frame.size;
}

enum status
compress_decode(struct compress *z, struct bytes frame, size_t size, struct buffer *out)
{
    if (!is_frame(frame, size))
        return STATUS_MALFORMED;
    enum status s = buffer_reserve(out, size);
    if (s != STATUS_OK)
        return s;
    if (ZSTD_decompressDCtx(z->decoder, out->data + out->size, size, frame.data, frame.size) !=
        size)
        return STATUS_MALFORMED;
    out->size += size;
    return STATUS_OK;
}

enum status
dictionary_new(struct bytes bytes, struct dictionary **out)
{
    *out = NULL;
    struct dictionary *d = calloc(1, sizeof *d);
    if (!d)
        return STATUS_NOMEM;
    d->digested = ZSTD_createCDict(bytes.data, bytes.size, LEVEL_SMALL);
    if (!d->digested) {
        free(d);
        return STATUS_NOMEM;
    }
    *out = d;
    return STATUS_OK;
}

void
dictionary_free(struct dictionary *d)
{
    if (!d)
        return;
    ZSTD_freeCDict(d->digested);
    free(d);
}

enum status
compress_encode_like(struct compress *z, const struct dictionary *d, struct bytes in,
                     struct buffer *out)
{
    size_t room = ZSTD_compressBound(in.size);
    enum status s = buffer_reserve(out, room);
    if (s != STATUS_OK)
        return s;
    if (ZSTD_isError(ZSTD_CCtx_reset(z->encoder, ZSTD_reset_session_and_parameters)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(z->encoder, ZSTD_c_checksumFlag, 1)) ||
        ZSTD_isError(ZSTD_CCtx_refCDict(z->encoder, d->digested)))
        return STATUS_NOMEM;
    size_t size = ZSTD_compress2(z->encoder, out->data + out->size, room, in.data, in.size);
    if (ZSTD_isError(size))
        return STATUS_NOMEM;
    out->size += size;
    return STATUS_OK;
}

enum status
compress_decode_like(struct compress *z, struct bytes dictionary, struct bytes frame, size_t size,
                     struct buffer *out)
{
    if (!is_frame(frame, size))
        return STATUS_MALFORMED;
    enum status s = buffer_reserve(out, size);
    if (s != STATUS_OK)
        return s;
    if (ZSTD_decompress_usingDict(z->decoder, out->data + out->size, size, frame.data, frame.size,
                                  dictionary.data, dictionary.size) != size)
        return STATUS_MALFORMED;
    out->size += size;
    return STATUS_OK;
}
