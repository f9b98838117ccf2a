/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device announced of its next boot: read from its row for the appraisal of that boot, taken
 * from a trusted round, dropped when a later boot has begun. Offers are judged after the verdict of
 * the round that brought them; a refusal is an attempt and changes neither verdict nor what is
 * held. [appraisal 2]
 */
#pragma once

#include "appraise/announcement.h"
#include "daemon/store.h"

struct announce {
    struct arena arena;
    bool held; /* one that the present boot, or the next, may be explained by */
    struct announcement announcement;
    bool offered;
    bool accepted;
    int64_t expires_s; /* of what was accepted */
    struct reasons refusals;
    struct buffer kept; /* what the row holds afterwards; empty: nothing */
};

/* The one that the device's row holds. A text that cannot be read explains nothing, and is logged.
 * STATUS_NOMEM. announce_clear() after any status. */
MUST_CHECK enum status announce_load(struct announce *a, const struct store_device *device);

/* The round that was just appraised. */
struct announce_round {
    const struct documents *documents;
    const struct subject *subject;
    enum verdict verdict;
    uint32_t reset_count; /* quoted */
    uint32_t newest;      /* the highest resetCount that this device has shown */
    int64_t issued_s;     /* of its challenge */
    int64_t now_s;
    bool sent;
    struct bytes text; /* the evidence's member */
};

/* Judge what the round brought, and say what is kept. refusals has why an offer was not taken.
 * STATUS_NOMEM. */
MUST_CHECK enum status announce_judge(struct announce *a, const struct announce_round *round);
/* The member "announcement" of the answer: null, or what became of the offer. */
void announce_emit(struct emit *e, const struct announce *a);
void announce_clear(struct announce *a);
