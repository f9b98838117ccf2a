/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for squash.c in a build without libsquashfs: it says so. */
#include "image/squash.h"

static enum status
refuse(struct diag *diag)
{
    return diag_set(diag, STATUS_UNSUPPORTED, "squashfs", 0,
                    "this build has no libsquashfs (libsquashfs-dev)");
}

enum status
squash_open(struct bytes in, struct squash **out, struct diag *diag)
{
    (void)in;
    *out = NULL;
    return refuse(diag);
}

void
squash_freep(struct squash **s)
{
    *s = NULL;
}

enum status
squash_read(struct squash *s, const char *name, struct buffer *out, struct diag *diag)
{
    (void)s;
    (void)name;
    buffer_reset(out);
    return refuse(diag);
}

enum status
squash_next(struct squash *s, char name[static SQUASH_NAME_SIZE], bool *more, struct diag *diag)
{
    (void)s;
    name[0] = '\0';
    *more = false;
    return refuse(diag);
}
