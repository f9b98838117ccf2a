/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole round for tests, fuzzers and benchmarks: a challenge, what a device of tpm_builder.h
 * answers, and what the verifier holds beside it. Made in two stages, so that a test can make the
 * quote wrong in between. Ends the program when anything fails.
 */
#pragma once

#include "evidence/quote.h"
#include "tests/lib/tpm_builder.h"

/* What the round is about; the zero value of each field but the first two means: as usual. */
struct round_builder {
    const struct tpm_builder *tpm;
    struct selection selection;
    const char *device_id;
    const char *origin;
    struct bytes exporter; /* 32 bytes: asked for and bound */
    int64_t issued_ms;
    struct bytes token;    /* a challenge that a verifier gave: none is made, nor a freshness */
    struct bytes boot_log; /* members; without data: not sent and not in the manifest */
    struct bytes claims;
    struct bytes ima;
    struct bytes userspace_log;
    uint64_t ima_offset;
    uint64_t userspace_offset;
    bool boot_log_by_reference; /* in the manifest, not sent */
};

/* Owns all that evidence points at, but for the members given. */
struct round_built {
    struct buffer token;
    struct buffer manifest;
    struct buffer extra_data; /* what the device binds */
    struct buffer attest;
    struct buffer signature;
    struct buffer pcrs;
    struct tpm_builder_quote quote; /* honest after round_builder_begin() */
    struct evidence evidence;       /* after round_builder_finish() */
    struct freshness *freshness;    /* the verifier's: the challenge, believed at its issue */
    struct ak *ak;                  /* the verifier's: the key enrolled */
};

/* Token, manifest, freshness, AK and an honest quote not yet encoded. *out is overwritten. */
void round_builder_begin(const struct round_builder *b, struct round_built *out);
/* Encode and sign out->quote, read the PCRs, collect the evidence. May be done again. */
void round_builder_finish(const struct round_builder *b, struct round_built *out);
/* Both. */
void round_builder_make(const struct round_builder *b, struct round_built *out);
void round_built_free(struct round_built *r);

/* The challenge that b's device got, believed for another device, origin or channel: what a relay
 * would have the verifier expect. Owned by the caller; NULL when the verifier refuses it itself. */
struct freshness *round_builder_freshness(const struct round_builder *b,
                                          const struct round_built *built);
