/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/schedule.h"

#define RETRY_AFTER_MAX_S INT64_C(86400)

/* 0 to below span seconds, evenly enough. */
static int64_t
spread(int64_t span, uint32_t random)
{
    return span > 0 ? (int64_t)(((uint64_t)span * random) >> 32) : 0;
}

/* retry_min doubled with each failure, at most retry_max; then between half of it and all. */
static int64_t
back_off(const struct settings *s, uint64_t n_failures, uint32_t random)
{
    int64_t wait = s->retry_min_s;
    for (uint64_t i = 1; i < n_failures && wait < s->retry_max_s; i++)
        wait *= 2;
    if (wait > s->retry_max_s)
        wait = s->retry_max_s;
    return wait - spread(wait / 2, random);
}

int64_t
schedule_retry_s(const struct settings *s, const struct outcome *last, uint64_t n_failures,
                 uint32_t random)
{
    int64_t wait = back_off(s, n_failures, random);
    int64_t asked = last->retry_after_s;
    if (asked > RETRY_AFTER_MAX_S)
        asked = RETRY_AFTER_MAX_S;
    return wait > asked ? wait : asked + spread(s->jitter_s + 1, random);
}

int64_t
schedule_wait_s(const struct settings *s, const struct outcome *last, uint64_t n_failures,
                uint32_t random)
{
    if (last->kind == OUTCOME_TRUSTED || last->kind == OUTCOME_NOT_TRUSTED)
        return s->interval_s + spread(s->jitter_s + 1, random);
    return schedule_retry_s(s, last, n_failures, random);
}
