/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IMA templates as lists of fields: a name of the kernel's table, or a custom format that is its
 * own list. Inside evidence only. Pure. [kernel ima_template.c]
 */
#pragma once

#include "evidence/ima.h"

#define IMA_FIELDS_MAX  16u
#define IMA_NAME_MAX    255u /* bytes of a template's name or format */
#define IMA_LEGACY_NAME 256u /* template "ima": the path is hashed padded to this */
#define IMA_SHA1_SIZE   20u

enum ima_field {
    IMA_FIELD_NONE = 0,
    IMA_FIELD_D,        /* digest, no algorithm */
    IMA_FIELD_D_NG,     /* "sha256:" NUL digest */
    IMA_FIELD_D_NGV2,   /* "ima:sha256:" NUL digest, or "verity:" */
    IMA_FIELD_D_MODSIG, /* as D_NG, without the appended signature: nothing is read from it */
    IMA_FIELD_N,        /* path */
    IMA_FIELD_HEX,      /* bytes that nothing is read from */
    IMA_FIELD_SIG,
    IMA_FIELD_BUF,
    IMA_FIELD_TEXT, /* string that nothing is read from */
    IMA_FIELD_U32,
    IMA_FIELD_U16
};

struct ima_template {
    bool legacy; /* "ima": digest and path without lengths */
    size_t n_fields;
    enum ima_field fields[IMA_FIELDS_MAX];
};

/* False when a field or the name is unknown. */
bool ima_template_find(struct bytes name, struct ima_template *out);
/* Fill template_known and the fields of an entry whose name and data are set. False when the data
 * does not have the template's form. */
bool ima_fields_read(struct ima_entry *e, bool big_endian);

/* One line of an ASCII list at r->offset. */
MUST_CHECK enum status ima_ascii_next(struct ima_reader *r, struct buffer *scratch,
                                      struct ima_entry *out, struct diag *diag);
