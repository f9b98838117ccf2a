/* SPDX-License-Identifier: Apache-2.0 */
/* from: a round file; to: its appraisal of now beside that of then; never: takes a document that
 * the round's inputs do not name by digest. */
#include "appraise/reappraisal.h"

#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"

#include <stdlib.h>

#define CLAUSE "round"

static void
free_documents(struct document **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        document_free(list[i]);
    free(list);
}

static bool
is_listed(const struct stored_document *named, const struct document_info *info)
{
    return named->kind == info->kind && named->version == info->version &&
           text_equal(named->id, info->id) && digest_equal(&named->sha256, &info->sha256);
}

static enum status
parse_documents(struct hasher *h, const struct round_file *f, const struct stored_inputs *in,
                struct document **list, struct diag *diag)
{
    char *const *texts = f->documents.items;
    for (size_t i = 0; i < in->n_listed; i++) {
        enum status s = document_parse(h, bytes_of_text(texts[i]), &list[i], diag);
        if (s != STATUS_OK)
            return s;
        if (!is_listed(&in->listed[i], document_info(list[i])))
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0,
                            "document %zu is not the one that the inputs name", i);
    }
    return STATUS_OK;
}

static enum status
compile(struct hasher *h, const struct round_file *f, const struct stored_inputs *in,
        struct documents **out, struct diag *diag)
{
    if (f->documents.n != in->n_listed)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%zu documents, and %zu in the inputs",
                        f->documents.n, in->n_listed);
    struct document **list = calloc(in->n_listed + 1, sizeof *list);
    if (!list)
        return STATUS_NOMEM;
    enum status s = parse_documents(h, f, in, list, diag);
    if (s != STATUS_OK) {
        free_documents(list, in->n_listed);
        return s;
    }
    s = documents_new(list, in->n_listed, 0, out, diag);
    free(list);
    return s;
}

enum status
reappraisal_open(struct hasher *h, const struct round_file *f, struct stored_round **round,
                 struct appraisal **appraisal, struct diag *diag)
{
    *round = NULL;
    *appraisal = NULL;
    CLEANUP(stored_round_freep) struct stored_round *r = NULL;
    CLEANUP(documents_unrefp) struct documents *documents = NULL;
    enum status s = stored_round_open(h, &f->parts, &r, diag);
    if (s == STATUS_OK)
        s = compile(h, f, stored_round_inputs(r), &documents, diag);
    if (s == STATUS_OK)
        s = stored_round_appraise(h, r, documents, appraisal);
    if (s != STATUS_OK)
        return s;
    *round = r;
    r = NULL;
    return STATUS_OK;
}

enum status
reappraisal_run(struct hasher *h, const struct round_file *f, struct reappraisal *out,
                struct diag *diag)
{
    *out = (struct reappraisal){0};
    CLEANUP(stored_round_freep) struct stored_round *r = NULL;
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    enum status s = reappraisal_open(h, f, &r, &a, diag);
    if (s == STATUS_OK)
        s = stored_round_encode(r, f->attestation, a, &out->text);
    if (s != STATUS_OK)
        return s;
    if (!buffer_text(&out->text))
        return STATUS_NOMEM;
    out->verdict = appraisal_verdict(a);
    out->same = text_equal((const char *)out->text.data, f->appraisal);
    out->quirks_differ = stored_round_inputs(r)->quirk_table != STORED_INPUTS_QUIRKS;
    (void)text_copy(out->program, sizeof out->program, stored_round_inputs(r)->program);
    return STATUS_OK;
}

enum status
reappraisal_encode(const struct reappraisal *r, const char *attestation, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "attestation", attestation);
    emit_bool_member(&e, "same", r->same);
    emit_text_member(&e, "verdict", verdict_name(r->verdict));
    emit_text_member(&e, "program", r->program);
    emit_bool_member(&e, "quirk_table_differs", r->quirks_differ);
    emit_key(&e, "now");
    emit_raw(&e, buffer_bytes(&r->text));
    emit_end_object(&e);
    return emit_check(&e);
}

void
reappraisal_clear(struct reappraisal *r)
{
    buffer_free(&r->text);
}
