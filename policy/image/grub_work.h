/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of grub: one run of its scripts. Memory of the run is kept until its end, within
 * GRUB_MAX_MEMORY. Pure.
 */
#pragma once

#include "image/grub.h"

#define GRUB_MAX_MEMORY    (64u * 1024u * 1024u)
#define GRUB_MAX_WORDS     256u
#define GRUB_MAX_WORD      (64u * 1024u)
#define GRUB_MAX_VARIABLES 1024u
#define GRUB_MAX_ENTRIES   1024u

struct grub_words {
    size_t n;
    const char *items[GRUB_MAX_WORDS];
};

struct grub_script {
    struct bytes text;
    size_t at;
    uint64_t line;
};

struct grub_entry {
    const char *title;
    const char *id; /* "" when none */
    bool submenu;
    struct grub_script body; /* without its braces */
    struct grub_words args;  /* behind setparams */
};

struct grub_menu {
    struct grub_entry *entries;
    size_t n;
};

struct grub_kept;

struct grub_run {
    struct hasher *h;
    const struct grub_options *options;
    struct measurements *out;
    struct grub_found *found;
    struct diag *diag;
    struct grub_kept *kept;
    size_t n_kept;
    struct grub_pair *variables;
    size_t n_variables;
    struct grub_script *functions; /* bodies */
    const char **function_names;
    size_t n_functions;
    const struct grub_words *params; /* $1 and so on; NULL: none */
    struct grub_menu *menu;
    uint64_t line; /* of the command that runs */
    unsigned depth;
    unsigned result; /* of the last command: 0 is true */
    bool booted;     /* a kernel is loaded and the entry has ended */
    bool has_kernel;
};

/* ---- grub_script.c: words and blocks ---- */

enum grub_token {
    GRUB_END,     /* of the script */
    GRUB_COMMAND, /* words */
    GRUB_KEYWORD  /* one bare word of the grammar, in words->items[0] */
};

/* The next command or keyword; with run its words are filled in, else only its extent is found.
 * block: what stands in braces behind it, with them; empty when nothing does. */
MUST_CHECK enum status grub_next(struct grub_run *r, struct grub_script *s, bool run,
                                 enum grub_token *token, struct grub_words *words,
                                 struct grub_script *block);
/* STATUS and line of the script into diag. */
enum status grub_refuse(const struct grub_run *r, enum status status, const char *what,
                        const char *word);

/* ---- grub_memory.c ---- */

/* A copy, or zeroed memory, kept until the run ends; NULL above the limit. */
char *grub_keep(struct grub_run *r, struct bytes text);
void *grub_alloc(struct grub_run *r, size_t size);
void grub_forget(struct grub_run *r);
/* "" when it is not set. */
const char *grub_get(const struct grub_run *r, const char *name);
MUST_CHECK enum status grub_set(struct grub_run *r, const char *name, const char *value);

/* ---- grub_command.c ---- */

/* Open a file as GRUB does: measured. STATUS_NOT_FOUND. */
MUST_CHECK enum status grub_open(struct grub_run *r, const char *path, const char *role,
                                 struct bytes *out);
/* Whether something lies there; nothing is measured. */
MUST_CHECK enum status grub_exists(struct grub_run *r, const char *path, bool *exists,
                                   bool *is_folder);
/* Run a command that is neither grammar nor a function; STATUS_UNSUPPORTED. */
MUST_CHECK enum status grub_command(struct grub_run *r, const struct grub_words *words,
                                    const struct grub_script *block);
/* The lists of modules below $prefix, which GRUB reads whenever it is set. */
MUST_CHECK enum status grub_read_lists(struct grub_run *r);

/* ---- grub_test.c ---- */

MUST_CHECK enum status grub_test(struct grub_run *r, const char *const *words, size_t n,
                                 bool *value);

/* ---- grub.c ---- */

/* Run a script in a menu of its own (configfile), or in this one (source). */
MUST_CHECK enum status grub_run_file(struct grub_run *r, const char *path, bool own_menu);
