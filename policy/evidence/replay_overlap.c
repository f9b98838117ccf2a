/* SPDX-License-Identifier: Apache-2.0 */
/* from: a boot log that the quote contradicts; to: the run of events at its end that the kernel
 * appended a second time, if leaving that out is what the quote says; never: leaves out events that
 * are not there twice, byte by byte, one run after the other.
 *
 * The firmware keeps what it measures after the first GetEventLog() in the final events table too;
 * the kernel appends that table to the log. Where the log was fetched again in between, its last
 * events are the table's first. The kernel fetches the log right before it leaves boot services, so
 * nothing but that follows the second copy. [PFP 1.06 7.2; threats 22, 30] */
#include "evidence/replay_work.h"

#include <stdio.h>

#define LIMIT_OVERLAP_EVENTS 1024u /* of a log that is searched */
#define LIMIT_OVERLAPS       16u   /* runs that are tried */
#define LIMIT_EXIT           8u
#define PCR_EXIT             5u

struct overlap {
    size_t first; /* of the second copy */
    size_t n;
};

static bool
is_same(const struct eventlog *log, const struct event *a, const struct event *b)
{
    if (a->pcr != b->pcr || a->type != b->type || !bytes_equal(a->data, b->data))
        return false;
    for (size_t bank = 0; bank < log->n_banks; bank++) {
        if (!bytes_equal(a->digest[bank], b->digest[bank]))
            return false;
    }
    return true;
}

static bool
is_repeated_run(const struct eventlog *log, const struct overlap *o)
{
    for (size_t i = 0; i < o->n; i++) {
        if (!is_same(log, &log->events[o->first - o->n + i], &log->events[o->first + i]))
            return false;
    }
    return true;
}

/* The last events that were measured after the kernel had fetched the log: its exit from boot
 * services, and failed attempts at it. */
static size_t
count_exit(const struct eventlog *log)
{
    size_t n = 0;
    while (n < LIMIT_EXIT && n < log->n_events) {
        const struct event *e = &log->events[log->n_events - 1 - n];
        if (e->pcr != PCR_EXIT || e->type != EVENT_EFI_ACTION)
            break;
        n++;
    }
    return n;
}

static uint32_t
pcrs_of(const struct eventlog *log, const struct overlap *o)
{
    uint32_t pcrs = 0;
    for (size_t i = 0; i < o->n; i++) {
        const struct event *e = &log->events[o->first + i];
        if (eventlog_is_extend(e))
            pcrs |= 1u << e->pcr;
    }
    return pcrs;
}

/* The value of a PCR in a quoted bank without the second copy. */
static enum status
replay_without(struct replay_work *w, const struct overlap *o, size_t bank, uint32_t pcr,
               struct digest *out)
{
    const struct eventlog *log = w->out->log;
    *out = eventlog_start(log, w->out->banks[bank], pcr);
    for (size_t i = 0; i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        struct bytes digest = e->digest[w->log_bank[bank]];
        bool left_out = i >= o->first && i < o->first + o->n;
        if (left_out || !eventlog_is_extend(e) || e->pcr != pcr || digest.size == 0)
            continue;
        enum status s = digest_extend(w->h, out, digest);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Every quoted PCR that the run touches comes out as quoted in every bank; at least one is quoted.
 */
static enum status
try_overlap(struct replay_work *w, const struct overlap *o, bool *agrees)
{
    uint32_t pcrs = pcrs_of(w->out->log, o);
    bool any = false;
    *agrees = false;
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        for (size_t bank = 0; (pcrs & (1u << pcr)) != 0 && bank < w->out->n_banks; bank++) {
            const struct digest *quoted = replay_quoted(w, bank, pcr);
            struct digest value;
            if (!quoted)
                continue;
            enum status s = replay_without(w, o, bank, pcr, &value);
            if (s != STATUS_OK)
                return s;
            if (!digest_equal(quoted, &value))
                return STATUS_OK;
            any = true;
        }
    }
    *agrees = any;
    return STATUS_OK;
}

/* Runs of n events that follow themselves, with nothing but n_exit events behind them. */
static enum status
search(struct replay_work *w, size_t n, size_t n_exit, size_t *n_tried, struct overlap *found)
{
    const struct eventlog *log = w->out->log;
    for (size_t rest = 0; rest <= n_exit && 2 * n + rest < log->n_events; rest++) {
        const struct overlap o = {.first = log->n_events - rest - n, .n = n};
        if (!is_repeated_run(log, &o))
            continue;
        if (++*n_tried > LIMIT_OVERLAPS)
            return STATUS_OK;
        bool agrees = false;
        enum status s = try_overlap(w, &o, &agrees);
        if (s != STATUS_OK || agrees) {
            *found = agrees ? o : (struct overlap){0};
            return s;
        }
    }
    return STATUS_OK;
}

static bool
has_mismatch(const struct replay_work *w)
{
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        for (size_t bank = 0; bank < w->out->n_banks; bank++) {
            const struct digest *quoted = replay_quoted(w, bank, pcr);
            if (quoted && w->extended[bank][pcr] && !digest_equal(quoted, &w->boot[bank][pcr]))
                return true;
        }
    }
    return false;
}

static enum status
take_once(struct replay_work *w, const struct overlap *o)
{
    uint32_t pcrs = pcrs_of(w->out->log, o);
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        for (size_t bank = 0; (pcrs & (1u << pcr)) != 0 && bank < w->out->n_banks; bank++) {
            enum status s = STATUS_OK;
            if (w->extended[bank][pcr])
                s = replay_without(w, o, bank, pcr, &w->boot[bank][pcr]);
            if (s != STATUS_OK)
                return s;
        }
    }
    w->out->overlap_first = o->first;
    w->out->n_overlap = o->n;
    struct reason *r = reasons_add_at(w->reasons, REASON_LOG_MEASURED_TWICE, REASON_LOG_BOOT,
                                      REASON_NO_PCR, (int64_t)o->first);
    char text[32];
    (void)snprintf(text, sizeof text, "%zu events", o->n);
    reason_set_what(r, event_quirk_name(EVENT_QUIRK_FINAL_OVERLAP));
    reason_set_found(r, text);
    return STATUS_OK;
}

enum status
replay_overlap(struct replay_work *w)
{
    const struct eventlog *log = w->out->log;
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        if (w->bank_blamed[bank])
            return STATUS_OK;
    }
    if (!log || log->n_events > LIMIT_OVERLAP_EVENTS || !has_mismatch(w))
        return STATUS_OK;
    struct overlap found = {0};
    size_t n_tried = 0;
    size_t n_exit = count_exit(log);
    for (size_t n = log->n_events / 2; n > 0 && found.n == 0 && n_tried <= LIMIT_OVERLAPS; n--) {
        enum status s = search(w, n, n_exit, &n_tried, &found);
        if (s != STATUS_OK)
            return s;
    }
    return found.n > 0 ? take_once(w, &found) : STATUS_OK;
}
