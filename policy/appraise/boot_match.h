/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One profile held against the proven events, PCR by PCR: what each event was taken for, or what is
 * wrong, told by the alignment that leaves the least wrong. Costs at most events times slots. Pure.
 * [appraisal 2]
 */
#pragma once

#include "appraise/boot_profile.h"

/* Cells of one PCR's alignment; beyond, the first event that does not fit is named and no more. */
#define BOOT_MATCH_CELLS (1u << 18)

struct boot_taken {
    const struct replay_event *event;
    const struct reference_component *component;
    uint64_t sets; /* profiles that take it for that */
};

struct boot_finding {
    enum reason_code code;
    uint32_t pcr;
    const struct replay_event *event;            /* NULL: a missing component */
    const struct reference_component *component; /* NULL: none is near */
};

/* Lists grow in the arena of the profiles. */
struct boot_match {
    size_t profile;
    unsigned cost; /* 0: nothing is wrong */
    size_t n_taken, room_taken;
    struct boot_taken *taken;
    size_t n_findings, room_findings;
    struct boot_finding *findings;
};

/* One PCR by the profile's own values, component after component, each as many events as it takes.
 * True when everything fits; else nothing is said, since another way may. */
MUST_CHECK enum status boot_match_quick(const struct boot_profiles *p, uint32_t pcr,
                                        struct boot_match *m, bool *fits);
/* One PCR by the values of all profiles that stand for the profile's components. */
MUST_CHECK enum status boot_match_align(const struct boot_profiles *p, uint32_t pcr,
                                        struct boot_match *m);
/* Components of one bundle must be taken by one profile whose bundle is built alike: findings
 * boot.mixed-generation. *sets of every taken event is then narrowed to the profiles that remain.
 */
MUST_CHECK enum status boot_match_bundles(const struct boot_profiles *p, struct boot_match *m);
/* The profiles that take every event of the bundle, and are built like this one. */
uint64_t boot_match_bundle_sets(const struct boot_profiles *p, const struct boot_match *m,
                                const char *bundle);
MUST_CHECK enum status boot_match_find(const struct boot_profiles *p, struct boot_match *m,
                                       const struct boot_finding *finding, unsigned cost);
