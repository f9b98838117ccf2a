/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-pcrlock, from-keylime: what other tools made, and what of it was not
 * taken over. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/image.h"
#include "image/keylime.h"
#include "image/pcrlock.h"

#include <string.h>

enum status
image_tell_leftovers(struct set *set, const struct leftovers *l)
{
    size_t at = 0;
    enum status s = leftovers_check(l);
    for (const char *text = leftovers_next(l, &at); s == STATUS_OK && text;
         text = leftovers_next(l, &at))
        s = set_tell(set, "not taken over: %s", text);
    if (s == STATUS_OK && l->n > l->n_kept)
        s = set_tell(set, "not taken over: %zu more", l->n - l->n_kept);
    return s;
}

/* ---- systemd-pcrlock ---- */

/* The role of a component is its name: "630-boot-loader-code.pcrlock" and the folder
 * "630-boot-loader-code.pcrlock.d" are both boot-loader-code. */
static void
role_of(const char *path, char out[static MEASUREMENT_ROLE_SIZE])
{
    static const char folder[] = ".pcrlock.d/";
    const char *end = strstr(path, folder);
    const char *begin = path;
    if (end) {
        for (const char *at = path; at < end; at++)
            begin = *at == '/' ? at + 1 : begin;
    } else {
        begin = image_base_name(path);
        end = strstr(begin, ".pcrlock");
    }
    size_t size = end ? (size_t)(end - begin) : strlen(begin);
    size_t number = strspn(begin, "0123456789");
    if (number > 0 && number + 1 < size && begin[number] == '-') {
        begin += number + 1;
        size -= number + 1;
    }
    (void)snprintf(out, MEASUREMENT_ROLE_SIZE, "%.*s",
                   (int)(size < MEASUREMENT_ROLE_SIZE ? size : MEASUREMENT_ROLE_SIZE - 1), begin);
}

static bool
is_variant(const char *path, const char *before)
{
    char role[2][MEASUREMENT_ROLE_SIZE];
    if (!before || !strstr(path, ".pcrlock.d/") || !strstr(before, ".pcrlock.d/"))
        return false;
    role_of(path, role[0]);
    role_of(before, role[1]);
    return text_equal(role[0], role[1]);
}

struct pcrlock_work {
    struct image_work w;
    struct leftovers leftovers;
    struct measurements variant; /* the records of one file */
    size_t first, n_first;       /* of the component whose variants follow, in w.list */
};

static enum status
insert(struct measurements *list, size_t at, const struct measurement *m)
{
    enum status s = measurements_add(list, m);
    if (s != STATUS_OK)
        return s;
    memmove(&list->items[at + 1], &list->items[at], (list->n - 1 - at) * sizeof *m);
    list->items[at] = *m;
    return STATUS_OK;
}

/* The variant extends the same PCRs in the same order as the component's first; step: a record of
 * that and its values so far. */
static bool
fits(const struct pcrlock_work *p, size_t step)
{
    bool same = p->variant.n == p->n_first;
    for (size_t i = 0; same && i < p->n_first; i++)
        same = p->variant.items[i].pcr == p->w.list.items[p->first + i * step].pcr;
    return same;
}

/* Each record of a variant goes behind the record that it is another value of. */
static enum status
add_variant(struct pcrlock_work *p, const char *path)
{
    struct measurements *list = &p->w.list;
    size_t step = p->n_first > 0 ? (list->n - p->first) / p->n_first : 0;
    enum status s = STATUS_OK;
    if (!fits(p, step)) {
        leftovers_add(&p->leftovers,
                      "%s: a variant with other records than the first: make a set of its own",
                      path);
        return STATUS_OK;
    }
    for (size_t i = 0; s == STATUS_OK && i < p->variant.n; i++) {
        p->variant.items[i].alternative = true;
        s = insert(list, p->first + (i + 1) * step + i, &p->variant.items[i]);
    }
    return s;
}

static enum status
add_component(struct pcrlock_work *p)
{
    enum status s = STATUS_OK;
    p->first = p->w.list.n;
    p->n_first = p->variant.n;
    for (size_t i = 0; s == STATUS_OK && i < p->variant.n; i++)
        s = measurements_add(&p->w.list, &p->variant.items[i]);
    return s;
}

static enum status
add_pcrlock(struct pcrlock_work *p, const char *path, const char *before)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    char role[MEASUREMENT_ROLE_SIZE];
    role_of(path, role);
    p->variant.n = 0;
    enum status s = image_load(&p->w, path, &text);
    if (s == STATUS_OK)
        s = pcrlock_read(buffer_bytes(&text), role, image_base_name(path), &p->variant,
                         &p->leftovers, &p->w.diag);
    if (s != STATUS_OK)
        return s;
    return is_variant(path, before) ? add_variant(p, path) : add_component(p);
}

int
image_from_pcrlock(struct context *c)
{
    struct pcrlock_work p = {0};
    const char *path = NULL;
    enum status s = image_begin(c, "pc", &p.w);
    p.w.by_line = true;
    for (size_t i = 0; s == STATUS_OK && i < c->n_arguments; i++) {
        path = c->arguments[i];
        s = add_pcrlock(&p, path, i > 0 ? c->arguments[i - 1] : NULL);
    }
    if (s == STATUS_OK)
        s = image_tell_leftovers(p.w.set, &p.leftovers);
    int rc = image_end(&p.w, s, path);
    measurements_free(&p.variant);
    leftovers_free(&p.leftovers);
    return rc;
}

/* ---- Keylime ---- */

static enum status
visit_digest(void *context, const struct digest *digest)
{
    struct image_work *w = context;
    return set_add_file(w->set, digest);
}

static enum status
add_keylime(struct image_work *w, const char *path, struct leftovers *leftovers)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = image_load(w, path, &text);
    if (s != STATUS_OK)
        return s;
    if (command_option(w->c, "boot"))
        return keylime_read_boot(buffer_bytes(&text), &w->list, leftovers, &w->diag);
    return keylime_read_policy(buffer_bytes(&text), visit_digest, w, leftovers, &w->diag);
}

int
image_from_keylime(struct context *c)
{
    struct image_work w;
    struct leftovers leftovers = {0};
    const char *path = c->arguments[0];
    enum status s = image_begin(c, command_option(c, "boot") ? "pc" : NULL, &w);
    w.by_line = true;
    if (s == STATUS_OK)
        s = add_keylime(&w, path, &leftovers);
    if (s == STATUS_OK)
        s = image_tell_leftovers(w.set, &leftovers);
    int rc = image_end(&w, s, path);
    leftovers_free(&leftovers);
    return rc;
}
