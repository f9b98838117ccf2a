/* SPDX-License-Identifier: Apache-2.0 */
/* from: how a file begins; to: which encoding of CEL that is; never: reads a record. */
#include "evidence/cel.h"

#include "base/reader.h"

#define TLV_RECNUM       0u
#define TLV_PCR          1u
#define TLV_NV_INDEX     2u
#define PLACE_MAX        4u /* bytes of a PCR's or NV index's number */
#define RECORD_SEPARATOR 0x1Eu
#define CBOR_ARRAY       4u
#define CBOR_MAP         5u

/* RECNUM of 1 to 8 bytes, then where it was extended. [CEL 1.0 5.1] */
static bool
is_tlv(struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t type = reader_u8(&r);
    uint32_t size = reader_be32(&r);
    if (type != TLV_RECNUM || size == 0 || size > 8) /* 0 as well where it is cut */
        return false;
    (void)reader_bytes(&r, size);
    uint8_t place = reader_u8(&r);
    uint32_t place_size = reader_be32(&r);
    return !r.failed && (place == TLV_PCR || place == TLV_NV_INDEX) && place_size > 0 &&
           place_size <= PLACE_MAX;
}

/* An array of maps. */
static bool
is_cbor(struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t array = reader_u8(&r);
    unsigned size = array & 0x1Fu;
    if (array >> 5 != CBOR_ARRAY || (size > 27 && size != 31))
        return false;
    if (size >= 24 && size <= 27)
        (void)reader_bytes(&r, (size_t)1 << (size - 24));
    return reader_u8(&r) >> 5 == CBOR_MAP && !r.failed;
}

/* A sequence of texts, an array or an object, as text. */
static bool
is_json(struct bytes in)
{
    size_t at = in.size > 0 && in.data[0] == RECORD_SEPARATOR ? 1 : 0;
    if (at + 1 >= in.size || (in.data[at] != '{' && in.data[at] != '['))
        return false;
    for (at++; at < in.size; at++) {
        uint8_t c = in.data[at];
        if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
            return c == '"' || c == '{' || c == '}' || c == ']';
    }
    return false;
}

enum cel_encoding
cel_encoding_of(struct bytes in)
{
    if (is_tlv(in))
        return CEL_TLV;
    if (is_cbor(in))
        return CEL_CBOR;
    return is_json(in) ? CEL_JSON : CEL_NONE;
}

const char *
cel_encoding_name(enum cel_encoding encoding)
{
    static const char *const names[] = {NULL, "CEL in TLV form", "CEL in CBOR form",
                                        "CEL in JSON form: a userspace log"};
    return names[encoding];
}
