/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings; to: output and an exit code; never: does the work itself. */
#include "agent/command.h"

#include "agent/clock.h"
#include "agent/device.h"
#include "agent/loop.h"
#include "agent/report.h"
#include "agent/turn.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"

#define WAIT_MAX_S INT64_C(86400)

static int
say_outcome(const struct outcome *o)
{
    int code = outcome_exit_code(o->kind);
    log_line(code == 0 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR, "%s", o->message);
    return code;
}

static int
say_device_failure(const char *what, enum status s, const struct diag *diag)
{
    struct outcome o;
    outcome_of_device(&o, what, s, diag);
    return say_outcome(&o);
}

/* Print text to standard output; code, unless that fails. */
static int
print(struct buffer *text, enum status s, int code)
{
    if (s != STATUS_OK)
        return say_device_failure("output", s, NULL);
    if (fwrite(text->data, 1, text->size, stdout) != text->size || fflush(stdout) != 0)
        return say_device_failure("output", STATUS_IO, NULL);
    return code;
}

static int
show_status(const struct state *state, const struct command_flags *f)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    int64_t now_s = clock_now_s();
    enum status s =
        f->json ? report_status_json(state, now_s, &text) : report_status(state, now_s, &text);
    return print(&text, s, report_exit_code(state, now_s));
}

int
command_enroll(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(state_free) struct state state = {0};
    struct outcome o = {0};
    struct diag diag = {0};
    (void)f;
    enum status status = turn_load(s, &state, &diag);
    if (status != STATUS_OK)
        return say_device_failure("state", status, &diag);
    turn_enroll(s, NULL, &state, &o);
    return say_outcome(&o);
}

int
command_run(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(state_free) struct state state = {0};
    struct diag diag = {0};
    enum status status = settings_check_verifier(s, &diag);
    if (status != STATUS_OK)
        return say_device_failure("configuration", status, &diag);
    status = turn_load(s, &state, &diag);
    if (status != STATUS_OK)
        return say_device_failure("state", status, &diag);
    if (!f->once)
        return loop_run(s, &state);
    turn_attest(s, NULL, &state);
    if (outcome_exit_code(state.round.outcome.kind) != 0)
        log_line(LOG_LEVEL_ERROR, "%s", state.round.outcome.message);
    return show_status(&state, f);
}

static int
end_announcement(const struct state *state)
{
    struct outcome o = state->round.outcome;
    if (o.kind == OUTCOME_TRUSTED || o.kind == OUTCOME_NOT_TRUSTED)
        outcome_of_announcement(&o, state->verdict);
    return say_outcome(&o);
}

int
command_announce(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(state_free) struct state state = {0};
    CLEANUP(buffer_free) struct buffer announcement = {0};
    struct diag diag = {0};
    enum status status = settings_check_verifier(s, &diag);
    if (status != STATUS_OK)
        return say_device_failure("configuration", status, &diag);
    status = announce_encode(&f->announce, &announcement, &diag);
    if (status != STATUS_OK)
        return say_device_failure("announcement", status, &diag);
    status = turn_load(s, &state, &diag);
    if (status != STATUS_OK)
        return say_device_failure("state", status, &diag);
    turn_announce(s, buffer_bytes(&announcement), &state);
    return end_announcement(&state);
}

/* Say what is wrong with the flags of wait, and give its code; 0: nothing. */
static int
check_wait(const struct command_flags *f, int64_t *timeout_s)
{
    struct outcome o = {0};
    if (!f->wanted || !text_equal(f->wanted, "trusted"))
        outcome_set(&o, OUTCOME_USAGE, "wait needs --for trusted; nothing else can be waited for");
    else if (text_parse_duration_s(f->timeout ? f->timeout : "5m", timeout_s) != STATUS_OK ||
             *timeout_s < 1 || *timeout_s > WAIT_MAX_S)
        outcome_set(&o, OUTCOME_USAGE, "--timeout is a time such as 90s or 5m, at most 1d");
    return o.kind == OUTCOME_NONE ? 0 : say_outcome(&o);
}

int
command_wait(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(state_free) struct state state = {0};
    struct diag diag = {0};
    int64_t timeout_s = 0;
    int wrong = check_wait(f, &timeout_s);
    if (wrong != 0)
        return wrong;
    enum status status = settings_check_verifier(s, &diag);
    if (status != STATUS_OK)
        return say_device_failure("configuration", status, &diag);
    status = turn_load(s, &state, &diag);
    if (status != STATUS_OK)
        return say_device_failure("state", status, &diag);
    return loop_await_trusted(s, timeout_s, &state);
}

int
command_status(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(state_free) struct state state = {0};
    struct diag diag = {0};
    enum status status = turn_load(s, &state, &diag);
    if (status != STATUS_OK)
        return say_device_failure("state", status, &diag);
    return show_status(&state, f);
}

static enum status
fill_identity(struct device *d, const struct ek_list *eks, struct report_identity *i)
{
    struct bytes first = buffer_bytes(&eks->items[0].spki);
    *i = (struct report_identity){.eks = eks, .ak_name = buffer_bytes(&d->ak_name)};
    enum status s = enrollment_device_id(d->hasher, first, i->device_id);
    if (s == STATUS_OK)
        s = enrollment_ueid(d->hasher, first, i->ueid);
    for (size_t n = 0; s == STATUS_OK && n < eks->n_items; n++)
        s = digest_sha256(d->hasher, buffer_bytes(&eks->items[n].spki), i->ek_sha256[n]);
    return s;
}

int
command_identity(const struct settings *s, const struct command_flags *f)
{
    CLEANUP(device_close) struct device device = {0};
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    struct report_identity identity = {0};
    struct diag diag = {0};
    enum status status = device_open(s, &device, &diag);
    if (status == STATUS_OK)
        status = ek_list_load(device.tpm, s->ek_algorithm, &eks, &diag);
    if (status == STATUS_OK)
        status = fill_identity(&device, &eks, &identity);
    if (status != STATUS_OK)
        return say_device_failure("TPM", status, &diag);
    status = f->json ? report_identity_json(&identity, &text) : report_identity(&identity, &text);
    return print(&text, status, 0);
}

int
command_config(const struct settings *s, const struct command_flags *f)
{
    (void)f;
    config_print(&s->config, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
