/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small JSON bodies by a table of fields: unknown, repeated, missing and wrongly typed members are
 * refused by name. Texts are borrowed from the parsed body, which lives until fields_free().
 */
#pragma once

#include "appraise/subject.h"
#include "base/bytes.h"

enum field_type {
    FIELD_TEXT,  /* const char ** ; NULL when absent */
    FIELD_UINT,  /* uint64_t * ; untouched when absent */
    FIELD_TEXTS, /* struct field_texts * */
    FIELD_LABELS /* struct field_labels * : names to printable texts */
};

#define FIELD_TEXTS_MAX 16u

struct field_texts {
    const char *items[FIELD_TEXTS_MAX];
    size_t n_items;
};

struct field_labels {
    struct label items[LIMIT_LABELS];
    size_t n_items;
    bool present;
};

struct field {
    const char *name;
    enum field_type type;
    bool required;
    void *out;
};

struct fields; /* the parsed body */

/* STATUS_MALFORMED with the member's name. An empty body is {}. *out is owned by the caller. */
MUST_CHECK enum status fields_parse(struct bytes body, const struct field *table, size_t n_rows,
                                    struct fields **out, struct diag *diag);
void fields_free(struct fields *f);
void fields_freep(struct fields **f);
