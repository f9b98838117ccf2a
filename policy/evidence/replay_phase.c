/* SPDX-License-Identifier: Apache-2.0 */
/* from: PCR 11 after the boot log; to: the phase that systemd has reached, where no log says it;
 * never: accepts a phase out of order. [systemd-pcrphase.service(8); appraisal 3] */
#include "evidence/replay_work.h"

#define PCR_PHASES  11u
#define FIRST_PHASE 0u

/* What systemd extends into PCR 11 as it goes, in order. [systemd-pcrphase.service(8)] */
const char *const replay_phases[REPLAY_N_PHASES] = {
    "enter-initrd", "leave-initrd", "sysinit", "ready", "shutdown", "final",
};

const char *
replay_phase(size_t i)
{
    return i < REPLAY_N_PHASES ? replay_phases[i] : NULL;
}

/* Extend the phases [first, end) after the boot log; true when every quoted bank then agrees. */
static enum status
try_phases(struct replay_work *w, size_t first, size_t end, bool *agrees)
{
    *agrees = false;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *quoted = replay_quoted(w, bank, PCR_PHASES);
        struct digest pcr = w->boot[bank][PCR_PHASES];
        for (size_t i = first; quoted && i < end; i++) {
            struct digest phase;
            enum status s = digest_compute(w->h, pcr.alg, bytes_of_text(replay_phases[i]), &phase);
            if (s == STATUS_OK)
                s = digest_extend(w->h, &pcr, digest_bytes(&phase));
            if (s != STATUS_OK)
                return s == STATUS_UNSUPPORTED ? STATUS_OK : s;
        }
        if (quoted && !digest_equal(quoted, &pcr))
            return STATUS_OK;
    }
    *agrees = true;
    return STATUS_OK;
}

void
replay_note_phase(struct replay_work *w, const char *phase)
{
    struct reason *r = reasons_add_at(w->reasons, REASON_BOOT_PHASE, REASON_LOG_NONE,
                                      (int32_t)PCR_PHASES, REASON_NO_EVENT);
    r->bound = true;
    reason_set_found(r, phase);
}

/* PCR 11 grows in user space, in older systemd without a log: only prefixes of one sequence explain
 * that. The phase reached is a fact, no proof of time. [appraisal 3] */
enum status
replay_phase_match(struct replay_work *w, bool *agrees)
{
    static const size_t firsts[] = {FIRST_PHASE, REPLAY_PHASE_HOST};
    *agrees = false;
    for (size_t f = 0; f < 2; f++) {
        for (size_t end = firsts[f] + 1; end <= REPLAY_N_PHASES; end++) {
            enum status s = try_phases(w, firsts[f], end, agrees);
            if (s != STATUS_OK || !*agrees) {
                if (s != STATUS_OK)
                    return s;
                continue;
            }
            replay_note_phase(w, replay_phases[end - 1]);
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}
