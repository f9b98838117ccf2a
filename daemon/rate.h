/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often an address may ask for something that costs us more than it costs the asker: a token
 * bucket for each address, and one over all. Memory is fixed; IPv6 is counted by /64. Any thread;
 * never reads the clock. [threats 16; architecture 7]
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>

struct rate;

/* each: requests a minute from one address; total: from all. At most a minute's worth at once.
 * STATUS_INVALID: either is 0. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status rate_new(uint64_t each, uint64_t total, struct rate **out);
void rate_free(struct rate *r);

/* True, and one is taken; else *wait_s is when to come again. address: numeric text; one that
 * cannot be read shares a bucket with all such. */
bool rate_take(struct rate *r, const char *address, int64_t now_ms, unsigned *wait_s);
