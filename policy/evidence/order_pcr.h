/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of order: its state, and the machines of single PCRs. Inside evidence/order*.c only.
 */
#pragma once

#include "evidence/order.h"

#define ORDER_FIRMWARE_PCRS 8u

struct order {
    const struct order_view *view;
    struct reasons *reasons;
    enum order_profile profile;
    bool has_drivers;
    unsigned n_separators[LIMIT_PCRS];
    uint32_t quirks[LIMIT_PCRS]; /* told already, as bits */
    unsigned policy_rank;        /* PCR 7: how far in SecureBoot, PK, KEK, db, dbx */
    bool exit_pending;           /* PCR 5: Exit Boot Services Invocation without its return */
    bool called;                 /* PCR 4: a boot option was called, and has not returned */
    unsigned n_images;           /* PCR 4 */
};

/* A reason about an event, with the name of its type. */
struct reason *order_blame(struct order *o, enum reason_code code, const struct replay_event *e,
                           const char *found);
bool order_is_separator(const struct replay_event *e);
/* One step of the machine of the event's PCR. i: of the view's events. */
void order_pcr_step(struct order *o, size_t i);
