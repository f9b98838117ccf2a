/* SPDX-License-Identifier: Apache-2.0 */
/* from: UTF-8; to: UTF-16LE; never: replaces what is ill-formed. */
#include "image/utf16.h"

#include "base/text.h"

/* Length of a sequence by its first byte, of text that is well-formed. */
static size_t
sequence_size(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xE0)
        return 2;
    return first < 0xF0 ? 3 : 4;
}

static uint32_t
decode(const uint8_t *at, size_t size)
{
    static const uint8_t masks[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t point = at[0] & masks[size];
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (at[i] & 0x3Fu);
    return point;
}

enum status
utf16_append(struct bytes utf8, struct buffer *out)
{
    if (!text_is_utf8(utf8))
        return STATUS_MALFORMED;
    for (size_t at = 0; at < utf8.size;) {
        size_t size = sequence_size(utf8.data[at]);
        uint32_t point = decode(utf8.data + at, size);
        at += size;
        if (point < 0x10000) {
            buffer_append_le16(out, (uint16_t)point);
            continue;
        }
        point -= 0x10000;
        buffer_append_le16(out, (uint16_t)(0xD800u | point >> 10));
        buffer_append_le16(out, (uint16_t)(0xDC00u | (point & 0x3FFu)));
    }
    return buffer_check(out);
}
