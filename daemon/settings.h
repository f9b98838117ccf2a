/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attestd's configuration table: every key, its type, default and one line of help. The same keys
 * stand in attestd.conf(5); a test holds the two together.
 */
#pragma once

#include "base/config.h"

extern const struct config_spec settings_table[];
extern const size_t settings_n_rows;

#define SETTINGS_ORIGINS 8u

/* The configured origins without a trailing slash, in out (owned by the caller, each freed).
 * STATUS_INVALID: none, not https, with a path, or more than SETTINGS_ORIGINS. */
MUST_CHECK enum status settings_origins(const struct config *c, char *out[static SETTINGS_ORIGINS],
                                        size_t *n, struct diag *diag);
/* Rules between keys (certificate with key, ...). STATUS_INVALID. */
MUST_CHECK enum status settings_check(const struct config *c, struct diag *diag);
