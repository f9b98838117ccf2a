/* SPDX-License-Identifier: Apache-2.0 */
/* from: PCR 11 as a TPM has it; to: PCR 11 as its boot log gives it; never: takes off anything but
 * a beginning of the phase sequence. */
#include "ctl/phases.h"

#include "base/cleanup.h"
#include "evidence/replay.h"

#include <stdlib.h>

#define PCR_PHASES 11u

enum status
phases_extend(struct hasher *h, size_t first, size_t end, struct digest *pcr)
{
    enum status s = STATUS_OK;
    for (size_t i = first; s == STATUS_OK && i < end; i++) {
        struct digest phase;
        s = digest_compute(h, pcr->alg, bytes_of_text(replay_phase(i)), &phase);
        if (s == STATUS_OK)
            s = digest_extend(h, pcr, digest_bytes(&phase));
    }
    return s;
}

/* Some beginning of the sequence leads from value to wanted. */
static enum status
leads(struct hasher *h, const struct digest *value, const struct digest *wanted, bool *out)
{
    static const size_t firsts[] = {0, REPLAY_PHASE_HOST};
    enum status s = STATUS_OK;
    *out = false;
    for (size_t f = 0; f < 2 && !*out; f++) {
        struct digest pcr = *value;
        for (size_t i = firsts[f]; s == STATUS_OK && replay_phase(i) && !*out; i++) {
            s = phases_extend(h, i, i + 1, &pcr);
            *out = s == STATUS_OK && digest_equal(&pcr, wanted);
        }
    }
    return s;
}

enum status
phases_strip(struct hasher *h, struct bytes boot_log, struct subject_pcrs *pcrs)
{
    struct reasons unread = {0}; /* whoever reads the log next says them */
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    CLEANUP(free_charp) char *memory = calloc(1, sizeof(struct eventlog_pcrs));
    struct eventlog_pcrs *replayed = (void *)memory;
    bool explained = false;
    if (!replayed)
        return STATUS_NOMEM;
    enum status s = eventlog_parse(boot_log, &log, &unread);
    reasons_free(&unread);
    if (s != STATUS_OK || !log || !(pcrs->present & (1u << PCR_PHASES)))
        return s;
    size_t bank = eventlog_bank(log, pcrs->alg);
    if (bank == log->n_banks)
        return STATUS_OK;
    s = eventlog_replay(h, log, replayed);
    struct digest *value = &replayed->pcr[bank][PCR_PHASES];
    if (s == STATUS_OK)
        s = leads(h, value, &pcrs->pcr[PCR_PHASES], &explained);
    if (s == STATUS_OK && explained)
        pcrs->pcr[PCR_PHASES] = *value;
    return s;
}
