/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proven IMA entries of a boot came to, rule by rule: so entries of earlier rounds are not
 * read again while the documents that judged them are in force. Made by appraise() of one round,
 * given to the next, never changed between; shared by reference count. Bounded: reasons that name
 * entries are as many as the rule names. Only a saving: without one the entries are judged again,
 * with the same outcome. Pure. [protocol 4]
 */
#pragma once

#include "base/digest.h"
#include "evidence/ima.h"

/* All that a rule judged by: the digest of the policy and its sets of files, and what the
 * generation of each set was to the device. */
struct standing_key {
    uint8_t sha256[DIGEST_SHA256_SIZE];
    uint8_t stands[LIMIT_REFERENCES];
};

/* Under one policy. */
struct standing_rule {
    struct standing_key key;
    struct digest aggregate_digest; /* what entry 0, a boot_aggregate, says; size 0: nothing */
    uint64_t n_judged, n_unknown, n_excluded;
    bool policy_measured;   /* one that the rule names */
    bool retired_enforced;  /* some file is of a generation whose date is over */
    struct reasons reasons; /* the first of each code */
};

struct standing;

/* For n_rules rules at most, one owner. NULL: no memory. */
struct standing *standing_new(size_t n_rules);
struct standing *standing_ref(struct standing *s);
void standing_unref(struct standing *s);
void standing_unrefp(struct standing **s);

/* The zero value of one more rule, while there is one owner; never more than n_rules. */
struct standing_rule *standing_add(struct standing *s, const struct standing_key *key);
/* NULL when there is none of this key. */
const struct standing_rule *standing_find(const struct standing *s, const struct standing_key *key);
size_t standing_n_rules(const struct standing *s);
/* Bytes of memory that it holds. */
size_t standing_size(const struct standing *s);
