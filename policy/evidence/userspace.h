/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measurement log of user space: systemd's tpm2-measure.log, a JSON text sequence of CEL
 * records (RFC 7464, CEL 1.0), or the same records as one JSON array. Parsed is not believed:
 * replay.h says which records a quote proves. Owns copies. Pure. [standards 7; systemd
 * tpm2-measure.log]
 */
#pragma once

#include "base/digest.h"
#include "evidence/reason.h"

struct userspace_record {
    uint32_t number; /* from 0 */
    bool has_pcr; /* false: an NV index, which no quote covers, or a record that extends nothing */
    uint32_t pcr; /* below 24 */
    struct digest digest[LIMIT_BANKS];
    size_t n_digests;  /* each algorithm at most once; unknown ones are left out */
    char type[24];     /* content.eventType: "phase"; claimed; "" when absent */
    struct bytes text; /* content.string; what was hashed, where it was hashed as it stands */
};

struct userspace {
    size_t n_records;
    struct userspace_record *records;
    bool is_cut; /* the last record was still being written; it is left out */
    struct buffer strings;
};

/* STATUS_OK and *out NULL: bad, reasons has log.malformed, log.limit, log.algorithm, log.pcr-range,
 * log.unsupported (CEL as TLV or CBOR) or log.record-missing (a gap in recnum) with log = userspace
 * and the record's number. STATUS_NOMEM. */
MUST_CHECK enum status userspace_parse(struct bytes in, struct userspace **out,
                                       struct reasons *reasons);
/* Digest of a record for a bank, or NULL. */
const struct digest *userspace_digest(const struct userspace_record *r, uint16_t alg);
void userspace_free(struct userspace *u);
void userspace_freep(struct userspace **u);
