/* SPDX-License-Identifier: Apache-2.0 */
/* from: allowed digests; to: whether one is among them; never: grows, never: hashes (digests are
 * uniform already, and only an operator chooses what is in the table). */
#include "appraise/file_set.h"

#include <string.h>

#define BYTES_PER_DIGEST 79u

static uint64_t
head_of(const uint8_t *digest)
{
    uint64_t head = 0;
    memcpy(&head, digest, sizeof head);
    return head;
}

static bool
is_zero(const uint8_t *data, size_t size)
{
    if (head_of(data) != 0)
        return false;
    for (size_t i = sizeof(uint64_t); i < size; i++) {
        if (data[i] != 0)
            return false;
    }
    return true;
}

/* Digests are spread evenly already: their first bytes as a fraction of the capacity. */
static size_t
first_slot(const struct file_table *t, const uint8_t *digest)
{
    return (size_t)(((head_of(digest) >> 32) * t->capacity) >> 32);
}

/* The slot that holds the digest, or the free one where it would stand. There is always a free one.
 * All this is public: no need for constant time. */
static uint8_t *
find_slot(const struct file_table *t, const uint8_t *digest, size_t size)
{
    uint64_t head = head_of(digest);
    size_t i = first_slot(t, digest);
    for (;;) {
        uint8_t *slot = t->slots + i * size;
        if (head_of(slot) == head && bytes_equal(bytes_of(slot, size), bytes_of(digest, size)))
            return slot;
        if (is_zero(slot, size))
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
    if (n > UINT32_MAX / BYTES_PER_DIGEST)
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
    if (index >= ALG_COUNT || digest.size != alg_size(alg))
        return false;
    const struct file_table *t = &set->tables[index]; /* zeros are a free slot: not in the set */
    return t->n > 0 && !is_zero(find_slot(t, digest.data, digest.size), digest.size);
}

void
file_set_expect(const struct file_set *set, uint16_t alg, struct bytes digest)
{
    size_t index = alg_index(alg);
    if (index >= ALG_COUNT || digest.size != alg_size(alg) || set->tables[index].n == 0)
        return;
    const struct file_table *t = &set->tables[index];
    __builtin_prefetch(t->slots + first_slot(t, digest.data) * digest.size);
}

size_t
file_set_count(const struct file_set *set)
{
    size_t n = 0;
    for (size_t i = 0; i < ALG_COUNT; i++)
        n += set->tables[i].n;
    return n;
}
