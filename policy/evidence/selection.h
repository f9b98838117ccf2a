/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which PCRs of which banks: TPML_PCR_SELECTION as a value. Order of banks is part of it, since the
 * composite digest follows it. Pure. [TPM2 P2 10.9.7, P1 17.5]
 */
#pragma once

#include "base/alg.h"
#include "base/limits.h"
#include "base/reader.h"

struct selection_bank {
    uint16_t alg;
    uint32_t mask; /* bit n: PCR n, n < 24 */
};

struct selection {
    size_t n_banks;
    struct selection_bank banks[LIMIT_BANKS];
};

/* TPML_PCR_SELECTION from r. Marks r failed on more than LIMIT_BANKS banks, a bank named twice,
 * sizeofSelect of 0 or above 4, or a PCR above 23. An unknown algorithm is kept as it is. */
void selection_parse(struct reader *r, struct selection *out);
/* TPML_PCR_SELECTION with sizeofSelect 3. */
void selection_encode(const struct selection *s, struct buffer *out);

/* "sha256:0,1,4-7+sha384:0" (also blanks around). STATUS_INVALID with diag. */
MUST_CHECK enum status selection_parse_text(const char *text, struct selection *out,
                                            struct diag *diag);
void selection_append_text(const struct selection *s, struct buffer *out);

/* Equal in banks, bitmaps and order. */
bool selection_equal(const struct selection *a, const struct selection *b);
/* Number of PCRs of one bank, and over all banks. */
size_t selection_bank_count(const struct selection_bank *bank);
size_t selection_count(const struct selection *s);
bool selection_has(const struct selection *s, uint16_t alg, uint32_t pcr);
/* Add a PCR, and its bank at the end when new. STATUS_LIMIT, STATUS_INVALID (pcr above 23). */
MUST_CHECK enum status selection_add(struct selection *s, uint16_t alg, uint32_t pcr);
