/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands: each takes checked settings and gives the process's exit code. Results go to
 * standard output, what went wrong to standard error.
 */
#pragma once

#include "agent/announce.h"
#include "agent/settings.h"

struct command_flags {
    bool json;
    bool once;
    const char *wanted; /* wait --for; NULL: not given */
    struct announce_order announce;
    const char *timeout; /* wait --timeout; NULL: not given */
};

int command_enroll(const struct settings *s, const struct command_flags *f);
int command_run(const struct settings *s, const struct command_flags *f);
int command_announce(const struct settings *s, const struct command_flags *f);
int command_wait(const struct settings *s, const struct command_flags *f);
int command_status(const struct settings *s, const struct command_flags *f);
int command_identity(const struct settings *s, const struct command_flags *f);
int command_doctor(const struct settings *s, const struct command_flags *f); /* doctor.c */
int command_config(const struct settings *s, const struct command_flags *f);
