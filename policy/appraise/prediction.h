/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot that nobody has seen yet: in a device's last boot the events of the components that an
 * update changes stand as the update's set has them, as many and in its order; all else stays as it
 * was, the texts of commands and command lines too. from: an appraisal of that boot, and candidate
 * documents; to: an input of appraise(), whose outcome is a guess that can never be signed. Pure.
 * [appraisal 4]
 */
#pragma once

#include "appraise/appraise.h"
#include "appraise/arena.h"

struct reference_value;

struct prediction_event {
    const struct replay_event *event;    /* of the boot */
    const struct reference_value *value; /* what stands in its place; NULL: the event itself */
};

struct prediction {
    struct arena arena;
    uint32_t pcrs; /* bit n: PCR n is predicted */
    struct {
        size_t n;
        struct prediction_event *events;
    } pcr[LIMIT_PCRS];
};

enum prediction_outcome {
    PREDICTION_UNTOUCHED, /* the candidates change no component of this boot */
    PREDICTION_MADE,
    PREDICTION_UNKNOWN /* it is not known which event is which component */
};

struct prediction_input {
    const struct appraisal *now; /* of the boot under in_force */
    const struct documents *in_force, *candidates;
    const struct replay *replay;
    const struct subject *subject;
};
/* Borrows from candidates. STATUS_NOMEM, STATUS_CRYPTO. prediction_clear() after any status. */
MUST_CHECK enum status prediction_make(struct hasher *h, const struct prediction_input *in,
                                       struct prediction *out, enum prediction_outcome *outcome);
void prediction_clear(struct prediction *p);
