/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator says of a perspective: who may put its documents, whose signatures they
 * need and for what, and whether it is on trial. One that no active document names has no owners,
 * no signers, and counts. Pure. [appraisal 1; attest-policy(5) PERSPECTIVES]
 */
#pragma once

#include "appraise/shape.h"

/* A key, and what its holder may say in this perspective. */
struct perspective_signer {
    char *name;
    struct bytes spki;       /* DER, in the document's arena */
    bool policies;           /* policies and states of generations */
    bool files;              /* digests of files */
    bool command_lines;      /* templates */
    bool secure_boot;        /* dbx lists */
    struct shape_list roles; /* char *: of components; "firmware*" for all that begin so */
    uint32_t pcrs;           /* bit n: of components of PCR n; 0: of any */
};

struct perspective {
    char *id; /* the perspective's name */
    uint64_t version;
    char *description; /* NULL when none */
    bool trial;
    struct shape_list owners;  /* char *: names of operators; none: whoever may put documents */
    struct shape_list signers; /* struct perspective_signer; none: signatures are not asked for */
};

/* Read the document's root object. Statuses as shape.h. */
MUST_CHECK enum status perspective_read(const struct shape_node *root, struct perspective *out);
bool perspective_signer_may(const struct perspective_signer *s, const char *role, uint32_t pcr);
