/* SPDX-License-Identifier: Apache-2.0 */
/* from: one event after the other; to: whether U-Boot has closed its log; never: takes a log for
 * U-Boot's that does not begin as one. */
#include "evidence/eventlog_region.h"

#include <string.h>

#define N_SEPARATORS 8u

static const uint8_t closing[][4] = {{0xFF, 0xFF, 0xFF, 0xFF}, {1, 0, 0, 0}};

static bool
is_version(const struct event *e)
{
    size_t n = strlen(EVENTLOG_UBOOT);
    return e->pcr == 0 && e->type == EVENT_S_CRTM_VERSION &&
           bytes_equal(bytes_slice(e->data, 0, n), bytes_of(EVENTLOG_UBOOT, n));
}

/* The separator of this PCR with one of the values that end a boot. */
static bool
is_closing(const struct event *e, uint32_t pcr)
{
    if (e->pcr != pcr || e->type != EVENT_SEPARATOR)
        return false;
    for (size_t i = 0; i < sizeof closing / sizeof closing[0]; i++) {
        if (bytes_equal(e->data, bytes_of(closing[i], sizeof closing[i])))
            return true;
    }
    return false;
}

void
eventlog_region_step(struct eventlog_region *region, const struct event *e)
{
    if (!eventlog_is_extend(e))
        return;
    if (!region->begun)
        region->uboot = is_version(e);
    region->begun = true;
    if (is_closing(e, region->n_closed))
        region->n_closed++;
    else
        region->n_closed = is_closing(e, 0) ? 1 : 0;
}

bool
eventlog_region_is_closed(const struct eventlog_region *region)
{
    return region->uboot && region->n_closed == N_SEPARATORS;
}

bool
eventlog_region_is_filler(struct bytes rest)
{
    if (rest.size > 0 && rest.data[0] != 0x00 && rest.data[0] != 0xFF)
        return false;
    size_t n = 0;
    while (n < rest.size && rest.data[n] == rest.data[0])
        n++;
    return n == rest.size;
}
