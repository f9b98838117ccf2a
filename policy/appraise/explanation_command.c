/* SPDX-License-Identifier: Apache-2.0 */
/* from: a reason and the documents that it came under; to: commands; never: names a document that
 * had no part in it. */
#include "appraise/explanation_command.h"

#include "appraise/compiled.h"
#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Policies of the perspective that selected the device, in their order; NULL past the last. */
static const struct compiled_policy *
policy_at(const struct appraisal *a, const struct appraisal_perspective *p, size_t n)
{
    const struct documents *d = appraisal_documents(a);
    for (size_t i = 0; n < p->n_policies && i < compiled_n_policies(d); i++) {
        if (compiled_policy_at(d, i)->info == p->policies[n])
            return compiled_policy_at(d, i);
    }
    return NULL;
}

/* ---- which set ---- */

/* What was expected, as reasons give it, is the component's first value. */
static bool
is_expected(const struct reference_component *c, const struct reason *r)
{
    const struct reference_value *values = c->values.items;
    for (size_t i = 0; c->values.n > 0 && i < values[0].n_digests; i++) {
        char hex[2 * ALG_MAX_SIZE + 1];
        if (text_starts(r->expected,
                        text_hex(digest_bytes(&values[0].digests[i]), hex, sizeof hex)))
            return true;
    }
    return false;
}

static const struct reference_component *
find_component(const struct reference *set, const struct reason *r)
{
    const struct reference_component *components = set->components.items;
    const struct reference_component *first = NULL;
    for (size_t i = 0; i < set->components.n; i++) {
        if ((int32_t)components[i].pcr != r->pcr || !text_equal(components[i].role, r->what))
            continue;
        if (is_expected(&components[i], r))
            return &components[i];
        first = first ? first : &components[i];
    }
    return first;
}

/* The set of a boot rule that the event was held against: it has the component, and what was
 * expected there. */
static const char *
find_set(const struct appraisal *a, const struct appraisal_perspective *p, const struct reason *r)
{
    const char *first = NULL;
    const struct compiled_policy *policy;
    for (size_t n = 0; (policy = policy_at(a, p, n)) != NULL; n++) {
        for (size_t i = 0; i < policy->boot.n; i++) {
            const struct document *set = policy->boot.items[i].document;
            const struct reference_component *c = find_component(set->reference, r);
            if (c && is_expected(c, r))
                return set->info.id;
            first = c && !first ? set->info.id : first;
        }
    }
    return first;
}

static const char *
find_file_set(const struct appraisal *a, const struct appraisal_perspective *p)
{
    const struct compiled_policy *policy;
    for (size_t n = 0; (policy = policy_at(a, p, n)) != NULL; n++) {
        if (policy->ima.n > 0)
            return policy->ima.items[0].document->info.id;
    }
    return NULL;
}

/* The set that was chosen, which a surplus event's reason names. */
static const struct document_info *
find_chosen(const struct appraisal_perspective *p, const struct reason *r)
{
    for (size_t i = 0; i < p->n_references; i++) {
        if (text_equal(p->references[i]->id, r->expected))
            return p->references[i];
    }
    return NULL;
}

/* The states of the generations of a boot rule's sets. */
static const char *
find_line(const struct appraisal *a, const struct appraisal_perspective *p)
{
    const struct compiled_policy *policy;
    for (size_t n = 0; (policy = policy_at(a, p, n)) != NULL; n++) {
        for (size_t i = 0; i < policy->boot.n; i++) {
            if (policy->boot.items[i].line)
                return policy->boot.items[i].line->info.id;
        }
    }
    return NULL;
}

/* ---- which policy ---- */

static bool
has_rule(const struct policy *p, const char *code)
{
    const struct {
        const char *prefix;
        bool present;
    } rules[] = {
        {"secure-boot.", p->secure_boot.present},
        {"boot.", p->boot.present},
        {"command-line.", p->command_line.present},
        {"verity.", p->verity.present},
        {"phase.", p->phase.accepted != 0},
        {"pcr.", p->pcrs.banks.n > 0},
        {"ima.", p->ima.present},
        {"device.tpm", p->tpm.present},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (text_starts(code, rules[i].prefix))
            return rules[i].present;
    }
    return true;
}

static const char *
find_policy(const struct appraisal *a, const struct appraisal_perspective *p,
            const struct reason *r)
{
    const struct compiled_policy *policy;
    for (size_t n = 0; (policy = policy_at(a, p, n)) != NULL; n++) {
        if (has_rule(policy->policy, reason_code_name(r->code)))
            return policy->info->id;
    }
    return p->n_policies > 0 ? p->policies[0]->id : NULL;
}

/* ---- commands ---- */

/* Not the count of those that are not named. */
static bool
is_digest(const char *text)
{
    return text[0] != '\0' && strspn(text, "0123456789abcdef") == strlen(text);
}

static bool
accept_digest(const char *set, const struct reason *r, char *out)
{
    if (!set || !is_digest(r->found))
        return false;
    (void)snprintf(out, EXPLANATION_COMMAND_SIZE,
                   "attestctl unknown accept %s --reference %s --output candidate.json", r->found,
                   set);
    return true;
}

static bool
accept_boot(const struct document_info *set, const char *device, char *out)
{
    if (set)
        (void)snprintf(out, EXPLANATION_COMMAND_SIZE,
                       "attestctl reference from-device %s --id %s --version %" PRIu64
                       " --output candidate.json",
                       device, set->id, set->version + 1);
    return set != NULL;
}

static bool
accept_state(const char *line, char *out)
{
    if (line)
        (void)snprintf(out, EXPLANATION_COMMAND_SIZE, "attestctl generations get %s", line);
    return line != NULL;
}

static bool
accept_by_code(const struct appraisal *a, const struct appraisal_perspective *p, const char *device,
               const struct reason *r, char *out)
{
    switch ((unsigned)r->code) {
    case REASON_BOOT_UNKNOWN_IMAGE:
    case REASON_BOOT_APPROVAL_OVER:
    case REASON_BOOT_ANNOUNCED_OTHER:
    case REASON_BOOT_ANNOUNCED_LATE:
    case REASON_BOOT_ANNOUNCED_ROLE:
        return accept_digest(find_set(a, p, r), r, out);
    case REASON_IMA_UNKNOWN_FILE:
        return accept_digest(find_file_set(a, p), r, out);
    case REASON_BOOT_SURPLUS:
        return accept_boot(find_chosen(p, r), device, out);
    case REASON_BOOT_RETIRED:
    case REASON_BOOT_CANDIDATE:
        return accept_state(find_line(a, p), out);
    default:
        return false;
    }
}

void
explanation_accept(const struct appraisal *a, const struct appraisal_perspective *p,
                   const char *device, const struct reason *r,
                   char out[static EXPLANATION_COMMAND_SIZE])
{
    const char *policy = find_policy(a, p, r);
    if (accept_by_code(a, p, device, r, out))
        return;
    if (policy)
        (void)snprintf(out, EXPLANATION_COMMAND_SIZE, "attestctl policy get %s", policy);
    else
        (void)snprintf(out, EXPLANATION_COMMAND_SIZE, "attestctl policy list");
}

void
explanation_act(const char *device, const struct reason *r,
                char out[static EXPLANATION_COMMAND_SIZE])
{
    if (r->code == REASON_POLICY_NONE)
        (void)snprintf(out, EXPLANATION_COMMAND_SIZE, "attestctl device show %s", device);
    else
        (void)snprintf(out, EXPLANATION_COMMAND_SIZE, "attestctl device quarantine %s --reason %s",
                       device, reason_code_name(r->code));
}
