/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a boot is going to measure, as it follows from the files that it is made of: one event each,
 * in the order of its PCR, with the digests of every algorithm that references are made in. Says
 * nothing about what a device did. Pure. [appraisal 2]
 */
#pragma once

#include "base/digest.h"

#include <stdbool.h>

#define MEASUREMENT_ROLE_SIZE 64u
#define MEASUREMENT_NAME_SIZE 192u
#define MEASUREMENT_N_ALGS    2u /* SHA-256 and SHA-384 */

struct measurement {
    uint32_t pcr;
    uint32_t min, max; /* events in a row with these digests */
    bool alternative;  /* one more value of the measurement before it in the list */
    bool any;          /* every digest: what is measured is not in the files */
    char role[MEASUREMENT_ROLE_SIZE];
    char name[MEASUREMENT_NAME_SIZE]; /* for people, printable; "" when none */
    struct digest digests[MEASUREMENT_N_ALGS];
};

struct measurements {
    struct measurement *items;
    size_t n, room;
};

/* One measurement, once, without digests. name may hold any bytes: it is escaped. */
struct measurement measurement_of(uint32_t pcr, const char *role, struct bytes name);
/* Algorithm number i of digests. */
uint16_t measurement_alg(size_t i);
/* Fill in the digests over the parts one after the other. STATUS_CRYPTO. */
MUST_CHECK enum status measurement_digest(struct hasher *h, const struct bytes *parts,
                                          size_t n_parts, struct measurement *m);
/* Append. STATUS_NOMEM; STATUS_LIMIT above LIMIT_MEASUREMENTS. */
MUST_CHECK enum status measurements_add(struct measurements *list, const struct measurement *m);
/* measurement_digest() over one piece, then measurements_add(). */
MUST_CHECK enum status measurements_add_data(struct measurements *list, struct hasher *h,
                                             struct measurement m, struct bytes data);
void measurements_free(struct measurements *list);
