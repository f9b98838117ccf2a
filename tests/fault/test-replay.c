/* SPDX-License-Identifier: Apache-2.0 */
/* Without memory or hashing nothing is proven and nothing is shown: a log is read whole or not. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/event_fields.h"
#include "evidence/eventlog.h"
#include "evidence/inspect.h"
#include "evidence/userspace.h"
#include "tests/fault/fault.h"
#include "tests/lib/replay_round.h"
#include "tests/lib/test.h"

static const uint16_t banks[] = {ALG_SHA1, ALG_SHA256};

/* The logs of one boot; one that was recorded has many kinds of events. */
static struct round *boot;
static struct buffer userspace;
static struct buffer recorded;
static struct hasher *hasher;

/* A record in user space's log, and its PCR extended. */
static void
add_record(const char *text)
{
    log_builder_extend(&boot->b, 15, bytes_of_text(text));
    buffer_append_text(&userspace, "\x1e{\"pcr\":15,\"digests\":[");
    for (size_t i = 0; i < boot->b.n_banks; i++) {
        struct digest d;
        assert_status(STATUS_OK, digest_compute(boot->h, banks[i], bytes_of_text(text), &d));
        buffer_append_format(&userspace, "%s{\"hashAlg\":\"%s\",\"digest\":\"", i > 0 ? "," : "",
                             alg_name(banks[i]));
        text_append_hex(&userspace, digest_bytes(&d));
        buffer_append_text(&userspace, "\"}");
    }
    buffer_append_format(&userspace, "],\"content\":{\"string\":\"%s\"}}\n", text);
}

static int
start(void **state)
{
    (void)state;
    boot = round_start_ima(banks, 2);
    add_record("machine-id:0123");
    quote_double_take(&boot->q, &boot->b);
    boot->in = (struct replay_input){
        .boot_log = buffer_bytes(&boot->b.log),
        .boot_log_present = true,
        .ima = buffer_bytes(&boot->b.ima),
        .ima_present = true,
        .userspace_log = buffer_bytes(&userspace),
        .userspace_present = true,
    };
    test_source("tests/vectors/boots/secure/boot-log", &recorded);
    hasher = boot->h;
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    boot->in = (struct replay_input){0};
    round_finish(boot);
    buffer_free(&userspace);
    buffer_free(&recorded);
    return 0;
}

/* A list that lost a reason fails the round that it belongs to. */
static enum status
status_of(enum status s, const struct reasons *reasons)
{
    return s == STATUS_OK && reasons->failed ? STATUS_NOMEM : s;
}

static enum status
replay(void *context)
{
    const struct quote *q = context;
    CLEANUP(replay_freep) struct replay *r = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = replay_verify(hasher, q, &boot->in, &r, &reasons);
    assert_int_equal(s == STATUS_OK, r != NULL);
    return status_of(s, &reasons);
}

static void
nothing_is_proven_when_replay_fails(void **state)
{
    (void)state;
    assert_true(fault_each(replay, &boot->q) >= 100);
}

/* With the values of another boot, so that every PCR gives a reason. */
static void
no_reason_is_lost_when_replay_fails(void **state)
{
    (void)state;
    struct quote other = boot->q;
    for (size_t bank = 0; bank < 2; bank++)
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++)
            other.pcr[bank][pcr].data[0] ^= 1;
    assert_true(fault_each(replay, &other) >= 100);
}

static enum status
parse_user_log(void *context)
{
    (void)context;
    CLEANUP(userspace_freep) struct userspace *u = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = userspace_parse(buffer_bytes(&userspace), &u, &reasons);
    assert_int_equal(s == STATUS_OK && reasons.n_items == 0, u != NULL);
    return status_of(s, &reasons);
}

static void
user_log_is_read_whole_or_not(void **state)
{
    (void)state;
    assert_true(fault_each(parse_user_log, NULL) >= 2);
}

/* Every event and every field of it, signature lists and device paths among them. */
static enum status
show(const struct inspect *view)
{
    for (size_t i = 0; i < view->n_events; i++) {
        struct event_fields fields = {0};
        CLEANUP(buffer_free) struct buffer text = {0};
        enum status s =
            event_fields_read(hasher, &view->log->events[i], &view->events[i].meaning, &fields);
        if (s == STATUS_OK) {
            event_fields_append_text(&fields, &text);
            s = buffer_check(&text);
        }
        event_fields_free(&fields);
        if (s == STATUS_OK)
            s = event_text(&view->events[i].meaning, &text);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status
inspect_every_event(void *context)
{
    (void)context;
    CLEANUP(eventlog_freep) struct eventlog *log = NULL;
    CLEANUP(inspect_freep) struct inspect *view = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = eventlog_parse(buffer_bytes(&recorded), &log, &reasons);
    if (s != STATUS_OK || reasons.failed)
        return status_of(s, &reasons);
    assert_non_null(log);
    s = inspect_new(hasher, log, &view, &reasons);
    assert_int_equal(s == STATUS_OK, view != NULL);
    return s == STATUS_OK && !reasons.failed ? show(view) : status_of(s, &reasons);
}

static void
no_field_is_lost_in_silence(void **state)
{
    (void)state;
    assert_true(fault_each(inspect_every_event, NULL) >= 500);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_proven_when_replay_fails),
        cmocka_unit_test(no_reason_is_lost_when_replay_fails),
        cmocka_unit_test(user_log_is_read_whole_or_not),
        cmocka_unit_test(no_field_is_lost_in_silence),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
