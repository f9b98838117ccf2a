/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: documents, a quote, its replay, the subject and the time; to: struct appraisal = one
 * verdict a perspective with reasons and facts. The only place that writes VERDICT_TRUSTED; a
 * verdict is one conjunction over the rules, and any status but STATUS_OK gives none. Never reads
 * the clock. Pure. [appraisal 1-3; architecture 2]
 */
#pragma once

#include "appraise/announcement.h"
#include "appraise/documents.h"
#include "appraise/standing.h"
#include "appraise/subject.h"
#include "appraise/verdict.h"
#include "evidence/replay.h"

struct prediction; /* appraise/prediction.h */

struct appraisal_input {
    struct documents *documents;
    const struct quote *quote;
    const struct replay *replay;
    const struct subject *subject;
    const struct announcement *announcement; /* the device's newest that was accepted; NULL */
    const struct standing *standing; /* of the boot's earlier rounds; NULL: replay lists them */
    const struct reasons *found; /* what quote and replay stages found; part of every perspective */
    const struct prediction *prediction; /* events of a boot to come; NULL: what was measured */
    int64_t now_s;
};

struct appraisal_perspective {
    char name[LIMIT_NAME + 1];
    bool trial; /* judged and shown, but neither in the token nor in appraisal_verdict() */
    enum verdict verdict;
    struct vector vector;
    struct reasons reasons; /* with REASON_KIND_REASON: what lowered this verdict */
    size_t n_policies;
    const struct document_info **policies; /* applied, in order; borrowed from documents */
    size_t n_references;
    const struct document_info **references;
    int64_t max_age_s;   /* of evidence: smallest of the policies' */
    int64_t lapse_age_s; /* from which on there is no verdict; above max_age_s where policy warns */
};

/* A proven event, and the component of the boot rule that it was taken for. */
struct appraisal_part {
    const struct replay_event *event;
    const char *role;
};

struct appraisal;

/* Whether input->standing tells all that the rules for this subject, documents and time ask of
 * entries before state; if not, replay has to list them again. standing is that of a round that
 * ended in state, or NULL. Quote, replay and found are not looked at. */
bool appraise_knows(const struct appraisal_input *input, const struct replay_state *state);
/* Always gives an appraisal on STATUS_OK; at least one perspective: without a policy that selects
 * the device there is one named "default" with VERDICT_NONE and policy.none. STATUS_NOMEM,
 * STATUS_CRYPTO, STATUS_INVALID (input without quote or replay). Holds a reference to documents. */
MUST_CHECK enum status appraise(struct hasher *h, const struct appraisal_input *input,
                                struct appraisal **out);

/* What the IMA entries came to, for a later round that begins where this one's replay ended. Empty
 * when no rule looked, or PCR 10 was not proven. */
struct standing *appraisal_standing(const struct appraisal *a);
size_t appraisal_n_perspectives(const struct appraisal *a);
const struct appraisal_perspective *appraisal_perspective(const struct appraisal *a, size_t i);
/* Facts of this round, shared by the perspectives. */
const struct reasons *appraisal_facts(const struct appraisal *a);
/* What it was appraised under; lives as long as the appraisal. */
const struct documents *appraisal_documents(const struct appraisal *a);
/* The worst verdict of all perspectives that are not on trial. */
enum verdict appraisal_verdict(const struct appraisal *a);
/* Time of the evidence (challenge issue), and until when the result may be relied on, unix s. */
int64_t appraisal_evidence_s(const struct appraisal *a);
int64_t appraisal_expires_s(const struct appraisal *a);
/* Decoded for people and rules, from proven events only: Secure Boot 1, 0, -1 not said; the kernel
 * command line ("" when none is bound). */
int appraisal_secure_boot(const struct appraisal *a);
const char *appraisal_command_line(const struct appraisal *a);
/* The generation that this boot's components come from, for the boot record: the first fact
 * boot.generation; "" when the boot did not match or its set names none. */
const char *appraisal_generation(const struct appraisal *a);
/* Parts of this boot as the first boot rule took them; none when no component took an event. Their
 * events are the replay's, which must still be there, but for predicted ones. */
size_t appraisal_n_parts(const struct appraisal *a);
const struct appraisal_part *appraisal_part(const struct appraisal *a, size_t i);
/* It was made of a prediction: a guess, not evidence. */
bool appraisal_is_predicted(const struct appraisal *a);
void appraisal_free(struct appraisal *a);
void appraisal_freep(struct appraisal **a);
