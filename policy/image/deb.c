/* SPDX-License-Identifier: Apache-2.0 */
/* from: a package's bytes; to: its files; never: writes one, or starts a program to unpack it. */
#include "image/deb.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "image/members.h"

#define CLAUSE "deb(5)"

static enum status
refuse(struct diag *diag, const char *what)
{
    return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s", what);
}

/* What the archive's reader says is said of the package. */
static enum status
name_clause(enum status s, struct diag *diag)
{
    if (diag && (s == STATUS_MALFORMED || s == STATUS_LIMIT))
        diag->clause = CLAUSE;
    return s;
}

static bool
is_version(struct bytes content)
{
    return bytes_equal(bytes_slice(content, 0, 2), bytes_of("2.", 2));
}

/* The member data.tar, packed as it is. */
static enum status
find_data(struct bytes file, struct buffer *out, struct diag *diag)
{
    CLEANUP(members_freep) struct members *m = NULL;
    struct member member = {0};
    bool more = false;
    bool versioned = false;
    enum status s = members_open(MEMBERS_AR, file, &m, diag);
    if (s != STATUS_OK)
        return s;
    while (members_next(m, &member, &more, NULL) == STATUS_OK && more) {
        bool is_data = member.path && text_starts(member.path, "data.tar");
        if (!member.path || (versioned && !is_data))
            continue;
        if (!versioned && !text_equal(member.path, "debian-binary"))
            break;
        s = members_read(m, out, diag);
        if (s != STATUS_OK || is_data)
            return s;
        versioned = is_version(buffer_bytes(out));
        if (!versioned)
            break;
    }
    return refuse(diag, versioned ? "a package without data" : "not a Debian package");
}

static enum status
visit_member(struct members *m, const struct member *member, struct buffer *content,
             deb_visitor visit, void *context, struct diag *diag)
{
    if (!member->is_file)
        return STATUS_OK;
    if (!member->path)
        return refuse(diag, "a file without a name");
    enum status s = members_read(m, content, diag);
    if (s != STATUS_OK)
        return s;
    const char *path = member->path;
    return visit(context, text_starts(path, "./") ? path + 2 : path, buffer_bytes(content));
}

static enum status
visit_all(struct members *m, deb_visitor visit, void *context, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    struct member member = {0};
    bool more = true;
    uint64_t total = 0;
    for (size_t n = 0;; n++) {
        enum status s = members_next(m, &member, &more, diag);
        if (s != STATUS_OK || !more)
            return s;
        buffer_reset(&content);
        s = visit_member(m, &member, &content, visit, context, diag);
        total += content.size;
        if (s == STATUS_OK && (n >= DEB_MAX_FILES || total > DEB_MAX_TOTAL))
            s = diag_set(diag, STATUS_LIMIT, CLAUSE, n, "more files or bytes than a package has");
        if (s != STATUS_OK)
            return s;
    }
}

enum status
deb_read(struct bytes file, deb_visitor visit, void *context, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    CLEANUP(members_freep) struct members *m = NULL;
    enum status s = find_data(file, &data, diag);
    if (s == STATUS_OK)
        s = members_open(MEMBERS_TAR, buffer_bytes(&data), &m, diag);
    if (s == STATUS_OK)
        s = visit_all(m, visit, context, diag);
    return name_clause(s, diag);
}
