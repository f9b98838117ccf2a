/* SPDX-License-Identifier: Apache-2.0 */
/* from: parsed documents; to: one immutable snapshot with every name resolved; never: changes after
 * documents_new(). */
#include "appraise/documents.h"

#include "appraise/compiled.h"
#include "appraise/document_check.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE             "documents"
#define DEFAULT_PCRS       0xFFFFu /* PCR 0 to 15 */
#define HAS_PCR(mask, pcr) (((mask) >> (pcr)) & 1u)

struct documents {
    atomic_size_t n_owners;
    uint64_t generation;
    size_t n;
    struct document **list; /* by kind, policies first, then by id */
    size_t n_policies;
    struct compiled_policy *policies;
    struct arena arena;
    struct selection selection;
    struct digest digest;
};

static int
order_documents(const void *a, const void *b)
{
    const struct document_info *x = &(*(struct document *const *)a)->info;
    const struct document_info *y = &(*(struct document *const *)b)->info;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return text_order(x->id, y->id);
}

static enum status
check_unique(const struct documents *d, struct diag *diag)
{
    for (size_t i = 1; i < d->n; i++) {
        const struct document_info *a = &d->list[i - 1]->info;
        const struct document_info *b = &d->list[i]->info;
        if (a->kind == b->kind && text_equal(a->id, b->id))
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "two active documents are called %s",
                            a->id);
    }
    return STATUS_OK;
}

static enum status
check_perspectives(const struct documents *d, struct diag *diag)
{
    const char *names[LIMIT_PERSPECTIVES];
    size_t n = 0;
    for (size_t i = 0; i < d->n_policies; i++) {
        const char *name = d->list[i]->info.perspective;
        size_t known = 0;
        while (known < n && !text_equal(names[known], name))
            known++;
        if (known < n)
            continue;
        if (n == LIMIT_PERSPECTIVES)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u perspectives",
                            LIMIT_PERSPECTIVES);
        names[n++] = name;
    }
    return STATUS_OK;
}

/* ---- resolving names ---- */

static const struct document *
find_reference(const struct documents *d, const char *id)
{
    for (size_t i = d->n_policies; i < d->n; i++) {
        if (d->list[i]->info.kind == DOCUMENT_REFERENCE && text_equal(d->list[i]->info.id, id))
            return d->list[i];
    }
    return NULL;
}

/* The place of a generation from the i-th document on; i: the next to look at. */
static bool
find_generation(const struct documents *d, const char *name, size_t *i,
                struct generation_place *out)
{
    for (; *i < d->n; ++*i) {
        const struct generations *line = d->list[*i]->generations;
        const struct generation *items = line ? line->items.items : NULL;
        for (size_t k = 0; line && k < line->items.n; k++) {
            if (!text_equal(items[k].name, name))
                continue;
            *out = (struct generation_place){line, k};
            ++*i;
            return true;
        }
    }
    return false;
}

/* A set of a generation that two lines name would have two states. */
static enum status
place(const struct documents *d, struct compiled_reference *r, struct diag *diag)
{
    const char *name = r->document->reference->generation;
    size_t i = d->n_policies;
    struct generation_place other;
    if (!name || !find_generation(d, name, &i, &r->place))
        return STATUS_OK;
    r->line = d->list[i - 1];
    if (find_generation(d, name, &i, &other))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "reference set %s: the generation %s stands in both %s and %s",
                        r->document->info.id, name, r->place.line->id, other.line->id);
    return STATUS_OK;
}

static enum status
resolve(struct documents *d, const char *policy, const struct shape_list *ids,
        struct compiled_references *out, struct diag *diag)
{
    out->items = arena_alloc_array(&d->arena, ids->n, sizeof *out->items);
    if (!out->items)
        return STATUS_NOMEM;
    char *const *names = ids->items;
    for (size_t i = 0; i < ids->n; i++) {
        out->items[i].document = find_reference(d, names[i]);
        if (!out->items[i].document)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                            "policy %s names the reference set %s, which is not active", policy,
                            names[i]);
        enum status s = place(d, &out->items[i], diag);
        if (s != STATUS_OK)
            return s;
    }
    out->n = ids->n;
    return STATUS_OK;
}

static uint32_t
quoted_pcrs(const struct policy *p)
{
    uint32_t quoted = 0;
    for (size_t i = 0; i < ALG_COUNT; i++)
        quoted |= p->quote[i];
    return quoted ? quoted : DEFAULT_PCRS;
}

/* A set that a boot rule names has components, all in quoted PCRs. */
static enum status
check_boot(const struct compiled_policy *c, struct diag *diag)
{
    uint32_t quoted = quoted_pcrs(c->policy);
    for (size_t i = 0; i < c->boot.n; i++) {
        const struct reference *r = c->boot.items[i].document->reference;
        if (r->components.n == 0)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                            "policy %s: boot: the reference set %s has no components", c->info->id,
                            r->id);
        uint32_t needed = c->policy->boot.enforced | c->policy->boot.compared;
        if (!c->policy->boot.coverage_given)
            needed = r->pcrs | reference_covered(r->platform) | reference_compared(r->platform);
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            if (HAS_PCR(needed & ~quoted, pcr))
                return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                                "policy %s: quote lacks PCR %u, which its boot rule needs for %s",
                                c->info->id, pcr, r->id);
        }
    }
    return STATUS_OK;
}

static enum status
check_files(const struct compiled_policy *c, struct diag *diag)
{
    size_t n = 0;
    for (size_t i = 0; i < c->ima.n; i++)
        n += file_set_count(&c->ima.items[i].document->reference->files);
    if (c->policy->ima.references.n > 0 && n == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "policy %s: ima: the reference sets have no files", c->info->id);
    return STATUS_OK;
}

static enum status
check_command_lines(const struct compiled_policy *c, struct diag *diag)
{
    size_t n = 0;
    for (size_t i = 0; i < c->boot.n; i++)
        n += c->boot.items[i].document->reference->command_lines.n;
    if (c->policy->command_line.from_references && n == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "policy %s: command_line: the reference sets have no command_lines",
                        c->info->id);
    return STATUS_OK;
}

static enum status
check_dbx(const struct compiled_policy *c, struct diag *diag)
{
    for (size_t i = 0; i < c->dbx.n; i++) {
        const struct reference *r = c->dbx.items[i].document->reference;
        if (r->dbx.n == 0)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                            "policy %s: secure_boot: the reference set %s has no dbx", c->info->id,
                            r->id);
    }
    return STATUS_OK;
}

/* ---- revoked values ---- */

/* Calls for each digest of each revoked value of a set. */
static enum status
each_revoked(const struct reference *r, size_t *counts, struct file_set *set)
{
    const struct reference_component *components = r->components.items;
    for (size_t i = 0; i < r->components.n; i++) {
        const struct reference_value *values = components[i].values.items;
        for (size_t k = 0; k < components[i].values.n; k++) {
            if (values[k].status != REFERENCE_STATUS_REVOKED)
                continue;
            for (size_t d = 0; d < values[k].n_digests; d++) {
                counts[alg_index(values[k].digests[d].alg)]++;
                enum status s = set ? file_set_add(set, &values[k].digests[d]) : STATUS_OK;
                if (s != STATUS_OK)
                    return s;
            }
        }
    }
    return STATUS_OK;
}

/* Revoked wins wherever a value is named, so it is asked for apart from the components. */
static enum status
collect_revoked(struct documents *d, struct compiled_policy *c)
{
    size_t counts[ALG_COUNT] = {0};
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->boot.n; i++)
        s = each_revoked(c->boot.items[i].document->reference, counts, NULL);
    for (size_t i = 0; s == STATUS_OK && i < ALG_COUNT; i++)
        s = file_set_reserve(&c->revoked, &d->arena, alg_at(i)->id, counts[i]);
    for (size_t i = 0; s == STATUS_OK && i < c->boot.n; i++)
        s = each_revoked(c->boot.items[i].document->reference, counts, &c->revoked);
    return s;
}

static enum status
compile_policy(struct documents *d, const struct document *source, struct compiled_policy *out,
               struct diag *diag)
{
    out->document = source;
    out->info = &source->info;
    out->policy = source->policy;
    enum status s = resolve(d, source->info.id, &source->policy->boot.references, &out->boot, diag);
    if (s == STATUS_OK)
        s = resolve(d, source->info.id, &source->policy->ima.references, &out->ima, diag);
    if (s == STATUS_OK)
        s = resolve(d, source->info.id, &source->policy->secure_boot.dbx, &out->dbx, diag);
    if (s == STATUS_OK)
        s = check_boot(out, diag);
    if (s == STATUS_OK)
        s = check_dbx(out, diag);
    if (s == STATUS_OK)
        s = check_files(out, diag);
    if (s == STATUS_OK)
        s = check_command_lines(out, diag);
    if (s == STATUS_OK)
        s = collect_revoked(d, out);
    if (s == STATUS_OK)
        s = document_check(out, compiled_perspective(d, out->policy->perspective), diag);
    return s;
}

/* ---- what follows from all of them ---- */

/* The union, banks in the order of the algorithm table. */
static void
select_pcrs(struct documents *d)
{
    uint32_t masks[ALG_COUNT] = {0};
    for (size_t i = 0; i < d->n_policies; i++) {
        const struct policy *p = d->policies[i].policy;
        uint32_t said = 0;
        for (size_t alg = 0; alg < ALG_COUNT; alg++) {
            masks[alg] |= p->quote[alg];
            said |= p->quote[alg];
        }
        if (said == 0)
            masks[alg_index(ALG_SHA256)] |= DEFAULT_PCRS;
    }
    if (d->n_policies == 0)
        masks[alg_index(ALG_SHA256)] = DEFAULT_PCRS;
    for (size_t alg = 0; alg < ALG_COUNT; alg++) {
        if (masks[alg] == 0)
            continue;
        d->selection.banks[d->selection.n_banks++] =
            (struct selection_bank){.alg = alg_at(alg)->id, .mask = masks[alg]};
    }
}
_Static_assert(ALG_COUNT <= LIMIT_BANKS, "every bank fits a selection");

/* The policy and its sets of files by their digests. */
static enum status
digest_ima_rule(struct hasher *h, struct compiled_policy *c)
{
    struct bytes parts[1 + LIMIT_REFERENCES];
    struct digest key;
    parts[0] = digest_bytes(&c->info->sha256);
    for (size_t i = 0; i < c->ima.n; i++)
        parts[1 + i] = digest_bytes(&c->ima.items[i].document->info.sha256);
    enum status s = digest_compute_parts(h, ALG_SHA256, parts, 1 + c->ima.n, &key);
    if (s == STATUS_OK)
        memcpy(c->ima_sha256, key.data, sizeof c->ima_sha256);
    return s;
}

static enum status
digest_all(struct documents *d)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer named = {0};
    for (size_t i = 0; i < d->n; i++) {
        const struct document_info *info = &d->list[i]->info;
        buffer_append_u8(&named, (uint8_t)info->kind);
        buffer_append_tpm2b(&named, bytes_of_text(info->id));
        buffer_append_be64(&named, info->version);
        buffer_append(&named, digest_bytes(&info->sha256));
    }
    enum status s = buffer_check(&named);
    if (s == STATUS_OK)
        s = hasher_new(&h);
    if (s == STATUS_OK)
        s = digest_compute(h, ALG_SHA256, buffer_bytes(&named), &d->digest);
    for (size_t i = 0; s == STATUS_OK && i < d->n_policies; i++)
        s = digest_ima_rule(h, &d->policies[i]);
    return s;
}

static enum status
compile(struct documents *d, struct diag *diag)
{
    if (d->n > 1)
        qsort(d->list, d->n, sizeof *d->list, order_documents);
    while (d->n_policies < d->n && d->list[d->n_policies]->info.kind == DOCUMENT_POLICY)
        d->n_policies++;
    enum status s = check_unique(d, diag);
    if (s == STATUS_OK)
        s = check_perspectives(d, diag);
    if (s != STATUS_OK)
        return s;
    d->policies = arena_alloc_array(&d->arena, d->n_policies, sizeof *d->policies);
    if (!d->policies)
        return STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < d->n_policies; i++)
        s = compile_policy(d, d->list[i], &d->policies[i], diag);
    if (s != STATUS_OK)
        return s;
    select_pcrs(d);
    return digest_all(d);
}

static void
free_snapshot(struct documents *d)
{
    for (size_t i = 0; i < d->n; i++)
        document_free(d->list[i]);
    free(d->list);
    arena_free(&d->arena);
    free(d);
}

/* A copy of the caller's array, whose documents are then the snapshot's. */
static struct documents *
take_over(struct document **list, size_t n)
{
    struct documents *d = calloc(1, sizeof *d);
    struct document **copy = calloc(n + 1, sizeof(struct document *));
    if (d && copy) {
        d->list = copy;
        d->n = n;
        for (size_t i = 0; i < n; i++)
            copy[i] = list[i];
        return d;
    }
    for (size_t i = 0; i < n; i++)
        document_free(list[i]);
    free(copy);
    free(d);
    return NULL;
}

enum status
documents_new(struct document **list, size_t n, uint64_t generation, struct documents **out,
              struct diag *diag)
{
    *out = NULL;
    struct documents *d = take_over(list, n);
    if (!d)
        return STATUS_NOMEM;
    d->generation = generation;
    atomic_init(&d->n_owners, 1);
    enum status s = STATUS_OK;
    if (n > LIMIT_DOCUMENTS)
        s = diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u active documents",
                     LIMIT_DOCUMENTS);
    if (s == STATUS_OK)
        s = compile(d, diag);
    if (s == STATUS_OK)
        *out = d;
    else
        free_snapshot(d);
    return s;
}

struct documents *
documents_ref(struct documents *d)
{
    (void)atomic_fetch_add_explicit(&d->n_owners, 1, memory_order_relaxed);
    return d;
}

/* Release, then acquire by the last owner: what others read happens before the memory goes. */
void
documents_unref(struct documents *d)
{
    if (!d || atomic_fetch_sub_explicit(&d->n_owners, 1, memory_order_acq_rel) != 1)
        return;
    free_snapshot(d);
}

bool
documents_is_last(const struct documents *d)
{
    return atomic_load_explicit(&d->n_owners, memory_order_relaxed) == 1;
}

void
documents_unrefp(struct documents **d)
{
    documents_unref(*d);
    *d = NULL;
}

uint64_t
documents_generation(const struct documents *d)
{
    return d->generation;
}

size_t
documents_count(const struct documents *d)
{
    return d->n;
}

const struct document_info *
documents_info(const struct documents *d, size_t i)
{
    return i < d->n ? &d->list[i]->info : NULL;
}

const struct selection *
documents_selection(const struct documents *d)
{
    return &d->selection;
}

const struct digest *
documents_digest(const struct documents *d)
{
    return &d->digest;
}

size_t
compiled_n_policies(const struct documents *d)
{
    return d->n_policies;
}

const struct compiled_policy *
compiled_policy_at(const struct documents *d, size_t i)
{
    return i < d->n_policies ? &d->policies[i] : NULL;
}

enum generation_standing
compiled_stand(const struct compiled_reference *r, const struct subject *subject, int64_t now_s)
{
    return generation_stand(generation_at(&r->place), subject, now_s);
}

const struct perspective *
compiled_perspective(const struct documents *d, const char *name)
{
    for (size_t i = d->n_policies; i < d->n; i++) {
        const struct perspective *p = d->list[i]->perspective;
        if (p && text_equal(p->id, name))
            return p;
    }
    return NULL;
}

bool
documents_selects(const struct documents *d, const char *policy, const struct subject *device)
{
    for (size_t i = 0; i < compiled_n_policies(d); i++) {
        const struct policy *p = compiled_policy_at(d, i)->policy;
        if (text_equal(p->id, policy))
            return selector_match(&p->select, device);
    }
    return false;
}

bool
documents_may_put(const struct documents *d, const char *perspective, const char *actor)
{
    const struct perspective *p = compiled_perspective(d, perspective);
    char *const *owners = p ? p->owners.items : NULL;
    for (size_t i = 0; p && i < p->owners.n; i++) {
        if (text_equal(owners[i], actor))
            return true;
    }
    return !p || p->owners.n == 0;
}

static bool
has_part(const struct compiled_references *sets, enum document_kind kind, const char *id)
{
    for (size_t i = 0; i < sets->n; i++) {
        const struct document *d =
            kind == DOCUMENT_REFERENCE ? sets->items[i].document : sets->items[i].line;
        if (d && text_equal(d->info.id, id))
            return true;
    }
    return false;
}

const char *
documents_owned_by_others(const struct documents *d, enum document_kind kind, const char *id,
                          const char *actor)
{
    for (size_t i = 0; i < d->n_policies; i++) {
        const struct compiled_policy *c = &d->policies[i];
        const struct perspective *p = compiled_perspective(d, c->policy->perspective);
        bool is_signed = p && p->signers.n > 0 && kind == DOCUMENT_REFERENCE;
        bool rests = has_part(&c->boot, kind, id) || has_part(&c->ima, kind, id) ||
                     has_part(&c->dbx, kind, id);
        if (rests && !is_signed && !documents_may_put(d, c->policy->perspective, actor))
            return c->policy->perspective;
    }
    return NULL;
}
