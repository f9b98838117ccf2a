/* SPDX-License-Identifier: Apache-2.0 */
/* from: a parsed boot log; to: what a person reads of it; never: a value that a rule may use. */
#include "evidence/inspect.h"

#include "base/cleanup.h"
#include "evidence/boot_facts.h"
#include "evidence/shim_facts.h"

#include <stdlib.h>

static void
free_decoder(struct event_decoder **d)
{
    free(*d);
}

static enum status
take_event(struct inspect *out, const struct event_decoder *d, size_t i)
{
    const struct event *e = &out->log->events[i];
    struct replay_event *to = &out->events[i];
    to->log = REASON_LOG_BOOT;
    to->number = e->number;
    to->pcr = e->pcr;
    to->type = e->type;
    for (size_t bank = 0; bank < out->log->n_banks; bank++) {
        if (digest_from(out->log->banks[bank], e->digest[bank], &to->digest[bank]) != STATUS_OK)
            to->digest[bank] = (struct digest){0};
    }
    return event_decode(d, i, &to->meaning);
}

/* Order is about PCRs; a CCEL's registers are none, and a SHA-1 log is of another specification. */
static enum status
judge(struct hasher *h, struct inspect *out, struct reasons *reasons)
{
    struct order_view v = {.n_banks = out->log->n_banks};
    struct replay_event *extends = calloc(out->n_events, sizeof *extends);
    if (!extends) {
        reasons->failed = true;
        return STATUS_NOMEM;
    }
    v.events = extends;
    for (size_t i = 0; i < out->n_events; i++) {
        if (eventlog_is_extend(&out->log->events[i]))
            extends[v.n_events++] = out->events[i];
    }
    for (size_t bank = 0; bank < v.n_banks; bank++)
        v.banks[bank] = out->log->banks[bank];
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
        v.pcrs |= (uint32_t)out->pcrs.used[pcr] << pcr;
    out->profile = order_profile(&v);
    bool registers = out->log->format == EVENTLOG_CCEL;
    boot_facts_tell(out->events, out->n_events, registers ? BOOT_FACTS_CCEL : BOOT_FACTS_PCR,
                    reasons);
    enum status s = shim_facts_tell(h, out->events, out->n_events,
                                    registers ? SHIM_FACTS_CCEL : SHIM_FACTS_PCR, reasons);
    if (out->log->format == EVENTLOG_CRYPTO_AGILE) {
        order_check_no_action(out->log, UINT32_MAX, reasons);
        order_tell_tail(out->log, reasons);
        order_check(&v, reasons);
    }
    free(extends);
    return s;
}

enum status
inspect_new(struct hasher *h, const struct eventlog *log, struct inspect **out,
            struct reasons *reasons)
{
    *out = NULL;
    CLEANUP(inspect_freep) struct inspect *i = calloc(1, sizeof *i);
    CLEANUP(free_decoder) struct event_decoder *d = malloc(sizeof *d);
    if (!i || !d)
        return STATUS_NOMEM;
    i->log = log;
    i->secure_boot = event_claimed_secure_boot(log);
    i->n_events = log->n_events;
    i->events = calloc(log->n_events, sizeof *i->events);
    if (!i->events)
        return STATUS_NOMEM;
    enum status s = event_decoder_init(h, log, UINT32_MAX, d);
    for (size_t k = 0; s == STATUS_OK && k < log->n_events; k++)
        s = take_event(i, d, k);
    if (s == STATUS_OK)
        s = eventlog_replay(h, log, &i->pcrs);
    if (s == STATUS_OK)
        s = judge(h, i, reasons);
    if (s != STATUS_OK)
        return s;
    *out = i;
    i = NULL;
    return STATUS_OK;
}

void
inspect_free(struct inspect *i)
{
    if (!i)
        return;
    free(i->events);
    free(i);
}

void
inspect_freep(struct inspect **i)
{
    inspect_free(*i);
}
