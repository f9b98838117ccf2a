/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored round appraised again with its own inputs and its own documents, and held against what
 * was stored: online and offline by these same steps. from: struct round_file; to: the attestation
 * as this program would say it, and whether that is the same byte by byte. Pure. [appraisal 1]
 */
#pragma once

#include "appraise/round_file.h"

struct reappraisal {
    bool same;
    enum verdict verdict; /* now */
    struct buffer text;   /* the attestation document of now */
    char program[48];     /* that appraised it then */
    bool quirks_differ;   /* its table of quirks was another one than ours */
};

/* The stages alone: the round, and its appraisal under its own documents. Both are the caller's;
 * statuses as reappraisal_run(). */
MUST_CHECK enum status reappraisal_open(struct hasher *h, const struct round_file *f,
                                        struct stored_round **round, struct appraisal **appraisal,
                                        struct diag *diag);
/* STATUS_INVALID, STATUS_MALFORMED: the file is not one round with its documents; diag says what.
 * STATUS_NOMEM, STATUS_CRYPTO. reappraisal_clear() after any status. */
MUST_CHECK enum status reappraisal_run(struct hasher *h, const struct round_file *f,
                                       struct reappraisal *out, struct diag *diag);
/* {"attestation","same","verdict","program","quirk_table_differs","now":{attestation}}: of the API
 * and of attestctl. Appends. */
MUST_CHECK enum status reappraisal_encode(const struct reappraisal *r, const char *attestation,
                                          struct buffer *out);
void reappraisal_clear(struct reappraisal *r);
