/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of file digests: one open-addressing table an algorithm, filled while a document is
 * compiled, read by any thread after. At most 80 bytes a digest; a look-up costs the same in a set
 * of a million. Pure.
 */
#pragma once

#include "appraise/arena.h"
#include "base/digest.h"

#define FILE_SET_AHEAD 16u /* look-ups that a prefetch has time for */

struct file_table {
    uint8_t *slots; /* capacity digests; all zero: free */
    size_t capacity;
    size_t n;
};

/* Zero value is empty. */
struct file_set {
    struct file_table tables[ALG_COUNT];
};

/* Make room for n digests of alg; once an algorithm, before the first is added. STATUS_NOMEM,
 * STATUS_UNSUPPORTED. */
MUST_CHECK enum status file_set_reserve(struct file_set *set, struct arena *arena, uint16_t alg,
                                        size_t n);
/* STATUS_INVALID: all zero, which stands for a violation. STATUS_LIMIT: more than were reserved.
 * One that is there already is left as it is. */
MUST_CHECK enum status file_set_add(struct file_set *set, const struct digest *digest);
bool file_set_has(const struct file_set *set, uint16_t alg, struct bytes digest);
/* Say FILE_SET_AHEAD look-ups before that this digest will be asked for: a set of a million lies
 * outside every cache, and its memory is then on the way in time. */
void file_set_expect(const struct file_set *set, uint16_t alg, struct bytes digest);
/* Digests in all tables. */
size_t file_set_count(const struct file_set *set);
