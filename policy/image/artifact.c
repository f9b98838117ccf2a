/* SPDX-License-Identifier: Apache-2.0 */
/* from: names and digests of a manifest; to: whether files are what it states; never: a name that
 * leads out of the bundle. */
#include "image/artifact.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define CLAUSE "bundle"

/* Names are opened in a folder, so none may lead elsewhere. */
static bool
is_plain(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size < ARTIFACT_NAME_SIZE && name[0] != '.' && !strchr(name, '/') &&
           text_is_printable(bytes_of(name, size));
}

enum status
artifacts_add(struct artifacts *list, const char *name, const char *role, struct artifact **out,
              struct diag *diag)
{
    if (!is_plain(name))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "a file's name is no plain name");
    if (list->n == ARTIFACT_MAX)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "more than %u files", ARTIFACT_MAX);
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct artifact *items = reallocarray(list->items, room, sizeof *items);
        if (!items)
            return STATUS_NOMEM;
        list->items = items;
        list->room = room;
    }
    struct artifact *a = &list->items[list->n++];
    *a = (struct artifact){0};
    (void)text_copy(a->name, sizeof a->name, name);
    (void)text_escape(bytes_of_text(role), a->role, sizeof a->role);
    *out = a;
    return STATUS_OK;
}

enum status
artifact_state(struct artifact *a, const char *sha256, struct diag *diag)
{
    struct digest d = {.alg = ALG_SHA256, .size = DIGEST_SHA256_SIZE};
    if (text_parse_hex_exact(sha256, d.data, d.size) != STATUS_OK)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s: its sha256 is not 64 hex digits",
                        a->name);
    a->stated = d;
    return STATUS_OK;
}

enum status
artifacts_compare(struct artifacts *list, struct hasher *h, const char *name, struct bytes content,
                  size_t *n, struct diag *diag)
{
    struct digest found;
    enum status s = digest_compute(h, ALG_SHA256, content, &found);
    *n = 0;
    for (size_t i = 0; s == STATUS_OK && i < list->n; i++) {
        struct artifact *a = &list->items[i];
        if (!text_equal(a->name, name))
            continue;
        a->seen = true;
        *n += 1;
        if (a->has_size && a->stated_size != content.size)
            s = diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                         "%s: it has %zu bytes, the manifest states %llu", a->name, content.size,
                         (unsigned long long)a->stated_size);
        else if (a->stated.size > 0 && !digest_equal(&a->stated, &found))
            s = diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                         "%s: its SHA-256 is not the one that the manifest states", a->name);
    }
    return s;
}

void
artifacts_free(struct artifacts *list)
{
    free(list->items);
    *list = (struct artifacts){0};
}
