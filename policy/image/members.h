/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members of an archive in memory, one after the other, through libarchive. Hostile input: only
 * the forms asked for are read, and the size of each member is bounded. libarchive is loaded by the
 * first call that needs it. [ar, tar, cpio: libarchive-formats(5)]
 */
#pragma once

#include "base/bytes.h"

enum members_form {
    MEMBERS_AR,
    MEMBERS_CPIO,
    MEMBERS_TAR, /* as it is, or in gzip, xz, zstd, bzip2 */
};

struct members;

struct member {
    const char *path; /* as it stands there; NULL: it has none */
    bool is_file;     /* a regular one, and no link to another */
};

/* in is borrowed until members_free(). STATUS_NOT_FOUND: no libarchive; STATUS_MALFORMED: not of
 * this form (or found out by members_next()); STATUS_NOMEM. */
MUST_CHECK enum status members_open(enum members_form form, struct bytes in, struct members **out,
                                    struct diag *diag);
void members_freep(struct members **m);
/* The next member, borrowed until the next call; *more is false behind the last.
 * STATUS_MALFORMED. */
MUST_CHECK enum status members_next(struct members *m, struct member *out, bool *more,
                                    struct diag *diag);
/* The content of the member at which it stands, in place of what out held. STATUS_MALFORMED;
 * STATUS_LIMIT above LIMIT_IMAGE; STATUS_NOMEM. */
MUST_CHECK enum status members_read(struct members *m, struct buffer *out, struct diag *diag);
