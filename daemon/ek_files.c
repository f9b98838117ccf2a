/* SPDX-License-Identifier: Apache-2.0 */
/* from: directories and a file of the operator's; to: anchors, bundle, advisories; never: skips
 * what it cannot read. */
#include "daemon/ek_files.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/advisory_json.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#define CLAUSE          "EK certificates"
#define FILE_MAX        (16u * 1024u * 1024u) /* a CRL or a bundle */
#define ADVISORY_MAX    LIMIT_JSON_BODY
#define ADVISORY_SUFFIX ".json"

struct counted_trust {
    struct ek_trust trust; /* first: a reference is a pointer to it */
    atomic_uint references;
};

struct ek_files {
    pthread_mutex_t lock; /* guards current */
    struct counted_trust *current;
};

static void
close_directory(DIR **d)
{
    if (*d)
        (void)closedir(*d);
}

static void
release(struct counted_trust *t)
{
    if (!t || atomic_fetch_sub(&t->references, 1) != 1)
        return;
    ek_roots_free(t->trust.roots);
    advisories_free(&t->trust.advisories);
    free(t);
}

static void
releasep(struct counted_trust **t)
{
    release(*t);
}

/* What is believed, whatever the order of a directory. */
static enum status
count_content(struct ek_trust *t, char part, struct bytes content)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    struct bytes parts[] = {bytes_of(&part, 1), content};
    struct digest d = {0};
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = digest_compute_parts(h, ALG_SHA256, parts, 2, &d);
    for (size_t i = 0; s == STATUS_OK && i < sizeof t->version; i++)
        t->version[i] ^= d.data[i];
    return s;
}

static enum status
load_file(struct ek_trust *t, enum ek_roots_part part, const char *path, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    struct stat st;
    if (stat(path, &st) != 0)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "%s: %s", path, strerror(errno));
    if (S_ISDIR(st.st_mode))
        return STATUS_OK;
    enum status s = file_load(path, FILE_MAX, &content, diag);
    if (s != STATUS_OK)
        return s;
    struct diag inner = {0};
    s = ek_roots_add(t->roots, part, buffer_bytes(&content), &inner);
    if (s != STATUS_OK)
        return diag_set(diag, s, CLAUSE, 0, "%s: %s", path, inner.text);
    return count_content(t, part == EK_ROOTS_ANCHORS ? 'r' : 'b', buffer_bytes(&content));
}

static enum status
load_directory(struct ek_trust *t, enum ek_roots_part part, const char *directory,
               struct diag *diag)
{
    CLEANUP(close_directory) DIR *d = directory ? opendir(directory) : NULL;
    enum status s = STATUS_OK;
    if (!d && (!directory || errno == ENOENT)) {
        log_line(LOG_LEVEL_NOTICE, "no directory of EK %s at %s",
                 part == EK_ROOTS_ANCHORS ? "roots" : "intermediates and CRLs",
                 directory ? directory : "(unset)");
        return STATUS_OK;
    }
    if (!d)
        return diag_set(diag, errno == EACCES ? STATUS_DENIED : STATUS_IO, CLAUSE, 0, "%s: %s",
                        directory, strerror(errno));
    for (const struct dirent *e = readdir(d); e && s == STATUS_OK; e = readdir(d)) {
        CLEANUP(buffer_free) struct buffer path = {0};
        if (e->d_name[0] == '.')
            continue;
        buffer_append_format(&path, "%s/%s", directory, e->d_name);
        const char *text = buffer_text(&path);
        s = text ? load_file(t, part, text, diag) : STATUS_NOMEM;
    }
    return s;
}

static enum status
load_advisory_file(const char *path, struct ek_trust *t, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag inner = {0};
    enum status s = file_load(path, ADVISORY_MAX, &text, diag);
    if (s != STATUS_OK)
        return s;
    s = advisory_json_parse(buffer_bytes(&text), &t->advisories, &inner);
    if (s != STATUS_OK)
        return diag_set(diag, s, CLAUSE, inner.offset, "%s: %s", path, inner.text);
    return count_content(t, 'a', buffer_bytes(&text));
}

static bool
is_advisory_name(const char *name)
{
    size_t size = strlen(name);
    size_t end = sizeof ADVISORY_SUFFIX - 1;
    return name[0] != '.' && size > end && text_equal(name + size - end, ADVISORY_SUFFIX);
}

/* The operator's own rows: every NAME.json in the directory beside the file, its suffix ".d". */
static enum status
load_drop_ins(const char *file, struct ek_trust *t, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer directory = {0};
    size_t size = strlen(file) - (is_advisory_name(file) ? sizeof ADVISORY_SUFFIX - 1 : 0);
    buffer_append_format(&directory, "%.*s.d", (int)size, file);
    const char *name = buffer_text(&directory);
    CLEANUP(close_directory) DIR *d = name ? opendir(name) : NULL;
    enum status s = STATUS_OK;
    if (!d)
        return name && errno == ENOENT
                   ? STATUS_OK
                   : diag_set(diag, STATUS_IO, CLAUSE, 0, "%s.d: %s", file, strerror(errno));
    for (const struct dirent *e = readdir(d); e && s == STATUS_OK; e = readdir(d)) {
        CLEANUP(buffer_free) struct buffer path = {0};
        if (!is_advisory_name(e->d_name))
            continue;
        buffer_append_format(&path, "%s/%s", name, e->d_name);
        const char *text = buffer_text(&path);
        s = text ? load_advisory_file(text, t, diag) : STATUS_NOMEM;
    }
    return s;
}

static enum status
load_advisories(const char *path, struct ek_trust *t, struct diag *diag)
{
    enum status s = path ? load_advisory_file(path, t, diag) : STATUS_NOT_FOUND;
    if (s == STATUS_OK || (s == STATUS_NOT_FOUND && path))
        s = load_drop_ins(path, t, diag);
    if (s == STATUS_NOT_FOUND)
        s = STATUS_OK;
    if (s == STATUS_OK && t->advisories.n_items == 0)
        log_line(LOG_LEVEL_WARNING, "no advisories at %s: no TPM firmware is known as bad",
                 path ? path : "(unset)");
    return s;
}

static void
tell(const struct ek_trust *t, int64_t now_s)
{
    size_t n_stale = ek_roots_count_stale_crls(t->roots, now_s);
    log_line(LOG_LEVEL_INFO, "EK trust: %zu anchors, %zu intermediates, %zu CRLs, %zu advisories",
             ek_roots_n_anchors(t->roots), ek_roots_n_intermediates(t->roots),
             ek_roots_n_crls(t->roots), t->advisories.n_items);
    if (ek_roots_n_anchors(t->roots) == 0)
        log_line(LOG_LEVEL_WARNING, "no EK root is configured: no TPM can be shown to be genuine");
    if (n_stale > 0)
        log_line(LOG_LEVEL_WARNING,
                 "%zu CRLs are past their next update: certificates of their "
                 "issuers are refused until they are replaced",
                 n_stale);
}

static enum status
load(const struct config *config, int64_t now_s, struct counted_trust **out, struct diag *diag)
{
    CLEANUP(releasep) struct counted_trust *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NOMEM;
    atomic_init(&t->references, 1);
    enum status s = ek_roots_new(&t->trust.roots);
    if (s == STATUS_OK)
        s = load_directory(&t->trust, EK_ROOTS_ANCHORS,
                           config_text(config, "enrollment", "ek_roots"), diag);
    if (s == STATUS_OK)
        s = load_directory(&t->trust, EK_ROOTS_BUNDLE,
                           config_text(config, "enrollment", "ek_bundle"), diag);
    if (s == STATUS_OK)
        s = load_advisories(config_text(config, "enrollment", "advisories"), &t->trust, diag);
    if (s != STATUS_OK)
        return s;
    tell(&t->trust, now_s);
    *out = t;
    t = NULL;
    return STATUS_OK;
}

enum status
ek_files_open(const struct config *config, int64_t now_s, struct ek_files **out, struct diag *diag)
{
    struct counted_trust *t = NULL;
    *out = NULL;
    enum status s = load(config, now_s, &t, diag);
    if (s != STATUS_OK)
        return s;
    struct ek_files *files = calloc(1, sizeof *files);
    if (!files || pthread_mutex_init(&files->lock, NULL) != 0) {
        free(files);
        release(t);
        return STATUS_NOMEM;
    }
    files->current = t;
    *out = files;
    return STATUS_OK;
}

enum status
ek_files_reload(struct ek_files *files, const struct config *config, int64_t now_s,
                struct diag *diag)
{
    struct counted_trust *t = NULL;
    enum status s = load(config, now_s, &t, diag);
    if (s != STATUS_OK)
        return s;
    (void)pthread_mutex_lock(&files->lock);
    struct counted_trust *old = files->current;
    files->current = t;
    (void)pthread_mutex_unlock(&files->lock);
    release(old);
    return STATUS_OK;
}

void
ek_files_close(struct ek_files *files)
{
    if (!files)
        return;
    release(files->current);
    (void)pthread_mutex_destroy(&files->lock);
    free(files);
}

const struct ek_trust *
ek_files_get(struct ek_files *files)
{
    (void)pthread_mutex_lock(&files->lock);
    struct counted_trust *t = files->current;
    atomic_fetch_add(&t->references, 1);
    (void)pthread_mutex_unlock(&files->lock);
    return &t->trust;
}

void
ek_files_put(const struct ek_trust *trust)
{
    /* The const is the borrower's: the count is ours. */
    release((struct counted_trust *)(uintptr_t)trust);
}
