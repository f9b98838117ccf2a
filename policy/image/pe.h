/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PE32 or PE32+ image as firmware reads it: its sections, and the Authenticode digest that goes
 * into PCR 4 (or 2) when it is started. Hostile input: every offset and size is checked against the
 * file, sections may not overlap, and what firmware could hash in two ways is refused. No signature
 * is verified. Pure. [PE/COFF 8.3; Authenticode 1.0 "Calculating the PE image hash"; PFP 1.06 10.4]
 */
#pragma once

#include "base/digest.h"
#include "base/limits.h"

#include <stdbool.h>

#define PE_NAME_SIZE 9u

struct pe_section {
    char name[PE_NAME_SIZE]; /* at most 8 bytes and a NUL; not checked otherwise */
    uint32_t virtual_size;
    uint32_t virtual_address;
    uint32_t raw_size;
    uint32_t raw_offset;
};

struct pe {
    struct bytes file; /* borrowed */
    uint16_t machine;
    bool plus; /* PE32+ */
    size_t checksum_at;
    size_t directory_at; /* of the certificate table's entry; 0 when there is none */
    size_t headers_size;
    uint32_t certificates_size;
    size_t n_sections;
    struct pe_section sections[LIMIT_PE_SECTIONS]; /* in the order of the header */
};

/* True when it begins as a PE image does ("MZ", then "PE"). */
bool pe_is(struct bytes file);
/* STATUS_MALFORMED with diag naming where and what; STATUS_LIMIT: too many sections;
 * STATUS_UNSUPPORTED: neither PE32 nor PE32+. *out borrows file. */
MUST_CHECK enum status pe_parse(struct bytes file, struct pe *out, struct diag *diag);
/* The Authenticode digest. STATUS_CRYPTO, STATUS_UNSUPPORTED: as digest_compute(). */
MUST_CHECK enum status pe_digest(struct hasher *h, const struct pe *pe, uint16_t alg,
                                 struct digest *out);
/* The first section of that name, or NULL. */
const struct pe_section *pe_find(const struct pe *pe, const char *name);
/* Its bytes in the file, without the padding behind them. */
struct bytes pe_data(const struct pe *pe, const struct pe_section *section);
