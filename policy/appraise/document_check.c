/* SPDX-License-Identifier: Apache-2.0 */
/* from: a policy with its sets, and what is said of its perspective; to: why they must not come
 * into force; never: lets a key sign for what it was not pinned for. [appraisal 1] */
#include "appraise/document_check.h"

#include "base/text.h"

#include <stdio.h>

#define CLAUSE    "documents"
#define EVERY_TPM (1u << GENUINE_UNVERIFIED | 1u << GENUINE_SOFTWARE | 1u << GENUINE_VERIFIED)
#define EVERY_MEMBER                                                                               \
    (1u << MEMBER_BY_NONE | 1u << MEMBER_BY_FIRST_USE | 1u << MEMBER_BY_TOKEN |                    \
     1u << MEMBER_BY_APPROVAL | 1u << MEMBER_BY_LIST)

struct check {
    const struct compiled_policy *policy;
    const struct perspective *perspective;
    struct diag *diag;
};

/* ---- signers ---- */

/* Who of the perspective's signers signed; NULL: none. */
static enum status
find_signer(const struct perspective *p, const struct document *d,
            const struct perspective_signer **out)
{
    const struct perspective_signer *signers = p->signers.items;
    *out = NULL;
    for (size_t i = 0; i < p->signers.n; i++) {
        bool by = false;
        enum status s = document_signature_is_by(&d->signature, signers[i].spki, &by);
        if (s != STATUS_OK)
            return s;
        if (by)
            *out = &signers[i];
        if (by)
            break;
    }
    return STATUS_OK;
}

static enum status
refuse_signer(const struct check *c, const struct document *d, const char *name, const char *what)
{
    return diag_set(c->diag, STATUS_INVALID, CLAUSE, 0,
                    "%s %s: %s may not sign %s in the perspective %s",
                    document_kind_name(d->info.kind), d->info.id, name, what, c->perspective->id);
}

static enum status
check_signed(const struct check *c, const struct document *d,
             const struct perspective_signer **signer)
{
    enum status s = find_signer(c->perspective, d, signer);
    if (s != STATUS_OK || *signer)
        return s;
    (void)diag_set(c->diag, STATUS_INVALID, CLAUSE, 0,
                   "%s %s: not signed by a signer that the perspective %s names",
                   document_kind_name(d->info.kind), d->info.id, c->perspective->id);
    return STATUS_INVALID;
}

static enum status
check_policy_signer(const struct check *c, const struct document *d)
{
    const struct perspective_signer *signer = NULL;
    enum status s = check_signed(c, d, &signer);
    if (s != STATUS_OK)
        return s;
    if (!signer->policies)
        s = refuse_signer(c, d, signer->name, document_kind_collection(d->info.kind));
    return s;
}

static enum status
check_reference_signer(const struct check *c, const struct document *d)
{
    const struct perspective_signer *signer = NULL;
    const struct reference *r = d->reference;
    const struct reference_component *components = r->components.items;
    enum status s = check_signed(c, d, &signer);
    for (size_t i = 0; s == STATUS_OK && i < r->components.n; i++) {
        char what[96];
        (void)snprintf(what, sizeof what, "%s of PCR %u", components[i].role, components[i].pcr);
        if (!perspective_signer_may(signer, components[i].role, components[i].pcr))
            s = refuse_signer(c, d, signer->name, what);
    }
    if (s == STATUS_OK && file_set_count(&r->files) > 0 && !signer->files)
        s = refuse_signer(c, d, signer->name, "files");
    if (s == STATUS_OK && r->command_lines.n > 0 && !signer->command_lines)
        s = refuse_signer(c, d, signer->name, "command lines");
    if (s == STATUS_OK && r->dbx.n > 0 && !signer->secure_boot)
        s = refuse_signer(c, d, signer->name, "dbx lists");
    return s;
}

static enum status
check_references(const struct check *c, const struct compiled_references *sets)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < sets->n; i++) {
        s = check_reference_signer(c, sets->items[i].document);
        if (s == STATUS_OK && sets->items[i].line)
            s = check_policy_signer(c, sets->items[i].line);
    }
    return s;
}

static enum status
check_signers(const struct check *c)
{
    if (!c->perspective || c->perspective->signers.n == 0)
        return STATUS_OK;
    enum status s = check_policy_signer(c, c->policy->document);
    if (s == STATUS_OK)
        s = check_references(c, &c->policy->boot);
    if (s == STATUS_OK)
        s = check_references(c, &c->policy->ima);
    if (s == STATUS_OK)
        s = check_references(c, &c->policy->dbx);
    return s;
}

/* ---- sense ---- */

/* Some rule besides identity could find something. */
static bool
has_rule(const struct policy *p)
{
    return p->secure_boot.present || p->boot.present || p->command_line.present || p->ima.present ||
           p->pcrs.banks.n > 0 || p->phase.accepted != 0 || p->quirks_denied != 0 || p->tpm.present;
}

static enum status
check_accepts_all(const struct check *c)
{
    const struct policy *p = c->policy->policy;
    if (has_rule(p) || (p->genuine & EVERY_TPM) != EVERY_TPM ||
        (p->member & EVERY_MEMBER) != EVERY_MEMBER)
        return STATUS_OK;
    return diag_set(c->diag, STATUS_INVALID, CLAUSE, 0,
                    "policy %s would accept everything: any TPM, any member, and no other rule",
                    c->policy->info->id);
}

static bool
has_role(const struct compiled_references *sets, const char *role)
{
    for (size_t i = 0; i < sets->n; i++) {
        const struct shape_list *list = &sets->items[i].document->reference->components;
        const struct reference_component *components = list->items;
        for (size_t k = 0; k < list->n; k++) {
            if (text_equal(components[k].role, role))
                return true;
        }
    }
    return false;
}

/* A line that is announced counts for the command_line rule as well. */
static bool
is_line_role(const struct policy *p, const char *role)
{
    return p->command_line.present &&
           (text_equal(role, "command-line") || text_equal(role, "load-options"));
}

static enum status
check_roles(const struct check *c)
{
    const struct policy *p = c->policy->policy;
    char *const *roles = p->announce.roles.items;
    for (size_t i = 0; p->boot.present && i < p->announce.roles.n; i++) {
        if (!has_role(&c->policy->boot, roles[i]) && !is_line_role(p, roles[i]))
            return diag_set(c->diag, STATUS_INVALID, CLAUSE, 0,
                            "policy %s: announce.roles[%zu]: no reference set of the boot rule has "
                            "a component %s",
                            c->policy->info->id, i, roles[i]);
    }
    return STATUS_OK;
}

enum status
document_check(const struct compiled_policy *policy, const struct perspective *perspective,
               struct diag *diag)
{
    const struct check c = {policy, perspective, diag};
    enum status s = check_accepts_all(&c);
    if (s == STATUS_OK)
        s = check_roles(&c);
    return s == STATUS_OK ? check_signers(&c) : s;
}
