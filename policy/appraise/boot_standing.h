/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a taken event's value is worth to the device now: the best word that any of the rule's sets
 * has for it. A value that a set names as revoked is looked up apart, and beats all of them. Pure.
 * [appraisal 2]
 */
#pragma once

#include "appraise/boot_match.h"

struct boot_worth {
    enum generation_standing standing;
    size_t profile; /* whose word it is */
    bool announced; /* nobody's: the device announced it */
};

/* Of a component that belongs to a bundle only the sets that have all of the boot's bundle have a
 * word: a revoked generation is no better for two others that share a half of it each. Active when
 * nothing but an announcement takes the event. */
struct boot_worth boot_value_stand(const struct boot_profiles *p, const struct boot_match *m,
                                   const struct boot_taken *t);
