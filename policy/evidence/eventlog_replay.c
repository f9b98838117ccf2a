/* SPDX-License-Identifier: Apache-2.0 */
/* from: struct eventlog; to: PCR values; never: compares them with anything. */
#include "evidence/eventlog.h"

#define DRTM_FIRST      17u
#define DRTM_LAST       22u
#define HCRTM_LOCALITY  4u
#define DRTM_RESET_BYTE 0xFFu

uint8_t
eventlog_locality(const struct eventlog *log)
{
    if (log->startup_locality >= 0)
        return (uint8_t)log->startup_locality;
    return log->hcrtm ? HCRTM_LOCALITY : 0;
}

struct digest
eventlog_start(const struct eventlog *log, uint16_t alg, uint32_t pcr)
{
    return digest_reset(alg, pcr == 0 ? eventlog_locality(log) : 0);
}

struct digest
eventlog_reset(uint16_t alg, uint32_t pcr)
{
    struct digest d = digest_reset(alg, 0);
    if (pcr < DRTM_FIRST || pcr > DRTM_LAST)
        return d;
    for (size_t i = 0; i < d.size; i++)
        d.data[i] = DRTM_RESET_BYTE;
    return d;
}

bool
eventlog_is_extend(const struct event *e)
{
    return e->type != EVENT_NO_ACTION && e->pcr < LIMIT_PCRS;
}

enum status
eventlog_replay(struct hasher *h, const struct eventlog *log, struct eventlog_pcrs *out)
{
    for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
        out->used[pcr] = false;
        for (size_t bank = 0; bank < log->n_banks; bank++)
            out->pcr[bank][pcr] = eventlog_start(log, log->banks[bank], pcr);
    }
    for (size_t i = 0; i < log->n_events; i++) {
        const struct event *e = &log->events[i];
        if (!eventlog_is_extend(e))
            continue;
        out->used[e->pcr] = true;
        for (size_t bank = 0; bank < log->n_banks; bank++) {
            if (e->digest[bank].size == 0 || out->pcr[bank][e->pcr].size == 0)
                continue; /* no digest for that bank, or an algorithm that we do not know */
            enum status s = digest_extend(h, &out->pcr[bank][e->pcr], e->digest[bank]);
            if (s == STATUS_UNSUPPORTED)
                out->pcr[bank][e->pcr] = (struct digest){0}; /* libcrypto lacks it */
            else if (s != STATUS_OK)
                return s;
        }
    }
    return STATUS_OK;
}
