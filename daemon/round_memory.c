/* SPDX-License-Identifier: Apache-2.0 */
/* from: a committed round and its row; to: the device and boot as the store now has them, kept for
 * the next round; never: keeps anything of a round that was not committed. */
#include "base/text.h"
#include "daemon/round.h"

#include <stdlib.h>
#include <string.h>

bool
round_memory_take(struct round *round, struct device_memory *m, const char *device_id)
{
    struct device_remembered r;
    if (!device_memory_take(m, device_id, &r))
        return false;
    round->device = r.device;
    round->boot = r.boot;
    round->tpm_kept = r.tpm;
    round->ak = r.ak;
    memcpy(round->ak_thumbprint, r.ak_thumbprint, sizeof round->ak_thumbprint);
    round->remembered = true;
    return true;
}

/* What the commit of row did to the device's row. announcement is d's from now on. */
static void
follow_device(struct store_device *d, const struct store_round *row, char *announcement)
{
    free(d->announcement_json);
    d->announcement_json = announcement;
    d->version = row->version + 1;
    d->spent_ms = row->spent_ms;
    d->attested_s = row->time_s;
    d->counters = row->counters;
    if (row->good) {
        d->last_good_present = true;
        d->last_good = row->pcrs;
    }
}

/* What it did to the boot's record. */
static void
follow_boot(struct store_boot *b, const struct store_round *row)
{
    b->reset_count = row->counters.reset_count;
    b->restart_count = row->counters.restart_count;
    b->state = row->state;
    b->ima_size += row->ima_segment.size;
    b->pcrs = row->pcrs.alg != 0 ? row->pcrs : (struct subject_pcrs){0};
    if (row->boot_log_present) {
        b->boot_log_present = true;
        memcpy(b->boot_log_sha256, row->boot_log_sha256, sizeof b->boot_log_sha256);
    }
    if (row->generation[0] != '\0')
        (void)text_copy(b->generation, sizeof b->generation, row->generation);
    if (row->last_generation[0] != '\0')
        (void)text_copy(b->last_generation, sizeof b->last_generation, row->last_generation);
}

void
round_memory_put(struct round *round, struct device_memory *m, const struct store_round *row)
{
    if (row->new_boot) /* whose number only the store knows */
        return;
    char *announcement = row->announcement_json ? strdup(row->announcement_json) : NULL;
    if (row->announcement_json && !announcement)
        return;
    struct device_remembered r = {
        .device = round->device, .boot = round->boot, .tpm = round->tpm_kept, .ak = round->ak};
    memcpy(r.ak_thumbprint, round->ak_thumbprint, sizeof r.ak_thumbprint);
    round->device = (struct store_device){0};
    round->ak = NULL;
    follow_device(&r.device, row, announcement);
    follow_boot(&r.boot, row);
    device_memory_put(m, &r);
}
