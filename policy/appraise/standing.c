/* SPDX-License-Identifier: Apache-2.0 */
/* from: what ima_rule.c counts; to: the same in a later round; never: judges. */
#include "appraise/standing.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct standing {
    atomic_size_t n_owners;
    size_t n_room;
    size_t n_rules;
    struct standing_rule rules[];
};

struct standing *
standing_new(size_t n_rules)
{
    if (n_rules > (PTRDIFF_MAX - sizeof(struct standing)) / sizeof(struct standing_rule))
        return NULL;
    struct standing *s =
        calloc(1, sizeof(struct standing) + n_rules * sizeof(struct standing_rule));
    if (!s)
        return NULL;
    atomic_init(&s->n_owners, 1);
    s->n_room = n_rules;
    return s;
}

struct standing *
standing_ref(struct standing *s)
{
    (void)atomic_fetch_add_explicit(&s->n_owners, 1, memory_order_relaxed);
    return s;
}

/* Release, then acquire by the last owner: what others read happens before the memory goes. */
void
standing_unref(struct standing *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->n_owners, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < s->n_rules; i++)
        reasons_free(&s->rules[i].reasons);
    free(s);
}

void
standing_unrefp(struct standing **s)
{
    standing_unref(*s);
    *s = NULL;
}

struct standing_rule *
standing_add(struct standing *s, const struct standing_key *key)
{
    assert(s->n_rules < s->n_room);
    struct standing_rule *rule = &s->rules[s->n_rules++];
    rule->key = *key;
    return rule;
}

static bool
is_same(const struct standing_key *a, const struct standing_key *b)
{
    return bytes_equal(bytes_of(a, sizeof *a), bytes_of(b, sizeof *b));
}

const struct standing_rule *
standing_find(const struct standing *s, const struct standing_key *key)
{
    for (size_t i = 0; s && i < s->n_rules; i++) {
        const struct standing_rule *rule = &s->rules[i];
        if (is_same(&rule->key, key))
            return rule;
    }
    return NULL;
}

size_t
standing_n_rules(const struct standing *s)
{
    return s->n_rules;
}

size_t
standing_size(const struct standing *s)
{
    size_t size = sizeof *s + s->n_room * sizeof s->rules[0];
    for (size_t i = 0; i < s->n_rules; i++)
        size += s->rules[i].reasons.n_room * sizeof s->rules[i].reasons.items[0];
    return size;
}
