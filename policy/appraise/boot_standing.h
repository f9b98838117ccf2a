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

/* chosen: the profile that t->component is of. Active when nothing but an announcement takes the
 * event. */
struct boot_worth boot_value_stand(const struct boot_profiles *p, size_t chosen,
                                   const struct boot_taken *t);
