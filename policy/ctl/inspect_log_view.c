/* SPDX-License-Identifier: Apache-2.0 */
/* from: a view of a boot log; to: what both of its printed forms name alike; never: prints it. */
#include "base/alg.h"
#include "ctl/inspect.h"

#include <stdio.h>

const char *
inspect_log_view_format(const struct inspect_log_view *v)
{
    static const char *const names[] = {
        [EVENTLOG_CRYPTO_AGILE] = "crypto-agile",
        [EVENTLOG_SHA1] = "sha1",
        [EVENTLOG_CCEL] = "ccel",
    };
    return v->log ? names[v->log->format] : NULL;
}

const char *
inspect_log_view_type(uint32_t type, char out[static REPORT_BANK_SIZE])
{
    const char *name = event_type_name(type);
    if (name)
        return name;
    (void)snprintf(out, REPORT_BANK_SIZE, "0x%08x", type);
    return out;
}

const struct digest *
inspect_log_view_pcr(const struct inspect_log_view *v, size_t bank, uint32_t pcr)
{
    const struct digest *value = &v->inspect->pcrs.pcr[bank][pcr];
    for (size_t i = 0; value->size > 0 && i < v->log->n_events; i++) {
        const struct event *e = &v->log->events[i];
        if (e->pcr == pcr && eventlog_is_extend(e) && e->digest[bank].size > 0)
            return value;
    }
    return NULL;
}

/* A claim, as all of an unproven log. */
const char *
inspect_log_view_profile(const struct inspect_log_view *v)
{
    if (!v->log || v->log->format == EVENTLOG_CCEL)
        return NULL;
    return order_profile_name(v->inspect->profile);
}
