/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of one document: many small pieces with one end of life. Pieces are zeroed and aligned for
 * any type, and live until the arena is freed. Not for two threads while it grows. Pure.
 */
#pragma once

#include "base/status.h"

struct arena_block;

/* Zero value is empty. */
struct arena {
    struct arena_block *blocks;
};

/* size bytes of zeros; NULL without memory. A size of 0 gives a piece as well. */
void *arena_alloc(struct arena *a, size_t size);
/* n items of item_size; NULL without memory or when the product overflows. */
void *arena_alloc_array(struct arena *a, size_t n, size_t item_size);
/* A copy of text; NULL without memory. */
char *arena_copy_text(struct arena *a, const char *text);
void arena_free(struct arena *a);
