/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings and state; to: state after a round; never: enrols unless told to. */
#include "agent/turn.h"

#include "agent/clock.h"
#include "agent/enroll.h"
#include "agent/round.h"
#include "base/log.h"

enum status
turn_load(const struct settings *settings, struct state *out, struct diag *diag)
{
    bool lost = false;
    enum status s = state_load(settings->state_directory, out, &lost, diag);
    if (lost)
        log_line(LOG_LEVEL_WARNING,
                 "%s/state.json cannot be understood and is ignored: logs are sent whole again",
                 settings->state_directory);
    return s;
}

void
turn_refresh(const struct settings *settings, struct state *state)
{
    struct state fresh = {0};
    if (!state->kept)
        return;
    if (turn_load(settings, &fresh, NULL) != STATUS_OK) {
        state_free(&fresh);
        return;
    }
    state_free(state);
    *state = fresh;
}

void
turn_save(const struct settings *settings, struct state *state)
{
    struct diag diag = {0};
    enum status s = state_save(settings->state_directory, state, &diag);
    state->kept = s == STATUS_OK;
    if (s != STATUS_OK)
        log_diag(LOG_LEVEL_WARNING, "state is not kept; logs will be sent whole again", s, &diag);
}

void
turn_enroll(const struct settings *settings, client_stop stop, struct state *state,
            struct outcome *out)
{
    enroll(settings, stop, state, out);
    if (out->kind == OUTCOME_DONE || out->kind == OUTCOME_LATER)
        turn_save(settings, state);
}

static bool
has_verdict(const struct outcome *o)
{
    return o->kind == OUTCOME_TRUSTED || o->kind == OUTCOME_NOT_TRUSTED;
}

static void
end_turn(const struct settings *settings, int64_t started_s, const struct outcome *o,
         struct state *state)
{
    uint64_t n_failures = state->round.n_failures;
    int64_t next_s = state->round.next_s;
    int64_t now_s = clock_now_s();
    state->round = (struct state_round){
        .started_s = started_s,
        .ended_s = now_s,
        .outcome = *o,
        .n_failures = has_verdict(o) ? 0 : n_failures + 1,
        .next_s = next_s > now_s ? next_s : 0, /* of a loop that runs beside this */
    };
    turn_save(settings, state);
}

void
turn_attest(const struct settings *settings, client_stop stop, struct state *state)
{
    const struct round_order order = {.settings = settings, .stop = stop};
    struct outcome o = {0};
    int64_t started_s = clock_now_s();
    round_run(&order, state, &o);
    if (o.enroll_helps && settings->enroll_automatic) {
        log_line(LOG_LEVEL_NOTICE, "%s; enrolling", o.message);
        turn_enroll(settings, stop, state, &o);
        if (o.kind == OUTCOME_DONE)
            round_run(&order, state, &o);
    }
    end_turn(settings, started_s, &o, state);
}

void
turn_announce(const struct settings *settings, struct bytes announcement, struct state *state)
{
    const struct round_order order = {.settings = settings, .announcement = announcement};
    struct outcome o = {0};
    int64_t started_s = clock_now_s();
    round_run(&order, state, &o);
    end_turn(settings, started_s, &o, state);
}
