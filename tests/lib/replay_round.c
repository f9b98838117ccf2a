/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/replay_round.h"

#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <stdlib.h>

struct round *
round_start(const uint16_t *banks, size_t n_banks)
{
    struct round *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_status(STATUS_OK, hasher_new(&r->h));
    log_builder_init(&r->b, r->h, banks, n_banks);
    return r;
}

struct round *
round_start_boot(void)
{
    static const uint16_t banks[] = {ALG_SHA256};
    struct round *r = round_start(banks, 1);
    log_builder_boot(&r->b);
    return r;
}

struct round *
round_start_ima(const uint16_t *banks, size_t n_banks)
{
    struct round *r = round_start(banks, n_banks);
    log_builder_boot(&r->b);
    log_builder_ima_aggregate(&r->b, ALG_SHA256);
    log_builder_ima(&r->b, "/usr/bin/init", "init");
    log_builder_ima(&r->b, "/usr/bin/sh", "sh");
    return r;
}

void
round_replay(struct round *r)
{
    replay_free(r->replay);
    reasons_free(&r->reasons);
    r->reasons = (struct reasons){0};
    r->in.boot_log = buffer_bytes(&r->b.log);
    r->in.boot_log_present = r->b.log.size > 0;
    r->in.ima = buffer_bytes(&r->b.ima);
    r->in.ima_present = r->b.ima.size > 0;
    assert_status(STATUS_OK, replay_verify(r->h, &r->q, &r->in, &r->replay, &r->reasons));
    assert_non_null(r->replay);
}

void
round_quote(struct round *r)
{
    quote_double_take(&r->q, &r->b);
    round_replay(r);
}

void
round_finish(struct round *r)
{
    replay_free(r->replay);
    reasons_free(&r->reasons);
    log_builder_free(&r->b);
    hasher_free(r->h);
    free(r);
}

static size_t
count_reasons(const struct round *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->reasons.n_items; i++)
        n += reason_code_kind(r->reasons.items[i].code) == REASON_KIND_REASON;
    return n;
}

static void
print_reasons(const struct round *r)
{
    for (size_t i = 0; i < r->reasons.n_items; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        reason_append_text(&r->reasons.items[i], &text);
        print_error("%s\n", buffer_text(&text));
    }
}

void
round_assert_no_reason(const struct round *r)
{
    if (count_reasons(r) == 0)
        return;
    print_reasons(r);
    fail_msg("%zu reasons", count_reasons(r));
}

const struct reason *
round_assert_reason(const struct round *r, enum reason_code code)
{
    const struct reason *found = reasons_find(&r->reasons, code);
    if (found && count_reasons(r) == 1)
        return found;
    print_reasons(r);
    fail_msg("not only %s", reason_code_name(code));
    return NULL;
}

const struct replay_event *
round_find(const struct round *r, enum event_kind kind)
{
    for (size_t i = 0; i < replay_n_events(r->replay); i++) {
        if (replay_event_at(r->replay, i)->meaning.kind == kind)
            return replay_event_at(r->replay, i);
    }
    return NULL;
}

uint8_t *
round_event(struct round *r, uint32_t n)
{
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    assert_status(STATUS_OK, eventlog_parse(buffer_bytes(&r->b.log), &log, &r->reasons));
    assert_non_null(log);
    return r->b.log.data + log->events[n].offset;
}
