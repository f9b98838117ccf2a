/* SPDX-License-Identifier: Apache-2.0 */
/* from: a generation's state, a device and the time; to: what its values are to that device; never:
 * opens a candidate to a device outside of its rollout group. */
#include "appraise/generations.h"

enum generation_standing
generation_stand(const struct generation *g, const struct subject *subject, int64_t now_s)
{
    if (!g)
        return GENERATION_STANDING_ACTIVE;
    if (g->status == GENERATION_REVOKED)
        return GENERATION_STANDING_REVOKED;
    if (g->valid_from_given && now_s < g->valid_from_s)
        return GENERATION_STANDING_CLOSED;
    if (g->status == GENERATION_CANDIDATE)
        return selector_match(&g->rollout, subject) ? GENERATION_STANDING_CANDIDATE
                                                    : GENERATION_STANDING_CLOSED;
    bool over = g->retire_after_given && now_s >= g->retire_after_s;
    if (g->status == GENERATION_ACTIVE)
        return over ? GENERATION_STANDING_RETIRED : GENERATION_STANDING_ACTIVE;
    /* Retired without a date is retired now. */
    return over || !g->retire_after_given ? GENERATION_STANDING_RETIRED
                                          : GENERATION_STANDING_RETIRING;
}

const struct generation *
generation_at(const struct generation_place *place)
{
    if (!place->line || place->index >= place->line->items.n)
        return NULL;
    return (const struct generation *)place->line->items.items + place->index;
}
