/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options and configuration, by tables. argv: `--name VALUE`, `--name=VALUE`, `--flag`, `-h`.
 * Files: INI with drop-ins (FILE, then FILE.d/NAME.conf in order), every key of the table, unknown keys and
 * sections refused with file and line, each value remembering where it came from.
 */
#pragma once

#include "base/bytes.h"

#include <stdio.h>

/* argv */
struct option_spec {
    const char *name;    /* without the dashes */
    const char *argument; /* its placeholder in --help; NULL: a flag */
    const char *help;
    bool many; /* may be given more than once */
};

struct option_value {
    const char *name; /* as in the table */
    const char *value; /* "" for a flag; borrowed from argv */
};

struct options {
    struct option_value *values;
    size_t n_values;
    const char **arguments; /* what is not an option, in order; borrowed from argv */
    size_t n_arguments;
};

/* Parse argv[1..]. "--" ends the options. STATUS_INVALID with diag naming the option. */
MUST_CHECK enum status options_parse(int argc, char *const *argv, const struct option_spec *specs,
                                     size_t n_specs, struct options *out, struct diag *diag);
/* The last value of name, or NULL. */
const char *options_get(const struct options *o, const char *name);
void options_free(struct options *o);
/* Print the table as help text. */
void options_print_help(FILE *out, const struct option_spec *specs, size_t n_specs);

/* configuration files */
enum config_type { CONFIG_TEXT, CONFIG_BOOL, CONFIG_U64, CONFIG_DURATION_S, CONFIG_LIST };

struct config_spec {
    const char *section;
    const char *key;
    enum config_type type;
    const char *fallback; /* default, as text; NULL: unset */
    const char *help;     /* one line; the manual has the same */
    bool secret;          /* never printed */
};

struct config_entry {
    const struct config_spec *spec;
    char *value;  /* NULL: unset */
    char *origin; /* "default", or "FILE:LINE" */
};

struct config {
    struct config_entry *entries; /* one a row of the table, in its order */
    size_t n_entries;
};

/* Load file and its drop-ins over the defaults and check every value's type. A missing file is
 * STATUS_NOT_FOUND (defaults are then in *out); STATUS_INVALID: unknown section or key, bad value, with
 * file:line in diag->text. config_free() is safe after any status. */
MUST_CHECK enum status config_load(const char *file, const struct config_spec *specs,
                                   size_t n_specs, struct config *out, struct diag *diag);
/* Override one value (from the command line: origin "--set"). STATUS_INVALID, STATUS_NOT_FOUND. */
MUST_CHECK enum status config_override(struct config *c, const char *section, const char *key,
                                       const char *value, struct diag *diag);
const char *config_text(const struct config *c, const char *section, const char *key);
bool config_bool(const struct config *c, const char *section, const char *key);
uint64_t config_u64(const struct config *c, const char *section, const char *key);
int64_t config_duration_s(const struct config *c, const char *section, const char *key);
/* Item i of a list separated by blanks or commas, copied into out; false past the last. */
bool config_list_item(const struct config *c, const char *section, const char *key, size_t i,
                      char *out, size_t out_size);
/* "section.key = value  # origin" lines; secrets as "(set)". */
void config_print(const struct config *c, FILE *out);
void config_free(struct config *c);
