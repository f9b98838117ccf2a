/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot log for people, without a quote: every event decoded in all banks of the log, the PCRs
 * that it gives, and the reasons that order finds. Nothing here is proven; the appraiser never sees
 * it. Borrows the log. Pure.
 */
#pragma once

#include "evidence/order.h"

struct inspect {
    const struct eventlog *log;
    struct replay_event *events; /* one a record of the log, EV_NO_ACTION and Spec ID included;
                                    digests by bank of the log; meaning.bound: in all its banks */
    size_t n_events;
    struct eventlog_pcrs pcrs;
    enum order_profile profile;
    int secure_boot; /* 1, 0, -1: claimed */
};

/* STATUS_NOMEM, STATUS_CRYPTO. log outlives *out. */
MUST_CHECK enum status inspect_new(struct hasher *h, const struct eventlog *log,
                                   struct inspect **out, struct reasons *reasons);
void inspect_free(struct inspect *i);
void inspect_freep(struct inspect **i);
