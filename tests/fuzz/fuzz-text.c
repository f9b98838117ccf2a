/* SPDX-License-Identifier: Apache-2.0 */
/* Every text that a parser of base/text takes is the one that its encoder writes. max_len: 256 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#include <assert.h>
#include <string.h>

static void
try_base64url(struct bytes in)
{
    CLEANUP(buffer_free) struct buffer parsed = {0};
    CLEANUP(buffer_free) struct buffer encoded = {0};
    if (text_parse_base64url(in, &parsed) == STATUS_OK) {
        text_append_base64url(&encoded, buffer_bytes(&parsed));
        assert(bytes_equal(in, buffer_bytes(&encoded)));
    }
    buffer_reset(&parsed);
    buffer_reset(&encoded);
    text_append_base64url(&encoded, in);
    enum status s = text_parse_base64url(buffer_bytes(&encoded), &parsed);
    assert(s == STATUS_OK && bytes_equal(in, buffer_bytes(&parsed)));
}

static void
try_hex(struct bytes in, const char *text)
{
    CLEANUP(buffer_free) struct buffer parsed = {0};
    CLEANUP(buffer_free) struct buffer encoded = {0};
    if (text_parse_hex(text, &parsed) == STATUS_OK) {
        text_append_hex(&encoded, buffer_bytes(&parsed));
        assert(strcasecmp(buffer_text(&encoded), text) == 0);
    }
    buffer_reset(&parsed);
    buffer_reset(&encoded);
    text_append_hex(&encoded, in);
    enum status s = text_parse_hex(buffer_text(&encoded), &parsed);
    assert(s == STATUS_OK && bytes_equal(in, buffer_bytes(&parsed)));
}

static void
try_numbers(const char *text)
{
    char again[TEXT_TIME_SIZE];
    uint64_t number = 0;
    int64_t seconds = 0;
    if (text_parse_u64(text, UINT64_MAX, &number) == STATUS_OK) {
        (void)snprintf(again, sizeof again, "%ju", (uintmax_t)number);
        assert(text_equal(again, text));
    }
    if (text_parse_duration_s(text, &seconds) == STATUS_OK)
        assert(seconds >= 0 && seconds <= TEXT_DURATION_MAX_S);
    if (text_parse_time(text, &seconds) == STATUS_OK)
        assert(text_equal(text_time(seconds, again, sizeof again), text));
}

/* The bytes of in, read as a time and as the size of a buffer that a text is escaped into. */
static void
try_writing(struct bytes in)
{
    char out[64];
    char at[TEXT_TIME_SIZE];
    int64_t unix_s = 0;
    memcpy(&unix_s, in.data, in.size < sizeof unix_s ? in.size : sizeof unix_s);
    assert(strlen(text_time(unix_s, at, sizeof at)) < sizeof at);
    size_t out_size = in.data[0] % sizeof out + 1;
    assert(strlen(text_escape(in, out, out_size)) < out_size);
    assert(text_is_printable(bytes_of_text(out)));
    assert(text_is_utf8(in) || !text_is_printable(in));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    CLEANUP(buffer_free) struct buffer copy = {0};
    buffer_append(&copy, in);
    const char *text = buffer_text(&copy);
    assert(text);
    try_base64url(in);
    try_hex(in, text);
    try_numbers(text);
    (void)text_is_name(text);
    if (size > 0)
        try_writing(in);
    return 0;
}
