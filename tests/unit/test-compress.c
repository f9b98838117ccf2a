/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "daemon/compress.h"
#include "tests/lib/test.h"

#include <string.h>

#define SIZE 100000u

static struct compress *z;

static int
open_contexts(void **state)
{
    (void)state;
    return compress_new(&z) == STATUS_OK ? 0 : 1;
}

static int
close_contexts(void **state)
{
    (void)state;
    compress_free(z);
    return 0;
}

static void
fill(struct buffer *out)
{
    for (unsigned i = 0; i < SIZE / 10; i++)
        buffer_append_format(out, "%9u\n", i * 7919u % 1000u);
}

static void
gives_back_what_it_took(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0}, frame = {0}, out = {0};
    fill(&in);
    buffer_append_text(&frame, "before");
    assert_status(STATUS_OK, compress_encode(z, buffer_bytes(&in), &frame));
    assert_true(frame.size < in.size / 2);
    buffer_append_text(&out, "before");
    struct bytes encoded = bytes_slice(buffer_bytes(&frame), 6, frame.size - 6);
    assert_status(STATUS_OK, compress_decode(z, encoded, in.size, &out));
    assert_int_equal(6 + in.size, out.size);
    assert_memory_equal("before", out.data, 6);
    assert_memory_equal(in.data, out.data + 6, in.size);
}

static void
takes_nothing_and_gives_nothing(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer frame = {0}, out = {0};
    assert_status(STATUS_OK, compress_encode(z, (struct bytes){0}, &frame));
    assert_status(STATUS_OK, compress_decode(z, buffer_bytes(&frame), 0, &out));
    assert_int_equal(0, out.size);
}

static void
refuses_a_frame_of_another_size_than_was_told(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0}, frame = {0}, out = {0};
    fill(&in);
    assert_status(STATUS_OK, compress_encode(z, buffer_bytes(&in), &frame));
    assert_status(STATUS_MALFORMED, compress_decode(z, buffer_bytes(&frame), in.size - 1, &out));
    assert_status(STATUS_MALFORMED, compress_decode(z, buffer_bytes(&frame), in.size + 1, &out));
    assert_status(STATUS_MALFORMED, compress_decode(z, buffer_bytes(&frame), 0, &out));
    assert_int_equal(0, out.size);
}

static void
refuses_a_frame_cut_or_with_more_behind_it(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0}, frame = {0}, out = {0};
    fill(&in);
    assert_status(STATUS_OK, compress_encode(z, buffer_bytes(&in), &frame));
    for (size_t size = 0; size < frame.size; size += size < 32 ? 1 : 97)
        assert_status(STATUS_MALFORMED,
                      compress_decode(z, bytes_of(frame.data, size), in.size, &out));
    size_t whole = frame.size;
    assert_status(STATUS_OK, compress_encode(z, (struct bytes){0}, &frame)); /* adds no content */
    assert_status(STATUS_MALFORMED, compress_decode(z, buffer_bytes(&frame), in.size, &out));
    frame.size = whole;
    buffer_append_u8(&frame, 0);
    assert_status(STATUS_MALFORMED, compress_decode(z, buffer_bytes(&frame), in.size, &out));
    assert_int_equal(0, out.size);
}

static void
refuses_bytes_that_are_no_frame(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    assert_status(STATUS_MALFORMED,
                  compress_decode(z, bytes_of("not a frame at all", 18), 18, &out));
}

static void
fill_alike(struct buffer *out, unsigned own)
{
    buffer_append_format(out, "%u:", own);
    for (unsigned i = 0; i < 500; i++)
        buffer_append_format(out, "%08x", i * 2654435761u);
}

static void
takes_little_room_for_what_is_like_a_dictionary(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer like = {0}, in = {0}, frame = {0}, plain = {0}, out = {0};
    struct dictionary *d = NULL;
    fill_alike(&like, 1);
    fill_alike(&in, 2);
    buffer_append_text(&out, "before");
    assert_status(STATUS_OK, dictionary_new(buffer_bytes(&like), &d));
    assert_status(STATUS_OK, compress_encode_like(z, d, buffer_bytes(&in), &frame));
    assert_status(STATUS_OK, compress_encode(z, buffer_bytes(&in), &plain));
    assert_true(frame.size < 64 && plain.size > 1000);
    assert_status(STATUS_OK, compress_decode_like(z, buffer_bytes(&like), buffer_bytes(&frame),
                                                  in.size, &out));
    assert_memory_equal("before", out.data, 6);
    assert_true(bytes_equal(buffer_bytes(&in), bytes_slice(buffer_bytes(&out), 6, out.size - 6)));
    buffer_reset(&out); /* a context is as it was for what has no dictionary */
    assert_status(STATUS_OK, compress_decode(z, buffer_bytes(&plain), in.size, &out));
    assert_true(bytes_equal(buffer_bytes(&in), buffer_bytes(&out)));
    dictionary_free(d);
}

static void
notices_another_dictionary(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer like = {0}, in = {0}, frame = {0}, out = {0};
    struct dictionary *d = NULL;
    fill_alike(&like, 1);
    fill_alike(&in, 2);
    assert_status(STATUS_OK, dictionary_new(buffer_bytes(&like), &d));
    assert_status(STATUS_OK, compress_encode_like(z, d, buffer_bytes(&in), &frame));
    like.data[like.size / 2] ^= 1;
    assert_status(STATUS_MALFORMED, compress_decode_like(z, buffer_bytes(&like),
                                                         buffer_bytes(&frame), in.size, &out));
    like.data[like.size / 2] ^= 1;
    assert_status(STATUS_MALFORMED,
                  compress_decode_like(z, (struct bytes){0}, buffer_bytes(&frame), in.size, &out));
    assert_status(STATUS_MALFORMED, compress_decode(z, buffer_bytes(&frame), in.size, &out));
    assert_status(STATUS_MALFORMED, compress_decode_like(z, buffer_bytes(&like),
                                                         buffer_bytes(&frame), in.size - 1, &out));
    frame.size--;
    assert_status(STATUS_MALFORMED, compress_decode_like(z, buffer_bytes(&like),
                                                         buffer_bytes(&frame), in.size, &out));
    assert_int_equal(0, out.size);
    dictionary_free(d);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_back_what_it_took),
        cmocka_unit_test(takes_nothing_and_gives_nothing),
        cmocka_unit_test(refuses_a_frame_of_another_size_than_was_told),
        cmocka_unit_test(refuses_a_frame_cut_or_with_more_behind_it),
        cmocka_unit_test(refuses_bytes_that_are_no_frame),
        cmocka_unit_test(takes_little_room_for_what_is_like_a_dictionary),
        cmocka_unit_test(notices_another_dictionary),
    };
    return cmocka_run_group_tests(tests, open_contexts, close_contexts);
}
