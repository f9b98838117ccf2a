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

/* What the boot log leaves open: the log of user space, or for PCR 11 the model of its phases. */
static enum status
explain_rest(struct replay_work *w, uint32_t pcr, bool *explained)
{
    enum status s = replay_userspace_match(w, pcr, explained);
    if (s == STATUS_OK && !*explained && pcr == PCR_PHASES && !w->in->userspace_present)
        s = replay_phase_match(w, explained);
    return s;
}

static enum status
judge_pcr(struct replay_work *w, uint32_t pcr, enum replay_pcr *out)
{
    *out = REPLAY_PCR_NOT_QUOTED;
    if (!is_quoted(w, pcr))
        return STATUS_OK;
    bool is_evidence = pcr != PCR_DEBUG && pcr != PCR_APP;
    bool has_log = is_evidence && has_events(w, pcr);
    *out = REPLAY_PCR_PROVEN;
    if (has_log && find_mismatch(w, pcr) == w->out->n_banks)
        return STATUS_OK;
    *out = REPLAY_PCR_RESET;
    if (!has_log && replay_is_reset(w, pcr))
        return STATUS_OK;
    bool explained = false;
    enum status s = is_evidence ? explain_rest(w, pcr, &explained) : STATUS_OK;
    *out = has_log ? REPLAY_PCR_MISMATCH : REPLAY_PCR_UNEXPLAINED;
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
    bool named = false;
    enum status s = is_repeated(w, pcr, &twice);
    if (s == STATUS_OK && !twice)
        s = replay_missing_name(w, pcr, &named);
    if (s != STATUS_OK || named)
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
        bool named = false;
        if (*state == REPLAY_PCR_UNEXPLAINED)
            s = replay_missing_name(w, pcr, &named);
        if (s != STATUS_OK)
            return s;
        if (*state == REPLAY_PCR_UNEXPLAINED && !named)
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

/* Room for every event of both logs. */
static enum status
make_room(struct replay_work *w)
{
    size_t n = w->out->log ? w->out->log->n_events : 0;
    n += w->out->userspace ? w->out->userspace->n_records : 0;
    w->out->events = calloc(n > 0 ? n : 1, sizeof *w->out->events);
    return w->out->events ? STATUS_OK : STATUS_NOMEM;
}

enum status
replay_boot_events(struct replay_work *w)
{
    enum status room = make_room(w);
    if (room != STATUS_OK)
        return room;
    const struct eventlog *log = w->out->log;
    if (!log)
        return STATUS_OK;
    CLEANUP(free_decoder) struct event_decoder *d = malloc(sizeof *d);
    if (!d)
        return STATUS_NOMEM;
    uint32_t banks = 0;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        banks |= w->pcr_banks[pcr];
    enum status s = event_decoder_init(w->h, log, banks, d);
    for (size_t i = 0; s == STATUS_OK && i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        bool again = i >= w->out->overlap_first && i < w->out->overlap_first + w->out->n_overlap;
        if (!again && eventlog_is_extend(e) && w->out->pcrs[e->pcr] == REPLAY_PCR_PROVEN)
            s = take_event(w, d, e);
    }
    return s;
}
