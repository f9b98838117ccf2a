/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small reference sets against small boots, in PCR 4 and 5: "shim grub kernel kernel" are events of
 * those contents.
 */
#pragma once

#include "tests/lib/appraise_case.h"

/* One component: values are contents, separated by "|"; "*" is any. */
struct profile_part {
    const char *role;
    uint32_t pcr;
    const char *values;
    uint32_t min, max;
    bool unordered;
    const char *bundle;
};

/* A reference set as document i, called "a", "b", ... by it, of generation "gen-a", "gen-b", ... */
void profile_case_put(struct appraise_case *c, size_t i, const struct profile_part *parts,
                      size_t n);
/* Boot under a policy that names all of them, and enforces PCR 4 and 5. */
void profile_case_boot(struct appraise_case *c, const char *pcr_4, const char *pcr_5);
/* What came of it: "unknown-image=role/content ..."; "": trusted. */
void profile_case_claim(struct appraise_case *c, const char *expected);
