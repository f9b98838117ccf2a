/* SPDX-License-Identifier: Apache-2.0 */
/* from: the service manager's environment; to: answers a main loop needs; never: opens anything. */
#include "base/service.h"

#include <stdlib.h>
#include <sys/socket.h>

#if HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#define CLAUSE "sd_listen_fds(3)"

void
service_notify(const char *state)
{
#if HAVE_SYSTEMD
    (void)sd_notify(0, state);
#else
    (void)state;
#endif
}

int64_t
service_watchdog_ms(void)
{
#if HAVE_SYSTEMD
    uint64_t interval_us = 0;
    if (sd_watchdog_enabled(0, &interval_us) > 0)
        return (int64_t)(interval_us / 2000);
#endif
    return 0;
}

enum status
service_listen_fd(int *out, struct diag *diag)
{
    *out = -1;
#if HAVE_SYSTEMD
    int n = sd_listen_fds(0);
    if (n > 1)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "%d sockets were passed, not one", n);
    if (n == 1 && sd_is_socket(SD_LISTEN_FDS_START, AF_UNSPEC, SOCK_STREAM, 1) <= 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the socket passed does not listen");
    if (n == 1)
        *out = SD_LISTEN_FDS_START;
#else
    (void)diag;
#endif
    return STATUS_OK;
}

const char *
service_credentials(void)
{
    return getenv("CREDENTIALS_DIRECTORY");
}
