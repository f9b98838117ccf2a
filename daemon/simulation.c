/* SPDX-License-Identifier: Apache-2.0 */
/* from: stored rounds and two sets of documents; to: a comparison; never: changes what is in force.
 */
#include "daemon/simulation.h"

#include "appraise/comparison.h"
#include "base/cleanup.h"

#include <stdlib.h>

struct simulation {
    struct documents *in_force, *candidates;
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
simulation_new(struct documents *in_force, struct documents *candidates)
{
    struct simulation *s = calloc(1, sizeof *s);
    if (!s) {
        documents_unref(in_force);
        documents_unref(candidates);
        return NULL;
    }
    s->in_force = in_force;
    s->candidates = candidates;
    return s;
}

static void *
new_tally(const void *subject)
{
    (void)subject;
    return calloc(1, sizeof(struct comparison));
}

static void
free_tally(void *tally)
{
    comparison_free(tally);
    free(tally);
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
    enum status s = stored_round_appraise_as(h, one->round, &device, simulation->in_force, &before);
    if (s == STATUS_OK)
        s = stored_round_appraise_as(h, one->round, &device, simulation->candidates, &after);
    return s == STATUS_OK ? comparison_add(tally, one->device->id, before, after) : s;
}

static enum status
merge(void *tally, const void *from)
{
    return comparison_merge(tally, from);
}

static void
emit_result(const void *subject, void *tally, struct emit *e)
{
    (void)subject;
    comparison_emit(tally, e);
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
