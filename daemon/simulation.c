/* SPDX-License-Identifier: Apache-2.0 */
/* from: stored rounds and two sets of documents; to: a comparison; never: changes what is in force.
 */
#include "daemon/simulation.h"

#include "appraise/comparison.h"
#include "appraise/prediction.h"
#include "base/cleanup.h"

#include <stdlib.h>

struct simulation {
    struct documents *in_force, *candidates;
    bool predict;
};

#define POLICIES_MAX 64u

/* What one of the candidate policies would do. */
struct policy_count {
    const struct document_info *info; /* the candidates' */
    size_t n_selected, n_refused;
};

struct tally {
    struct comparison comparison;
    size_t n_policies;
    struct policy_count policies[POLICIES_MAX];
    size_t n_outcomes[3]; /* by enum prediction_outcome */
};

static void
free_subject(void *subject)
{
    struct simulation *s = subject;
    documents_unref(s->in_force);
    documents_unref(s->candidates);
    free(s);
}

void *
simulation_new(struct documents *in_force, struct documents *candidates, bool predict)
{
    struct simulation *s = calloc(1, sizeof *s);
    if (!s) {
        documents_unref(in_force);
        documents_unref(candidates);
        return NULL;
    }
    s->in_force = in_force;
    s->candidates = candidates;
    s->predict = predict;
    return s;
}

static bool
is_in_force(const struct documents *d, const struct document_info *info)
{
    for (size_t i = 0; i < documents_count(d); i++) {
        if (digest_equal(&documents_info(d, i)->sha256, &info->sha256))
            return true;
    }
    return false;
}

/* One row for each policy that is new, so that one that selects nobody has its row too. */
static void *
new_tally(const void *subject)
{
    const struct simulation *s = subject;
    struct tally *t = calloc(1, sizeof *t);
    for (size_t i = 0; t && i < documents_count(s->candidates); i++) {
        const struct document_info *info = documents_info(s->candidates, i);
        if (info->kind == DOCUMENT_POLICY && t->n_policies < POLICIES_MAX &&
            !is_in_force(s->in_force, info))
            t->policies[t->n_policies++].info = info;
    }
    return t;
}

static void
count_policies(struct tally *t, const struct appraisal *after)
{
    for (size_t i = 0; i < appraisal_n_perspectives(after); i++) {
        const struct appraisal_perspective *p = appraisal_perspective(after, i);
        for (size_t k = 0; k < p->n_policies * t->n_policies; k++) {
            struct policy_count *count = &t->policies[k % t->n_policies];
            if (count->info != p->policies[k / t->n_policies])
                continue;
            count->n_selected++;
            count->n_refused += p->verdict == VERDICT_UNTRUSTED || p->verdict == VERDICT_NONE;
        }
    }
}

static void
free_tally(void *tally)
{
    struct tally *t = tally;
    comparison_free(&t->comparison);
    free(t);
}

static enum status
predict(struct hasher *h, const struct simulation *simulation, struct tally *tally,
        const struct prediction_input *in, struct prediction *out)
{
    enum prediction_outcome outcome = PREDICTION_UNKNOWN;
    if (!simulation->predict)
        return STATUS_OK;
    enum status s = prediction_make(h, in, out, &outcome);
    tally->n_outcomes[outcome]++;
    return s;
}

static enum status
visit(const void *subject, void *tally, struct hasher *h, const struct survey_round *one)
{
    const struct simulation *simulation = subject;
    CLEANUP(appraisal_freep) struct appraisal *before = NULL;
    CLEANUP(appraisal_freep) struct appraisal *after = NULL;
    struct subject device = stored_round_inputs(one->round)->subject;
    device.name = one->device->name;
    device.labels = one->device->labels;
    device.n_labels = one->device->n_labels;
    CLEANUP(prediction_clear) struct prediction prediction = {0};
    struct tally *t = tally;
    struct stored_view view = {.subject = &device};
    enum status s = stored_round_appraise_as(h, one->round, &view, simulation->in_force, &before);
    if (s == STATUS_OK)
        s = predict(h, simulation, t,
                    &(struct prediction_input){.now = before,
                                               .in_force = simulation->in_force,
                                               .candidates = simulation->candidates,
                                               .replay = stored_round_replay(one->round),
                                               .subject = &device},
                    &prediction);
    view.prediction = prediction.pcrs != 0 ? &prediction : NULL;
    if (s == STATUS_OK)
        s = stored_round_appraise_as(h, one->round, &view, simulation->candidates, &after);
    if (s != STATUS_OK)
        return s;
    count_policies(t, after);
    return comparison_add(&t->comparison, one->device->id, before, after);
}

static enum status
merge(void *tally, const void *from)
{
    struct tally *into = tally;
    const struct tally *other = from;
    for (size_t i = 0; i < 3; i++)
        into->n_outcomes[i] += other->n_outcomes[i];
    for (size_t i = 0; i < into->n_policies; i++) {
        into->policies[i].n_selected += other->policies[i].n_selected;
        into->policies[i].n_refused += other->policies[i].n_refused;
    }
    return comparison_merge(&into->comparison, &other->comparison);
}

static void
emit_policies(struct emit *e, const struct tally *t)
{
    emit_key(e, "policies");
    emit_array(e);
    for (size_t i = 0; i < t->n_policies; i++) {
        emit_object(e);
        emit_text_member(e, "id", t->policies[i].info->id);
        emit_uint_member(e, "version", t->policies[i].info->version);
        emit_uint_member(e, "selected", t->policies[i].n_selected);
        emit_uint_member(e, "refused", t->policies[i].n_refused);
        emit_end_object(e);
    }
    emit_end_array(e);
}

static void
emit_result(const void *subject, void *tally, struct emit *e)
{
    const struct simulation *simulation = subject;
    struct tally *t = tally;
    comparison_emit(&t->comparison, e);
    emit_policies(e, t);
    emit_key(e, "predicted");
    if (!simulation->predict) {
        emit_null(e);
        return;
    }
    emit_object(e);
    emit_uint_member(e, "updated", t->n_outcomes[PREDICTION_MADE]);
    emit_uint_member(e, "untouched", t->n_outcomes[PREDICTION_UNTOUCHED]);
    emit_uint_member(e, "unknown", t->n_outcomes[PREDICTION_UNKNOWN]);
    emit_end_object(e);
}

const struct survey_kind simulation_kind = {
    .collection = SIMULATION_COLLECTION,
    .new_tally = new_tally,
    .visit = visit,
    .merge = merge,
    .emit = emit_result,
    .free_tally = free_tally,
    .free_subject = free_subject,
};
