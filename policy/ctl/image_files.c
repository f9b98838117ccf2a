/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-files, from-deb, from-sums: the digests of files, for IMA or as
 * components. */
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/image.h"
#include "image/deb.h"
#include "image/pe.h"
#include "image/sums.h"

#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CLAUSE    "reference"
#define PCR_IMAGE 4u
#define MAX_ALGS  4u

/* What becomes of each file. */
struct files_work {
    struct image_work w;
    uint16_t algs[MAX_ALGS];
    size_t n_algs;
    size_t n_files;
    bool components; /* --pcr: a component of that PCR, not a digest for IMA */
    bool images;     /* --images: PE images in packages are components of PCR 4 as well */
    uint64_t pcr;
};

static enum status
read_algs(struct files_work *f)
{
    const char *name = options_get_nth(f->w.c->options, "hash", 0);
    if (!name)
        f->algs[f->n_algs++] = ALG_SHA256;
    for (size_t i = 0; name; name = options_get_nth(f->w.c->options, "hash", ++i)) {
        const struct alg *alg = alg_by_name(name);
        if (!alg || f->n_algs == MAX_ALGS)
            return diag_set(&f->w.diag, STATUS_INVALID, CLAUSE, 0,
                            "--hash is sha1, sha256, sha384 or sha512, each once");
        f->algs[f->n_algs++] = alg->id;
    }
    return STATUS_OK;
}

static enum status
begin(struct context *c, struct files_work *f)
{
    *f = (struct files_work){.components = command_option(c, "pcr") != NULL,
                             .images = command_option(c, "images") != NULL};
    enum status s = image_begin(c, NULL, &f->w);
    if (s == STATUS_OK)
        s = read_algs(f);
    return s == STATUS_OK ? image_number(&f->w, "pcr", LIMIT_PCRS - 1, &f->pcr) : s;
}

static enum status
add_digests(struct files_work *f, struct bytes content)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < f->n_algs; i++) {
        struct digest digest;
        s = digest_compute(f->w.h, f->algs[i], content, &digest);
        if (s == STATUS_OK)
            s = set_add_file(f->w.set, &digest);
    }
    f->n_files++;
    return s;
}

/* ---- files and folders ---- */

static enum status
add_component(struct files_work *f, const char *path, struct bytes content)
{
    const char *role = options_get_nth(f->w.c->options, "role", f->n_files++);
    const char *name = image_base_name(path);
    if (!role)
        role = command_option(f->w.c, "role");
    return measurements_add_data(
        &f->w.list, f->w.h,
        measurement_of((uint32_t)f->pcr, role ? role : name, bytes_of_text(name)), content);
}

static enum status
add_path(struct files_work *f, const char *path)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    enum status s = image_load(&f->w, path, &content);
    if (s != STATUS_OK)
        return s;
    return f->components ? add_component(f, path, buffer_bytes(&content))
                         : add_digests(f, buffer_bytes(&content));
}

static int
order_entries(const FTSENT **a, const FTSENT **b)
{
    return text_order((*a)->fts_name, (*b)->fts_name);
}

static void
close_tree(FTS **tree)
{
    if (*tree)
        (void)fts_close(*tree);
}

static enum status
add_entry(struct files_work *f, const FTSENT *e)
{
    switch (e->fts_info) {
    case FTS_F:
        return add_path(f, e->fts_path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        return diag_set(&f->w.diag, STATUS_IO, CLAUSE, 0, "%.100s: %s", e->fts_path,
                        strerror(e->fts_errno));
    default: /* folders, links (never followed), devices: IMA measures what they lead to */
        return STATUS_OK;
    }
}

/* A file, or all regular files of a folder on its file system, in the order of their names. */
static enum status
add_tree(struct files_work *f, const char *path)
{
    CLEANUP(free_charp) char *copy = strdup(path);
    char *paths[] = {copy, NULL};
    if (!copy)
        return STATUS_NOMEM;
    CLEANUP(close_tree)
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, order_entries);
    enum status s = tree ? STATUS_OK : STATUS_NOMEM;
    for (FTSENT *e = NULL; s == STATUS_OK && (e = fts_read(tree)) != NULL;)
        s = add_entry(f, e);
    return s;
}

int
image_from_files(struct context *c)
{
    struct files_work f;
    enum status s = begin(c, &f);
    for (size_t i = 0; s == STATUS_OK && i < c->n_arguments; i++)
        s = add_tree(&f, c->arguments[i]);
    if (s == STATUS_OK && f.n_files == 0)
        s = diag_set(&f.w.diag, STATUS_INVALID, CLAUSE, 0, "no regular file there");
    return image_end(&f.w, s, NULL);
}

/* ---- packages ---- */

static enum status
add_image(struct files_work *f, const char *path, struct bytes content)
{
    struct pe pe;
    const char *name = image_base_name(path);
    struct measurement m = measurement_of(PCR_IMAGE, text_starts(name, "vmlinuz") ? "kernel" : name,
                                          bytes_of_text(path));
    enum status s = pe_parse(content, &pe, &f->w.diag);
    for (size_t i = 0; s == STATUS_OK && i < MEASUREMENT_N_ALGS; i++)
        s = pe_digest(f->w.h, &pe, measurement_alg(i), &m.digests[i]);
    return s == STATUS_OK ? measurements_add(&f->w.list, &m) : s;
}

static enum status
visit_file(void *context, const char *path, struct bytes content)
{
    struct files_work *f = context;
    enum status s = add_digests(f, content);
    return s == STATUS_OK && f->images && pe_is(content) ? add_image(f, path, content) : s;
}

int
image_from_deb(struct context *c)
{
    struct files_work f;
    const char *path = NULL;
    enum status s = begin(c, &f);
    for (size_t i = 0; s == STATUS_OK && i < c->n_arguments; i++) {
        CLEANUP(buffer_free) struct buffer file = {0};
        path = c->arguments[i];
        s = image_load(&f.w, path, &file);
        if (s == STATUS_OK)
            s = deb_read(buffer_bytes(&file), visit_file, &f, &f.w.diag);
        f.w.unread = f.w.unread || s == STATUS_NOT_FOUND;
    }
    return image_end(&f.w, s, path);
}

/* ---- lists ---- */

static enum status
visit_sum(void *context, const struct digest *digest, struct bytes name)
{
    struct files_work *f = context;
    (void)name;
    return set_add_file(f->w.set, digest);
}

int
image_from_sums(struct context *c)
{
    struct files_work f;
    const char *path = NULL;
    enum status s = begin(c, &f);
    f.w.by_line = true;
    for (size_t i = 0; s == STATUS_OK && i < c->n_arguments; i++) {
        CLEANUP(buffer_free) struct buffer file = {0};
        path = c->arguments[i];
        s = image_load(&f.w, path, &file);
        if (s == STATUS_OK)
            s = sums_read(buffer_bytes(&file), visit_sum, &f, &f.w.diag);
    }
    return image_end(&f.w, s, path);
}
