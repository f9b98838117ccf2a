/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reference sets of one boot rule as they apply to one device: components by PCR, out of scope
 * ones left out; and which sets take an event for a component. Pure. [appraisal 2]
 */
#pragma once

#include "appraise/announced.h"
#include "appraise/appraise.h"
#include "appraise/compiled.h"
#include "appraise/proven.h"

/* Components of one set and PCR, in order. */
struct boot_components {
    size_t n;
    const struct reference_component **items;
};

struct boot_profile {
    const struct document *set;
    struct generation_place place;
    enum generation_standing standing; /* to this device, now */
    struct boot_components pcr[LIMIT_PCRS];
    size_t n_components;
};

/* Alternatives: bit k of a mask stands for profile k. */
struct boot_profiles {
    const struct proven *proven;
    const struct appraisal_input *input;
    const struct announced *announced;
    struct arena *arena;
    size_t n; /* at most LIMIT_REFERENCES */
    struct boot_profile *items;
};
_Static_assert(LIMIT_REFERENCES <= 64, "a set is a bit of a mask");

/* Sorted by what the sets are to the device now, the better before the worse, else as the rule
 * names them. */
MUST_CHECK enum status boot_profiles_init(struct arena *arena, const struct proven *proven,
                                          const struct compiled_references *sets,
                                          const struct appraisal_input *input,
                                          const struct announced *announced,
                                          struct boot_profiles *out);
/* A value of the component takes the event: one for all devices, one approved for this device, or
 * one that it announced. */
bool boot_component_takes(const struct boot_profiles *p, const struct reference_component *c,
                          const struct replay_event *e);
/* The device's own value that takes the event, whether its time is over or not; NULL: none. */
const struct reference_value *boot_component_own_value(const struct boot_profiles *p,
                                                       const struct reference_component *c,
                                                       const struct replay_event *e);
/* The same role, PCR and bundle: what one set has for the other's component. */
bool boot_component_stands_for(const struct reference_component *a,
                               const struct reference_component *b);
/* Which profiles take the event for component c of profile k: k itself, and every other that has a
 * component of the same role, PCR and bundle with such a value. */
uint64_t boot_profiles_taking(const struct boot_profiles *p, size_t k,
                              const struct reference_component *c, const struct replay_event *e);
/* Profiles a and b ask for the same components of a bundle: roles, PCRs, order, counts. */
bool boot_profiles_same_bundle(const struct boot_profiles *p, size_t a, size_t b,
                               const char *bundle);
