/* SPDX-License-Identifier: Apache-2.0 */
/* from: a failed step; to: one status and a line for a person; never: keeps peer bytes. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

enum status
diag_set(struct diag *diag, enum status status, const char *clause, uint64_t offset,
         const char *format, ...)
{
    if (!diag)
        return status;
    diag->clause = clause;
    diag->offset = offset;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(diag->text, sizeof diag->text, format, args);
    va_end(args);
    if (n < 0)
        diag->text[0] = '\0';
    return status;
}

const char *
status_name(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return "ok";
    case STATUS_NOMEM:
        return "no-memory";
    case STATUS_IO:
        return "io";
    case STATUS_MALFORMED:
        return "malformed";
    case STATUS_UNSUPPORTED:
        return "unsupported";
    case STATUS_LIMIT:
        return "limit";
    case STATUS_CRYPTO:
        return "crypto";
    case STATUS_TPM:
        return "tpm";
    case STATUS_STORE:
        return "store";
    case STATUS_UNCERTAIN:
        return "uncertain";
    case STATUS_NOT_FOUND:
        return "not-found";
    case STATUS_CONFLICT:
        return "conflict";
    case STATUS_STALE:
        return "stale";
    case STATUS_DENIED:
        return "denied";
    case STATUS_INVALID:
        return "invalid";
    case STATUS_BUSY:
        return "busy";
    }
    return "unknown";
}
