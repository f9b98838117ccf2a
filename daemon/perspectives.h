/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device's perspectives come to, at a moment. One on trial has no say; where all are on
 * trial, or there is none, nothing is said. Pure. [appraisal 1]
 */
#pragma once

#include "daemon/store.h"

/* One, at now_s: as it was judged until expires_s, a warning at best until lapses_s, then none. */
enum verdict perspectives_one(const struct store_perspective *p, int64_t now_s);
/* The worst at now_s. */
enum verdict perspectives_worst(const struct store_perspective *list, size_t n, int64_t now_s);
/* The worst as they were judged, whatever their age. */
enum verdict perspectives_judged(const struct store_perspective *list, size_t n);
