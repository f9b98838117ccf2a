/* SPDX-License-Identifier: Apache-2.0 */
/* from: template name and data; to: the fields of an entry; never: reads a field past its length.
 */
#include "evidence/ima_fields.h"

#include "base/reader.h"
#include "base/text.h"

#include <string.h>

#define ALG_NAME_MAX 16u

static const struct field_name {
    const char *name;
    enum ima_field field;
} field_names[] = {
    {"d", IMA_FIELD_D},
    {"n", IMA_FIELD_N},
    {"d-ng", IMA_FIELD_D_NG},
    {"d-ngv2", IMA_FIELD_D_NGV2},
    {"n-ng", IMA_FIELD_N},
    {"sig", IMA_FIELD_SIG},
    {"buf", IMA_FIELD_BUF},
    {"d-modsig", IMA_FIELD_D_MODSIG},
    {"modsig", IMA_FIELD_SIG},
    {"evmsig", IMA_FIELD_SIG},
    {"xattrnames", IMA_FIELD_TEXT},
    {"xattrlengths", IMA_FIELD_HEX},
    {"xattrvalues", IMA_FIELD_HEX},
    {"iuid", IMA_FIELD_U32},
    {"igid", IMA_FIELD_U32},
    {"imode", IMA_FIELD_U16},
};

static const struct template_name {
    const char *name;
    const char *format;
} template_names[] = {
    {"ima-ng", "d-ng|n-ng"},
    {"ima-sig", "d-ng|n-ng|sig"},
    {"ima", "d|n"},
    {"ima-ngv2", "d-ngv2|n-ng"},
    {"ima-sigv2", "d-ngv2|n-ng|sig"},
    {"ima-buf", "d-ng|n-ng|buf"},
    {"ima-modsig", "d-ng|n-ng|sig|d-modsig|modsig"},
    {"evm-sig", "d-ng|n-ng|evmsig|xattrnames|xattrlengths|xattrvalues|iuid|igid|imode"},
};

/* The kernel's names of hashes that differ from the bank's. */
static const struct alias {
    const char *name;
    uint16_t alg;
} aliases[] = {
    {"sm3", ALG_SM3_256},       {"sm3-256", ALG_SM3_256},   {"sha3-256", ALG_SHA3_256},
    {"sha3-384", ALG_SHA3_384}, {"sha3-512", ALG_SHA3_512},
};

static bool
is_text(struct bytes in, const char *text)
{
    return bytes_equal(in, bytes_of_text(text));
}

/* The same with a size that is known here: this is asked of every entry. */
#define IS_LITERAL(in, literal)                                                                    \
    ((in).size == sizeof(literal) - 1 &&                                                           \
     bytes_equal((in), bytes_of((literal), sizeof(literal) - 1)))

static enum ima_field
find_field(struct bytes name)
{
    for (size_t i = 0; i < sizeof field_names / sizeof field_names[0]; i++) {
        if (is_text(name, field_names[i].name))
            return field_names[i].field;
    }
    return IMA_FIELD_NONE;
}

static bool
split_format(struct bytes format, struct ima_template *out)
{
    size_t start = 0;
    for (size_t i = 0; i <= format.size; i++) {
        if (i < format.size && format.data[i] != '|')
            continue;
        enum ima_field field = find_field(bytes_slice(format, start, i - start));
        if (field == IMA_FIELD_NONE || out->n_fields == IMA_FIELDS_MAX)
            return false;
        out->fields[out->n_fields++] = field;
        start = i + 1;
    }
    return true;
}

bool
ima_template_find(struct bytes name, struct ima_template *out)
{
    /* The two that almost every entry has, without a search. */
    static const struct ima_template ng = {.n_fields = 2, .fields = {IMA_FIELD_D_NG, IMA_FIELD_N}};
    static const struct ima_template sig = {.n_fields = 3,
                                            .fields = {IMA_FIELD_D_NG, IMA_FIELD_N, IMA_FIELD_SIG}};
    if (IS_LITERAL(name, "ima-ng")) {
        *out = ng;
        return true;
    }
    if (IS_LITERAL(name, "ima-sig")) {
        *out = sig;
        return true;
    }
    *out = (struct ima_template){.legacy = is_text(name, "ima")};
    for (size_t i = 0; i < sizeof template_names / sizeof template_names[0]; i++) {
        if (is_text(name, template_names[i].name))
            return split_format(bytes_of_text(template_names[i].format), out);
    }
    return split_format(name, out);
}

static uint16_t
find_alg(struct bytes name)
{
    if (IS_LITERAL(name, "sha256"))
        return ALG_SHA256;
    if (IS_LITERAL(name, "sha1"))
        return ALG_SHA1;
    char text[ALG_NAME_MAX];
    if (name.size == 0 || name.size >= sizeof text)
        return 0;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    const struct alg *alg = alg_by_name(text);
    if (alg)
        return alg->id;
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (text_equal(aliases[i].name, text))
            return aliases[i].alg;
    }
    return 0;
}

/* "sha256:" NUL digest. An unknown algorithm leaves file_alg 0, so that no rule can allow it. */
static bool
read_digest(struct bytes field, struct ima_entry *e)
{
    if (field.size == 0)
        return true;
    const uint8_t *nul = memchr(field.data, 0, field.size);
    if (!nul || nul == field.data || nul[-1] != ':')
        return false;
    size_t n_name = (size_t)(nul - field.data) - 1;
    e->file_digest = bytes_slice(field, n_name + 2, field.size - n_name - 2);
    e->file_alg = find_alg(bytes_of(field.data, n_name));
    if (alg_size(e->file_alg) != e->file_digest.size)
        e->file_alg = 0;
    return true;
}

/* "ima:sha256:" NUL digest. */
static bool
read_typed_digest(struct bytes field, struct ima_entry *e)
{
    const uint8_t *colon = field.size > 0 ? memchr(field.data, ':', field.size) : NULL;
    if (!colon)
        return field.size == 0;
    size_t n_type = (size_t)(colon - field.data);
    e->verity = is_text(bytes_of(field.data, n_type), "verity");
    if (!e->verity && !is_text(bytes_of(field.data, n_type), "ima"))
        return false;
    return read_digest(bytes_of(colon + 1, field.size - n_type - 1), e);
}

static bool
read_plain_digest(struct bytes field, struct ima_entry *e)
{
    e->file_digest = field;
    e->file_alg = field.size == IMA_SHA1_SIZE ? ALG_SHA1 : 0;
    return true;
}

static bool
read_path(struct bytes field, struct ima_entry *e)
{
    e->path = field;
    if (field.size > 0 && field.data[field.size - 1] == 0)
        e->path.size--;
    return true;
}

static bool
read_field(enum ima_field kind, struct bytes field, struct ima_entry *e)
{
    switch (kind) {
    case IMA_FIELD_D:
        return read_plain_digest(field, e);
    case IMA_FIELD_D_NG:
        return read_digest(field, e);
    case IMA_FIELD_D_NGV2:
        return read_typed_digest(field, e);
    case IMA_FIELD_N:
        return read_path(field, e);
    case IMA_FIELD_SIG:
        if (field.size > 0)
            e->signature = field;
        return true;
    case IMA_FIELD_BUF:
        e->buffer = field;
        return true;
    case IMA_FIELD_NONE:
    case IMA_FIELD_D_MODSIG:
    case IMA_FIELD_HEX:
    case IMA_FIELD_TEXT:
    case IMA_FIELD_U32:
    case IMA_FIELD_U16:
        return true;
    }
    return false;
}

bool
ima_fields_read(struct ima_entry *e, bool big_endian)
{
    struct ima_template template;
    if (!ima_template_find(e->name, &template))
        return true;
    e->template_known = true;
    struct reader r = reader_of(e->data);
    bool good = true;
    for (size_t i = 0; i < template.n_fields; i++) {
        bool bare = template.legacy && template.fields[i] == IMA_FIELD_D;
        size_t size = IMA_SHA1_SIZE;
        if (!bare)
            size = big_endian ? reader_be32(&r) : reader_le32(&r);
        good = read_field(template.fields[i], reader_bytes(&r, size), e) && good;
    }
    if (template.legacy && e->path.size > IMA_LEGACY_NAME)
        return false;
    return good && reader_end(&r, "kernel ima_template", NULL) == STATUS_OK;
}
