/* SPDX-License-Identifier: Apache-2.0 */
/* from: text of an event; to: UTF-8 that can be printed; never: lets a control character through.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/event_bind.h"

#define REPLACEMENT   0xFFFDu
#define SURROGATE     0xD800u
#define SURROGATE_LOW 0xDC00u
#define SURROGATE_END 0xE000u

static void
append_code_point(struct buffer *out, uint32_t c)
{
    if (c < 0x80) {
        buffer_append_u8(out, (uint8_t)c);
    } else if (c < 0x800) {
        buffer_append_u8(out, (uint8_t)(0xC0 | c >> 6));
        buffer_append_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else if (c < 0x10000) {
        buffer_append_u8(out, (uint8_t)(0xE0 | c >> 12));
        buffer_append_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buffer_append_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    } else {
        buffer_append_u8(out, (uint8_t)(0xF0 | c >> 18));
        buffer_append_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3F)));
        buffer_append_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3F)));
        buffer_append_u8(out, (uint8_t)(0x80 | (c & 0x3F)));
    }
}

static uint32_t
unit_at(struct bytes utf16, size_t offset)
{
    return (uint32_t)utf16.data[offset] | (uint32_t)utf16.data[offset + 1] << 8;
}

void
event_append_utf16(struct buffer *out, struct bytes utf16)
{
    for (size_t i = 0; i + 1 < utf16.size; i += 2) {
        uint32_t c = unit_at(utf16, i);
        if (c == 0)
            return;
        if (c >= SURROGATE && c < SURROGATE_END) {
            uint32_t low = i + 3 < utf16.size ? unit_at(utf16, i + 2) : 0;
            bool pair = c < SURROGATE_LOW && low >= SURROGATE_LOW && low < SURROGATE_END;
            c = pair ? 0x10000 + ((c - SURROGATE) << 10) + (low - SURROGATE_LOW) : REPLACEMENT;
            if (pair)
                i += 2;
        }
        append_code_point(out, c);
    }
}

static void
append_escaped(struct buffer *out, struct bytes text)
{
    bool utf8 = text_is_utf8(text);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        if (c == '\\')
            buffer_append_text(out, "\\\\");
        else if (c < 0x20 || c == 0x7F || (c >= 0x80 && !utf8))
            buffer_append_format(out, "\\x%02x", c);
        else
            buffer_append_u8(out, c);
    }
}

enum status
event_text(const struct event_meaning *m, struct buffer *out)
{
    if (!m->utf16) {
        append_escaped(out, m->text);
        return buffer_check(out);
    }
    CLEANUP(buffer_free) struct buffer utf8 = {0};
    event_append_utf16(&utf8, m->text);
    enum status s = buffer_check(&utf8);
    if (s != STATUS_OK)
        return s;
    append_escaped(out, buffer_bytes(&utf8));
    return buffer_check(out);
}
