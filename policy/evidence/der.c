/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes; to: one element of DER; never: descends by itself. */
#include "evidence/der.h"

#define TAG_LONG     0x1Fu
#define LENGTH_LONG  0x80u
#define LENGTH_BYTES 3u

static size_t
read_length(struct reader *r)
{
    uint8_t first = reader_u8(r);
    if (first < LENGTH_LONG)
        return first;
    unsigned n = first & (LENGTH_LONG - 1u);
    if (n == 0 || n > LENGTH_BYTES) {
        reader_fail(r);
        return 0;
    }
    size_t length = 0;
    for (unsigned i = 0; i < n; i++)
        length = length << 8 | reader_u8(r);
    size_t smallest = n == 1 ? LENGTH_LONG : (size_t)1 << (8 * (n - 1));
    if (length < smallest)
        reader_fail(r);
    return length;
}

struct bytes
der_next(struct reader *r, uint8_t *tag)
{
    *tag = reader_u8(r);
    if ((*tag & TAG_LONG) == TAG_LONG)
        reader_fail(r);
    size_t length = read_length(r);
    return reader_bytes(r, length);
}

struct bytes
der_outer(struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t tag = 0;
    (void)der_next(&r, &tag);
    if (r.failed || tag != DER_SEQUENCE)
        return (struct bytes){0};
    return bytes_of(in.data, r.offset);
}
