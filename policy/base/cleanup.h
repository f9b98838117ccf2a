/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-bound release: `CLEANUP(buffer_free) struct buffer b = {0};` releases on every path out.
 * The function takes a pointer to the variable. Every such variable is initialised where declared.
 * Rooms that own a type define its x_freep beside it.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CLEANUP(function) __attribute__((cleanup(function)))

/* Free a heap string: `CLEANUP(free_charp) char *text = NULL;` */
static inline void
free_charp(char **p)
{
    free(*p);
}

/* Close a stdio stream if open. */
static inline void
close_filep(FILE **f)
{
    if (*f)
        (void)fclose(*f);
}

/* Close a descriptor if not negative. */
static inline void
close_fdp(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}
