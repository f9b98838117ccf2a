/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One row a reason code. Take one good round, change exactly one thing, and exactly that one reason
 * comes of it; a fact comes beside a trusted verdict. A code that another stage gives alone names
 * the test that shows it.
 */
#pragma once

#include "tests/lib/appraise_case.h"

struct mutation {
    enum reason_code code;
    void (*change)(struct appraise_case *c); /* NULL: see elsewhere */
    enum verdict verdict;                    /* TRUSTED for facts */
    const char *elsewhere;                   /* a test that mentions the code */
};

extern const struct mutation mutation_logs[];
extern const size_t mutation_n_logs;
extern const struct mutation mutation_policy[];
extern const size_t mutation_n_policy;
extern const struct mutation mutation_rules[];
extern const size_t mutation_n_rules;
extern const struct mutation mutation_elsewhere[];
extern const size_t mutation_n_elsewhere;
