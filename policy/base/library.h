/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shared library that only some commands need, loaded when one of them runs: linked, it and all
 * that it needs itself would be read and relocated at every start of the program. Its functions are
 * called through a table of theirs, so that the compiler sees their types. [dlopen(3)]
 */
#pragma once

#include "base/status.h"

struct library_symbol {
    const char *name;
    size_t at; /* of the function pointer in the caller's table */
};

/* Fill table with the library's functions. It is loaded once and stays, so asking again is cheap.
 * STATUS_NOT_FOUND: it is not installed, or lacks a function; diag names the Debian package that
 * has it. */
MUST_CHECK enum status library_load(const char *name, const char *package,
                                    const struct library_symbol *symbols, size_t n_symbols,
                                    void *table, struct diag *diag);
