/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/ima_case.h"

#include "base/cleanup.h"
#include "tests/lib/test.h"

struct log_builder ima_case;

int
ima_case_open(void **state)
{
    return test_hasher_open(state);
}

int
ima_case_close(void **state)
{
    log_builder_free(&ima_case);
    return test_hasher_close(state);
}

void
ima_case_start(bool big_endian)
{
    static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256};
    log_builder_free(&ima_case);
    log_builder_init(&ima_case, test_hasher, banks, 2);
    ima_case.big_endian = big_endian;
}

void
ima_case_append_field(struct buffer *out, const char *bytes, size_t size)
{
    log_builder_ima_field(&ima_case, out, bytes_of(bytes, size));
}

void
ima_case_append_digest(struct buffer *out, const char *prefix, size_t size)
{
    CLEANUP(buffer_free) struct buffer field = {0};
    buffer_append_text(&field, prefix);
    buffer_append_u8(&field, 0);
    for (size_t i = 0; i < size; i++)
        buffer_append_u8(&field, (uint8_t)(i + 1));
    log_builder_ima_field(&ima_case, out, buffer_bytes(&field));
}

struct ima_entry
ima_case_first(void)
{
    struct ima_reader r;
    struct ima_entry e;
    assert_status(STATUS_OK, ima_open(buffer_bytes(&ima_case.ima), 0, &r, NULL));
    assert_status(STATUS_OK, ima_next(&r, NULL, &e, NULL));
    return e;
}
