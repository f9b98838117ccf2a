/* SPDX-License-Identifier: Apache-2.0 */
/* from: a list of checksums; to: digests; never: guesses at a line that it does not know. */
#include "image/sums.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define CLAUSE  "checksums"
#define MAX_HEX (2 * ALG_MAX_SIZE)

/* By the size of the digest, and by the word of the tagged form. */
static const struct {
    const char *tag;
    uint16_t alg;
    size_t size;
} forms[] = {
    {"SHA1 (", ALG_SHA1, 20},
    {"SHA256 (", ALG_SHA256, 32},
    {"SHA384 (", ALG_SHA384, 48},
    {"SHA512 (", ALG_SHA512, 64},
};
#define N_FORMS (sizeof forms / sizeof forms[0])

struct line {
    struct bytes hex;
    struct bytes name;
    size_t form; /* N_FORMS: by size */
};

static bool
is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static size_t
hex_run(struct bytes text)
{
    size_t n = 0;
    while (n < text.size && is_hex(text.data[n]))
        n++;
    return n;
}

/* "SHA256 (name) = hex" */
static bool
read_tagged(struct bytes text, struct line *out)
{
    for (size_t i = 0; i < N_FORMS; i++) {
        struct bytes tag = bytes_of_text(forms[i].tag);
        size_t hex = 2 * forms[i].size;
        static const char middle[] = ") = ";
        size_t rest = sizeof middle - 1 + hex;
        if (!bytes_equal(bytes_slice(text, 0, tag.size), tag) || text.size < tag.size + rest)
            continue;
        size_t at = text.size - rest;
        out->name = bytes_slice(text, tag.size, at - tag.size);
        out->hex = bytes_slice(text, text.size - hex, hex);
        out->form = i;
        return bytes_equal(bytes_slice(text, at, sizeof middle - 1), bytes_of_text(middle));
    }
    return false;
}

/* "hex  name" or "hex *name", behind a backslash when the name is escaped. */
static bool
read_plain(struct bytes text, struct line *out)
{
    size_t at = text.size > 0 && text.data[0] == '\\' ? 1 : 0;
    out->hex = bytes_slice(text, at, hex_run(bytes_slice(text, at, text.size - at)));
    at += out->hex.size;
    bool mark = at + 2 < text.size && text.data[at] == ' ' &&
                (text.data[at + 1] == ' ' || text.data[at + 1] == '*');
    out->name = mark ? bytes_slice(text, at + 2, text.size - at - 2) : (struct bytes){0};
    out->form = N_FORMS;
    for (size_t i = 0; i < N_FORMS; i++)
        out->form = out->hex.size == 2 * forms[i].size ? i : out->form;
    return mark;
}

static enum status
read_line(struct bytes text, uint64_t number, struct line *line, struct digest *out,
          struct diag *diag)
{
    char hex[MAX_HEX + 1];
    if (!read_tagged(text, line) && !read_plain(text, line))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, number, "no digest and name in this line");
    if (line->form == N_FORMS)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, number,
                        "a digest of %zu digits: SHA-1, SHA-256, SHA-384 and SHA-512 are known",
                        line->hex.size);
    memcpy(hex, line->hex.data, line->hex.size);
    hex[line->hex.size] = '\0';
    *out = (struct digest){.alg = forms[line->form].alg, .size = (uint16_t)forms[line->form].size};
    if (text_parse_hex_exact(hex, out->data, out->size) != STATUS_OK)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, number, "the digest is not hexadecimal");
    return STATUS_OK;
}

enum status
sums_read(struct bytes text, sums_visitor visit, void *context, struct diag *diag)
{
    uint64_t number = 0;
    for (size_t at = 0; at < text.size;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        struct line line;
        struct digest digest;
        if (++number > LIMIT_FILES)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, number, "more than %u lines", LIMIT_FILES);
        enum status s = read_line(bytes_slice(text, at, size), number, &line, &digest, diag);
        if (s == STATUS_OK)
            s = visit(context, &digest, line.name);
        if (s != STATUS_OK)
            return s;
        at += size + 1;
    }
    if (number == 0)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "an empty list");
    return STATUS_OK;
}
