/* SPDX-License-Identifier: Apache-2.0 */
/* from: sizes; to: zeroed pieces; never: gives one back before the end. */
#include "appraise/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096u
#define ALIGNMENT  alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    alignas(max_align_t) uint8_t data[];
};

static struct arena_block *
add_block(struct arena *a, size_t size)
{
    size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    struct arena_block *b = calloc(1, sizeof *b + room);
    if (!b)
        return NULL;
    b->size = room;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 4)
        return NULL;
    size_t rounded = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < rounded)
        b = add_block(a, rounded);
    if (!b)
        return NULL;
    void *piece = b->data + b->used;
    b->used += rounded;
    return piece;
}

void *
arena_alloc_array(struct arena *a, size_t n, size_t item_size)
{
    if (item_size != 0 && n > SIZE_MAX / item_size)
        return NULL;
    return arena_alloc(a, n * item_size);
}

char *
arena_copy_text(struct arena *a, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(a, size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

void
arena_free(struct arena *a)
{
    struct arena_block *b = a->blocks;
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
    a->blocks = NULL;
}
