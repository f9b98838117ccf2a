/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line, by a table: `--name VALUE`, `--name=VALUE`, `--flag`, and `-h` for `--help`
 * where the table has it. What is not in the table is refused, never guessed or abbreviated.
 */
#pragma once

#include "base/bytes.h"

#include <stdio.h>

struct option_spec {
    const char *name;     /* without the dashes */
    const char *argument; /* its placeholder in --help; NULL: a flag */
    const char *help;     /* one line */
    bool many;            /* may be given more than once */
};

struct option_value {
    const char *name;  /* as in the table */
    const char *value; /* "" for a flag; borrowed from argv */
};

struct options {
    struct option_value *values;
    size_t n_values;
    const char **arguments; /* what is not an option, in order; borrowed from argv */
    size_t n_arguments;
};

/* Parse argv[1..]. "--" ends the options; "-" is an argument. STATUS_INVALID with diag naming the
 * option: unknown, given twice, without its value, or a flag given one. STATUS_NOMEM. *out is to
 * be freed after STATUS_OK, and may be after any status. */
MUST_CHECK enum status options_parse(int argc, char *const *argv, const struct option_spec *specs,
                                     size_t n_specs, struct options *out, struct diag *diag);
/* The last value of name, or NULL. The value at index i of those of name, or NULL past the last. */
const char *options_get(const struct options *o, const char *name);
const char *options_get_nth(const struct options *o, const char *name, size_t i);
void options_free(struct options *o);
/* Print the table as help text. */
void options_print_help(FILE *out, const struct option_spec *specs, size_t n_specs);
