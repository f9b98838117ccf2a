/* SPDX-License-Identifier: Apache-2.0 */
/* from: texts of a run; to: copies that live as long as it does; never: more than its limit. */
#include "base/text.h"
#include "image/grub_work.h"

#include <stdlib.h>
#include <string.h>

struct grub_kept {
    struct grub_kept *next;
    max_align_t data[];
};

void *
grub_alloc(struct grub_run *r, size_t size)
{
    if (size > GRUB_MAX_MEMORY - r->n_kept)
        return NULL;
    struct grub_kept *one = calloc(1, sizeof *one + size);
    if (!one)
        return NULL;
    one->next = r->kept;
    r->kept = one;
    r->n_kept += size;
    return one->data;
}

char *
grub_keep(struct grub_run *r, struct bytes text)
{
    char *copy = grub_alloc(r, text.size + 1);
    if (copy && text.size > 0)
        memcpy(copy, text.data, text.size);
    return copy;
}

void
grub_forget(struct grub_run *r)
{
    while (r->kept) {
        struct grub_kept *next = r->kept->next;
        free(r->kept);
        r->kept = next;
    }
}

static struct grub_pair *
find(const struct grub_run *r, const char *name)
{
    for (size_t i = 0; i < r->n_variables; i++) {
        if (text_equal(r->variables[i].name, name))
            return &r->variables[i];
    }
    return NULL;
}

const char *
grub_get(const struct grub_run *r, const char *name)
{
    const struct grub_pair *one = find(r, name);
    return one ? one->value : "";
}

enum status
grub_set(struct grub_run *r, const char *name, const char *value)
{
    struct grub_pair *one = find(r, name);
    const char *copy = grub_keep(r, bytes_of_text(value));
    if (!copy || (!one && r->n_variables == GRUB_MAX_VARIABLES))
        return grub_refuse(r, STATUS_LIMIT, "too many variables, or too large", "");
    if (!one) {
        one = &r->variables[r->n_variables];
        one->name = grub_keep(r, bytes_of_text(name));
        if (!one->name)
            return STATUS_NOMEM;
        r->n_variables++;
    }
    one->value = copy;
    return STATUS_OK;
}
