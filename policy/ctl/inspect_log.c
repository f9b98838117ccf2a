/* SPDX-License-Identifier: Apache-2.0 */
/* from: a boot log's file; to: a view of it, printed; never: compares it with a quote. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/inspect.h"

static void
clear_view(struct inspect_log_view *v)
{
    inspect_free(v->inspect);
    eventlog_free(v->log);
    hasher_free(v->h);
    reasons_free(&v->reasons);
}

/* What only SHA-1 covers is not bound. */
static void
mark_weak(struct inspect_log_view *v)
{
    for (size_t i = 0; i < v->log->n_events; i++) {
        struct event_meaning *m = &v->inspect->events[i].meaning;
        bool covered = false;
        for (size_t bank = 0; bank < v->log->n_banks; bank++) {
            const struct alg *alg = alg_by_id(v->log->banks[bank]);
            covered = covered || (alg && alg->trusted && v->log->events[i].digest[bank].size > 0);
        }
        m->weak = m->bound && !covered;
        m->bound = m->bound && covered;
    }
}

static enum status
read_view(struct context *c, struct inspect_log_view *v, struct buffer *in, struct diag *diag)
{
    enum status s = hasher_new(&v->h);
    if (s == STATUS_OK)
        s = report_load(c->arguments[0], LIMIT_BOOT_LOG, REASON_LOG_LIMIT, in, &v->reasons, diag);
    if (s != STATUS_OK || v->reasons.n_items > 0)
        return s;
    s = eventlog_parse(buffer_bytes(in), &v->log, &v->reasons);
    if (s == STATUS_OK && v->log)
        s = inspect_new(v->h, v->log, &v->inspect, &v->reasons);
    if (s == STATUS_OK && v->log)
        mark_weak(v);
    return s;
}

int
inspect_log(struct context *c)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(clear_view) struct inspect_log_view v = {0};
    struct diag diag = {0};
    enum status s = read_view(c, &v, &in, &diag);
    if (s == STATUS_OK)
        s = c->json ? inspect_log_emit(&v, &out) : inspect_log_append(&v, &out);
    return s == STATUS_OK ? report_print(&out, &v.reasons) : report_fail(s, &diag);
}
