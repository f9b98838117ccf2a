/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-grub: what GRUB measures on its way to a kernel, over folders that hold
 * what is on the machine's file systems. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/image.h"
#include "image/grub.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLAUSE    "reference"
#define MAX_PAIRS 64u
#define MAX_FILES 1024u

struct pairs {
    struct grub_pair items[MAX_PAIRS];
    char *copies[MAX_PAIRS];
    size_t n;
};

/* Files stay loaded until the run ends, since scripts borrow from them. */
struct grub_disk {
    struct image_work w;
    struct pairs roots; /* device, folder */
    struct pairs volumes;
    struct pairs set;
    struct buffer files[MAX_FILES];
    size_t n_files;
};

static void
free_pairs(struct pairs *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->copies[i]);
}

/* Every --NAME of the command line, "LEFT=RIGHT". */
static enum status
read_pairs(struct image_work *w, const char *option, struct pairs *out)
{
    const char *text = options_get_nth(w->c->options, option, 0);
    for (size_t i = 0; text; text = options_get_nth(w->c->options, option, ++i)) {
        const char *equals = strchr(text, '=');
        if (!equals || equals == text || equals[1] == '\0' || out->n == MAX_PAIRS)
            return diag_set(&w->diag, STATUS_INVALID, CLAUSE, 0, "--%s is LEFT=RIGHT, at most %u",
                            option, MAX_PAIRS);
        char *copy = strdup(text);
        if (!copy)
            return STATUS_NOMEM;
        copy[equals - text] = '\0';
        out->copies[out->n] = copy;
        out->items[out->n++] = (struct grub_pair){copy, copy + (equals - text) + 1};
    }
    return STATUS_OK;
}

static enum status
load(struct grub_disk *d, const char *path, struct grub_file *out)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return STATUS_NOT_FOUND;
    out->is_folder = S_ISDIR(about.st_mode);
    if (out->is_folder)
        return STATUS_OK;
    if (d->n_files == MAX_FILES)
        return diag_set(&d->w.diag, STATUS_LIMIT, CLAUSE, 0, "more than %u files", MAX_FILES);
    struct buffer *file = &d->files[d->n_files];
    enum status s = image_load(&d->w, path, file);
    if (s != STATUS_OK)
        return s;
    d->n_files++;
    out->content = buffer_bytes(file);
    return STATUS_OK;
}

static enum status
find_file(void *context, const char *device, const char *path, struct grub_file *out)
{
    struct grub_disk *d = context;
    CLEANUP(buffer_free) struct buffer name = {0};
    for (size_t i = 0; i < d->roots.n; i++) {
        if (!text_equal(d->roots.items[i].name, device))
            continue;
        buffer_append_format(&name, "%s%s", d->roots.items[i].value, path);
        const char *text = buffer_text(&name);
        return text ? load(d, text, out) : STATUS_NOMEM;
    }
    return STATUS_NOT_FOUND;
}

static enum status
tell_found(struct image_work *w, const struct grub_found *found)
{
    enum status s = STATUS_OK;
    if (found->reads_modules)
        s = set_tell(w->set, "modules count as built into GRUB's image; one that is not is a file "
                             "more in PCR 9");
    if (s == STATUS_OK && found->reads_environment)
        s = set_tell(w->set, "an environment block was read, which changes from boot to boot: make "
                             "its components {\"any\": true} where it does");
    return s;
}

static enum status
measure(struct grub_disk *d, struct buffer *begin)
{
    struct image_work *w = &d->w;
    struct grub_found found = {0};
    const char *prefix = command_option(w->c, "prefix");
    struct grub_options o = {
        .device = d->roots.items[0].name,
        .prefix = prefix ? prefix : "/EFI/debian",
        .begin = buffer_bytes(begin),
        .entry = command_option(w->c, "entry"),
        .set = d->set.items,
        .n_set = d->set.n,
        .volumes = d->volumes.items,
        .n_volumes = d->volumes.n,
        .find = find_file,
        .context = d,
    };
    enum status s = grub_measure(w->h, &o, &w->list, &found, &w->diag);
    if (s == STATUS_OK)
        s = set_add_line(w->set, buffer_bytes(&found.command_line), &w->diag);
    if (s == STATUS_OK)
        s = tell_found(w, &found);
    buffer_free(&found.command_line);
    return s;
}

static void
free_disk(struct grub_disk *d)
{
    free_pairs(&d->roots);
    free_pairs(&d->volumes);
    free_pairs(&d->set);
    for (size_t i = 0; i < d->n_files; i++)
        buffer_free(&d->files[i]);
    free(d);
}

int
image_from_grub(struct context *c)
{
    CLEANUP(buffer_free) struct buffer begin = {0};
    struct grub_disk *d = calloc(1, sizeof *d);
    const char *path = command_option(c, "begin");
    if (!d)
        return command_fail(STATUS_NOMEM, NULL);
    enum status s = image_begin(c, "pc", &d->w);
    if (s == STATUS_OK)
        s = read_pairs(&d->w, "root", &d->roots);
    if (s == STATUS_OK)
        s = read_pairs(&d->w, "volume", &d->volumes);
    if (s == STATUS_OK)
        s = read_pairs(&d->w, "set", &d->set);
    if (s == STATUS_OK && d->roots.n == 0)
        s = diag_set(&d->w.diag, STATUS_INVALID, CLAUSE, 0, "--root DEVICE=DIR is missing");
    if (s == STATUS_OK && path)
        s = image_load(&d->w, path, &begin);
    d->w.by_line = true;
    if (s == STATUS_OK) {
        path = "GRUB";
        s = measure(d, &begin);
    }
    int rc = image_end(&d->w, s, path);
    free_disk(d);
    return rc;
}
