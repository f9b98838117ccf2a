/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's clocks. The wall clock is asked for only to judge it and to tell people; waiting
 * goes by the monotonic one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

int64_t clock_now_s(void);       /* unix seconds */
int64_t clock_monotonic_s(void); /* seconds since boot, suspend included */

/* Before this program was written: a machine without a battery that has not yet asked the network.
 */
bool clock_is_wrong(int64_t now_s);
