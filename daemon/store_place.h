/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where stored rounds are: for surveys that visit them all. Same contract as store.h.
 */
#pragma once

#include "daemon/store.h"

struct store_place {
    char cursor[STORE_ID_SIZE];
    char device[DEVICE_ID_SIZE];
    char attestation[STORE_ID_SIZE];
};
struct store_place_list {
    struct store_place *items;
    size_t n_items; /* fewer than limit: these are the last */
};
/* The newest round of each device that has one, or the last round of each boot. after: the cursor
 * of the last item of the page before, or NULL. STATUS_INVALID: not one of ours. */
MUST_CHECK enum status store_list_places(struct store *s, bool every_boot, const char *after,
                                         size_t limit, struct store_place_list *out);
void store_place_list_clear(struct store_place_list *l);

/* Where a generation has got to: enrolled and quarantined devices by id. */
struct store_generation_row {
    char device[DEVICE_ID_SIZE];
    char generation[LIMIT_NAME + 1]; /* of the boot that runs; "": none that has a name */
    bool had;                        /* some boot of this device was of the generation asked for */
};
struct store_generation_list {
    struct store_generation_row *items;
    size_t n_items; /* fewer than limit: these are the last */
};
MUST_CHECK enum status store_list_generation(struct store *s, const char *generation,
                                             const char *after, size_t limit,
                                             struct store_generation_list *out);
void store_generation_list_clear(struct store_generation_list *l);
