/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Microsoft's certificates of 2023, which machines need before those of 2011 end; known by digest.
 * Pure. [attest-policy(5) microsoft_2023]
 */
#pragma once

#include "appraise/policy_rule.h"
#include "base/digest.h"

struct microsoft {
    const char *name;
    bool kek; /* it belongs into KEK, else into db */
    struct digest digest;
};

const struct microsoft *microsoft_at(enum policy_microsoft i);
