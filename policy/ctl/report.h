/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the offline commands have in common: files loaded within their caps, findings told, one
 * document printed, and the exit code that follows: EXIT_YES good, EXIT_NO bad evidence, EXIT_USAGE
 * anything else.
 */
#pragma once

#include "base/emit.h"
#include "ctl/command.h"
#include "evidence/reason.h"

#define REPORT_BANK_SIZE 16u

/* "attestctl: clause: text" to standard error; EXIT_USAGE whatever the status. */
int report_fail(enum status status, const struct diag *diag);
/* A whole file, at most max bytes; a longer one is evidence that is too large: STATUS_OK, *out
 * empty and code in reasons. Any other status: not readable. */
MUST_CHECK enum status report_load(const char *path, size_t max, enum reason_code code,
                                   struct buffer *out, struct reasons *reasons, struct diag *diag);
/* True when a reason that lowers a verdict is there. */
bool report_is_bad(const struct reasons *reasons);
/* Members "reasons" (attempts and reasons), "facts" and "dropped" of the open object. */
void report_emit(struct emit *e, const struct reasons *reasons);
/* The same for people: one line each, what is wrong first. */
void report_append(struct buffer *out, const struct reasons *reasons);
/* Print out, a text or a JSON document without its line end, and return the exit code. */
int report_print(struct buffer *out, const struct reasons *reasons);
/* "sha256", or "0x0099" for one that is not known. Returns out. */
const char *report_bank(uint16_t alg, char out[static REPORT_BANK_SIZE]);
