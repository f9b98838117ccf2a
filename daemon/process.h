/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon as a process: opens the rooms in order, runs until told to end, closes them in
 * reverse. Signals: SIGHUP loads documents and certificates again, SIGTERM and SIGINT drain.
 */
#pragma once

#include "base/config.h"

struct process;

/* Open every room and start serving. diag says what to mend. */
MUST_CHECK enum status process_open(const struct config *config, struct process **out,
                                    struct diag *diag);
/* Serve until SIGTERM or SIGINT: the signals must be blocked in all threads. */
void process_run(struct process *p);
/* Drain and close. Safe on NULL and on what process_open() left half done. */
void process_close(struct process *p);
