/* SPDX-License-Identifier: Apache-2.0 */
/* from: a daemon that accepts; to: one that does not; never: ends the process over who stopped it.
 */
#include "daemon/http_quiesce.h"

#include "base/log.h"

#include <microhttpd.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdlib.h>

#define MAX_TRIES 64

/* Where the thread that quiesces goes on; only it sets and reads them. */
static _Thread_local jmp_buf again;
static _Thread_local bool quiesces;

/* Nothing is held where libmicrohttpd quiesces, and whoever was first has done what was to be done,
 * so it can begin anew. Any other panic is the end. */
static void
on_panic(void *context, const char *file, unsigned line, const char *reason)
{
    (void)context;
    if (quiesces)
        longjmp(again, 1);
    log_line(LOG_LEVEL_ERROR, "http: %s:%u: %s", file, line, reason ? reason : "panic");
    abort();
}

void
http_quiesce(struct MHD_Daemon *mhd)
{
    static _Thread_local int n_tries;
    MHD_set_panic_func(on_panic, NULL);
    n_tries = 0;
    (void)setjmp(again);
    quiesces = ++n_tries < MAX_TRIES;
    (void)MHD_quiesce_daemon(mhd);
    quiesces = false;
}
