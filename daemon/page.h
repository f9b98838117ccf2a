/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paging of listings: ?limit=, 1 to LIMIT_PAGE, 100 when absent.
 */
#pragma once

#include "daemon/request.h"

/* false: not a number in range. */
bool page_limit(const struct request *request, size_t *out);
