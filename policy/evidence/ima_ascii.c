/* SPDX-License-Identifier: Apache-2.0 */
/* from: a line of ascii_runtime_measurements; to: an entry whose template data is rebuilt as the
 * kernel hashed it on a little-endian machine; never: guesses a field that does not parse. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ima_fields.h"

#include <string.h>

#define CLAUSE        "kernel ima ascii list"
#define LINE_SIZE_MAX (1024u * 1024u)
#define INT_TEXT      12u

/* What is left of a line. */
struct line {
    struct bytes rest;
    bool failed;
};

/* The next word; the last one of a line when is_last. One blank after it is consumed. */
static struct bytes
take_word(struct line *l, bool is_last)
{
    const uint8_t *blank =
        l->rest.size > 0 && !is_last ? memchr(l->rest.data, ' ', l->rest.size) : NULL;
    size_t n = blank ? (size_t)(blank - l->rest.data) : l->rest.size;
    struct bytes word = bytes_of(l->rest.data, n);
    size_t skip = blank ? n + 1 : n;
    l->rest = bytes_of(l->rest.data + skip, l->rest.size - skip);
    return word;
}

static int
hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void
append_hex(struct line *l, struct bytes hex, struct buffer *out)
{
    if (hex.size % 2 != 0)
        l->failed = true;
    for (size_t i = 0; i + 1 < hex.size && !l->failed; i += 2) {
        int high = hex_value(hex.data[i]);
        int low = hex_value(hex.data[i + 1]);
        if (high < 0 || low < 0)
            l->failed = true;
        else
            buffer_append_u8(out, (uint8_t)(high << 4 | low));
    }
}

static uint64_t
parse_number(struct line *l, struct bytes word, uint64_t max)
{
    char text[INT_TEXT + 1] = "";
    uint64_t v = 0;
    if (word.size == 0 || word.size > INT_TEXT) {
        l->failed = true;
        return 0;
    }
    memcpy(text, word.data, word.size);
    if (text_parse_u64(text, max, &v) != STATUS_OK)
        l->failed = true;
    return v;
}

/* "sha256:hex" or "ima:sha256:hex": all up to the last colon, a NUL, the digest. */
static void
append_digest(struct line *l, struct bytes word, struct buffer *out)
{
    const uint8_t *colon = word.size > 0 ? memrchr(word.data, ':', word.size) : NULL;
    if (!colon) {
        l->failed = l->failed || word.size > 0;
        return;
    }
    size_t n = (size_t)(colon - word.data) + 1;
    buffer_append(out, bytes_of(word.data, n));
    buffer_append_u8(out, 0);
    append_hex(l, bytes_of(word.data + n, word.size - n), out);
}

static void
append_content(struct line *l, enum ima_field field, struct bytes word, struct buffer *out)
{
    switch (field) {
    case IMA_FIELD_D_NG:
    case IMA_FIELD_D_NGV2:
    case IMA_FIELD_D_MODSIG:
        append_digest(l, word, out);
        break;
    case IMA_FIELD_N:
        buffer_append(out, word);
        buffer_append_u8(out, 0);
        break;
    case IMA_FIELD_TEXT: /* a file without such attributes has no text, not an empty one */
        buffer_append(out, word);
        if (word.size > 0)
            buffer_append_u8(out, 0);
        break;
    case IMA_FIELD_U32:
        buffer_append_le32(out, (uint32_t)parse_number(l, word, UINT32_MAX));
        break;
    case IMA_FIELD_U16:
        buffer_append_le16(out, (uint16_t)parse_number(l, word, UINT16_MAX));
        break;
    case IMA_FIELD_NONE:
    case IMA_FIELD_D:
    case IMA_FIELD_HEX:
    case IMA_FIELD_SIG:
    case IMA_FIELD_BUF:
        append_hex(l, word, out);
        break;
    }
}

/* Length, then content; the length is known only afterwards. */
static void
append_field(struct line *l, enum ima_field field, struct bytes word, struct buffer *out)
{
    size_t start = out->size;
    buffer_append_le32(out, 0);
    append_content(l, field, word, out);
    if (out->failed)
        return;
    size_t n = out->size - start - 4;
    for (size_t i = 0; i < 4; i++)
        out->data[start + i] = (uint8_t)(n >> 8 * i);
}

/* Template "ima": digest, length, path without its NUL. */
static void
append_legacy(struct line *l, struct buffer *out)
{
    append_hex(l, take_word(l, false), out);
    struct bytes path = take_word(l, true);
    buffer_append_le32(out, (uint32_t)path.size);
    buffer_append(out, path);
}

static void
append_data(struct line *l, const struct ima_template *template, struct buffer *out)
{
    if (template->legacy) {
        append_legacy(l, out);
        return;
    }
    for (size_t i = 0; i < template->n_fields; i++) {
        bool is_last = i + 1 == template->n_fields;
        append_field(l, template->fields[i], take_word(l, is_last), out);
    }
}

static struct bytes
take_line(const struct ima_reader *r)
{
    const uint8_t *start = r->in.data + r->offset;
    size_t n_left = r->in.size - r->offset;
    const uint8_t *end = memchr(start, '\n', n_left);
    return bytes_of(start, end ? (size_t)(end - start) : n_left);
}

static bool
is_digest_size(size_t size)
{
    return size == 20 || size == 32 || size == 48 || size == 64;
}

/* Everything before the template's fields; *template is what they are. */
static void
read_head(struct line *l, struct buffer *scratch, struct ima_entry *e,
          struct ima_template *template)
{
    while (l->rest.size > 0 && l->rest.data[0] == ' ')
        l->rest = bytes_of(l->rest.data + 1, l->rest.size - 1);
    e->pcr = (uint32_t)parse_number(l, take_word(l, false), LIMIT_PCRS - 1);
    append_hex(l, take_word(l, false), scratch);
    e->name = take_word(l, false);
    if (!is_digest_size(scratch->size) || e->name.size > IMA_NAME_MAX ||
        !ima_template_find(e->name, template))
        l->failed = true;
}

enum status
ima_ascii_next(struct ima_reader *r, struct buffer *scratch, struct ima_entry *out,
               struct diag *diag)
{
    struct line l = {.rest = take_line(r)};
    size_t n_line = l.rest.size;
    if (!scratch || n_line > LINE_SIZE_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, r->offset, "line longer than permitted");
    buffer_reset(scratch);
    struct ima_template template = {0};
    read_head(&l, scratch, out, &template);
    size_t n_digest = scratch->size;
    if (!l.failed)
        append_data(&l, &template, scratch);
    if (scratch->failed)
        return STATUS_NOMEM;
    struct bytes all = buffer_bytes(scratch);
    out->digest = bytes_slice(all, 0, n_digest);
    out->data = bytes_slice(all, n_digest, all.size - n_digest);
    if (l.failed || !ima_fields_read(out, false))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, r->offset, "not a line of an IMA list");
    size_t end = r->offset + n_line;
    r->offset = end < r->in.size ? end + 1 : end;
    return STATUS_OK;
}

/* Template "ima" alone has no length before its data. */
static void
append_binary(const struct ima_entry *e, struct buffer *out)
{
    struct ima_template template;
    buffer_append_le32(out, e->pcr);
    buffer_append(out, e->digest);
    buffer_append_le32(out, (uint32_t)e->name.size);
    buffer_append(out, e->name);
    if (!ima_template_find(e->name, &template) || !template.legacy)
        buffer_append_le32(out, (uint32_t)e->data.size);
    buffer_append(out, e->data);
}

enum status
ima_ascii_to_binary(struct bytes in, struct buffer *out, uint64_t *n_entries, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct ima_reader r;
    struct ima_entry e;
    *n_entries = 0;
    enum status s = ima_open(in, 0, &r, diag);
    size_t offset = 0;
    size_t digest_size = 0;
    while (s == STATUS_OK) {
        offset = r.offset;
        s = ima_next(&r, &scratch, &e, diag);
        if (s != STATUS_OK)
            break;
        if (*n_entries > 0 && e.digest.size != digest_size)
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, offset,
                            "digest of another size than those before it");
        digest_size = e.digest.size;
        append_binary(&e, out);
        ++*n_entries;
    }
    return s == STATUS_NOT_FOUND ? buffer_check(out) : s;
}
