/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a Debian package (deb(5) format 2.0), through libarchive, from memory. Hostile
 * input: only ar, tar and the compressions that dpkg takes are read, and count, size of each file
 * and sum of sizes are bounded. Pure, but for the library that it
 * loads. [deb(5)]
 */
#pragma once

#include "base/bytes.h"

#define DEB_MAX_FILES (1u << 20)
#define DEB_MAX_TOTAL (UINT64_C(8) << 30)

/* Called with each regular file, its path without a leading "./"; both are borrowed for the call.
 * Any status but STATUS_OK ends the reading. */
typedef enum status (*deb_visitor)(void *context, const char *path, struct bytes content);

/* STATUS_MALFORMED: no package, or a damaged one; STATUS_NOT_FOUND: no libarchive; STATUS_LIMIT;
 * STATUS_NOMEM; or visit's. Links and directories are not visited. */
MUST_CHECK enum status deb_read(struct bytes file, deb_visitor visit, void *context,
                                struct diag *diag);
