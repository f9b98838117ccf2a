/* SPDX-License-Identifier: Apache-2.0 */
/* from: untrusted bytes; to: integers and borrowed views; never: reads past the end. */
#include "base/reader.h"

size_t
reader_left(const struct reader *r)
{
    return r->failed ? 0 : r->in.size - r->offset;
}

void
reader_fail(struct reader *r)
{
    r->failed = true;
}

/* The next size bytes, or NULL and failed. size is not 0. Inlined with the two below, so that an
 * integer is one load. */
static inline const uint8_t *
take(struct reader *r, size_t size)
{
    if (size > reader_left(r)) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *p = r->in.data + r->offset;
    r->offset += size;
    return p;
}

static inline uint64_t
take_be(struct reader *r, size_t size)
{
    const uint8_t *p = take(r, size);
    uint64_t v = 0;
    for (size_t i = 0; p && i < size; i++)
        v = v << 8 | p[i];
    return v;
}

static inline uint64_t
take_le(struct reader *r, size_t size)
{
    const uint8_t *p = take(r, size);
    uint64_t v = 0;
    for (size_t i = size; p && i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

uint8_t
reader_u8(struct reader *r)
{
    return (uint8_t)take_be(r, 1);
}

uint16_t
reader_be16(struct reader *r)
{
    return (uint16_t)take_be(r, 2);
}

uint32_t
reader_be32(struct reader *r)
{
    return (uint32_t)take_be(r, 4);
}

uint64_t
reader_be64(struct reader *r)
{
    return take_be(r, 8);
}

uint16_t
reader_le16(struct reader *r)
{
    return (uint16_t)take_le(r, 2);
}

uint32_t
reader_le32(struct reader *r)
{
    return (uint32_t)take_le(r, 4);
}

uint64_t
reader_le64(struct reader *r)
{
    return take_le(r, 8);
}

struct bytes
reader_bytes(struct reader *r, size_t size)
{
    if (size == 0)
        return (struct bytes){0};
    const uint8_t *p = take(r, size);
    return p ? bytes_of(p, size) : (struct bytes){0};
}

struct bytes
reader_tpm2b(struct reader *r, size_t max)
{
    size_t size_at = r->offset;
    size_t size = reader_be16(r);
    if (size > max) {
        r->offset = size_at;
        r->failed = true;
        return (struct bytes){0};
    }
    return reader_bytes(r, size);
}

struct bytes
reader_rest(struct reader *r)
{
    return reader_bytes(r, reader_left(r));
}

enum status
reader_end(const struct reader *r, const char *clause, struct diag *diag)
{
    if (r->failed)
        return diag_set(diag, STATUS_MALFORMED, clause, r->offset, "short or out of range");
    if (reader_left(r) > 0)
        return diag_set(diag, STATUS_MALFORMED, clause, r->offset, "%zu trailing bytes",
                        reader_left(r));
    return STATUS_OK;
}
