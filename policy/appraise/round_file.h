/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stored round as one JSON file, with all that it was appraised from: so that the verdict can be
 * found again years later, on another machine, without the verifier. from: a store's parts; to: the
 * file, and back. Visible plain values, borrowed unless parsed. Pure. [appraisal 1]
 */
#pragma once

#include "appraise/shape.h"
#include "appraise/stored_round.h"

#define ROUND_FILE_MAX LIMIT_DOCUMENT /* bytes of the file */

struct round_file {
    struct arena arena; /* of what was parsed */
    char *attestation;  /* id */
    char *appraisal;    /* the attestation document as it was stored, JSON */
    char *result;       /* the token that was issued */
    char *inputs;       /* JSON: parts.inputs is this text */
    struct stored_parts parts;
    struct shape_list documents; /* char *: texts of those that the inputs name, in that order */
};

/* Appends. STATUS_LIMIT: larger than ROUND_FILE_MAX. STATUS_NOMEM. */
MUST_CHECK enum status round_file_encode(const struct round_file *f, struct buffer *out);
/* round_file_clear() after any status. STATUS_INVALID with line and member in diag; STATUS_LIMIT,
 * STATUS_NOMEM. */
MUST_CHECK enum status round_file_parse(struct bytes json, struct round_file *out,
                                        struct diag *diag);
void round_file_clear(struct round_file *f);
