/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an operation failed. A status says whose fault it is, never what the evidence is worth:
 * bad evidence is a reason (evidence/reason.h). Any status but STATUS_OK on the way to a verdict
 * ends as VERDICT_NONE. Pure values, any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK                     __attribute__((warn_unused_result))
#define PRINTF_LIKE(text_at, first_at) __attribute__((__format__(__printf__, text_at, first_at)))

enum status {
    STATUS_OK = 0,
    STATUS_NOMEM,       /* ours: no memory */
    STATUS_IO,          /* ours: a file, a socket, the clock */
    STATUS_MALFORMED,   /* the peer's: bytes that no valid encoder makes */
    STATUS_UNSUPPORTED, /* nobody's: well-formed, but an algorithm or version we do not know */
    STATUS_LIMIT,       /* the peer's: above a limit of base/limits.h */
    STATUS_CRYPTO,      /* ours: OpenSSL failed where it must not */
    STATUS_TPM,         /* the device's TPM answered an error */
    STATUS_STORE,       /* ours: the database refused; nothing was written */
    STATUS_UNCERTAIN,   /* ours: whether a commit took effect is unknown */
    STATUS_NOT_FOUND,   /* the caller's: no such thing */
    STATUS_CONFLICT,    /* nobody's: somebody else was first; read again and retry */
    STATUS_STALE,       /* the peer's: too old, spent or superseded */
    STATUS_DENIED,      /* the caller's: known, but not permitted */
    STATUS_INVALID,     /* the operator's: a document or option breaks a rule */
    STATUS_BUSY         /* ours: a queue is full; try later */
};

/* What went wrong, for a person. Owned by the caller, no heap, any diag argument may be NULL.
 * Never holds bytes that a peer controls. */
struct diag {
    const char *clause; /* static string: the spec clause or the room, e.g. "TPM2 P2 10.12.8" */
    uint64_t offset;    /* byte offset in the input, or the line of a document, where it applies */
    char text[160];
};

/* Fill diag (when not NULL) and return status, so that a refusal is one line. */
enum status diag_set(struct diag *diag, enum status status, const char *clause, uint64_t offset,
                     const char *format, ...) PRINTF_LIKE(5, 6);

/* A stable lower-case word for a status ("malformed"); never NULL. */
const char *status_name(enum status status);
