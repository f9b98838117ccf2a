/* SPDX-License-Identifier: Apache-2.0 */
/* from: documents in force and changes to them; to: what would then be in force, compiled; never:
 * writes to the store. */
#include "daemon/draft.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/store_admin.h"

#include <stdlib.h>

/* The documents that would be in force. */
struct draft {
    struct document **list;
    size_t n, room;
};

static void
clear_draft(struct draft *d)
{
    for (size_t i = 0; i < d->n; i++)
        document_free(d->list[i]);
    free(d->list);
}

static bool
is_named(const struct document *d, enum document_kind kind, const char *id)
{
    return document_info(d)->kind == kind && text_equal(document_info(d)->id, id);
}

/* In the place of the one of its kind and id, which goes. */
static void
put(struct draft *draft, struct document *d)
{
    const struct document_info *info = document_info(d);
    for (size_t i = 0; i < draft->n; i++) {
        if (!is_named(draft->list[i], info->kind, info->id))
            continue;
        document_free(draft->list[i]);
        draft->list[i] = d;
        return;
    }
    draft->list[draft->n++] = d;
}

static bool
take_out(struct draft *draft, enum document_kind kind, const char *id)
{
    for (size_t i = 0; i < draft->n; i++) {
        if (!is_named(draft->list[i], kind, id))
            continue;
        document_free(draft->list[i]);
        draft->list[i] = draft->list[--draft->n];
        return true;
    }
    return false;
}

static enum status
load_active(struct store *store, struct hasher *h, struct draft *draft, size_t n_more,
            struct diag *diag)
{
    CLEANUP(store_document_list_clear) struct store_document_list texts = {0};
    uint64_t generation = 0;
    enum status s = store_get_active(store, &texts, &generation);
    if (s != STATUS_OK)
        return s;
    draft->room = texts.n_items + n_more + 1;
    draft->list = calloc(draft->room, sizeof(struct document *));
    if (!draft->list)
        return STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < texts.n_items; i++) {
        s = document_parse(h, buffer_bytes(&texts.items[i].text), &draft->list[draft->n], diag);
        draft->n += s == STATUS_OK;
    }
    return s;
}

static enum status
change(struct hasher *h, struct draft *draft, const struct simulation_body *body, struct diag *diag)
{
    for (size_t i = 0; i < body->n_without; i++) {
        if (!take_out(draft, body->without[i].kind, body->without[i].id))
            return diag_set(diag, STATUS_INVALID, "without", 0, "%s %s is not in force",
                            document_kind_name(body->without[i].kind), body->without[i].id);
    }
    for (size_t i = 0; i < body->n_documents; i++) {
        struct document *d = NULL;
        enum status s = document_parse(h, bytes_of_text(body->documents[i]), &d, diag);
        if (s != STATUS_OK)
            return s;
        put(draft, d);
    }
    return STATUS_OK;
}

enum status
draft_compile(struct store *store, struct hasher *h, const struct simulation_body *body,
              struct documents **out, struct diag *diag)
{
    CLEANUP(clear_draft) struct draft draft = {0};
    *out = NULL;
    enum status s = load_active(store, h, &draft, body->n_documents, diag);
    if (s == STATUS_OK)
        s = change(h, &draft, body, diag);
    if (s != STATUS_OK)
        return s;
    size_t n = draft.n;
    draft.n = 0; /* taken over, also on failure */
    return documents_new(draft.list, n, 0, out, diag);
}
