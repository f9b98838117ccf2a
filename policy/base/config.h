/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration by a table: an INI file with drop-ins (FILE, then FILE.d/NAME.conf in the order of
 * their names), read over the table's defaults. Unknown keys and sections, a key given twice in
 * one file, a line too long to be read whole and a value not of its type are refused with file and
 * line; each value remembers where it came from. The only room that uses inih.
 */
#pragma once

#include "base/bytes.h"

#include <stdio.h>

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
 * STATUS_NOT_FOUND (defaults are then in *out); STATUS_INVALID: unknown section or key, bad value,
 * with file:line in diag->text. config_free() is safe after any status. */
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
