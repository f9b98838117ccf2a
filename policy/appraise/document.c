/* SPDX-License-Identifier: Apache-2.0 */
/* from: JSON text; to: one document of any kind; never: keeps what a rule of its own
 * contradicts. */
#include "appraise/document.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static enum status
read_policy(const struct shape_node *root, struct document *d)
{
    struct policy *p = arena_alloc(&d->arena, sizeof *p);
    if (!p)
        return STATUS_NOMEM;
    enum status s = policy_read(root, p);
    d->policy = p;
    d->info.id = p->id;
    d->info.version = p->version;
    d->info.description = p->description;
    d->info.perspective = p->perspective;
    return s;
}

static enum status
read_reference(const struct shape_node *root, struct document *d)
{
    struct reference *r = arena_alloc(&d->arena, sizeof *r);
    if (!r)
        return STATUS_NOMEM;
    enum status s = reference_read(root, r);
    d->reference = r;
    d->info.id = r->id;
    d->info.version = r->version;
    d->info.description = r->description;
    return s;
}

static enum status
read_generations(const struct shape_node *root, struct document *d)
{
    struct generations *g = arena_alloc(&d->arena, sizeof *g);
    if (!g)
        return STATUS_NOMEM;
    enum status s = generations_read(root, g);
    d->generations = g;
    d->info.id = g->id;
    d->info.version = g->version;
    d->info.description = g->description;
    return s;
}

static enum status
read_perspective(const struct shape_node *root, struct document *d)
{
    struct perspective *p = arena_alloc(&d->arena, sizeof *p);
    if (!p)
        return STATUS_NOMEM;
    enum status s = perspective_read(root, p);
    d->perspective = p;
    d->info.id = p->id;
    d->info.version = p->version;
    d->info.description = p->description;
    return s;
}

/* ---- kinds ---- */

static const struct kind {
    const char *name, *collection;
    enum status (*reader)(const struct shape_node *root, struct document *d);
} kinds[DOCUMENT_KINDS] = {
    [DOCUMENT_POLICY] = {"policy", "policies", read_policy},
    [DOCUMENT_REFERENCE] = {"reference", "references", read_reference},
    [DOCUMENT_GENERATIONS] = {"generations", "generations", read_generations},
    [DOCUMENT_PERSPECTIVE] = {"perspective", "perspectives", read_perspective},
};

const char *
document_kind_name(enum document_kind kind)
{
    return (unsigned)kind < DOCUMENT_KINDS ? kinds[kind].name : "unknown";
}

const char *
document_kind_collection(enum document_kind kind)
{
    return (unsigned)kind < DOCUMENT_KINDS ? kinds[kind].collection : "unknown";
}

bool
document_kind_parse(const char *name, enum document_kind *out)
{
    for (size_t i = 0; i < DOCUMENT_KINDS; i++) {
        if (!text_equal(name, kinds[i].name))
            continue;
        *out = (enum document_kind)i;
        return true;
    }
    return false;
}

static enum status
read_root(const struct shape_node *root, void *document)
{
    struct document *d = document;
    const char *words[DOCUMENT_KINDS];
    for (size_t i = 0; i < DOCUMENT_KINDS; i++)
        words[i] = kinds[i].name;
    struct shape_node type;
    if (!shape_member(root, "type", &type))
        return shape_refuse(root, "\"type\" is missing");
    size_t kind = 0;
    enum status s = shape_word(&type, words, DOCUMENT_KINDS, &kind);
    if (s != STATUS_OK)
        return s;
    d->info.kind = (enum document_kind)kind;
    s = kinds[kind].reader(root, d);
    if (!d->info.description)
        d->info.description = "";
    return s;
}

static enum status
parse_into(struct hasher *h, struct bytes json, struct document *d, struct diag *diag)
{
    enum status s = digest_compute(h, ALG_SHA256, json, &d->info.sha256);
    if (s != STATUS_OK)
        return s;
    CLEANUP(buffer_free) struct buffer scratch = {0};
    struct bytes text;
    s = document_signature_open(h, &d->arena, json, &scratch, &d->signature, &text, diag);
    if (s != STATUS_OK)
        return s;
    s = shape_read(text, &d->arena, read_root, d, diag);
    d->info.is_signed = d->signature.alg != NULL;
    return s;
}

enum status
document_parse(struct hasher *h, struct bytes json, struct document **out, struct diag *diag)
{
    *out = NULL;
    struct document *d = calloc(1, sizeof *d);
    if (!d)
        return STATUS_NOMEM;
    enum status s = parse_into(h, json, d, diag);
    if (s == STATUS_OK)
        *out = d;
    else
        document_free(d);
    return s;
}

const struct document_info *
document_info(const struct document *d)
{
    return &d->info;
}

void
document_free(struct document *d)
{
    if (!d)
        return;
    arena_free(&d->arena);
    free(d);
}

void
document_freep(struct document **d)
{
    document_free(*d);
    *d = NULL;
}
