/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Borrowed and owned bytes. struct bytes points into memory that somebody else keeps alive;
 * struct buffer owns its memory, grows, and wipes it when freed. Writers are sticky: after the
 * first failed append the buffer stays failed, so an encoder checks once, at its end.
 */
#pragma once

#include "base/status.h"

#include <stdarg.h>
#include <stdbool.h>

struct bytes {
    const uint8_t *data;
    size_t size;
};

struct buffer {
    uint8_t *data;
    size_t size;
    size_t cap;
    bool failed; /* an append found no memory; size is then meaningless */
};

/* A view of n bytes. */
static inline struct bytes
bytes_of(const void *data, size_t size)
{
    return (struct bytes){.data = (const uint8_t *)data, .size = size};
}

/* A view of a NUL-terminated string without its NUL. */
struct bytes bytes_of_text(const char *text);

/* A view of what a buffer holds; valid until the next append. */
static inline struct bytes
buffer_bytes(const struct buffer *b)
{
    return (struct bytes){.data = b->data, .size = b->size};
}

/* The part [offset, offset + size) of whole; empty when it does not lie inside. */
struct bytes bytes_slice(struct bytes whole, size_t offset, size_t size);

/* Equal in size and content. NOT constant time: for public data only (digest_equal for the rest).
 */
bool bytes_equal(struct bytes a, struct bytes b);

/* Order by content as memcmp() has it, a prefix before what it begins; for qsort() and sorted keys
 * of public data. */
int bytes_order(struct bytes a, struct bytes b);

/* Make room for at least size more bytes. STATUS_NOMEM. */
MUST_CHECK enum status buffer_reserve(struct buffer *b, size_t size);

/* Appends; sticky on failure. What is appended must not lie in b itself. Integers are big-endian
 * (TPM, network) or little-endian (le). */
void buffer_append(struct buffer *b, struct bytes bytes);
void buffer_append_text(struct buffer *b, const char *text);
void buffer_append_format(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);
void buffer_append_format_list(struct buffer *b, const char *format, va_list args)
    PRINTF_LIKE(2, 0);
void buffer_append_u8(struct buffer *b, uint8_t v);
void buffer_append_be16(struct buffer *b, uint16_t v);
void buffer_append_be32(struct buffer *b, uint32_t v);
void buffer_append_be64(struct buffer *b, uint64_t v);
void buffer_append_le16(struct buffer *b, uint16_t v);
void buffer_append_le32(struct buffer *b, uint32_t v);
/* TPM2B: be16 size, then the bytes; fails when larger than 65535. */
void buffer_append_tpm2b(struct buffer *b, struct bytes bytes);

/* STATUS_OK, or STATUS_NOMEM when an append failed. */
MUST_CHECK enum status buffer_check(const struct buffer *b);

/* A NUL after the content (not counted in size) so that data is a C string; NULL when failed. */
char *buffer_text(struct buffer *b);

/* Forget the content, keep the memory. */
void buffer_reset(struct buffer *b);

/* Wipe and free; safe on a zeroed and on an already freed buffer. Usable with CLEANUP(). */
void buffer_free(struct buffer *b);
