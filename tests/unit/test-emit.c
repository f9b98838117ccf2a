/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"

#include <assert.h>
#include <string.h>

static void
emits_nested_values_with_commas_where_they_belong(void)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    struct emit e = emit_of(&out);
    emit_object(&e);
    emit_text_member(&e, "a", "x");
    emit_key(&e, "b");
    emit_array(&e);
    emit_int(&e, -1);
    emit_uint(&e, 2);
    emit_null(&e);
    emit_end_array(&e);
    emit_bool_member(&e, "c", true);
    emit_time_member(&e, "d", 0);
    emit_end_object(&e);
    assert(emit_check(&e) == STATUS_OK);
    assert(text_equal(buffer_text(&out), "{\"a\":\"x\",\"b\":[-1,2,null],\"c\":true,\"d\":null}"));
}

static bool
is_kept(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* Texts are looked at several bytes at a time. */
static void
escapes_every_such_byte_wherever_it_stands(void)
{
    for (unsigned c = 0; c < 256; c++) {
        for (size_t at = 0; at < 20; at++) {
            CLEANUP(buffer_free) struct buffer out = {0};
            struct emit e = emit_of(&out);
            uint8_t text[20];
            memset(text, '~', sizeof text);
            text[at] = (uint8_t)c;
            emit_utf8(&e, bytes_of(text, sizeof text));
            assert(emit_check(&e) == STATUS_OK);
            bool as_it_was =
                out.size == sizeof text + 2 && memcmp(out.data + 1, text, sizeof text) == 0;
            assert(as_it_was == is_kept((uint8_t)c));
        }
    }
}

static void
writes_numbers_as_keys(void)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    struct emit e = emit_of(&out);
    emit_object(&e);
    emit_uint_key(&e, 0);
    emit_int(&e, 1);
    emit_uint_key(&e, UINT64_MAX);
    emit_int(&e, 2);
    emit_end_object(&e);
    assert(emit_check(&e) == STATUS_OK);
    assert(text_equal(buffer_text(&out), "{\"0\":1,\"18446744073709551615\":2}"));
}

static void
escapes_what_a_terminal_or_parser_would_obey(void)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    struct emit e = emit_of(&out);
    emit_utf8(&e, bytes_of("\"\\\n\x1b\x7f\xC2\x9B\xC3\xA9\xFF", 10));
    assert(emit_check(&e) == STATUS_OK);
    assert(
        text_equal(buffer_text(&out), "\"\\\"\\\\\\n\\u001b\\u007f\\u009b\xC3\xA9\xEF\xBF\xBD\""));
}

static void
refuses_what_was_not_closed_or_is_too_deep(void)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    struct emit open = emit_of(&out);
    emit_array(&open);
    assert(emit_check(&open) == STATUS_LIMIT);
    struct emit closed = emit_of(&out);
    emit_end_array(&closed);
    assert(emit_check(&closed) == STATUS_LIMIT);
    struct emit deep = emit_of(&out);
    for (unsigned i = 0; i < EMIT_DEPTH + 4; i++)
        emit_array(&deep);
    for (unsigned i = 0; i < EMIT_DEPTH + 4; i++)
        emit_end_array(&deep);
    assert(emit_check(&deep) == STATUS_LIMIT);
    struct emit dangling = emit_of(&out);
    emit_object(&dangling);
    emit_key(&dangling, "k");
    emit_end_object(&dangling);
    assert(emit_check(&dangling) == STATUS_LIMIT);
}

int
main(void)
{
    emits_nested_values_with_commas_where_they_belong();
    escapes_what_a_terminal_or_parser_would_obey();
    escapes_every_such_byte_wherever_it_stands();
    writes_numbers_as_keys();
    refuses_what_was_not_closed_or_is_too_deep();
    return 0;
}
