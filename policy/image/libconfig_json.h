/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text form of libconfig, as SWUpdate writes sw-description in: groups {}, lists (), arrays [],
 * strings, numbers, booleans. No other file is included. Pure. [libconfig manual 3]
 */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

/* The settings as one object; a setting that comes twice is refused. diag's offset is the line.
 * STATUS_MALFORMED; STATUS_LIMIT: nested deeper than LIMIT_JSON_DEPTH; STATUS_NOMEM. */
MUST_CHECK enum status libconfig_parse(struct bytes text, json_t **out, struct diag *diag);
