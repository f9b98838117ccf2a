/* SPDX-License-Identifier: Apache-2.0 */
/* from: the parts of a stored round; to: JSON text; never: changes a byte of them. */
#include "appraise/round_file.h"

#include "base/emit.h"
#include "base/limits.h"

enum status
round_file_encode(const struct round_file *f, struct buffer *out)
{
    size_t before = out->size;
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "type", "round");
    emit_text_member(&e, "attestation", f->attestation);
    emit_text_member(&e, "appraisal", f->appraisal);
    emit_text_member(&e, "result", f->result);
    emit_text_member(&e, "inputs", f->inputs);
    emit_base64url_member(&e, "evidence", f->parts.evidence);
    emit_base64url_member(&e, "ak", f->parts.ak_public);
    emit_base64url_member(&e, "boot_log", f->parts.boot_log);
    emit_base64url_member(&e, "ima", f->parts.ima);
    emit_base64url_member(&e, "userspace_log", f->parts.userspace_log);
    emit_key(&e, "documents");
    emit_array(&e);
    char *const *texts = f->documents.items;
    for (size_t i = 0; i < f->documents.n; i++)
        emit_text(&e, texts[i]);
    emit_end_array(&e);
    emit_end_object(&e);
    enum status s = emit_check(&e);
    return s == STATUS_OK && out->size - before > ROUND_FILE_MAX ? STATUS_LIMIT : s;
}

void
round_file_clear(struct round_file *f)
{
    arena_free(&f->arena);
    *f = (struct round_file){0};
}
