/* SPDX-License-Identifier: Apache-2.0 */
/* from: an archive's bytes; to: its members; never: writes one, or starts a program to unpack it.
 * The only includer of archive.h, for its types: the functions are looked up in the library, since
 * with it come libxml2 and ICU, which no other command needs. */
#include "image/members.h"

#include "base/cleanup.h"
#include "base/library.h"
#include "base/limits.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

#define CLAUSE  "archive"
#define CHUNK   (64u * 1024u)
#define LIBRARY "libarchive.so.13"
#define PACKAGE "libarchive13"

#define CALLS(X)                                                                                   \
    X(archive_read_new)                                                                            \
    X(archive_read_free)                                                                           \
    X(archive_read_support_format_ar)                                                              \
    X(archive_read_support_format_cpio)                                                            \
    X(archive_read_support_format_tar)                                                             \
    X(archive_read_support_filter_gzip)                                                            \
    X(archive_read_support_filter_xz)                                                              \
    X(archive_read_support_filter_zstd)                                                            \
    X(archive_read_support_filter_bzip2)                                                           \
    X(archive_read_open_memory)                                                                    \
    X(archive_read_next_header)                                                                    \
    X(archive_read_data)                                                                           \
    X(archive_entry_pathname)                                                                      \
    X(archive_entry_filetype)                                                                      \
    X(archive_entry_hardlink)

#define AS_MEMBER(name) __typeof__(name) *name;
#define AS_SYMBOL(name) {#name, offsetof(struct calls, name)},

struct calls {
    CALLS(AS_MEMBER)
};

static const struct library_symbol symbols[] = {CALLS(AS_SYMBOL)};

struct members {
    struct calls call;
    struct archive *archive;
};

void
members_freep(struct members **m)
{
    if (*m && (*m)->archive)
        (void)(*m)->call.archive_read_free((*m)->archive);
    free(*m);
    *m = NULL;
}

static enum status
refuse(struct diag *diag, const char *what)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s", what);
}

static bool
allow(const struct members *m, enum members_form form)
{
    const struct calls *call = &m->call;
    struct archive *a = m->archive;
    if (form == MEMBERS_AR)
        return call->archive_read_support_format_ar(a) == ARCHIVE_OK;
    if (form == MEMBERS_CPIO)
        return call->archive_read_support_format_cpio(a) == ARCHIVE_OK;
    return call->archive_read_support_format_tar(a) == ARCHIVE_OK &&
           call->archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
           call->archive_read_support_filter_xz(a) == ARCHIVE_OK &&
           call->archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
           call->archive_read_support_filter_bzip2(a) == ARCHIVE_OK;
}

enum status
members_open(enum members_form form, struct bytes in, struct members **out, struct diag *diag)
{
    CLEANUP(members_freep) struct members *m = calloc(1, sizeof *m);
    if (!m)
        return STATUS_NOMEM;
    enum status s =
        library_load(LIBRARY, PACKAGE, symbols, sizeof symbols / sizeof *symbols, &m->call, diag);
    if (s != STATUS_OK)
        return s;
    m->archive = m->call.archive_read_new();
    if (!m->archive)
        return STATUS_NOMEM;
    if (!allow(m, form) ||
        m->call.archive_read_open_memory(m->archive, in.data, in.size) != ARCHIVE_OK)
        return refuse(diag, "packed in a way that is not known");
    *out = m;
    m = NULL;
    return STATUS_OK;
}

enum status
members_next(struct members *m, struct member *out, bool *more, struct diag *diag)
{
    struct archive_entry *entry = NULL;
    int rc = m->call.archive_read_next_header(m->archive, &entry);
    *out = (struct member){0};
    *more = rc == ARCHIVE_OK;
    if (rc == ARCHIVE_EOF)
        return STATUS_OK;
    if (rc != ARCHIVE_OK)
        return refuse(diag, "a damaged archive");
    out->path = m->call.archive_entry_pathname(entry);
    out->is_file =
        m->call.archive_entry_filetype(entry) == AE_IFREG && !m->call.archive_entry_hardlink(entry);
    return STATUS_OK;
}

enum status
members_read(struct members *m, struct buffer *out, struct diag *diag)
{
    buffer_reset(out);
    for (;;) {
        enum status s = buffer_reserve(out, CHUNK);
        if (s != STATUS_OK)
            return s;
        la_ssize_t n = m->call.archive_read_data(m->archive, out->data + out->size, CHUNK);
        if (n == 0)
            return STATUS_OK;
        if (n < 0)
            return refuse(diag, "a damaged archive");
        out->size += (size_t)n;
        if (out->size > LIMIT_IMAGE)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "a file above %u bytes", LIMIT_IMAGE);
    }
}
