/* SPDX-License-Identifier: Apache-2.0 */
/* from: allowed digests; to: whether one is among them; never: grows, never: hashes (digests are
 * uniform already, and only an operator chooses what is in the table). */
#include "appraise/file_set.h"

#include <string.h>

#define BYTES_PER_DIGEST 79u

static bool
is_zero(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != 0)
            return false;
    }
    return true;
}

/* The slot that holds the digest, or the free one where it would stand. There is always a free one.
 */
static uint8_t *
find_slot(const struct file_table *t, const uint8_t *digest, size_t size)
{
    uint64_t start = 0;
    memcpy(&start, digest, sizeof start);
    size_t i = (size_t)(start % t->capacity);
    for (;;) {
        uint8_t *slot = t->slots + i * size;
        if (is_zero(slot, size) || digest_bytes_equal(bytes_of(slot, size), bytes_of(digest, size)))
            return slot;
        i = i + 1 < t->capacity ? i + 1 : 0;
    }
}

enum status
file_set_reserve(struct file_set *set, struct arena *arena, uint16_t alg, size_t n)
{
    size_t index = alg_index(alg);
    size_t size = alg_size(alg);
    if (index >= ALG_COUNT)
        return STATUS_UNSUPPORTED;
    if (n == 0)
        return STATUS_OK;
    if (n > SIZE_MAX / BYTES_PER_DIGEST)
        return STATUS_NOMEM;
    size_t roomy = n * 2;
    size_t frugal = n * BYTES_PER_DIGEST / size;
    struct file_table *t = &set->tables[index];
    t->capacity = (roomy < frugal ? roomy : frugal) + 1;
    t->slots = arena_alloc_array(arena, t->capacity, size);
    return t->slots ? STATUS_OK : STATUS_NOMEM;
}

enum status
file_set_add(struct file_set *set, const struct digest *digest)
{
    size_t index = alg_index(digest->alg);
    if (index >= ALG_COUNT || digest->size != alg_size(digest->alg))
        return STATUS_UNSUPPORTED;
    if (is_zero(digest->data, digest->size))
        return STATUS_INVALID;
    struct file_table *t = &set->tables[index];
    if (t->capacity < t->n + 2)
        return STATUS_LIMIT;
    uint8_t *slot = find_slot(t, digest->data, digest->size);
    if (!is_zero(slot, digest->size))
        return STATUS_OK;
    memcpy(slot, digest->data, digest->size);
    t->n++;
    return STATUS_OK;
}

bool
file_set_has(const struct file_set *set, uint16_t alg, struct bytes digest)
{
    size_t index = alg_index(alg);
    if (index >= ALG_COUNT || digest.size != alg_size(alg) || is_zero(digest.data, digest.size))
        return false;
    const struct file_table *t = &set->tables[index];
    return t->n > 0 && !is_zero(find_slot(t, digest.data, digest.size), digest.size);
}

size_t
file_set_count(const struct file_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < ALG_COUNT; i++)
        n += set->tables[i].n;
    return n;
}
