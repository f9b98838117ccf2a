/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of checksums as sha256sum(1) and its like write them, plain, escaped or tagged: one digest
 * a line. Pure.
 */
#pragma once

#include "base/digest.h"

/* Called with each digest and the name behind it; any status but STATUS_OK ends the reading. */
typedef enum status (*sums_visitor)(void *context, const struct digest *digest, struct bytes name);

/* Read the list; the algorithm is told by the tag or by the size: SHA-1, SHA-256, SHA-384, SHA-512.
 * STATUS_MALFORMED with the line in diag->offset; STATUS_UNSUPPORTED: MD5 and others that carry no
 * trust; STATUS_LIMIT: more than LIMIT_FILES lines. */
MUST_CHECK enum status sums_read(struct bytes text, sums_visitor visit, void *context,
                                 struct diag *diag);
