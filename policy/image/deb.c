/* SPDX-License-Identifier: Apache-2.0 */
/* from: a package's bytes; to: its files; never: writes one, or starts a program to unpack it. */
#include "image/deb.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <archive.h>
#include <archive_entry.h>
#include <string.h>

#define CLAUSE "deb(5)"
#define CHUNK  (64u * 1024u)

static void
close_archive(struct archive **a)
{
    if (*a)
        (void)archive_read_free(*a);
}

static enum status
refuse(struct diag *diag, const char *what)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s", what);
}

/* The content of the entry at which the archive stands. */
static enum status
read_entry(struct archive *a, struct buffer *out, struct diag *diag)
{
    buffer_reset(out);
    for (;;) {
        enum status s = buffer_reserve(out, CHUNK);
        if (s != STATUS_OK)
            return s;
        la_ssize_t n = archive_read_data(a, out->data + out->size, CHUNK);
        if (n == 0)
            return STATUS_OK;
        if (n < 0)
            return refuse(diag, "a damaged archive");
        out->size += (size_t)n;
        if (out->size > LIMIT_IMAGE)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "a file above %u bytes", LIMIT_IMAGE);
    }
}

/* The member data.tar, packed as it is. */
static enum status
find_data(struct bytes file, struct buffer *out, struct diag *diag)
{
    CLEANUP(close_archive) struct archive *a = archive_read_new();
    struct archive_entry *entry = NULL;
    bool versioned = false;
    if (!a)
        return STATUS_NOMEM;
    if (archive_read_support_format_ar(a) != ARCHIVE_OK ||
        archive_read_open_memory(a, file.data, file.size) != ARCHIVE_OK)
        return refuse(diag, "not a Debian package");
    while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
        const char *name = archive_entry_pathname(entry);
        if (name && !versioned) {
            enum status s = read_entry(a, out, diag);
            if (s != STATUS_OK)
                return s;
            versioned = text_equal(name, "debian-binary") &&
                        bytes_equal(bytes_slice(buffer_bytes(out), 0, 2), bytes_of("2.", 2));
            if (!versioned)
                break;
        } else if (name && text_starts(name, "data.tar")) {
            return read_entry(a, out, diag);
        }
    }
    return refuse(diag, versioned ? "a package without data" : "not a Debian package");
}

static bool
open_tar(struct archive *a, struct bytes data)
{
    return archive_read_support_format_tar(a) == ARCHIVE_OK &&
           archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
           archive_read_support_filter_xz(a) == ARCHIVE_OK &&
           archive_read_support_filter_zstd(a) == ARCHIVE_OK &&
           archive_read_support_filter_bzip2(a) == ARCHIVE_OK &&
           archive_read_open_memory(a, data.data, data.size) == ARCHIVE_OK;
}

static enum status
visit_entry(struct archive *a, struct archive_entry *entry, struct buffer *content,
            deb_visitor visit, void *context, struct diag *diag)
{
    const char *path = archive_entry_pathname(entry);
    if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
        return STATUS_OK;
    if (!path)
        return refuse(diag, "a file without a name");
    enum status s = read_entry(a, content, diag);
    if (s != STATUS_OK)
        return s;
    return visit(context, text_starts(path, "./") ? path + 2 : path, buffer_bytes(content));
}

enum status
deb_read(struct bytes file, deb_visitor visit, void *context, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    CLEANUP(buffer_free) struct buffer content = {0};
    CLEANUP(close_archive) struct archive *a = NULL;
    struct archive_entry *entry = NULL;
    uint64_t total = 0;
    int rc = ARCHIVE_OK;
    enum status s = find_data(file, &data, diag);
    if (s != STATUS_OK)
        return s;
    a = archive_read_new();
    if (!a)
        return STATUS_NOMEM;
    if (!open_tar(a, buffer_bytes(&data)))
        return refuse(diag, "data.tar is packed in a way that is not known");
    for (size_t n = 0; (rc = archive_read_next_header(a, &entry)) == ARCHIVE_OK; n++) {
        s = visit_entry(a, entry, &content, visit, context, diag);
        total += content.size;
        if (s == STATUS_OK && (n >= DEB_MAX_FILES || total > DEB_MAX_TOTAL))
            s = diag_set(diag, STATUS_LIMIT, CLAUSE, n, "more files or bytes than a package has");
        if (s != STATUS_OK)
            return s;
    }
    return rc == ARCHIVE_EOF ? STATUS_OK : refuse(diag, "a damaged data.tar");
}
