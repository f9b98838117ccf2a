/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the next round is due. A judged device comes back after the interval; a round without a
 * verdict is tried again after a wait that doubles up to a cap, and never before the verifier's
 * Retry-After. Both are spread at random, so that a fleet that was cut off together does not come
 * back together. Pure: randomness is an argument.
 */
#pragma once

#include "agent/outcome.h"
#include "agent/settings.h"

/* Seconds to wait. n_failures: rounds without a verdict in a row, this one included. */
int64_t schedule_wait_s(const struct settings *s, const struct outcome *last, uint64_t n_failures,
                        uint32_t random);
/* The same, as if the last round had given no verdict: for who waits for a better one. */
int64_t schedule_retry_s(const struct settings *s, const struct outcome *last, uint64_t n_failures,
                         uint32_t random);
