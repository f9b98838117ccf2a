/* SPDX-License-Identifier: Apache-2.0 */
/* from: paths; to: whole contents and back; never: leaves half a file under its own name. */
#include "base/file.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLAUSE "file"
#define CHUNK  65536u /* bytes asked for at once */

/* A status for errno, with what failed on which path. */
static enum status
fail(struct diag *diag, const char *what, const char *path)
{
    int error = errno;
    enum status s = STATUS_IO;
    if (error == ENOENT || error == ENOTDIR)
        s = STATUS_NOT_FOUND;
    else if (error == EACCES || error == EPERM || error == EROFS)
        s = STATUS_DENIED;
    return diag_set(diag, s, CLAUSE, 0, "%s: %s: %s", path, what, strerror(error));
}

/* Append fd's bytes to its end, at most max. */
static enum status
read_all(int fd, const char *path, size_t max, struct buffer *out, struct diag *diag)
{
    size_t total = 0;
    for (;;) {
        if (buffer_reserve(out, CHUNK) != STATUS_OK)
            return diag_set(diag, STATUS_NOMEM, CLAUSE, 0, "%s: no memory", path);
        ssize_t n = read(fd, out->data + out->size, CHUNK);
        if (n == 0)
            return STATUS_OK;
        if (n < 0 && errno != EINTR)
            return fail(diag, "cannot read", path);
        if (n > 0 && (size_t)n > max - total)
            return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "%s: longer than %zu bytes", path, max);
        total += n > 0 ? (size_t)n : 0;
        out->size += n > 0 ? (size_t)n : 0;
    }
}

/* As read_all(), out being as before unless STATUS_OK. */
static enum status
append_all(int fd, const char *path, size_t max, struct buffer *out, struct diag *diag)
{
    size_t before = out->size;
    enum status s = read_all(fd, path, max, out, diag);
    if (s != STATUS_OK)
        out->size = before;
    return s;
}

enum status
file_load(const char *path, size_t max, struct buffer *out, struct diag *diag)
{
    if (text_equal(path, "-"))
        return append_all(STDIN_FILENO, "standard input", max, out, diag);
    CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(diag, "cannot open", path);
    return append_all(fd, path, max, out, diag);
}

/* Root's group may read root's file: that is how a systemd credential looks, whose access list
 * shows in the group's bits. [systemd.exec(5) LoadCredential=] */
static bool
is_private(const struct stat *st)
{
    if (!S_ISREG(st->st_mode) || (st->st_uid != 0 && st->st_uid != geteuid()))
        return false;
    mode_t allowed = S_IRWXU;
    if (st->st_uid == 0 && st->st_gid == 0)
        allowed |= S_IRGRP;
    return (st->st_mode & ACCESSPERMS & ~allowed) == 0;
}

enum status
file_load_secret(const char *path, size_t max, struct buffer *out, struct diag *diag)
{
    CLEANUP(close_fdp) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return fail(diag, "cannot open", path);
    struct stat st;
    if (fstat(fd, &st) != 0)
        return fail(diag, "cannot stat", path);
    if (!is_private(&st))
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "%s: not a file that only its owner (this user or root) may read", path);
    return append_all(fd, path, max, out, diag);
}

static enum status
write_all(int fd, const char *path, struct bytes content, struct diag *diag)
{
    size_t done = 0;
    while (done < content.size) {
        ssize_t n = write(fd, content.data + done, content.size - done);
        if (n < 0 && errno != EINTR)
            return fail(diag, "cannot write", path);
        done += n > 0 ? (size_t)n : 0;
    }
    return STATUS_OK;
}

/* The directory that path is in. */
static enum status
open_directory(const char *path, int *fd, struct diag *diag)
{
    CLEANUP(free_charp) char *directory = strdup(path);
    if (!directory)
        return diag_set(diag, STATUS_NOMEM, CLAUSE, 0, "%s: no memory", path);
    char *slash = strrchr(directory, '/');
    if (slash)
        slash[slash == directory ? 1 : 0] = '\0';
    *fd = open(slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *fd < 0 ? fail(diag, "cannot open the directory", path) : STATUS_OK;
}

/* Make a rename durable. */
static enum status
sync_directory(const char *path, struct diag *diag)
{
    CLEANUP(close_fdp) int fd = -1;
    enum status s = open_directory(path, &fd, diag);
    if (s == STATUS_OK && fsync(fd) != 0)
        return fail(diag, "cannot sync the directory", path);
    return s;
}

/* Let the file fd belong to whom path's directory belongs to. */
static enum status
give_to_owner(int fd, const char *path, struct diag *diag)
{
    struct stat st;
    CLEANUP(close_fdp) int directory = -1;
    if (geteuid() != 0)
        return STATUS_OK;
    enum status s = open_directory(path, &directory, diag);
    if (s == STATUS_OK && (fstat(directory, &st) != 0 || fchown(fd, st.st_uid, st.st_gid) != 0))
        return fail(diag, "cannot give to the directory's owner", path);
    return s;
}

/* Fill the new file fd, named temporary, and give it path's name. */
static enum status
replace(int fd, const char *temporary, const char *path, struct bytes content, mode_t mode,
        struct diag *diag)
{
    if (fchmod(fd, mode) != 0)
        return fail(diag, "cannot set the mode", path);
    enum status s = write_all(fd, path, content, diag);
    if (s != STATUS_OK)
        return s;
    if (fsync(fd) != 0)
        return fail(diag, "cannot sync", path);
    if (rename(temporary, path) != 0)
        return fail(diag, "cannot rename", path);
    return STATUS_OK;
}

static enum status
save(const char *path, struct bytes content, mode_t mode, bool owned, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer name = {0};
    buffer_append_format(&name, "%s.XXXXXX", path);
    char *temporary = buffer_text(&name);
    if (!temporary)
        return diag_set(diag, STATUS_NOMEM, CLAUSE, 0, "%s: no memory", path);
    CLEANUP(close_fdp) int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return fail(diag, "cannot create", path);
    enum status s = owned ? give_to_owner(fd, path, diag) : STATUS_OK;
    if (s == STATUS_OK)
        s = replace(fd, temporary, path, content, mode, diag);
    if (s != STATUS_OK) {
        (void)unlink(temporary);
        return s;
    }
    return sync_directory(path, diag);
}

enum status
file_save(const char *path, struct bytes content, mode_t mode, struct diag *diag)
{
    return save(path, content, mode, false, diag);
}

enum status
file_save_owned(const char *path, struct bytes content, mode_t mode, struct diag *diag)
{
    return save(path, content, mode, true, diag);
}
