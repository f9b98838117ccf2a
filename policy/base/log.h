/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of the three programs: one line to stderr with an sd-daemon(3) level prefix when stderr
 * is the journal, or "program: level: text" else. Fields for the journal go with log_fields().
 * Never called from policy/evidence or policy/appraise. Any thread.
 */
#pragma once

#include "base/status.h"

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};

/* Set the name and the highest level that is printed; once, before threads start. */
void log_open(const char *program, enum log_level max);

/* One line; control characters are escaped, so peer text cannot forge lines. */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

/* "what: status-name: clause: text (at offset)" from a diag. */
void log_diag(enum log_level level, const char *what, enum status status, const struct diag *diag);

struct log_field {
    const char *name; /* upper-case journal field, e.g. "ATTESTD_DEVICE" */
    const char *value;
};

/* message with fields: as journal fields when built with libsystemd and stderr is the journal, else
 * appended as name=value. */
void log_fields(enum log_level level, const char *message, const struct log_field *fields,
                size_t n_fields);
