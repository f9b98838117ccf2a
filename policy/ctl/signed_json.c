/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/signed_json.h"

#include "appraise/arena.h"
#include "appraise/document_signature.h"
#include "base/cleanup.h"

#include <string.h>

#define CLAUSE "document"

static enum status
load(struct bytes text, json_t **out, struct diag *diag)
{
    *out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    return *out ? STATUS_OK : diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "no JSON");
}

static enum status
open_text(struct hasher *h, struct arena *arena, struct bytes text, json_t **out, bool *is_signed,
          struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct document_signature signature;
    struct bytes payload = {0};
    enum status s = document_signature_open(h, arena, text, &scratch, &signature, &payload, diag);
    *is_signed = signature.alg != NULL;
    return s == STATUS_OK ? load(payload, out, diag) : s;
}

enum status
signed_json_content(struct bytes text, json_t **out, bool *is_signed, struct diag *diag)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    struct arena arena = {0};
    *out = NULL;
    *is_signed = false;
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = open_text(h, &arena, text, out, is_signed, diag);
    arena_free(&arena);
    return s;
}

/* ---- the wire ---- */

static struct bytes
cut_part(struct bytes *rest)
{
    const uint8_t *dot = rest->size > 0 ? memchr(rest->data, '.', rest->size) : NULL;
    size_t n = dot ? (size_t)(dot - rest->data) : rest->size;
    struct bytes part = bytes_slice(*rest, 0, n);
    *rest = dot ? bytes_slice(*rest, n + 1, rest->size - n - 1) : (struct bytes){0};
    return part;
}

static json_t *
text_of(struct bytes part)
{
    return json_stringn((const char *)part.data, part.size);
}

enum status
signed_json_wire(struct bytes text, json_t **out, struct diag *diag)
{
    if (text.size == 0 || text.data[0] != 'e')
        return load(text, out, diag);
    while (memchr(" \t\r\n", text.data[text.size - 1], 4))
        text.size--;
    struct bytes protected = cut_part(&text);
    struct bytes payload = cut_part(&text);
    *out = json_pack("{s:o*, s:o*, s:o*}", "protected", text_of(protected), "payload",
                     text_of(payload), "signature", text_of(text));
    return *out ? STATUS_OK : STATUS_NOMEM;
}
