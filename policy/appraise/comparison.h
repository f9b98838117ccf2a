/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose verdict would change, and why: rounds appraised under two sets of documents, counted, and
 * grouped by what the change comes from. from: two appraisals of one round at a time; to: JSON. Two
 * comparisons can be made one, so that threads share nothing. Pure. [appraisal 4]
 */
#pragma once

#include "appraise/appraise.h"
#include "base/emit.h"

#define COMPARISON_GROUPS   512u /* kept; the devices of further ones are counted */
#define COMPARISON_EXAMPLES 5u   /* devices named in a group */

struct comparison_group {
    char perspective[LIMIT_NAME + 1];
    enum verdict before, after;
    struct reason cause; /* where and what; expected and found are the examples' */
    bool gone;           /* the cause stood before, and stands no more */
    size_t n_devices;
    size_t n_examples;
    struct comparison_example {
        char device[33];
        char expected[sizeof((struct reason *)0)->expected];
        char found[sizeof((struct reason *)0)->found];
    } examples[COMPARISON_EXAMPLES];
};

/* Zero value is empty. */
struct comparison {
    size_t n_devices, n_changed;
    size_t n_verdicts[4][4]; /* devices by worst verdict before and after */
    size_t n_groups, n_dropped;
    struct comparison_group *groups;
};

/* One device's round. STATUS_NOMEM. */
MUST_CHECK enum status comparison_add(struct comparison *c, const char *device_id,
                                      const struct appraisal *before,
                                      const struct appraisal *after);
/* Add all of from. STATUS_NOMEM. */
MUST_CHECK enum status comparison_merge(struct comparison *c, const struct comparison *from);
/* Members "devices", "changed", "verdicts", "groups" (most devices first), "groups_dropped" of the
 * open object. */
void comparison_emit(struct comparison *c, struct emit *e);
void comparison_free(struct comparison *c);
