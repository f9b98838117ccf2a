/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service: rounds until SIGTERM or SIGINT, SIGHUP brings the next one forward. One thread; a
 * signal ends a wait at once and a request within a second.
 */
#pragma once

#include "agent/settings.h"
#include "agent/state.h"

/* The exit code: 0 after a signal to stop. */
int loop_run(const struct settings *s, struct state *state);
/* Rounds until the verdict is trusted, for at most timeout_s seconds: 0. Then 3 when the last
 * verdict of these rounds was another one, and 75 when there was none: a verifier that is away
 * says nothing about this device. 2 and 77 at once: waiting mends neither a configuration nor a
 * permission. */
int loop_await_trusted(const struct settings *s, int64_t timeout_s, struct state *state);
