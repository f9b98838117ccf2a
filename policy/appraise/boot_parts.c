/* SPDX-License-Identifier: Apache-2.0 */
/* from: the chosen match; to: which event was taken for which component; never: judges. */
#include "appraise/boot.h"

enum status
boot_tell_parts(const struct judge *j, const struct boot *b)
{
    struct judge_parts *parts = j->parts;
    const struct boot_match *m = &b->match;
    if (parts->n > 0 || m->n_taken == 0)
        return STATUS_OK;
    parts->items = arena_alloc_array(parts->arena, m->n_taken, sizeof *parts->items);
    if (!parts->items)
        return STATUS_NOMEM;
    for (size_t i = 0; i < m->n_taken; i++)
        parts->items[parts->n++] = (struct appraisal_part){.event = m->taken[i].event,
                                                           .role = m->taken[i].component->role};
    return STATUS_OK;
}
