/* SPDX-License-Identifier: Apache-2.0 */
/* from: a JWS; to: its payload, and what a key is asked for; never: takes "none", or an extension
 * that it does not know. [RFC 7515 4.1.11, 7; RFC 7797] */
#include "appraise/document_signature.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "evidence/prehashed.h"

#include <string.h>

#define CLAUSE "signed document"

static const struct jws_alg {
    const char *name;
    uint16_t hash;
    enum prehashed_scheme scheme;
} algs[] = {
    {"ES256", ALG_SHA256, PREHASHED_FIXED},
    {"ES384", ALG_SHA384, PREHASHED_FIXED},
    {"RS256", ALG_SHA256, PREHASHED_PKCS1},
    {"PS256", ALG_SHA256, PREHASHED_PSS},
};

static const struct jws_alg *
find_alg(const char *name)
{
    for (size_t i = 0; i < sizeof algs / sizeof algs[0]; i++) {
        if (text_equal(algs[i].name, name))
            return &algs[i];
    }
    return NULL;
}

/* The three parts, as they are written. */
struct parts {
    struct bytes header, payload, signature;
};

/* ---- the two serializations ---- */

/* What stands before the next dot. */
static bool
take_part(struct bytes *rest, struct bytes *out)
{
    const uint8_t *dot = rest->size > 0 ? memchr(rest->data, '.', rest->size) : NULL;
    if (!dot)
        return false;
    size_t n = (size_t)(dot - rest->data);
    *out = bytes_slice(*rest, 0, n);
    *rest = bytes_slice(*rest, n + 1, rest->size - n - 1);
    return true;
}

static bool
split(struct bytes text, struct parts *out)
{
    while (text.size > 0 && memchr(" \t\r\n", text.data[text.size - 1], 4))
        text.size--;
    out->signature = text;
    return take_part(&out->signature, &out->header) && take_part(&out->signature, &out->payload);
}

static enum status
read_part(const struct shape_node *node, void *out)
{
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s == STATUS_OK)
        *(struct bytes *)out = bytes_of_text(text);
    return s;
}

static enum status
read_parts(const struct shape_node *root, struct parts *out)
{
    static const struct shape_field fields[] = {
        {"payload", true, read_part, offsetof(struct parts, payload)},
        {"protected", true, read_part, offsetof(struct parts, header)},
        {"signature", true, read_part, offsetof(struct parts, signature)},
    };
    return shape_object(root, fields, sizeof fields / sizeof fields[0], out);
}

/* ---- header ---- */

struct header {
    const struct jws_alg *alg;
};

static enum status
read_alg(const struct shape_node *node, void *out)
{
    const char *name = NULL;
    enum status s = shape_borrow_text(node, &name);
    const struct jws_alg *alg = s == STATUS_OK ? find_alg(name) : NULL;
    *(const struct jws_alg **)out = alg;
    return alg ? STATUS_OK : shape_refuse(node, "must be ES256, ES384, RS256 or PS256");
}

static enum status
read_members(const struct shape_node *root, void *out)
{
    static const struct shape_field fields[] = {
        {"alg", true, read_alg, offsetof(struct header, alg)},
        {"kid", false, shape_skip, 0},
        {"typ", false, shape_skip, 0},
        {"cty", false, shape_skip, 0},
        {"jwk", false, shape_skip, 0},
        {"x5c", false, shape_skip, 0},
        {"x5t#S256", false, shape_skip, 0},
    };
    return shape_object(root, fields, sizeof fields / sizeof fields[0], out);
}

static enum status
read_header(struct arena *arena, struct bytes part, struct header *out, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer json = {0};
    enum status s = text_parse_base64url(part, &json);
    if (s != STATUS_OK)
        return s == STATUS_NOMEM ? s
                                 : diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                                            "the protected header is not base64url");
    return shape_read(buffer_bytes(&json), arena, read_members, out, diag);
}

/* ---- the whole ---- */

static enum status
keep_signature(struct arena *arena, struct bytes part, struct document_signature *out,
               struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer signature = {0};
    enum status s = text_parse_base64url(part, &signature);
    if (signature.size == 0) /* nor when s is not STATUS_OK */
        return s == STATUS_NOMEM
                   ? s
                   : diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the signature is not base64url");
    uint8_t *copy = arena_alloc(arena, signature.size);
    if (!copy)
        return STATUS_NOMEM;
    memcpy(copy, signature.data, signature.size);
    out->signature = bytes_of(copy, signature.size);
    return STATUS_OK;
}

static enum status
take(struct hasher *h, struct arena *arena, const struct parts *parts, struct buffer *payload,
     struct document_signature *out, struct diag *diag)
{
    struct header header = {0};
    enum status s = read_header(arena, parts->header, &header, diag);
    if (s == STATUS_OK)
        s = keep_signature(arena, parts->signature, out, diag);
    if (s != STATUS_OK)
        return s;
    const struct bytes input[] = {parts->header, bytes_of_text("."), parts->payload};
    s = digest_compute_parts(h, header.alg->hash, input, 3, &out->digest);
    if (s == STATUS_OK)
        s = text_parse_base64url(parts->payload, payload);
    if (s == STATUS_MALFORMED)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the payload is not base64url");
    if (s == STATUS_OK)
        out->alg = header.alg->name;
    return s;
}

/* A JSON text is a JWS when it has the members of one. */
static enum status
take_flattened(struct hasher *h, struct arena *arena, struct bytes text, struct buffer *payload,
               struct document_signature *out, struct diag *diag)
{
    struct shape_source source = {.text = text, .arena = arena, .diag = diag};
    struct shape_node root;
    struct shape_node member;
    struct parts parts = {0};
    enum status s = shape_open(&source, &root);
    if (s == STATUS_OK && shape_member(&root, "payload", &member)) {
        s = read_parts(&root, &parts);
        if (s == STATUS_OK)
            s = take(h, arena, &parts, payload, out, diag);
    }
    shape_close(&source);
    return s;
}

/* No document has these words so near to its beginning, and a long one is not parsed twice. */
static bool
may_be_flattened(struct bytes text)
{
    static const char *const words[] = {"\"payload\"", "\"protected\"", "\"signature\""};
    size_t i = 0;
    while (i < text.size && memchr(" \t\r\n{", text.data[i], 5))
        i++;
    for (size_t k = 0; k < 3; k++) {
        struct bytes word = bytes_of_text(words[k]);
        if (bytes_equal(bytes_slice(text, i, word.size), word))
            return true;
    }
    return false;
}

enum status
document_signature_open(struct hasher *h, struct arena *arena, struct bytes text,
                        struct buffer *scratch, struct document_signature *out,
                        struct bytes *payload, struct diag *diag)
{
    *out = (struct document_signature){0};
    *payload = text;
    struct parts parts = {0};
    enum status s = STATUS_OK;
    if (text.size > 2 && text.data[0] == 'e' && text.data[1] == 'y' && split(text, &parts))
        s = take(h, arena, &parts, scratch, out, diag);
    else if (may_be_flattened(text))
        s = take_flattened(h, arena, text, scratch, out, diag);
    if (s == STATUS_OK && out->alg)
        *payload = buffer_bytes(scratch);
    return s;
}

enum status
document_signature_is_by(const struct document_signature *s, struct bytes spki, bool *by)
{
    *by = false;
    const struct jws_alg *alg = s->alg ? find_alg(s->alg) : NULL;
    return alg ? prehashed_verify(spki, alg->scheme, &s->digest, s->signature, by) : STATUS_OK;
}
