/* SPDX-License-Identifier: Apache-2.0 */
/*
 * from: struct evidence, struct ak, struct freshness; to: struct quote = signed by that AK over
 * that freshness, every PCR value bound. Its only constructor is quote_verify(); until it exists
 * nothing is said about a device. Holds no pointer into the evidence. Pure. [protocol 3; threats
 * 1-9]
 *
 * Order of checks: magic, type (before anything else of the structure), signature, qualified
 * signer, selection, extraData, composite, members against the manifest.
 */
#pragma once

#include "evidence/ak.h"
#include "evidence/binding.h"
#include "evidence/evidence.h"
#include "evidence/freshness.h"

struct quote;

/* STATUS_OK and *out NULL: an attempt, and reasons has exactly one of the quote.* or
 * evidence.manifest codes. For FRESHNESS_GIVEN evidence needs only quote, signature and pcrs (pcrs
 * may be absent: then no value is bound and quote_pcr() gives none); its qualified signer is not
 * judged, since a key that a person gives may stand anywhere in the TPM, and no member is covered
 * by a manifest. Any other status: ours; no reason. */
MUST_CHECK enum status quote_verify(struct hasher *h, const struct evidence *evidence,
                                    const struct ak *ak, const struct freshness *freshness,
                                    struct quote **out, struct reasons *reasons);

struct quote_counters {
    uint64_t clock_ms;
    uint32_t reset_count;
    uint32_t restart_count;
    bool safe;
    uint64_t firmware_version;
};

const struct quote_counters *quote_counters(const struct quote *q);
const struct selection *quote_selection(const struct quote *q);
/* The bound value of a PCR; NULL when it is not in the quote. */
const struct digest *quote_pcr(const struct quote *q, uint16_t alg, uint32_t pcr);
enum freshness_kind quote_freshness(const struct quote *q);
int64_t quote_time_ms(const struct quote *q); /* of the evidence: freshness_time_ms() */
bool quote_exporter_bound(const struct quote *q);
const struct manifest *quote_manifest(const struct quote *q); /* as quoted */
struct bytes quote_ak_name(const struct quote *q);
void quote_free(struct quote *q);
void quote_freep(struct quote **q);
