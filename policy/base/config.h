/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration by a table: an INI file with drop-ins (FILE, then FILE.d/NAME.conf in the order of
 * their names), read over the table's defaults. Unknown keys and sections, a key given twice in
 * one file (but a list), a line too long to be read whole (inih: 198 bytes) and a value not of its
 * type are refused with file and line; each value remembers where it came from. The only room that
 * uses inih.
 */
#pragma once

#include "base/bytes.h"

#include <stdio.h>

/* The longest item of a list, with its NUL; a longer one is refused. */
#define CONFIG_ITEM_SIZE 256u

/* BOOL: yes, no, true, false, on, off. LIST: the items of a key given again in one file add up. */
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

/* Load file and its drop-ins over the defaults and check every value's type. STATUS_NOT_FOUND: no
 * file; *out holds the defaults and what drop-ins set. STATUS_INVALID: unknown section or key, bad
 * value or line, with file:line in diag->text. STATUS_IO, STATUS_DENIED, STATUS_LIMIT: a file
 * cannot be read. config_free() is safe after any status. specs outlives *out. */
MUST_CHECK enum status config_load(const char *file, const struct config_spec *specs,
                                   size_t n_specs, struct config *out, struct diag *diag);
/* Override one value (from the command line: origin "--set"). STATUS_INVALID: bad value.
 * STATUS_NOT_FOUND: not in the table. */
MUST_CHECK enum status config_override(struct config *c, const char *section, const char *key,
                                       const char *value, struct diag *diag);

/* The value of a key of the table with that type; asking for another is a bug (assert). Unset is
 * NULL, false or 0. Texts live as long as c is not changed. */
const char *config_text(const struct config *c, const char *section, const char *key);
bool config_bool(const struct config *c, const char *section, const char *key);
uint64_t config_u64(const struct config *c, const char *section, const char *key);
int64_t config_duration_s(const struct config *c, const char *section, const char *key);
/* Item i of a list separated by blanks or commas, copied into out, which has CONFIG_ITEM_SIZE
 * bytes; false past the last. */
bool config_list_item(const struct config *c, const char *section, const char *key, size_t i,
                      char *out, size_t out_size);
/* "section.key = value  # origin" lines; secrets as "(set)", what has no value as "(unset)". */
void config_print(const struct config *c, FILE *out);
void config_free(struct config *c);
