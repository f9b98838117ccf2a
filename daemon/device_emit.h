/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device as the API shows it. Liveness is separate from trust: a verdict whose evidence has
 * expired counts as none, a device without word is stale. [architecture 8; threats 39]
 */
#pragma once

#include "base/emit.h"
#include "daemon/store.h"

/* "fresh" while the result holds, "late" for as long again, then "stale"; "never". */
const char *device_liveness(const struct store_device *d, int64_t now_s);
/* The worst verdict of all perspectives that are not on trial, at now_s; none for a device that is
 * not enrolled now (quarantined, revoked), whatever it was found to be. */
enum verdict device_verdict(const struct store_device *d, int64_t now_s);
void device_emit(struct emit *e, struct hasher *h, const struct store_device *d, int64_t now_s);
