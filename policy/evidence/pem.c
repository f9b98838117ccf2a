/* SPDX-License-Identifier: Apache-2.0 */
/* from: text with PEM blocks; to: a label and bytes, block by block; never: looks into them. */
#include "evidence/pem.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

#define BEGIN   "-----BEGIN "
#define END     "-----END "
#define DASHES  "-----"
#define QUANTUM 4u /* characters of base64 for 3 bytes */

/* What follows the first occurrence of text; .data is NULL when there is none. */
static struct bytes
after(struct bytes in, const char *text)
{
    size_t size = strlen(text);
    const uint8_t *at = in.size > 0 ? memmem(in.data, in.size, text, size) : NULL;
    if (!at)
        return (struct bytes){0};
    size_t offset = (size_t)(at - in.data) + size;
    return bytes_of(at + size, in.size - offset);
}

bool
pem_is(struct bytes text)
{
    return after(text, BEGIN).data != NULL;
}

/* The label up to its dashes; in is left behind them. */
static bool
take_label(struct bytes *in, char label[static PEM_LABEL_SIZE])
{
    struct bytes rest = after(*in, DASHES);
    if (!rest.data)
        return false;
    size_t size = (size_t)(rest.data - in->data) - strlen(DASHES);
    if (size == 0 || size >= PEM_LABEL_SIZE || !text_is_printable(bytes_of(in->data, size)))
        return false;
    memcpy(label, in->data, size);
    label[size] = '\0';
    *in = rest;
    return true;
}

static bool
is_blank(uint8_t c)
{
    return c == '\n' || c == '\r' || c == ' ' || c == '\t';
}

/* The characters of text that are no blanks. */
static enum status
strip(struct bytes text, struct buffer *out)
{
    enum status s = buffer_reserve(out, text.size);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_blank(text.data[i]))
            buffer_append_u8(out, text.data[i]);
    }
    return buffer_check(out);
}

/* Padding characters at the end, which libcrypto decodes as zero bytes: 0 to 2. */
static size_t
count_padding(struct bytes base64)
{
    size_t n = 0;
    while (n < 2 && n < base64.size && base64.data[base64.size - 1 - n] == '=')
        n++;
    return n;
}

static enum status
decode(struct bytes text, struct buffer *der)
{
    CLEANUP(buffer_free) struct buffer base64 = {0};
    enum status s = strip(text, &base64);
    if (s != STATUS_OK)
        return s;
    size_t padding = count_padding(buffer_bytes(&base64));
    if (base64.size == 0 || base64.size % QUANTUM != 0 || base64.size > INT32_MAX ||
        memchr(base64.data, '=', base64.size - padding))
        return STATUS_MALFORMED;
    buffer_reset(der);
    s = buffer_reserve(der, base64.size / QUANTUM * 3);
    if (s != STATUS_OK)
        return s;
    int size = EVP_DecodeBlock(der->data, base64.data, (int)base64.size);
    if (size < 0 || (size_t)size < padding)
        return STATUS_MALFORMED;
    der->size = (size_t)size - padding;
    return STATUS_OK;
}

enum status
pem_next(struct bytes *rest, char label[static PEM_LABEL_SIZE], struct buffer *der)
{
    char end_label[PEM_LABEL_SIZE];
    struct bytes content = after(*rest, BEGIN);
    if (!content.data)
        return STATUS_NOT_FOUND;
    if (!take_label(&content, label))
        return STATUS_MALFORMED;
    struct bytes tail = after(content, END);
    if (!tail.data)
        return STATUS_MALFORMED;
    content.size = (size_t)(tail.data - content.data) - strlen(END);
    if (!take_label(&tail, end_label) || !text_equal(label, end_label))
        return STATUS_MALFORMED;
    enum status s = decode(content, der);
    if (s == STATUS_OK)
        *rest = tail;
    return s;
}
