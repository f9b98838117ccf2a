/* SPDX-License-Identifier: Apache-2.0 */
/* from: a squashfs; to: the files in its top folder; never: follows a link, or mounts it. The only
 * includer of sqfs/, for its types: the functions are looked up in the library. */
#include "image/squash.h"

#include "base/cleanup.h"
#include "base/library.h"
#include "base/limits.h"
#include "base/text.h"

#include <sqfs/compressor.h>
#include <sqfs/data_reader.h>
#include <sqfs/dir.h>
#include <sqfs/dir_reader.h>
#include <sqfs/error.h>
#include <sqfs/inode.h>
#include <sqfs/io.h>
#include <sqfs/super.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE  "squashfs"
#define CHUNK   (1024u * 1024u)
#define LIBRARY "libsquashfs.so.1"
#define PACKAGE "libsquashfs1"

#define CALLS(X)                                                                                   \
    X(super_read)                                                                                  \
    X(compressor_config_init)                                                                      \
    X(compressor_create)                                                                           \
    X(dir_reader_create)                                                                           \
    X(dir_reader_get_root_inode)                                                                   \
    X(dir_reader_open_dir)                                                                         \
    X(dir_reader_read)                                                                             \
    X(dir_reader_find_by_path)                                                                     \
    X(data_reader_create)                                                                          \
    X(data_reader_load_fragment_table)                                                             \
    X(data_reader_read)                                                                            \
    X(free)

#define AS_MEMBER(name) __typeof__(sqfs_##name) *name;
#define AS_SYMBOL(name) {"sqfs_" #name, offsetof(struct squash, name)},

struct squash {
    sqfs_file_t file; /* first: the library hands it back */
    CALLS(AS_MEMBER)
    struct bytes in;
    sqfs_super_t super; /* the readers keep a pointer to it */
    sqfs_compressor_t *compressor;
    sqfs_dir_reader_t *folder;
    sqfs_data_reader_t *data;
    bool listing;
};

static const struct library_symbol symbols[] = {CALLS(AS_SYMBOL)};

/* ---- the memory as the library's file ---- */

static void
keep(sqfs_object_t *object)
{
    (void)object; /* it is squash_freep()'s */
}

static int
read_at(sqfs_file_t *file, sqfs_u64 offset, void *out, size_t size)
{
    const struct squash *s = (const struct squash *)(const void *)file;
    if (offset > s->in.size || size > s->in.size - offset)
        return SQFS_ERROR_OUT_OF_BOUNDS;
    memcpy(out, s->in.data + offset, size);
    return 0;
}

static sqfs_u64
get_size(const sqfs_file_t *file)
{
    return ((const struct squash *)(const void *)file)->in.size;
}

/* ---- open ---- */

void
squash_freep(struct squash **s)
{
    if (!*s)
        return;
    sqfs_destroy((*s)->data);
    sqfs_destroy((*s)->folder);
    sqfs_destroy((*s)->compressor);
    free(*s);
    *s = NULL;
}

static enum status
outcome_of(int rc, struct diag *diag)
{
    if (rc == SQFS_ERROR_ALLOC)
        return STATUS_NOMEM;
    if (rc == SQFS_ERROR_UNSUPPORTED)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0,
                        "packed in a way that libsquashfs does not know");
    return rc >= 0 ? STATUS_OK : diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "a damaged squashfs");
}

static enum status
open_readers(struct squash *s, struct diag *diag)
{
    sqfs_super_t *super = &s->super;
    sqfs_compressor_config_t config;
    int rc = s->super_read(super, &s->file);
    if (rc == 0)
        rc = s->compressor_config_init(&config, (SQFS_COMPRESSOR)super->compression_id,
                                       super->block_size, SQFS_COMP_FLAG_UNCOMPRESS);
    if (rc == 0)
        rc = s->compressor_create(&config, &s->compressor);
    if (rc != 0)
        return outcome_of(rc, diag);
    s->folder = s->dir_reader_create(super, s->compressor, &s->file, 0);
    s->data = s->data_reader_create(&s->file, super->block_size, s->compressor, 0);
    if (!s->folder || !s->data)
        return STATUS_NOMEM;
    return outcome_of(s->data_reader_load_fragment_table(s->data, super), diag);
}

enum status
squash_open(struct bytes in, struct squash **out, struct diag *diag)
{
    CLEANUP(squash_freep) struct squash *s = calloc(1, sizeof *s);
    if (!s)
        return STATUS_NOMEM;
    s->file = (sqfs_file_t){.base = {.destroy = keep}, .read_at = read_at, .get_size = get_size};
    s->in = in;
    enum status status =
        library_load(LIBRARY, PACKAGE, symbols, sizeof symbols / sizeof *symbols, s, diag);
    if (status == STATUS_OK)
        status = open_readers(s, diag);
    if (status != STATUS_OK)
        return status;
    *out = s;
    s = NULL;
    return STATUS_OK;
}

/* ---- files ---- */

static enum status
read_content(struct squash *s, const sqfs_inode_generic_t *inode, struct buffer *out,
             struct diag *diag)
{
    buffer_reset(out);
    for (;;) {
        enum status status = buffer_reserve(out, CHUNK);
        if (status != STATUS_OK)
            return status;
        sqfs_s32 n = s->data_reader_read(s->data, inode, out->size, out->data + out->size, CHUNK);
        if (n <= 0)
            return outcome_of(n, diag);
        out->size += (size_t)n;
        if (out->size > LIMIT_IMAGE)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "a file above %u bytes", LIMIT_IMAGE);
    }
}

enum status
squash_read(struct squash *s, const char *name, struct buffer *out, struct diag *diag)
{
    sqfs_inode_generic_t *inode = NULL;
    int rc = s->dir_reader_find_by_path(s->folder, NULL, name, &inode);
    if (rc == SQFS_ERROR_NO_ENTRY)
        return diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0, "%.100s is not in it", name);
    if (rc != 0)
        return outcome_of(rc, diag);
    bool is_file = inode->base.type == SQFS_INODE_FILE || inode->base.type == SQFS_INODE_EXT_FILE;
    enum status status =
        is_file ? read_content(s, inode, out, diag)
                : diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0, "%.100s is no file", name);
    s->free(inode);
    return status;
}

static enum status
open_folder(struct squash *s, struct diag *diag)
{
    sqfs_inode_generic_t *root = NULL;
    int rc = s->dir_reader_get_root_inode(s->folder, &root);
    if (rc == 0) {
        rc = s->dir_reader_open_dir(s->folder, root, 0);
        s->free(root);
    }
    s->listing = rc == 0;
    return outcome_of(rc, diag);
}

enum status
squash_next(struct squash *s, char name[static SQUASH_NAME_SIZE], bool *more, struct diag *diag)
{
    sqfs_dir_entry_t *entry = NULL;
    *more = false;
    enum status status = s->listing ? STATUS_OK : open_folder(s, diag);
    if (status != STATUS_OK)
        return status;
    int rc = s->dir_reader_read(s->folder, &entry);
    *more = rc == 0;
    if (rc != 0)
        return outcome_of(rc, diag);
    size_t size = (size_t)entry->size + 1;
    if (size >= SQUASH_NAME_SIZE)
        size = SQUASH_NAME_SIZE - 1;
    memcpy(name, entry->name, size);
    name[size] = '\0';
    s->free(entry);
    return STATUS_OK;
}
