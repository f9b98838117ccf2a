/* SPDX-License-Identifier: Apache-2.0 */
/* from: the boot log and the quoted values; to: the state of each PCR and the events of the proven
 * ones; never: accepts one bank's word for another's. [PFP 1.06 10; threats 20, 22, 28] */
#include "base/cleanup.h"
#include "evidence/replay_work.h"

#include <stdlib.h>

#define PCR_PHASES    11u
#define PCR_DEBUG     16u /* resettable at any locality: never evidence of a boot */
#define PCR_APP       23u
#define FIRMWARE_PCRS 8u
#define NO_PHASE      SIZE_MAX

/* What systemd extends into PCR 11 after the boot log has ended, in order. Without an initrd the
 * sequence begins at the third. [systemd-pcrphase.service(8)] */
static const char *const phases[] = {
    "enter-initrd", "leave-initrd", "sysinit", "ready", "shutdown", "final",
};
#define N_PHASES    (sizeof phases / sizeof phases[0])
#define FIRST_PHASE 0u
#define HOST_PHASE  REPLAY_PHASE_HOST

const char *
replay_phase(size_t i)
{
    return i < N_PHASES ? phases[i] : NULL;
}

/* The log counts unless it is malformed or of a kind that carries no trust. */
static enum status
load_log(struct replay_work *w)
{
    if (!w->in->boot_log_present || w->in->boot_log.size == 0)
        return STATUS_OK;
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    enum status s = eventlog_parse(w->in->boot_log, &log, w->reasons);
    if (s != STATUS_OK)
        return s;
    w->log_refused = !log || log->format != EVENTLOG_CRYPTO_AGILE;
    if (log && w->log_refused)
        (void)reasons_add_at(w->reasons, REASON_LOG_UNSUPPORTED, REASON_LOG_BOOT, REASON_NO_PCR,
                             REASON_NO_EVENT);
    if (w->log_refused)
        return STATUS_OK;
    w->out->log = log;
    log = NULL;
    return STATUS_OK;
}

static void
start_bank(struct replay_work *w, size_t bank)
{
    const struct eventlog *log = w->out->log;
    uint16_t alg = w->out->banks[bank];
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        w->boot[bank][pcr] = log ? eventlog_start(log, alg, pcr) : digest_reset(alg, 0);
        if (log && w->log_bank[bank] < log->n_banks && replay_quoted(w, bank, pcr))
            w->pcr_banks[pcr] |= 1u << w->log_bank[bank];
    }
}

/* Extend every event into one bank; only PCRs that are quoted in it. */
static enum status
extend_bank(struct replay_work *w, size_t bank)
{
    const struct eventlog *log = w->out->log;
    size_t from = w->log_bank[bank];
    for (size_t i = 0; i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        if (!eventlog_is_extend(e) || e->digest[from].size == 0)
            continue;
        if ((w->pcr_banks[e->pcr] & (1u << from)) == 0)
            continue;
        enum status s = digest_extend(w->h, &w->boot[bank][e->pcr], e->digest[from]);
        if (s != STATUS_OK)
            return s;
        w->extended[bank][e->pcr] = true;
    }
    return STATUS_OK;
}

static void
blame_bank(struct replay_work *w, enum reason_code code, size_t bank)
{
    struct reason *r =
        reasons_add_at(w->reasons, code, REASON_LOG_BOOT, REASON_NO_PCR, REASON_NO_EVENT);
    r->bank = w->out->banks[bank];
    w->bank_blamed[bank] = true;
}

enum status
replay_boot_log(struct replay_work *w)
{
    enum status s = load_log(w);
    for (size_t bank = 0; s == STATUS_OK && bank < w->out->n_banks; bank++) {
        const struct eventlog *log = w->out->log;
        w->log_bank[bank] = log ? eventlog_bank(log, w->out->banks[bank]) : 0;
        start_bank(w, bank);
        if (!log)
            continue;
        if (w->log_bank[bank] < log->n_banks)
            s = extend_bank(w, bank);
        if (w->log_bank[bank] == log->n_banks || s == STATUS_UNSUPPORTED) {
            blame_bank(w, REASON_LOG_BANK_MISSING, bank);
            s = STATUS_OK;
        }
    }
    return s;
}

static bool
is_quoted(const struct replay_work *w, uint32_t pcr)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        if (replay_quoted(w, bank, pcr))
            return true;
    }
    return false;
}

static bool
has_events(const struct replay_work *w, uint32_t pcr)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        if (w->extended[bank][pcr])
            return true;
    }
    return false;
}

/* The first bank whose quoted value the log does not give, or that the log says nothing of although
 * another bank has events; n_banks when all agree. */
static size_t
find_mismatch(const struct replay_work *w, uint32_t pcr)
{
    size_t bank = 0;
    for (; bank < w->out->n_banks; bank++) {
        const struct digest *quoted = replay_quoted(w, bank, pcr);
        if (!quoted)
            continue;
        if (!w->extended[bank][pcr] || !digest_equal(quoted, &w->boot[bank][pcr]))
            break;
    }
    return bank;
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
            enum status s = digest_compute(w->h, pcr.alg, bytes_of_text(phases[i]), &phase);
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

/* PCR 11 grows in user space, in older systemd without a log: only prefixes of one sequence explain
 * that. The phase reached is a fact, no proof of time. [appraisal 3] */
static enum status
explain_phases(struct replay_work *w, bool *agrees)
{
    static const size_t firsts[] = {FIRST_PHASE, HOST_PHASE};
    *agrees = false;
    for (size_t f = 0; f < 2; f++) {
        for (size_t end = firsts[f] + 1; end <= N_PHASES; end++) {
            enum status s = try_phases(w, firsts[f], end, agrees);
            if (s != STATUS_OK || !*agrees) {
                if (s != STATUS_OK)
                    return s;
                continue;
            }
            struct reason *r = reasons_add_at(w->reasons, REASON_BOOT_PHASE, REASON_LOG_NONE,
                                              (int32_t)PCR_PHASES, REASON_NO_EVENT);
            r->bound = true;
            reason_set_found(r, phases[end - 1]);
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static enum status
judge_with_events(struct replay_work *w, uint32_t pcr, enum replay_pcr *out)
{
    *out = REPLAY_PCR_PROVEN;
    if (find_mismatch(w, pcr) == w->out->n_banks)
        return STATUS_OK;
    bool explained = false;
    enum status s = STATUS_OK;
    if (pcr == PCR_PHASES && !w->in->userspace_present)
        s = explain_phases(w, &explained);
    *out = explained ? REPLAY_PCR_PROVEN : REPLAY_PCR_MISMATCH;
    return s;
}

static enum status
judge_pcr(struct replay_work *w, uint32_t pcr, enum replay_pcr *out)
{
    *out = REPLAY_PCR_NOT_QUOTED;
    if (!is_quoted(w, pcr))
        return STATUS_OK;
    bool is_evidence = pcr != PCR_DEBUG && pcr != PCR_APP;
    if (is_evidence && has_events(w, pcr))
        return judge_with_events(w, pcr, out);
    *out = replay_is_reset(w, pcr) ? REPLAY_PCR_RESET : REPLAY_PCR_UNEXPLAINED;
    if (pcr != PCR_PHASES || *out == REPLAY_PCR_RESET || w->in->userspace_present)
        return STATUS_OK;
    bool explained = false;
    enum status s = explain_phases(w, &explained);
    if (explained)
        *out = REPLAY_PCR_PROVEN;
    return s;
}

/* A bank that the firmware left alone: nothing quoted of its PCR 0 to 7 was ever extended although
 * the log, or another bank, has events there; anybody could have. [CVE-2021-42299] */
static bool
is_bank_untouched(const struct replay_work *w, size_t bank)
{
    bool any = false;
    for (uint32_t pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        const struct digest *quoted = replay_quoted(w, bank, pcr);
        if (!quoted)
            continue;
        struct digest reset = eventlog_reset(w->out->banks[bank], pcr);
        if (!digest_equal(quoted, &reset))
            return false;
        any = any || has_events(w, pcr);
    }
    return any;
}

/* The whole log once more on top gives the quoted value: a warm reboot that did not reset the TPM.
 */
static enum status
is_repeated(struct replay_work *w, uint32_t pcr, bool *out)
{
    *out = false;
    const struct eventlog *log = w->out->log;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *quoted = replay_quoted(w, bank, pcr);
        if (!quoted || w->bank_blamed[bank])
            continue;
        struct digest twice = w->boot[bank][pcr];
        for (size_t i = 0; i < log->n_events; i++) {
            const struct event *e = &log->events[i];
            struct bytes digest = e->digest[w->log_bank[bank]];
            if (!eventlog_is_extend(e) || e->pcr != pcr || digest.size == 0)
                continue;
            enum status s = digest_extend(w->h, &twice, digest);
            if (s != STATUS_OK)
                return s;
        }
        if (!digest_equal(quoted, &twice))
            return STATUS_OK;
        *out = true;
    }
    return STATUS_OK;
}

static enum status
blame_mismatch(struct replay_work *w, uint32_t pcr, bool *repeated)
{
    size_t bank = find_mismatch(w, pcr);
    if (bank == w->out->n_banks || w->bank_blamed[bank])
        return STATUS_OK;
    bool twice = false;
    enum status s = is_repeated(w, pcr, &twice);
    if (s != STATUS_OK)
        return s;
    if (!twice)
        replay_blame_pcr(w, REASON_LOG_PCR_MISMATCH, bank, pcr);
    else if (!*repeated)
        replay_blame_pcr(w, REASON_LOG_REPEATED, bank, pcr);
    *repeated = *repeated || twice;
    return STATUS_OK;
}

/* Which quoted PCRs need a log at all; the IMA list answers for its own. */
static void
blame_unexplained(struct replay_work *w, uint32_t pcr, bool *missing)
{
    if (pcr == IMA_PCR || w->log_refused)
        return;
    if (w->out->log) {
        size_t bank = 0;
        while (bank + 1 < w->out->n_banks && !replay_quoted(w, bank, pcr))
            bank++;
        if (!w->bank_blamed[bank])
            replay_blame_pcr(w, REASON_LOG_PCR_UNEXPLAINED, bank, pcr);
        return;
    }
    if (!*missing)
        (void)reasons_add_at(w->reasons, REASON_LOG_MISSING, REASON_LOG_BOOT, (int32_t)pcr,
                             REASON_NO_EVENT);
    *missing = true;
}

enum status
replay_boot_pcrs(struct replay_work *w)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        if (!w->bank_blamed[bank] && is_bank_untouched(w, bank))
            blame_bank(w, REASON_LOG_BANK_UNCAPPED, bank);
    }
    bool repeated = false;
    bool missing = false;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        enum replay_pcr *state = &w->out->pcrs[pcr];
        enum status s = judge_pcr(w, pcr, state);
        if (s == STATUS_OK && *state == REPLAY_PCR_MISMATCH && pcr != IMA_PCR)
            s = blame_mismatch(w, pcr, &repeated);
        if (s != STATUS_OK)
            return s;
        if (*state == REPLAY_PCR_UNEXPLAINED)
            blame_unexplained(w, pcr, &missing);
    }
    return STATUS_OK;
}

/* What only SHA-1 covers is not bound. */
static bool
is_trusted(const struct replay_work *w, const struct event *e)
{
    for (size_t bank = 0; bank < w->out->log->n_banks; bank++) {
        const struct alg *alg = alg_by_id(w->out->log->banks[bank]);
        if ((w->pcr_banks[e->pcr] & (1u << bank)) != 0 && e->digest[bank].size > 0 && alg &&
            alg->trusted)
            return true;
    }
    return false;
}

static enum status
take_event(struct replay_work *w, struct event_decoder *d, const struct event *e)
{
    struct replay_event *out = &w->out->events[w->out->n_events++];
    out->log = REASON_LOG_BOOT;
    out->number = e->number;
    out->pcr = e->pcr;
    out->type = e->type;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        if (w->log_bank[bank] == w->out->log->n_banks)
            continue; /* and so not quoted for a proven PCR */
        struct bytes digest = e->digest[w->log_bank[bank]];
        bool has = digest.size > 0 && replay_quoted(w, bank, e->pcr);
        if (has && digest_from(w->out->banks[bank], digest, &out->digest[bank]) != STATUS_OK)
            out->digest[bank] = (struct digest){0};
    }
    d->banks = w->pcr_banks[e->pcr];
    enum status s = event_decode(d, e->number, &out->meaning);
    if (!is_trusted(w, e)) {
        out->meaning.weak = out->meaning.bound;
        out->meaning.bound = false;
    }
    return s;
}

static void
free_decoder(struct event_decoder **d)
{
    free(*d);
}

enum status
replay_boot_events(struct replay_work *w)
{
    const struct eventlog *log = w->out->log;
    if (!log)
        return STATUS_OK;
    CLEANUP(free_decoder) struct event_decoder *d = malloc(sizeof *d);
    w->out->events = calloc(log->n_events, sizeof *w->out->events);
    if (!d || !w->out->events)
        return STATUS_NOMEM;
    uint32_t banks = 0;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        banks |= w->pcr_banks[pcr];
    enum status s = event_decoder_init(w->h, log, banks, d);
    for (size_t i = 0; s == STATUS_OK && i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        if (eventlog_is_extend(e) && w->out->pcrs[e->pcr] == REPLAY_PCR_PROVEN)
            s = take_event(w, d, e);
    }
    return s;
}
