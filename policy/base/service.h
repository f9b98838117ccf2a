/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service manager's side of a daemon: readiness, watchdog, passed sockets, credentials. Built
 * without libsystemd, or run without a manager, every call does nothing. [sd_notify(3),
 * sd_listen_fds(3)]
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>

/* "READY=1", "STOPPING=1", "RELOADING=1", "WATCHDOG=1", "STATUS=...". */
void service_notify(const char *state);
/* Half the interval in which the manager wants WATCHDOG=1, in ms; 0: none wanted. */
int64_t service_watchdog_ms(void);
/* The one listening socket passed by the manager; -1: none. STATUS_INVALID: several, or not a
 * stream socket. */
MUST_CHECK enum status service_listen_fd(int *out, struct diag *diag);
/* Where systemd put this unit's credentials; NULL: none. */
const char *service_credentials(void);
