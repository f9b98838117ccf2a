/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of hash algorithms: TPM identifier, names, sizes, whether evidence may rest on it.
 * [TPM2 P2 6.3; TCG Algorithm Registry]
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>

#define ALG_SHA1     0x0004u
#define ALG_SHA256   0x000Bu
#define ALG_SHA384   0x000Cu
#define ALG_SHA512   0x000Du
#define ALG_NULL     0x0010u
#define ALG_SM3_256  0x0012u
#define ALG_SHA3_256 0x0027u
#define ALG_SHA3_384 0x0028u
#define ALG_SHA3_512 0x0029u

#define ALG_MAX_SIZE 64u /* largest digest of the table */
#define ALG_COUNT    8u  /* rows of the table */

struct alg {
    uint16_t id;
    uint16_t size;        /* digest size in bytes */
    const char *name;     /* as in PCR banks: "sha256" */
    const char *evp_name; /* for EVP_MD_fetch: "SHA2-256" */
    bool trusted;         /* may carry trust: a quote's scheme, a Name, a rule (SHA-1 may not) */
};

/* Row by TPM identifier or by bank name; NULL when unknown. */
const struct alg *alg_by_id(uint16_t id);
const struct alg *alg_by_name(const char *name);

/* Row number 0..ALG_COUNT-1, for arrays by algorithm; ALG_COUNT when unknown. */
size_t alg_index(uint16_t id);
const struct alg *alg_at(size_t index);

/* Name or "unknown". */
const char *alg_name(uint16_t id);
/* Digest size or 0. */
size_t alg_size(uint16_t id);
