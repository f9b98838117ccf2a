/* SPDX-License-Identifier: Apache-2.0 */
/* from: content and what it is; to: the events that it gives; never: reads a file. */
#include "image/measurement.h"

#include "base/limits.h"
#include "base/text.h"

#include <stdlib.h>

static const uint16_t algs[MEASUREMENT_N_ALGS] = {ALG_SHA256, ALG_SHA384};

struct measurement
measurement_of(uint32_t pcr, const char *role, struct bytes name)
{
    struct measurement m = {.pcr = pcr, .min = 1, .max = 1};
    (void)text_copy(m.role, sizeof m.role, role);
    (void)text_escape(name, m.name, sizeof m.name);
    return m;
}

uint16_t
measurement_alg(size_t i)
{
    return i < MEASUREMENT_N_ALGS ? algs[i] : ALG_NULL;
}

enum status
measurement_digest(struct hasher *h, const struct bytes *parts, size_t n_parts,
                   struct measurement *m)
{
    for (size_t i = 0; i < MEASUREMENT_N_ALGS; i++) {
        enum status s = digest_compute_parts(h, algs[i], parts, n_parts, &m->digests[i]);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

enum status
measurements_add(struct measurements *list, const struct measurement *m)
{
    if (list->n >= LIMIT_MEASUREMENTS)
        return STATUS_LIMIT;
    if (list->n == list->room) {
        size_t room = list->room == 0 ? 16 : 2 * list->room;
        struct measurement *items = reallocarray(list->items, room, sizeof *items);
        if (!items)
            return STATUS_NOMEM;
        list->items = items;
        list->room = room;
    }
    list->items[list->n++] = *m;
    return STATUS_OK;
}

enum status
measurements_add_data(struct measurements *list, struct hasher *h, struct measurement m,
                      struct bytes data)
{
    enum status s = measurement_digest(h, &data, 1, &m);
    return s == STATUS_OK ? measurements_add(list, &m) : s;
}

void
measurements_free(struct measurements *list)
{
    free(list->items);
    *list = (struct measurements){0};
}
