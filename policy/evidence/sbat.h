/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SbatLevel, the revocation list by generation that shim enforces and measures: lines of a
 * component, its least generation, and on the first line a date. Pure. [shim SBAT.md]
 */
#pragma once

#include "base/bytes.h"

/* The first line's date, as a number ("sbat,1,2025021800"). False when the text does not begin with
 * such a line. */
bool sbat_level(struct bytes text, uint64_t *level);
/* The least generation of a component ("shim,4"); 0 when the list does not name it. False when a
 * line is none. */
bool sbat_generation(struct bytes text, const char *component, uint64_t *generation);
