/* SPDX-License-Identifier: Apache-2.0 */
/* from: borrowed views and appends; to: owned memory; never: frees memory without wiping it. */
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 64u

struct bytes
bytes_of_text(const char *text)
{
    return bytes_of(text, text ? strlen(text) : 0);
}

struct bytes
bytes_slice(struct bytes whole, size_t offset, size_t size)
{
    if (offset > whole.size || size > whole.size - offset || !whole.data)
        return (struct bytes){0};
    return bytes_of(whole.data + offset, size);
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int
bytes_order(struct bytes a, struct bytes b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared > 0 ? memcmp(a.data, b.data, shared) : 0;
    if (order != 0 || a.size == b.size)
        return order;
    return a.size < b.size ? -1 : 1;
}

/* Not realloc(): it may leave a copy of a secret behind. */
static enum status
grow(struct buffer *b, size_t cap)
{
    uint8_t *data = malloc(cap);
    if (!data)
        return STATUS_NOMEM;
    if (b->data) {
        memcpy(data, b->data, b->size);
        explicit_bzero(b->data, b->cap);
        free(b->data);
    }
    b->data = data;
    b->cap = cap;
    return STATUS_OK;
}

enum status
buffer_reserve(struct buffer *b, size_t size)
{
    if (b->failed || size > SIZE_MAX / 2 - b->size)
        return STATUS_NOMEM;
    size_t needed = b->size + size;
    if (needed <= b->cap)
        return STATUS_OK;
    size_t cap = b->cap < FIRST_CAP ? FIRST_CAP : b->cap * 2;
    return grow(b, cap < needed ? needed : cap);
}

void
buffer_append(struct buffer *b, struct bytes bytes)
{
    if (bytes.size == 0)
        return;
    if (buffer_reserve(b, bytes.size) != STATUS_OK) {
        b->failed = true;
        return;
    }
    memcpy(b->data + b->size, bytes.data, bytes.size);
    b->size += bytes.size;
}

void
buffer_append_text(struct buffer *b, const char *text)
{
    buffer_append(b, bytes_of_text(text));
}

void
buffer_append_format_list(struct buffer *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    size_t room = b->failed ? 0 : b->cap - b->size;
    int n = vsnprintf(room > 0 ? (char *)(b->data + b->size) : NULL, room, format, args);
    if (n >= 0 && (size_t)n < room) {
        b->size += (size_t)n;
    } else if (n < 0 || buffer_reserve(b, (size_t)n + 1) != STATUS_OK) {
        b->failed = true;
    } else {
        (void)vsnprintf((char *)(b->data + b->size), (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
}

void
buffer_append_format(struct buffer *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buffer_append_format_list(b, format, args);
    va_end(args);
}

void
buffer_append_u8(struct buffer *b, uint8_t v)
{
    if (b->size == b->cap && buffer_reserve(b, 1) != STATUS_OK)
        b->failed = true;
    if (!b->failed)
        b->data[b->size++] = v;
}

void
buffer_append_be16(struct buffer *b, uint16_t v)
{
    uint8_t raw[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    buffer_append(b, bytes_of(raw, sizeof raw));
}

void
buffer_append_be32(struct buffer *b, uint32_t v)
{
    uint8_t raw[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    buffer_append(b, bytes_of(raw, sizeof raw));
}

void
buffer_append_be64(struct buffer *b, uint64_t v)
{
    buffer_append_be32(b, (uint32_t)(v >> 32));
    buffer_append_be32(b, (uint32_t)v);
}

void
buffer_append_le16(struct buffer *b, uint16_t v)
{
    uint8_t raw[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    buffer_append(b, bytes_of(raw, sizeof raw));
}

void
buffer_append_le32(struct buffer *b, uint32_t v)
{
    uint8_t raw[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    buffer_append(b, bytes_of(raw, sizeof raw));
}

void
buffer_append_tpm2b(struct buffer *b, struct bytes bytes)
{
    if (bytes.size > UINT16_MAX) {
        b->failed = true;
        return;
    }
    buffer_append_be16(b, (uint16_t)bytes.size);
    buffer_append(b, bytes);
}

enum status
buffer_check(const struct buffer *b)
{
    return b->failed ? STATUS_NOMEM : STATUS_OK;
}

char *
buffer_text(struct buffer *b)
{
    if (buffer_reserve(b, 1) != STATUS_OK) {
        b->failed = true;
        return NULL;
    }
    b->data[b->size] = '\0';
    return (char *)b->data;
}

void
buffer_reset(struct buffer *b)
{
    b->size = 0;
    b->failed = false;
}

void
buffer_free(struct buffer *b)
{
    if (b->data) {
        explicit_bzero(b->data, b->cap);
        free(b->data);
    }
    *b = (struct buffer){0};
}
