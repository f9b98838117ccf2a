/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings and state; to: a round now and then; never: ends by itself. */
#include "agent/loop.h"

#include "agent/clock.h"
#include "agent/schedule.h"
#include "agent/turn.h"
#include "base/log.h"
#include "base/service.h"
#include "base/text.h"

#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>

#define SLICE_MAX_S INT64_C(60)

static volatile sig_atomic_t stopping; /* SIGTERM or SIGINT came */
static volatile sig_atomic_t hurried;  /* SIGHUP came since the last round */

static void
stop(int number)
{
    (void)number;
    stopping = 1;
}

static void
hurry(int number)
{
    (void)number;
    hurried = 1;
}

static int64_t deadline_s; /* of loop_await_trusted(), on the monotonic clock; 0: none */

static bool
is_late(void)
{
    return deadline_s != 0 && clock_monotonic_s() >= deadline_s;
}

/* Asked by the client while it waits: as good a sign of life as any. */
static bool
stop_or_ping(void)
{
    service_notify("WATCHDOG=1");
    return stopping != 0 || is_late();
}

static bool
set_handlers(void)
{
    static const struct {
        int number;
        void (*handler)(int);
    } signals[] = {{SIGTERM, stop}, {SIGINT, stop}, {SIGHUP, hurry}, {SIGPIPE, SIG_IGN}};
    bool set = true;
    for (size_t i = 0; set && i < sizeof signals / sizeof signals[0]; i++) {
        struct sigaction action = {.sa_handler = signals[i].handler};
        set = sigemptyset(&action.sa_mask) == 0 && sigaction(signals[i].number, &action, NULL) == 0;
    }
    return set;
}

/* Sleep, unless a signal is there or comes: they are blocked but while ppoll() waits, so that none
 * is missed between the look and the sleep. */
static void
sleep_slice(int64_t seconds)
{
    sigset_t blocked;
    sigset_t before;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGINT);
    (void)sigaddset(&blocked, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &blocked, &before);
    struct timespec time = {.tv_sec = (time_t)seconds};
    if (!stopping && !hurried)
        (void)ppoll(NULL, 0, &time, &before);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Until the monotonic clock says so, with pings in between. */
static void
wait_until(int64_t due_s)
{
    int64_t wanted_s = service_watchdog_ms() / 1000;
    int64_t slice_s = wanted_s > 0 && wanted_s < SLICE_MAX_S ? wanted_s : SLICE_MAX_S;
    for (int64_t left = due_s - clock_monotonic_s(); left > 0 && !stopping && !hurried;
         left = due_s - clock_monotonic_s()) {
        sleep_slice(left < slice_s ? left : slice_s);
        service_notify("WATCHDOG=1");
    }
}

static void
log_round(const struct outcome *o, const struct state *state)
{
    const struct log_field fields[] = {
        {"ATTESTD_DEVICE", state->device},
        {"ATTESTD_OUTCOME", outcome_name(o->kind)},
        {"ATTESTD_CODE", o->code},
    };
    log_fields(outcome_exit_code(o->kind) == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, o->message,
               fields, sizeof fields / sizeof fields[0]);
    char status[OUTCOME_MESSAGE_SIZE + 8];
    (void)snprintf(status, sizeof status, "STATUS=%s", o->message);
    service_notify(status);
}

static uint32_t
draw(void)
{
    uint8_t random[4] = {0};
    if (digest_random(random, sizeof random) != STATUS_OK)
        log_line(LOG_LEVEL_WARNING, "no randomness: the next round is not spread");
    return (uint32_t)random[0] << 24 | (uint32_t)random[1] << 16 | (uint32_t)random[2] << 8 |
           random[3];
}

static int64_t
plan_next(const struct settings *s, struct state *state)
{
    int64_t wait_s = schedule_wait_s(s, &state->round.outcome, state->round.n_failures, draw());
    state->round.next_s = clock_now_s() + wait_s;
    turn_save(s, state);
    return wait_s;
}

int
loop_run(const struct settings *s, struct state *state)
{
    if (!set_handlers())
        return 1;
    service_notify("READY=1");
    while (!stopping) {
        hurried = 0;
        turn_refresh(s, state);
        turn_attest(s, stop_or_ping, state);
        if (stopping)
            break;
        log_round(&state->round.outcome, state);
        wait_until(clock_monotonic_s() + plan_next(s, state));
    }
    service_notify("STOPPING=1");
    state->round.next_s = 0;
    turn_save(s, state);
    log_line(LOG_LEVEL_NOTICE, "stopped");
    return 0;
}

/* Sleep before another try, the last one at the deadline's end at the latest; false when the
 * verifier asked for more time than is left. */
static bool
pause_for_retry(const struct settings *s, const struct outcome *o, uint64_t n_tries)
{
    int64_t now_s = clock_monotonic_s();
    int64_t wait_s = schedule_retry_s(s, o, n_tries, draw());
    int64_t left_s = deadline_s - now_s;
    if (wait_s > left_s && (o->retry_after_s > left_s || left_s < 2))
        return false;
    wait_until(now_s + (wait_s > left_s ? left_s - 1 : wait_s));
    return !stopping;
}

int
loop_await_trusted(const struct settings *s, int64_t timeout_s, struct state *state)
{
    enum outcome_kind judged = OUTCOME_LATER;
    uint64_t n_tries = 0;
    const struct outcome *o = &state->round.outcome;
    if (!set_handlers())
        return 1;
    deadline_s = clock_monotonic_s() + timeout_s;
    do {
        hurried = 0;
        turn_refresh(s, state);
        turn_attest(s, stop_or_ping, state);
        log_round(o, state);
        if (o->kind == OUTCOME_TRUSTED || o->kind == OUTCOME_USAGE || o->kind == OUTCOME_DENIED)
            return outcome_exit_code(o->kind);
        if (o->kind == OUTCOME_NOT_TRUSTED)
            judged = OUTCOME_NOT_TRUSTED;
    } while (!stopping && pause_for_retry(s, o, ++n_tries));
    return outcome_exit_code(judged);
}
