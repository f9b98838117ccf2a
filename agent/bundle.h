/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The evidence of one round while it is made: what is fixed before the quote, the quote over it,
 * and the growing logs read after it, so that they are never behind it. [protocol 3]
 */
#pragma once

#include "agent/collect.h"
#include "agent/device.h"
#include "agent/state.h"
#include "evidence/challenge.h"

struct bundle {
    /* Before the quote. */
    struct collect_log boot_log;
    uint8_t boot_log_sha256[DIGEST_SHA256_SIZE];
    struct buffer claims;
    struct bytes announcement; /* borrowed; empty: none */
    struct buffer manifest;
    /* The quote. */
    struct tpm_quote quote;
    /* After it: from this entry, at this byte, on. */
    uint64_t ima_entries;
    uint64_t ima_size;
    struct collect_log ima_log;
    struct collect_log userspace_log;
};

/* What the quote answers. */
struct bundle_binding {
    struct bytes token;
    const struct challenge *challenge;
    const char *device_id;
    const char *origin;
    struct bytes exporter; /* empty: none */
};

/* Read the boot log and make claims and manifest; announcement (empty: none) goes into it as well
 * and is borrowed. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status bundle_prepare(struct bundle *b, const struct settings *s, struct device *d,
                                      struct bytes announcement);
/* Quote. Statuses as tpm_quote_get(). */
MUST_CHECK enum status bundle_quote(struct bundle *b, struct device *d,
                                    const struct bundle_binding *binding, struct diag *diag);
/* Read the growing logs from where the verifier's knowledge ends. STATUS_NOMEM. */
MUST_CHECK enum status bundle_collect(struct bundle *b, const struct settings *s,
                                      const struct state *state);
/* The body to post; the boot log only by reference when by_reference. STATUS_NOMEM. */
MUST_CHECK enum status bundle_encode(const struct bundle *b, bool by_reference, struct buffer *out);
void bundle_free(struct bundle *b);
