/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What documents.c compiled for the rules: each policy with the reference sets that its rules name.
 * Only the files of this room that judge include it. Everything is owned by the snapshot. Pure.
 */
#pragma once

#include "appraise/document.h"

struct compiled_reference {
    const struct document *document; /* of kind reference */
    struct generation_place place;   /* of its generation, when an active document has it */
    const struct document *line;     /* that document; NULL: none has */
};

/* Sets in the order in which the rule names them. */
struct compiled_references {
    size_t n;
    struct compiled_reference *items;
};

/* The active document of a perspective; NULL: there is none. */
const struct perspective *compiled_perspective(const struct documents *d, const char *name);

struct compiled_policy {
    const struct document *document;
    const struct document_info *info;
    const struct policy *policy;
    struct compiled_references boot;
    struct compiled_references ima;
    uint8_t ima_sha256[DIGEST_SHA256_SIZE]; /* of the policy and its sets of files */
    struct compiled_references dbx;         /* each with a dbx list */
    struct file_set revoked; /* every revoked value of the sets that the boot rule names */
};

size_t compiled_n_policies(const struct documents *d);
/* What the set's values are to the device now. */
enum generation_standing compiled_stand(const struct compiled_reference *r,
                                        const struct subject *subject, int64_t now_s);
/* Policies in the order of their ids. */
const struct compiled_policy *compiled_policy_at(const struct documents *d, size_t i);
