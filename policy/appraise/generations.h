/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of one line of software's generations, oldest first: a small document of its own, so
 * that a change of state is one atomic version and leaves the sets of values, and who signed them,
 * as they are. A reference set names its generation; one that no active document names is active.
 * Pure. [appraisal 2; attest-reference(5) GENERATIONS]
 */
#pragma once

#include "appraise/selector.h"

enum generation_status {
    GENERATION_ACTIVE = 0,
    GENERATION_CANDIDATE,
    GENERATION_RETIRED,
    GENERATION_REVOKED
};

struct generation {
    char *name; /* as a reference set's "generation" */
    enum generation_status status;
    bool valid_from_given, retire_after_given;
    int64_t valid_from_s;    /* unix s: before, nobody's */
    int64_t retire_after_s;  /* from then on retired, and enforced */
    struct selector rollout; /* candidate: the devices that may run it already */
};

struct generations {
    char *id;
    uint64_t version;
    char *description;       /* NULL when none */
    struct shape_list items; /* struct generation, oldest first */
};

/* What a generation's values are to one device at one time; the better before the worse. */
enum generation_standing {
    GENERATION_STANDING_ACTIVE = 0,
    GENERATION_STANDING_CANDIDATE, /* in its rollout group */
    GENERATION_STANDING_REVOKED,   /* of the set: another set's word for a value comes before */
    GENERATION_STANDING_RETIRING,  /* retired, before retire_after: warns */
    GENERATION_STANDING_RETIRED,
    GENERATION_STANDING_CLOSED /* candidate for others, or not valid yet */
};

/* Where a generation is found: its line of software and its place there. Zero: in none. */
struct generation_place {
    const struct generations *line;
    size_t index;
};

/* Read the document's root object. Statuses as shape.h. */
MUST_CHECK enum status generations_read(const struct shape_node *root, struct generations *out);
/* NULL generation: active. */
enum generation_standing generation_stand(const struct generation *g, const struct subject *subject,
                                          int64_t now_s);
const struct generation *generation_at(const struct generation_place *place);
