/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/test.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>

#define FILE_MAX (64u * 1024u * 1024u)

struct hasher *test_hasher;

int
test_hasher_open(void **state)
{
    enum status s = hasher_new(&test_hasher);
    *state = test_hasher;
    return s != STATUS_OK;
}

int
test_hasher_close(void **state)
{
    (void)state;
    hasher_freep(&test_hasher);
    return 0;
}

void
test_status(enum status expected, enum status actual, const char *expression, const char *file,
            int line)
{
    if (actual == expected)
        return;
    print_error("%s is %s, not %s\n", expression, status_name(actual), status_name(expected));
    _fail(file, line);
}

void
test_hex(const char *expected_hex, struct bytes actual, const char *file, int line)
{
    CLEANUP(buffer_free) struct buffer hex = {0};
    text_append_hex(&hex, actual);
    const char *actual_hex = buffer_text(&hex);
    if (text_equal(expected_hex, actual_hex))
        return;
    print_error("is  %s\nnot %s\n", actual_hex, expected_hex);
    _fail(file, line);
}

static void
load_below(const char *root, const char *path, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer whole = {0};
    buffer_append_format(&whole, "%s/%s", root, path);
    struct diag diag = {0};
    if (file_load(buffer_text(&whole), FILE_MAX, out, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
}

void
test_corpus(const char *path, struct buffer *out)
{
    const char *root = getenv("ATTESTD_CORPUS");
    if (!root || access(root, R_OK | X_OK) != 0) {
        print_message("no corpus at ATTESTD_CORPUS (%s): skipped\n", root ? root : "unset");
        skip();
    }
    load_below(root, path, out);
}

void
test_source(const char *path, struct buffer *out)
{
    const char *root = getenv("ATTESTD_SOURCE_ROOT");
    if (!root)
        fail_msg("ATTESTD_SOURCE_ROOT is unset: run me by meson test");
    load_below(root, path, out);
}

void
test_change(struct bytes good, const char *old_hex, const char *new_hex, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer from = {0};
    CLEANUP(buffer_free) struct buffer to = {0};
    assert_status(STATUS_OK, text_parse_hex(old_hex, &from));
    assert_status(STATUS_OK, text_parse_hex(new_hex, &to));
    size_t at = 0;
    while (at + from.size <= good.size &&
           !bytes_equal(bytes_slice(good, at, from.size), buffer_bytes(&from)))
        at++;
    if (at + from.size > good.size)
        fail_msg("%s is not there to be changed", old_hex);
    size_t after = at + from.size;
    buffer_append(out, bytes_slice(good, 0, at));
    buffer_append(out, buffer_bytes(&to));
    buffer_append(out, bytes_slice(good, after, good.size - after));
    assert_status(STATUS_OK, buffer_check(out));
}
