/* SPDX-License-Identifier: Apache-2.0 */
/* from: a quote, what came with it and what is held; to: the boot it belongs to and the logs to
 * replay; never: takes the device's word for a boot that goes on. [protocol 4] */
#include "base/log.h"
#include "daemon/round.h"

#include <string.h>

/* PCR 0 to 7 are those of this boot's last round. */
static bool
firmware_pcrs_equal(const struct round *round)
{
    const struct subject_pcrs *last = &round->boot.pcrs;
    for (uint32_t pcr = 0; pcr <= 7; pcr++) {
        const struct digest *now = quote_pcr(round->quote, last->alg, pcr);
        if (!now || !(last->present & (1u << pcr)) || !digest_equal(now, &last->pcr[pcr]))
            return false;
    }
    return true;
}

/* A boot goes on while resetCount is equal and every restart is proven a resume: by PCR 0 to 7, and
 * by an IMA list that goes on, which replay shows. Without a list a suspend that lost power looks
 * the same, and is a boot. [protocol 4] */
static void
compare_counters(struct round *round)
{
    const struct quote_counters *c = quote_counters(round->quote);
    const struct store_boot *boot = &round->boot;
    bool same_reset = boot->id != 0 && c->reset_count == boot->reset_count;
    /* With a clock that fell they are the counters of a TPM that was cleared or restored. */
    bool same_run = same_reset && c->restart_count == boot->restart_count &&
                    c->clock_ms >= round->device.counters.clock_ms;
    round->restarted = same_reset && c->restart_count > boot->restart_count &&
                       boot->state.n_entries > 0 && firmware_pcrs_equal(round);
    round->new_boot = !same_run && !round->restarted;
}

static enum status
resolve_boot(struct round *round, struct store *store)
{
    if (round->device.boot != 0 && !round->remembered) {
        enum status s = store_get_boot(store, round->device.boot, &round->boot);
        if (s != STATUS_OK)
            return s;
    }
    compare_counters(round);
    return STATUS_OK;
}

/* The device may send it whole. */
static enum status
want_log(struct reasons *reasons, const char *which)
{
    reason_set_what(reasons_add(reasons, REASON_LOG_WANTED), which);
    return STATUS_OK;
}

/* A kept log that is gone or damaged is asked for again; any other status is the store's own. */
static bool
is_readable(const struct round *round, enum status s)
{
    if (s == STATUS_STORE)
        log_line(LOG_LEVEL_ERROR, "store: a kept log of %s cannot be read", round->device.id);
    return s != STATUS_STORE && s != STATUS_NOT_FOUND;
}

enum status
round_load_log(struct round *round, struct store *store, struct reasons *reasons)
{
    if (!round->input.boot_log_present || round->input.boot_log.data)
        return STATUS_OK;
    enum status s =
        store_get_log(store, round->device.id, round->boot_log_sha256, &round->held_log);
    if (!is_readable(round, s))
        return want_log(reasons, "boot-log");
    round->input.boot_log = buffer_bytes(&round->held_log);
    return s;
}

/* The log of the device's last round, so one that it has sent: read only to be replayed. */
static bool
is_last_log(const struct round *round)
{
    return round->boot.boot_log_present &&
           digest_bytes_equal(bytes_of(round->boot.boot_log_sha256, DIGEST_SHA256_SIZE),
                              bytes_of(round->boot_log_sha256, DIGEST_SHA256_SIZE));
}

static enum status
resolve_boot_log(struct round *round, struct store *store, struct reasons *reasons)
{
    const struct manifest_entry *named = &quote_manifest(round->quote)->entries[MANIFEST_BOOT_LOG];
    round->input.boot_log_present = named->present;
    if (!named->present)
        return STATUS_OK;
    memcpy(round->boot_log_sha256, named->sha256, sizeof round->boot_log_sha256);
    if (round->evidence.present[EVIDENCE_BOOT_LOG]) {
        round->input.boot_log = round->evidence.member[EVIDENCE_BOOT_LOG];
        return STATUS_OK;
    }
    return is_last_log(round) ? STATUS_OK : round_load_log(round, store, reasons);
}

/* What is held of the boot does not count: a record of its own, and a list from its start. */
static void
forget_boot(struct round *round)
{
    round->new_boot = true;
    round->restarted = false;
    buffer_free(&round->held_ima);
    standing_unrefp(&round->standing);
    round->input.state = (struct replay_state){0};
    round->input.ima_starts_over = false;
    round->input.ima_older = (struct bytes){0};
    round->input.ima = round->evidence.member[EVIDENCE_IMA];
}

bool
round_begin_boot(struct round *round, struct reasons *reasons)
{
    forget_boot(round);
    if (round->evidence.ima_offset == 0)
        return true;
    reason_set_what(reasons_add(reasons, REASON_LOG_WANTED), "ima");
    return false;
}

/* The part of what is held that is the running kernel's list. */
static enum status
find_list(const struct round *round, struct bytes *out)
{
    struct bytes held = buffer_bytes(&round->held_ima);
    struct ima_reader r;
    enum status s = ima_open_joined(held, &r);
    for (uint64_t i = 0; s == STATUS_OK && i < round->boot.state.list_first; i++) {
        struct ima_entry e;
        s = ima_next(&r, NULL, &e, NULL);
    }
    *out = bytes_slice(held, r.offset, held.size - r.offset);
    return s == STATUS_OK || s == STATUS_NOMEM ? s : STATUS_STORE;
}

/* A list sent from its start: what is held of it is not replayed anew. Another list is another
 * kernel's. Where the TPM did not restart it was put in its place by kexec, and goes on from the
 * remembered value; it cannot take back what is remembered. After a restart it is another boot's.
 */
static enum status
skip_held(struct round *round)
{
    struct bytes *sent = &round->input.ima;
    struct bytes list = {0};
    enum status s = find_list(round, &list);
    if (s != STATUS_OK)
        return s;
    bool begins = list.size > 0 && sent->size >= list.size &&
                  bytes_equal(bytes_slice(*sent, 0, list.size), list);
    if (begins)
        *sent = bytes_slice(*sent, list.size, sent->size - list.size);
    else if (round->restarted)
        forget_boot(round);
    else
        round->input.ima_starts_over = true;
    return STATUS_OK;
}

static bool
is_known(const struct round *round, int64_t now_s)
{
    struct subject subject;
    round_subject(round, &subject);
    const struct appraisal_input input = {.documents = round->documents,
                                          .subject = &subject,
                                          .standing = round->standing,
                                          .now_s = now_s};
    return appraise_knows(&input, &round->input.state);
}

/* The kept segments, when the rules need them or a list has to be compared with them. */
static enum status
load_held(struct round *round, struct store *store, bool known, struct reasons *reasons)
{
    bool whole = round->evidence.ima_offset == 0 && round->input.ima.size > 0;
    if (known && !whole)
        return STATUS_OK;
    enum status s = store_get_ima(store, round->boot.id, &round->held_ima);
    if (!is_readable(round, s)) {
        (void)round_begin_boot(round, reasons);
        return STATUS_OK;
    }
    if (s == STATUS_OK && whole)
        s = skip_held(round);
    if (s == STATUS_OK && !known && !round->new_boot)
        round->input.ima_older = buffer_bytes(&round->held_ima);
    return s;
}

static enum status
resolve_ima(struct round *round, struct verifier *v, struct hasher *h, int64_t now_s,
            struct reasons *reasons)
{
    const struct replay_state *state = &round->boot.state;
    uint64_t offset = round->evidence.ima_offset;
    round->input.ima_present = round->evidence.present[EVIDENCE_IMA];
    round->input.ima = round->evidence.member[EVIDENCE_IMA];
    if (offset > 0 && (round->new_boot || offset != state->n_entries - state->list_first))
        return want_log(reasons, "ima");
    if (round->new_boot || state->n_entries == 0)
        return STATUS_OK;
    round->input.state = *state;
    uint8_t digest[DIGEST_SHA256_SIZE];
    enum status s = round_state_sha256(h, state, digest);
    if (s != STATUS_OK)
        return s;
    round->standing = ima_memory_get(v->ima_memory, round->device.id, digest);
    return load_held(round, v->store, is_known(round, now_s), reasons);
}

/* The userspace log is small, and replayed from its start. */
static enum status
resolve_userspace_log(struct round *round, struct reasons *reasons)
{
    round->input.userspace_present = round->evidence.present[EVIDENCE_USERSPACE_LOG];
    round->input.userspace_log = round->evidence.member[EVIDENCE_USERSPACE_LOG];
    round->input.userspace_incomplete = round->evidence.userspace_incomplete;
    return round->evidence.userspace_offset > 0 ? want_log(reasons, "userspace-log") : STATUS_OK;
}

enum status
round_resolve(struct round *round, struct verifier *v, struct hasher *h, int64_t now_s,
              struct reasons *reasons)
{
    enum status s = resolve_boot(round, v->store);
    if (s == STATUS_OK)
        s = resolve_boot_log(round, v->store, reasons);
    if (s == STATUS_OK && reasons->n_items == 0)
        s = resolve_ima(round, v, h, now_s, reasons);
    if (s == STATUS_OK && reasons->n_items == 0)
        s = resolve_userspace_log(round, reasons);
    return s;
}
