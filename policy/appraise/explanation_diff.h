/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What two boots measured differently, PCR by PCR: events of proven PCRs by their digests, in
 * order; one that went and one that came for the same component are a change. Pure.
 */
#pragma once

#include "appraise/arena.h"
#include "appraise/explanation.h"

enum explanation_change { EXPLANATION_ADDED, EXPLANATION_GONE, EXPLANATION_CHANGED };

/* Borrows from both rounds. */
struct explanation_item {
    enum explanation_change change;
    const char *component; /* role, or the event's type where it has none; never NULL */
    uint32_t pcr;
    enum reason_log log;
    uint32_t event; /* number in the log of the round that has it; of a change, of now */
    uint16_t alg;
    const struct digest *was, *is; /* NULL where there is none */
};

struct explanation_diff {
    struct arena arena;
    size_t n_items, room;
    struct explanation_item *items;
};

/* STATUS_NOMEM. explanation_diff_clear() after any status. */
MUST_CHECK enum status explanation_diff_make(const struct explanation_side *now,
                                             const struct explanation_side *good,
                                             struct explanation_diff *out);
/* "added", "gone", "changed". */
const char *explanation_change_name(enum explanation_change change);
void explanation_diff_clear(struct explanation_diff *d);
