/* SPDX-License-Identifier: Apache-2.0 */
/* from: a directory; to: struct ek_roots; never: passes over a file that it cannot read. */
#include "ctl/roots.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CLAUSE   "roots"
#define FILE_MAX (4u * 1024u * 1024u)

static void
close_directory(DIR **d)
{
    if (*d)
        (void)closedir(*d);
}

static enum status
load_file(struct ek_roots *roots, const char *path, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    struct diag inner = {0};
    struct stat st;
    if (stat(path, &st) != 0)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return STATUS_OK;
    enum status s = file_load(path, FILE_MAX, &content, diag);
    if (s != STATUS_OK)
        return s;
    s = ek_roots_add(roots, EK_ROOTS_ANCHORS, buffer_bytes(&content), &inner);
    return s == STATUS_OK ? s : diag_set(diag, s, CLAUSE, 0, "%s: %s", path, inner.text);
}

enum status
roots_load(const char *directory, struct ek_roots **out, struct diag *diag)
{
    CLEANUP(ek_roots_freep) struct ek_roots *roots = NULL;
    CLEANUP(close_directory) DIR *d = opendir(directory);
    *out = NULL;
    if (!d)
        return diag_set(diag, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, CLAUSE, 0, "%s: %s",
                        directory, strerror(errno));
    enum status s = ek_roots_new(&roots);
    for (const struct dirent *e = readdir(d); e && s == STATUS_OK; e = readdir(d)) {
        CLEANUP(buffer_free) struct buffer path = {0};
        if (e->d_name[0] == '.')
            continue;
        buffer_append_format(&path, "%s/%s", directory, e->d_name);
        const char *text = buffer_text(&path);
        s = text ? load_file(roots, text, diag) : STATUS_NOMEM;
    }
    if (s == STATUS_OK && ek_roots_n_anchors(roots) == 0)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0, "%s: no certificate is there", directory);
    if (s != STATUS_OK)
        return s;
    *out = roots;
    roots = NULL;
    return STATUS_OK;
}
