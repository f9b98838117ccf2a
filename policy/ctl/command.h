/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attestctl's commands as one table of {words, arguments, options, function}. Exit codes are those
 * of architecture 8, the same in all programs.
 */
#pragma once

#include "base/options.h"
#include "ctl/client.h"

#define EXIT_YES         0
#define EXIT_NO          1 /* evidence, a verdict or the verifier says no */
#define EXIT_USAGE       2 /* usage, or a file that cannot be read */
#define EXIT_NOT_TRUSTED 3
#define EXIT_UNAVAILABLE 69
#define EXIT_TRY_LATER   75
#define EXIT_DENIED      77

struct context {
    const struct options *options;
    const char *const *arguments; /* after the command's words */
    size_t n_arguments;
    bool json;
    struct client_settings client;
};

struct command {
    const char *group;     /* "device" */
    const char *verb;      /* "list"; "": the group alone is the command */
    const char *arguments; /* for help: "DEVICE" */
    size_t n_min, n_max;   /* of arguments */
    const char *help;
    int (*run)(struct context *c);
    const char *options; /* names of those that it reads, with a blank between; any other is
                          * refused, but --config and --help */
};

/* Options of every command that calls the verifier. */
#define COMMAND_REMOTE "server ca-file pinned-key token-file "

/* All commands, one file a group. */
extern const struct command inspect_commands[];
extern const size_t inspect_n_commands;
extern const struct command verify_commands[];
extern const size_t verify_n_commands;
extern const struct command device_commands[];
extern const size_t device_n_commands;
extern const struct command attestation_commands[];
extern const size_t attestation_n_commands;
extern const struct command round_commands[];
extern const size_t round_n_commands;
extern const struct command group_commands[];
extern const size_t group_n_commands;
extern const struct command apply_commands[];
extern const size_t apply_n_commands;
extern const struct command explain_commands[];
extern const size_t explain_n_commands;
extern const struct command fleet_commands[];
extern const size_t fleet_n_commands;
extern const struct command simulate_commands[];
extern const size_t simulate_n_commands;
extern const struct command document_commands[];
extern const size_t document_n_commands;
extern const struct command profile_commands[];
extern const size_t profile_n_commands;
extern const struct command init_commands[];
extern const size_t init_n_commands;
extern const struct command diff_commands[];
extern const size_t diff_n_commands;
extern const struct command image_commands[];
extern const size_t image_n_commands;
extern const struct command token_commands[];
extern const size_t token_n_commands;

/* Every option of every command. */
extern const struct option_spec command_options[];
extern const size_t command_n_options;

/* The command that the words begin with; NULL when there is none. */
const struct command *command_find(const char *const *words, size_t n_words);
/* The command with its options and settings; its exit code. */
int command_run(const struct command *command, const struct options *o);
/* Help on all, or on one command, to standard output. */
void command_help(const struct command *command);

/* The exit code of the program after a command's: EXIT_USAGE when standard output lost something.
 */
int command_finish(int rc);
/* text, which may hold bytes of a file or a peer, for a terminal: printable ASCII as it stands, the
 * rest as \xNN. What is returned lives in room. */
const char *command_plain(const char *text, struct buffer *room);

/* "attestctl: clause: text" to standard error; returns the exit code for the status. */
int command_fail(enum status status, const struct diag *diag);
/* "attestctl: path:line: clause: text" of a document that breaks a rule, whose line is diag's
 * offset: EXIT_NO. Any other status: command_fail(). */
int command_fail_in(const char *path, enum status status, const struct diag *diag);
/* An option's value or NULL. */
const char *command_option(const struct context *c, const char *name);
