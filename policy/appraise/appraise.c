/* SPDX-License-Identifier: Apache-2.0 */
/* from: documents and one round; to: a verdict for each perspective; never: trusts when any rule of
 * any of its policies blamed, or when there is no policy. The only place that writes
 * VERDICT_TRUSTED. */
#include "appraise/appraise.h"

#include "appraise/boot.h"
#include "appraise/rules.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define BIT(pcr)        (1u << (pcr))
#define PCR_SECURE_BOOT 7u
#define PCR_PHASES      11u

struct appraisal {
    struct documents *documents;
    struct reasons facts;
    size_t n_perspectives;
    struct appraisal_perspective perspectives[LIMIT_PERSPECTIVES];
    struct arena arena; /* lists of documents, the command line */
    struct standing *standing;
    struct judge_parts parts;
    bool predicted;
    enum verdict verdict;
    int64_t evidence_s, expires_s;
    int secure_boot;
    const char *command_line;
};

/* What one call works on. */
struct work {
    struct hasher *h;
    const struct appraisal_input *input;
    struct appraisal *out;
    struct proven proven;
    struct reasons trial_facts; /* noted on trial, beside a perspective that counts: not kept */
};

/* ---- one policy ---- */

/* What the rules look at must be proven, so coverage is settled before anything is judged. */
static void
cover(struct judge *j, const struct boot *b)
{
    const struct policy *p = j->policy->policy;
    j->matched = p->boot.present ? b->covered : 0;
    judge_cover(j, j->matched, p->boot.effect);
    if (p->boot.present)
        judge_cover(j, b->compared, POLICY_WARN);
    if (p->secure_boot.present)
        judge_cover(j, BIT(PCR_SECURE_BOOT), p->secure_boot.effect);
    if (p->phase.accepted)
        judge_cover(j, BIT(PCR_PHASES), p->phase.effect);
    if (p->ima.present)
        judge_cover(j, BIT(IMA_PCR), p->ima.effect);
}

static enum status
judge_with(struct judge *j, const struct boot *b)
{
    cover(j, b);
    identity_judge(j);
    tpm_judge(j);
    ledger_judge(j);
    judge_found(j);
    enum status s = secure_boot_judge(j);
    if (s != STATUS_OK)
        return s;
    boot_judge(j, b);
    s = command_line_judge(j);
    verity_judge(j);
    phase_judge(j);
    pcrs_judge(j);
    quirks_judge(j);
    if (s == STATUS_OK)
        s = ima_judge(j);
    return s;
}

static enum status
judge_policy(struct judge *j)
{
    CLEANUP(boot_clear) struct boot b = {0};
    enum status s = boot_choose(j, &b);
    j->announced = &b.announced;
    if (s == STATUS_OK)
        s = boot_tell_parts(j, &b);
    return s == STATUS_OK ? judge_with(j, &b) : s;
}

/* ---- one perspective ---- */

/* What the rules showed, in AR4SI's affirming tier. Without a measured IMA policy a kernel that was
 * replaced by kexec is not excluded, so executables stay "during boot". */
static void
affirm(const struct judge_tally *t, const struct subject *subject, struct vector *v)
{
    bool genuine = subject->genuine == GENUINE_VERIFIED;
    if (genuine)
        vector_worsen(v, VECTOR_INSTANCE_IDENTITY, 2);
    if (!t->boot_matched)
        return;
    if (genuine && (t->matched & BIT(0)) && (t->matched & BIT(2)))
        vector_worsen(v, VECTOR_HARDWARE, 2);
    if (t->matched & BIT(4))
        vector_worsen(v, VECTOR_EXECUTABLES, 3);
    if (t->matched & BIT(PCR_SECURE_BOOT))
        vector_worsen(v, VECTOR_CONFIGURATION,
                      t->secure_boot_shown && t->command_line_shown ? 2 : 3);
}

/* The conjunction. */
static void
conclude(struct appraisal_perspective *p, const struct judge_tally *t,
         const struct subject *subject)
{
    if (p->n_policies == 0) {
        p->verdict = VERDICT_NONE;
    } else if (t->blamed[VERDICT_UNTRUSTED]) {
        p->verdict = VERDICT_UNTRUSTED;
    } else if (t->blamed[VERDICT_NONE]) {
        p->verdict = VERDICT_NONE;
    } else if (t->blamed[VERDICT_WARNING]) {
        p->verdict = VERDICT_WARNING;
        affirm(t, subject, &p->vector);
    } else {
        p->verdict = VERDICT_TRUSTED;
        affirm(t, subject, &p->vector);
    }
    enum verdict left = vector_verdict(&p->vector);
    if (p->verdict != VERDICT_NONE && left != VERDICT_NONE)
        p->verdict = verdict_worse(p->verdict, left);
}

static bool
applies(const struct work *w, const struct compiled_policy *c, const char *perspective)
{
    return text_equal(c->policy->perspective, perspective) &&
           selector_match(&c->policy->select, w->input->subject);
}

static void
list_reference(struct appraisal_perspective *p, const struct document_info *info)
{
    for (size_t i = 0; i < p->n_references; i++) {
        if (p->references[i] == info)
            return;
    }
    p->references[p->n_references++] = info;
}

static void
take_shorter(int64_t *age_s, int64_t other_s)
{
    if (*age_s == 0 || other_s < *age_s)
        *age_s = other_s;
}

static void
bound_age(struct appraisal_perspective *p, const struct policy *policy)
{
    take_shorter(&p->max_age_s, policy->evidence_age_s);
    take_shorter(&p->lapse_age_s, policy_lapse_age_s(policy));
}

static void
list_documents(struct appraisal_perspective *p, const struct compiled_policy *c)
{
    p->policies[p->n_policies++] = c->info;
    for (size_t i = 0; i < c->boot.n; i++)
        list_reference(p, &c->boot.items[i].document->info);
    for (size_t i = 0; i < c->ima.n; i++)
        list_reference(p, &c->ima.items[i].document->info);
    bound_age(p, c->policy);
}

static bool
is_on_trial(const struct work *w, const char *name)
{
    const struct perspective *said = compiled_perspective(w->input->documents, name);
    return said && said->trial;
}

static enum status
init_perspective(struct work *w, const char *name, struct appraisal_perspective *p)
{
    size_t n = documents_count(w->input->documents);
    (void)text_copy(p->name, sizeof p->name, name);
    p->trial = is_on_trial(w, name);
    p->policies = arena_alloc_array(&w->out->arena, n, sizeof *p->policies);
    p->references = arena_alloc_array(&w->out->arena, n, sizeof *p->references);
    return p->policies && p->references ? STATUS_OK : STATUS_NOMEM;
}

/* Those that count are appraised first. */
static struct reasons *
facts_of(struct work *w, const struct appraisal_perspective *p)
{
    return p->trial && !w->out->perspectives[0].trial ? &w->trial_facts : &w->out->facts;
}

static enum status
appraise_perspective(struct work *w, const char *name)
{
    struct appraisal_perspective *p = &w->out->perspectives[w->out->n_perspectives++];
    struct judge_tally tally = {0};
    enum status s = init_perspective(w, name, p);
    const struct documents *documents = w->input->documents;
    for (size_t i = 0; s == STATUS_OK && i < compiled_n_policies(documents); i++) {
        struct judge j = {.h = w->h,
                          .input = w->input,
                          .proven = &w->proven,
                          .policy = compiled_policy_at(documents, i),
                          .out = p,
                          .tally = &tally,
                          .facts = facts_of(w, p),
                          .parts = &w->out->parts,
                          .standing = w->out->standing};
        if (!applies(w, j.policy, name))
            continue;
        list_documents(p, j.policy);
        s = judge_policy(&j);
    }
    if (s == STATUS_OK && p->reasons.failed)
        s = STATUS_NOMEM;
    if (s == STATUS_OK)
        conclude(p, &tally, w->input->subject);
    return s;
}

/* No policy selects the device: nothing is said of it, and nothing that was found is hidden. */
static enum status
appraise_default(struct work *w)
{
    struct appraisal_perspective *p = &w->out->perspectives[w->out->n_perspectives++];
    enum status s = init_perspective(w, "default", p);
    (void)reasons_add(&p->reasons, REASON_POLICY_NONE);
    const struct reasons *found = w->input->found;
    for (size_t i = 0; found && i < found->n_items; i++) {
        enum reason_kind kind = reason_code_kind(found->items[i].code);
        if (kind != REASON_KIND_FACT)
            *reasons_add(&p->reasons, found->items[i].code) = found->items[i];
        else
            *reasons_add(&w->out->facts, found->items[i].code) = found->items[i];
    }
    return s;
}

static bool
is_known(const struct appraisal *a, const char *name)
{
    for (size_t i = 0; i < a->n_perspectives; i++) {
        if (text_equal(a->perspectives[i].name, name))
            return true;
    }
    return false;
}

bool
appraise_knows(const struct appraisal_input *input, const struct replay_state *state)
{
    const struct documents *documents = input->documents;
    for (size_t i = 0; state->n_entries > 0 && i < compiled_n_policies(documents); i++) {
        const struct compiled_policy *c = compiled_policy_at(documents, i);
        if (!c->policy->ima.present || !selector_match(&c->policy->select, input->subject))
            continue;
        struct standing_key key = ima_key(c, input);
        if (!standing_find(input->standing, &key))
            return false;
    }
    return true;
}

static enum status
appraise_those(struct work *w, bool trial)
{
    const struct documents *documents = w->input->documents;
    for (size_t i = 0; i < compiled_n_policies(documents); i++) {
        const struct policy *p = compiled_policy_at(documents, i)->policy;
        if (!selector_match(&p->select, w->input->subject) || is_known(w->out, p->perspective) ||
            is_on_trial(w, p->perspective) != trial)
            continue;
        enum status s = appraise_perspective(w, p->perspective);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* What counts comes first: the boot's generation and parts are as it says. */
static enum status
appraise_all(struct work *w)
{
    enum status s = appraise_those(w, false);
    if (s == STATUS_OK)
        s = appraise_those(w, true);
    return s == STATUS_OK && w->out->n_perspectives == 0 ? appraise_default(w) : s;
}

/* ---- the round ---- */

/* A perspective on trial has no say beside one that is not. */
static bool
counts(const struct appraisal *a, const struct appraisal_perspective *p)
{
    bool all_trial = true;
    for (size_t i = 0; i < a->n_perspectives; i++)
        all_trial = all_trial && a->perspectives[i].trial;
    return all_trial || !p->trial;
}

/* On trial everywhere: nothing is said of the device. */
static enum verdict
worst(const struct appraisal *a)
{
    enum verdict verdict = VERDICT_NONE;
    bool any = false;
    for (size_t i = 0; i < a->n_perspectives; i++) {
        const struct appraisal_perspective *p = &a->perspectives[i];
        if (p->trial)
            continue;
        verdict = any ? verdict_worse(verdict, p->verdict) : p->verdict;
        any = true;
    }
    return verdict;
}

/* A result may be relied on as long as the evidence is young enough for every perspective. */
static void
set_times(struct work *w)
{
    struct appraisal *a = w->out;
    int64_t time_ms = quote_time_ms(w->input->quote);
    a->evidence_s = time_ms < 0 ? -1 : time_ms / 1000;
    int64_t max_age_s = -1; /* of those that are not on trial; of all where all are */
    for (size_t i = 0; i < a->n_perspectives; i++) {
        const struct appraisal_perspective *p = &a->perspectives[i];
        if (counts(a, p) && (max_age_s < 0 || p->max_age_s < max_age_s))
            max_age_s = p->max_age_s;
    }
    a->expires_s = time_ms < 0 ? w->input->now_s : a->evidence_s + max_age_s;
}

static enum status
set_decoded(struct work *w)
{
    w->out->secure_boot = w->proven.secure_boot;
    const char *line = w->proven.n_lines > 0 ? w->proven.lines[0].text : "";
    w->out->command_line = arena_copy_text(&w->out->arena, line);
    return w->out->command_line ? STATUS_OK : STATUS_NOMEM;
}

static enum status
appraise_work(struct work *w)
{
    enum status s = proven_init(w->h, w->input->replay, w->input->prediction, &w->proven);
    if (s == STATUS_OK)
        s = set_decoded(w);
    if (s == STATUS_OK)
        s = appraise_all(w);
    if (s != STATUS_OK)
        return s;
    if (w->out->facts.failed || w->trial_facts.failed)
        return STATUS_NOMEM;
    set_times(w);
    w->out->verdict = worst(w->out);
    return STATUS_OK;
}

static size_t
count_ima_rules(const struct documents *documents)
{
    size_t n = 0;
    for (size_t i = 0; i < compiled_n_policies(documents); i++)
        n += compiled_policy_at(documents, i)->policy->ima.present;
    return n;
}

enum status
appraise(struct hasher *h, const struct appraisal_input *input, struct appraisal **out)
{
    *out = NULL;
    if (!input->documents || !input->quote || !input->replay || !input->subject)
        return STATUS_INVALID;
    if (input->found && input->found->failed)
        return STATUS_NOMEM;
    CLEANUP(appraisal_freep) struct appraisal *a = calloc(1, sizeof *a);
    if (!a)
        return STATUS_NOMEM;
    a->documents = documents_ref(input->documents);
    a->parts.arena = &a->arena;
    a->predicted = input->prediction != NULL;
    a->standing = standing_new(count_ima_rules(a->documents));
    if (!a->standing)
        return STATUS_NOMEM;
    struct work w = {.h = h, .input = input, .out = a};
    enum status s = appraise_work(&w);
    proven_clear(&w.proven);
    reasons_free(&w.trial_facts);
    if (s != STATUS_OK)
        return s;
    *out = a;
    a = NULL;
    return STATUS_OK;
}

struct standing *
appraisal_standing(const struct appraisal *a)
{
    return a->standing;
}

size_t
appraisal_n_perspectives(const struct appraisal *a)
{
    return a->n_perspectives;
}

const struct appraisal_perspective *
appraisal_perspective(const struct appraisal *a, size_t i)
{
    return i < a->n_perspectives ? &a->perspectives[i] : NULL;
}

const struct documents *
appraisal_documents(const struct appraisal *a)
{
    return a->documents;
}

const struct reasons *
appraisal_facts(const struct appraisal *a)
{
    return &a->facts;
}

enum verdict
appraisal_verdict(const struct appraisal *a)
{
    return a->verdict;
}

int64_t
appraisal_evidence_s(const struct appraisal *a)
{
    return a->evidence_s;
}

int64_t
appraisal_expires_s(const struct appraisal *a)
{
    return a->expires_s;
}

int
appraisal_secure_boot(const struct appraisal *a)
{
    return a->secure_boot;
}

const char *
appraisal_command_line(const struct appraisal *a)
{
    return a->command_line;
}

const char *
appraisal_generation(const struct appraisal *a)
{
    const struct reason *r = reasons_find(&a->facts, REASON_BOOT_GENERATION);
    return r ? r->found : "";
}

size_t
appraisal_n_parts(const struct appraisal *a)
{
    return a->parts.n;
}

const struct appraisal_part *
appraisal_part(const struct appraisal *a, size_t i)
{
    return i < a->parts.n ? &a->parts.items[i] : NULL;
}

bool
appraisal_is_predicted(const struct appraisal *a)
{
    return a->predicted;
}

void
appraisal_free(struct appraisal *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->n_perspectives; i++)
        reasons_free(&a->perspectives[i].reasons);
    reasons_free(&a->facts);
    arena_free(&a->arena);
    standing_unref(a->standing);
    documents_unref(a->documents);
    free(a);
}

void
appraisal_freep(struct appraisal **a)
{
    appraisal_free(*a);
    *a = NULL;
}
