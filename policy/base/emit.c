/* SPDX-License-Identifier: Apache-2.0 */
/* from: values; to: JSON text in a buffer; never: parses, allocates beyond the buffer. */
#include "base/emit.h"

#include "base/text.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"
#define EACH_BYTE   UINT64_C(0x0101010101010101)

struct emit
emit_of(struct buffer *out)
{
    struct emit e = {.out = out};
    e.first[0] = true;
    return e;
}

static void
put(struct emit *e, const char *text)
{
    buffer_append(e->out, bytes_of(text, strlen(text)));
}

static void
begin_value(struct emit *e)
{
    if (e->after_key)
        e->after_key = false;
    else if (!e->first[e->depth])
        buffer_append_u8(e->out, ',');
    e->first[e->depth] = false;
}

static void
open_container(struct emit *e, uint8_t bracket)
{
    begin_value(e);
    buffer_append_u8(e->out, bracket);
    if (e->depth + 1 >= EMIT_DEPTH) {
        e->failed = true;
        return;
    }
    e->depth++;
    e->first[e->depth] = true;
}

static void
close_container(struct emit *e, uint8_t bracket)
{
    buffer_append_u8(e->out, bracket);
    if (e->depth == 0) {
        e->failed = true;
        return;
    }
    e->depth--;
}

void
emit_object(struct emit *e)
{
    open_container(e, '{');
}

void
emit_end_object(struct emit *e)
{
    close_container(e, '}');
}

void
emit_array(struct emit *e)
{
    open_container(e, '[');
}

void
emit_end_array(struct emit *e)
{
    close_container(e, ']');
}

/* Length of the well-formed UTF-8 sequence at the start of in, 0 when there is none. */
static size_t
sequence_size(struct bytes in)
{
    static const size_t max = 4;
    for (size_t n = 1; n <= max && n <= in.size; n++) {
        if (text_is_utf8(bytes_slice(in, 0, n)))
            return n;
    }
    return 0;
}

static void
put_escape(struct emit *e, uint8_t c)
{
    switch (c) {
    case '"':
        put(e, "\\\"");
        break;
    case '\\':
        put(e, "\\\\");
        break;
    case '\n':
        put(e, "\\n");
        break;
    case '\t':
        put(e, "\\t");
        break;
    default:
        buffer_append_format(e->out, "\\u%04x", c);
        break;
    }
}

/* 0x7f and the C1 range are escaped too: a terminal must not obey them. */
static bool
is_special(uint8_t c)
{
    return c < 0x20 || c >= 0x7f || c == '"' || c == '\\';
}

/* is_special() of any of eight bytes: in each byte of the word the high bit of what must not be is
 * set. */
static bool
any_special(const uint8_t *eight)
{
    uint64_t word;
    memcpy(&word, eight, sizeof word);
    uint64_t control = (word - EACH_BYTE * 0x20) & ~word;
    uint64_t above = (word + EACH_BYTE) | word; /* 0x7f and all from 0x80 on */
    uint64_t quote = word ^ EACH_BYTE * '"', backslash = word ^ EACH_BYTE * '\\';
    quote = (quote - EACH_BYTE) & ~quote;
    backslash = (backslash - EACH_BYTE) & ~backslash;
    return ((control | above | quote | backslash) & EACH_BYTE * 0x80) != 0;
}

static bool
all_plain(struct bytes in)
{
    size_t at = 0;
    for (; in.size - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        if (any_special(in.data + at))
            return false;
    }
    for (; at < in.size; at++) {
        if (is_special(in.data[at]))
            return false;
    }
    return true;
}

/* The usual case in one step: nothing is to be escaped. False: something is. */
static bool
put_plain(struct emit *e, struct bytes in)
{
    if (!all_plain(in))
        return false;
    if (in.size > SIZE_MAX / 4 || buffer_reserve(e->out, in.size + 2) != STATUS_OK) {
        e->out->failed = true;
        return true;
    }
    uint8_t *to = e->out->data + e->out->size;
    to[0] = '"';
    if (in.size > 0)
        memcpy(to + 1, in.data, in.size);
    to[in.size + 1] = '"';
    e->out->size += in.size + 2;
    return true;
}

static void
put_string(struct emit *e, struct bytes in)
{
    if (put_plain(e, in))
        return;
    buffer_append_u8(e->out, '"');
    for (size_t at = 0; at < in.size;) {
        size_t run = at;
        while (run < in.size && !is_special(in.data[run]))
            run++;
        buffer_append(e->out, bytes_slice(in, at, run - at));
        at = run;
        if (at == in.size)
            break;
        if (in.data[at] < 0x80) {
            put_escape(e, in.data[at++]);
            continue;
        }
        size_t n = sequence_size(bytes_slice(in, at, in.size - at));
        if (n == 2 && in.data[at] == 0xC2 && in.data[at + 1] < 0xA0)
            buffer_append_format(e->out, "\\u%04x", in.data[at + 1]);
        else if (n > 0)
            buffer_append(e->out, bytes_slice(in, at, n));
        else
            put(e, REPLACEMENT);
        at += n > 0 ? n : 1;
    }
    buffer_append_u8(e->out, '"');
}

static void
put_digits(struct emit *e, uint64_t value)
{
    uint8_t digits[20]; /* of 2^64 - 1 */
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    buffer_append(e->out, bytes_of(digits + at, sizeof digits - at));
}

void
emit_key(struct emit *e, const char *name)
{
    begin_value(e);
    put_string(e, bytes_of(name, strlen(name)));
    buffer_append_u8(e->out, ':');
    e->after_key = true;
}

void
emit_uint_key(struct emit *e, uint64_t name)
{
    begin_value(e);
    buffer_append_u8(e->out, '"');
    put_digits(e, name);
    put(e, "\":");
    e->after_key = true;
}

void
emit_utf8(struct emit *e, struct bytes value)
{
    begin_value(e);
    put_string(e, value);
}

void
emit_text(struct emit *e, const char *value)
{
    if (!value) {
        emit_null(e);
        return;
    }
    emit_utf8(e, bytes_of(value, strlen(value)));
}

void
emit_hex(struct emit *e, struct bytes value)
{
    begin_value(e);
    buffer_append_u8(e->out, '"');
    text_append_hex(e->out, value);
    buffer_append_u8(e->out, '"');
}

void
emit_base64url(struct emit *e, struct bytes value)
{
    begin_value(e);
    buffer_append_u8(e->out, '"');
    text_append_base64url(e->out, value);
    buffer_append_u8(e->out, '"');
}

void
emit_int(struct emit *e, int64_t value)
{
    begin_value(e);
    if (value < 0)
        put(e, "-");
    put_digits(e, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void
emit_uint(struct emit *e, uint64_t value)
{
    begin_value(e);
    put_digits(e, value);
}

void
emit_bool(struct emit *e, bool value)
{
    begin_value(e);
    put(e, value ? "true" : "false");
}

void
emit_null(struct emit *e)
{
    begin_value(e);
    put(e, "null");
}

void
emit_time(struct emit *e, int64_t unix_s)
{
    char text[32];
    if (unix_s <= 0)
        emit_null(e);
    else
        emit_text(e, text_time(unix_s, text, sizeof text));
}

void
emit_raw(struct emit *e, struct bytes json)
{
    begin_value(e);
    buffer_append(e->out, json);
}

void
emit_text_member(struct emit *e, const char *name, const char *value)
{
    emit_key(e, name);
    emit_text(e, value);
}

void
emit_hex_member(struct emit *e, const char *name, struct bytes value)
{
    emit_key(e, name);
    emit_hex(e, value);
}

void
emit_base64url_member(struct emit *e, const char *name, struct bytes value)
{
    emit_key(e, name);
    emit_base64url(e, value);
}

void
emit_int_member(struct emit *e, const char *name, int64_t value)
{
    emit_key(e, name);
    emit_int(e, value);
}

void
emit_uint_member(struct emit *e, const char *name, uint64_t value)
{
    emit_key(e, name);
    emit_uint(e, value);
}

void
emit_bool_member(struct emit *e, const char *name, bool value)
{
    emit_key(e, name);
    emit_bool(e, value);
}

void
emit_time_member(struct emit *e, const char *name, int64_t unix_s)
{
    emit_key(e, name);
    emit_time(e, unix_s);
}

enum status
emit_check(const struct emit *e)
{
    if (e->failed || e->depth != 0 || e->after_key)
        return STATUS_LIMIT;
    return buffer_check(e->out);
}
