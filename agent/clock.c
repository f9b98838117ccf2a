/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/clock.h"

#include <time.h>

#define EARLIEST_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z */

static int64_t
read_clock(clockid_t id)
{
    struct timespec t = {0};
    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec;
}

int64_t
clock_now_s(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t
clock_monotonic_s(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

bool
clock_is_wrong(int64_t now_s)
{
    return now_s < EARLIEST_S;
}
