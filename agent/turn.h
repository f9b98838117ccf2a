/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn of the agent: a round, an enrolment before it where that helps and is permitted, and
 * what is remembered of both. What `run --once` and each pass of the loop do.
 */
#pragma once

#include "agent/client.h"
#include "agent/state.h"

/* state->round tells how it ended; state is saved, and a failure to save it is logged. */
void turn_attest(const struct settings *settings, client_stop stop, struct state *state);
/* One round that brings an announcement; no enrolment. */
void turn_announce(const struct settings *settings, struct bytes announcement, struct state *state);
/* The same for an enrolment that was asked for. */
void turn_enroll(const struct settings *settings, client_stop stop, struct state *state,
                 struct outcome *out);
/* Load state; what is lost is logged, and harmless. A directory that cannot be read is not. */
MUST_CHECK enum status turn_load(const struct settings *settings, struct state *out,
                                 struct diag *diag);
/* Load again what another process may have written since state was saved: an enrolment, an
 * announcement, a round. state stays as it is when it could not be saved, or cannot be loaded. */
void turn_refresh(const struct settings *settings, struct state *state);
/* Save state; a failure is logged. */
void turn_save(const struct settings *settings, struct state *state);
