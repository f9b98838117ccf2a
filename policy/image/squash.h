/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files in the top folder of a squashfs in memory, through libsquashfs (of squashfs-tools-ng),
 * which is loaded by the first call; without it at build time every call says so. Hostile input:
 * the size of each file is bounded, links are never followed. [squashfs 4.0]
 */
#pragma once

#include "base/bytes.h"

#define SQUASH_NAME_SIZE 257u

struct squash;

/* in is borrowed until squash_freep(). STATUS_UNSUPPORTED: built without libsquashfs, or packed in
 * a way that it does not know; STATUS_NOT_FOUND: it is not installed; STATUS_MALFORMED;
 * STATUS_NOMEM. */
MUST_CHECK enum status squash_open(struct bytes in, struct squash **out, struct diag *diag);
void squash_freep(struct squash **s);
/* The content of a regular file by its name, in place of what out held. STATUS_NOT_FOUND: there is
 * no such file; STATUS_MALFORMED; STATUS_LIMIT above LIMIT_IMAGE; STATUS_NOMEM. */
MUST_CHECK enum status squash_read(struct squash *s, const char *name, struct buffer *out,
                                   struct diag *diag);
/* The next name; *more is false behind the last. STATUS_MALFORMED. */
MUST_CHECK enum status squash_next(struct squash *s, char name[static SQUASH_NAME_SIZE], bool *more,
                                   struct diag *diag);
