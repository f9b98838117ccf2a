/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attestctl verify: a quote against the key, qualifying data and selection that a person gives, by
 * the same steps as the verifier's; with logs their replay too. Says nothing about whose key it is.
 */
#pragma once

#include "ctl/report.h"
#include "evidence/quote.h"
#include "evidence/replay.h"

enum verify_file {
    VERIFY_ATTEST,
    VERIFY_SIGNATURE,
    VERIFY_KEY,
    VERIFY_PCRS,
    VERIFY_LOG,
    VERIFY_IMA,
    VERIFY_USERSPACE,
    VERIFY_N_FILES
};

struct verify_view {
    struct hasher *h;
    bool given[VERIFY_N_FILES];
    struct buffer file[VERIFY_N_FILES];
    struct selection selection;
    struct ak *ak;
    struct freshness *freshness;
    struct quote *quote;       /* NULL: not verified, and reasons says why */
    struct replay *replay;     /* NULL: no log was given, or no quote */
    bool values_found;         /* PCR values are those that the logs give */
    bool userspace_incomplete; /* the sticky bit of that file */
    struct reasons reasons;
};

bool verify_has_log(const struct verify_view *v);
/* A tpm2-tools PCR file in its serialized form (the structures of a little-endian machine) becomes
 * the plain values, if it is one; its selection must be the one asked for. STATUS_INVALID: another.
 * STATUS_NOMEM. */
MUST_CHECK enum status verify_values_flatten(const struct selection *s, struct buffer *values,
                                             struct diag *diag);
/* The quote came without PCR values: those that the logs give are tried, with every prefix of the
 * IMA list, until one has the quoted digest. They are guesses, and the quote decides. *found is
 * false when none has. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status verify_values_find(const struct verify_view *v, struct buffer *values,
                                          bool *found);
/* The document in both forms. */
MUST_CHECK enum status verify_emit(const struct verify_view *v, struct buffer *out);
MUST_CHECK enum status verify_append(const struct verify_view *v, struct buffer *out);
