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
