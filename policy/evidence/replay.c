/* SPDX-License-Identifier: Apache-2.0 */
/* from: a quote and the logs; to: struct replay; never: hands on an event of a PCR that the quote
 * does not prove. The parts are in replay_*.c. */
#include "evidence/replay.h"

#include "base/cleanup.h"
#include "evidence/boot_facts.h"
#include "evidence/order.h"
#include "evidence/replay_work.h"
#include "evidence/shim_facts.h"

#include <stdlib.h>

#define FIRMWARE_PCRS 8u

const struct digest *
replay_quoted(const struct replay_work *w, size_t bank, uint32_t pcr)
{
    return quote_pcr(w->quote, w->out->banks[bank], pcr);
}

bool
replay_is_reset(const struct replay_work *w, uint32_t pcr)
{
    for (size_t bank = 0; bank < w->out->n_banks; bank++) {
        const struct digest *quoted = replay_quoted(w, bank, pcr);
        struct digest reset = eventlog_reset(w->out->banks[bank], pcr);
        if (quoted && !digest_equal(quoted, &reset))
            return false;
    }
    return true;
}

void
replay_blame_pcr(struct replay_work *w, enum reason_code code, size_t bank, uint32_t pcr)
{
    struct reason *r =
        reasons_add_at(w->reasons, code, REASON_LOG_BOOT, (int32_t)pcr, REASON_NO_EVENT);
    r->bank = w->out->banks[bank];
    r->bound = true;
    if (w->extended[bank][pcr])
        reason_set_expected_hex(r, digest_bytes(&w->boot[bank][pcr]));
    const struct digest *quoted = replay_quoted(w, bank, pcr);
    if (quoted)
        reason_set_found_hex(r, digest_bytes(quoted));
}

static void
take_selection(struct replay_work *w)
{
    const struct selection *s = quote_selection(w->quote);
    for (size_t bank = 0; bank < s->n_banks; bank++)
        w->out->banks[bank] = s->banks[bank].alg;
    w->out->n_banks = s->n_banks;
}

/* Order is judged over what is proven. */
static void
check_order(struct replay_work *w)
{
    struct order_view v = {
        .events = w->out->events, .n_events = w->out->n_events, .n_banks = w->out->n_banks};
    if (!w->out->log)
        return;
    for (size_t bank = 0; bank < v.n_banks; bank++)
        v.banks[bank] = w->out->banks[bank];
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        v.pcrs |= (uint32_t)(w->out->pcrs[pcr] == REPLAY_PCR_PROVEN) << pcr;
        v.reset |= (uint32_t)(w->out->pcrs[pcr] == REPLAY_PCR_RESET) << pcr;
    }
    w->out->platform = order_profile(&v);
    order_tell_tail(w->out->log, w->reasons);
    order_check_no_action(w->out->log, v.pcrs, w->reasons);
    order_check(&v, w->reasons);
}

static void
tell_unmeasured(struct replay_work *w)
{
    if (!replay_is_unmeasured(w->out))
        return;
    struct reason *r = reasons_add_at(w->reasons, REASON_LOG_UNMEASURED, REASON_LOG_BOOT,
                                      REASON_NO_PCR, REASON_NO_EVENT);
    r->bound = true;
}

static enum status
run(struct replay_work *w)
{
    take_selection(w);
    enum status s = replay_boot_log(w);
    if (s == STATUS_OK)
        s = replay_overlap(w);
    if (s == STATUS_OK)
        s = replay_userspace_load(w);
    if (s == STATUS_OK)
        s = replay_boot_pcrs(w);
    if (s == STATUS_OK)
        s = replay_ima_list(w); /* may take back what the boot log alone says of PCR 10 */
    if (s == STATUS_OK)
        s = replay_boot_events(w);
    if (s == STATUS_OK)
        s = replay_userspace_events(w);
    if (s != STATUS_OK)
        return s;
    check_order(w);
    tell_unmeasured(w);
    boot_facts_tell(w->out->events, w->out->n_events, BOOT_FACTS_PCR, w->reasons);
    return shim_facts_tell(w->h, w->out->events, w->out->n_events, SHIM_FACTS_PCR, w->reasons);
}

static void
free_work(struct replay_work **w)
{
    free(*w);
}

enum status
replay_verify(struct hasher *h, const struct quote *quote, const struct replay_input *input,
              struct replay **out, struct reasons *reasons)
{
    *out = NULL;
    CLEANUP(replay_freep) struct replay *replay = calloc(1, sizeof *replay);
    CLEANUP(free_work) struct replay_work *w = calloc(1, sizeof *w);
    if (!replay || !w)
        return STATUS_NOMEM;
    w->h = h;
    w->quote = quote;
    w->in = input;
    w->reasons = reasons;
    w->out = replay;
    replay->before = input->state;
    replay->after = input->state;
    enum status s = run(w);
    if (s != STATUS_OK)
        return s;
    *out = replay;
    replay = NULL;
    return STATUS_OK;
}

bool
replay_is_unmeasured(const struct replay *r)
{
    bool any = false;
    for (uint32_t pcr = 0; pcr < FIRMWARE_PCRS; pcr++) {
        if (r->pcrs[pcr] != REPLAY_PCR_RESET && r->pcrs[pcr] != REPLAY_PCR_NOT_QUOTED)
            return false;
        any = any || r->pcrs[pcr] == REPLAY_PCR_RESET;
    }
    return any;
}

enum replay_pcr
replay_pcr_state(const struct replay *r, uint32_t pcr)
{
    return pcr < LIMIT_PCRS ? r->pcrs[pcr] : REPLAY_PCR_NOT_QUOTED;
}

size_t
replay_n_events(const struct replay *r)
{
    return r->n_events;
}

const struct replay_event *
replay_event_at(const struct replay *r, size_t i)
{
    return i < r->n_events ? &r->events[i] : NULL;
}

size_t
replay_bank(const struct replay *r, uint16_t alg)
{
    for (size_t bank = 0; bank < r->n_banks; bank++) {
        if (r->banks[bank] == alg)
            return bank;
    }
    return LIMIT_BANKS;
}

size_t
replay_n_ima(const struct replay *r)
{
    return r->n_ima;
}

size_t
replay_n_ima_older(const struct replay *r)
{
    return r->n_ima_older;
}

const struct ima_entry *
replay_ima_at(const struct replay *r, size_t i)
{
    return i < r->n_ima ? &r->ima[i] : NULL;
}

enum order_profile
replay_platform(const struct replay *r)
{
    return r->platform;
}

uint32_t
replay_quirks(const struct replay *r)
{
    uint32_t quirks = 0;
    if (r->log && r->log->tail > 0)
        quirks |= 1u << EVENT_QUIRK_REGION_TAIL;
    if (r->n_overlap > 0)
        quirks |= 1u << EVENT_QUIRK_FINAL_OVERLAP;
    return quirks;
}

size_t
replay_n_ima_unattested(const struct replay *r)
{
    return r->n_ima_unattested;
}

size_t
replay_ima_size(const struct replay *r)
{
    return r->ima_size;
}

const struct replay_state *
replay_state_before(const struct replay *r)
{
    return &r->before;
}

const struct replay_state *
replay_state_after(const struct replay *r)
{
    return &r->after;
}

void
replay_free(struct replay *r)
{
    if (!r)
        return;
    eventlog_free(r->log);
    userspace_free(r->userspace);
    free(r->events);
    free(r->ima);
    free(r);
}

void
replay_freep(struct replay **r)
{
    replay_free(*r);
}
