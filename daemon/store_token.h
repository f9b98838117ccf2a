/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens in the store: of operators and relying parties (roles, scope, grants) and for joining the
 * fleet. Secrets are kept as digests only. Same contract as store.h.
 */
#pragma once

#include "daemon/store.h"

enum store_token_kind { STORE_TOKEN_API, STORE_TOKEN_JOIN };

/* Perspectives that a relying party was granted. "*" among the names: every one, also those to
 * come.
 */
struct store_grants {
    size_t n;
    char names[LIMIT_PERSPECTIVES][LIMIT_NAME + 1];
};

struct store_token {
    enum store_token_kind kind;
    char id[STORE_ID_SIZE];
    uint8_t sha256[DIGEST_SHA256_SIZE]; /* of the secret */
    uint32_t roles;                     /* API: bits of daemon/access.h */
    struct store_grants granted;        /* API: of a relying party */
    uint32_t uses_left;                 /* join */
    struct label *labels;               /* API: scope; join: given to the device */
    size_t n_labels;
    char *description; /* API; join: the device's name, may be NULL */
    int64_t created_s, expires_s;
    char *created_by;
};
struct store_token_list {
    struct store_token *items;
    size_t n_items;
};
/* STATUS_CONFLICT: the id or the digest is another token's. */
MUST_CHECK enum status store_put_token(struct store *s, const struct store_actor *who,
                                       const struct store_token *t);
/* By digest of the secret; STATUS_NOT_FOUND also when expired at now_s or used up. */
MUST_CHECK enum status store_find_token(struct store *s, enum store_token_kind kind,
                                        const uint8_t sha256[static DIGEST_SHA256_SIZE],
                                        int64_t now_s, struct store_token *out);
MUST_CHECK enum status store_list_tokens(struct store *s, enum store_token_kind kind,
                                         struct store_token_list *out);
MUST_CHECK enum status store_remove_token(struct store *s, const struct store_actor *who,
                                          enum store_token_kind kind, const char *id);
void store_token_clear(struct store_token *t);
void store_token_list_clear(struct store_token_list *l);
