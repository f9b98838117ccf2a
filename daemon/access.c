/* SPDX-License-Identifier: Apache-2.0 */
/* from: an Authorization header; to: who asks; never: keeps or prints a secret. */
#include "daemon/access.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define BEARER        "Bearer "
#define SECRET_RANDOM 32u
#define TOKEN_MAX     256u

static const struct {
    const char *name;
    uint32_t role;
} role_names[] = {
    {"viewer", ACCESS_VIEWER},   {"operator", ACCESS_OPERATOR},           {"admin", ACCESS_ADMIN},
    {"auditor", ACCESS_AUDITOR}, {"relying-party", ACCESS_RELYING_PARTY},
};

#define N_ROLE_NAMES (sizeof role_names / sizeof *role_names)

uint32_t
access_role_parse(const char *name)
{
    for (size_t i = 0; i < N_ROLE_NAMES; i++) {
        if (text_equal(name, role_names[i].name))
            return role_names[i].role;
    }
    return 0;
}

const char *
access_role_name(uint32_t role)
{
    for (size_t i = 0; i < N_ROLE_NAMES; i++) {
        if (role == role_names[i].role)
            return role_names[i].name;
    }
    return "unknown";
}

/* An operator sees what a viewer sees; an admin what an operator does. Auditor and relying party
 * stand apart. */
static uint32_t
implied(uint32_t roles)
{
    if (roles & ACCESS_ADMIN)
        roles |= ACCESS_OPERATOR;
    if (roles & ACCESS_OPERATOR)
        roles |= ACCESS_VIEWER;
    return roles;
}

bool
access_permits(const struct access *a, uint32_t route_roles)
{
    return (implied(a->roles) & route_roles) != 0;
}

static bool
has_label(const struct label *labels, size_t n_labels, const struct label *wanted)
{
    for (size_t i = 0; i < n_labels; i++) {
        if (text_equal(labels[i].key, wanted->key) && text_equal(labels[i].value, wanted->value))
            return true;
    }
    return false;
}

bool
access_covers_labels(const struct access *a, const struct label *labels, size_t n_labels)
{
    for (size_t i = 0; i < a->n_labels; i++) {
        if (!has_label(labels, n_labels, &a->labels[i]))
            return false;
    }
    return true;
}

bool
access_covers(const struct access *a, const struct store_device *device)
{
    return access_covers_labels(a, device->labels, device->n_labels);
}

const struct store_grants *
access_grants(const struct access *a)
{
    if (access_permits(a, ACCESS_VIEWER))
        return NULL;
    for (size_t i = 0; i < a->granted.n; i++) {
        if (text_equal(a->granted.names[i], ACCESS_GRANT_ALL))
            return NULL;
    }
    return &a->granted;
}

enum status
access_check(struct store *store, struct hasher *h, const char *authorization, int64_t now_s,
             struct access *out)
{
    *out = (struct access){0};
    if (!authorization)
        return STATUS_NOT_FOUND;
    if (!text_starts_fold(authorization, BEARER))
        return STATUS_DENIED;
    const char *secret = authorization + strlen(BEARER);
    if (strlen(secret) == 0 || strlen(secret) > TOKEN_MAX)
        return STATUS_DENIED;
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, bytes_of_text(secret), sha256);
    if (s != STATUS_OK)
        return s;
    CLEANUP(store_token_clear) struct store_token token = {0};
    s = store_find_token(store, STORE_TOKEN_API, sha256, now_s, &token);
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_DENIED : s;
    out->roles = token.roles;
    (void)snprintf(out->actor, sizeof out->actor, "token:%s", token.id);
    out->granted = token.granted;
    out->labels = token.labels;
    out->n_labels = token.n_labels;
    token.labels = NULL;
    token.n_labels = 0;
    return STATUS_OK;
}

void
access_clear(struct access *a)
{
    struct store_token holder = {.labels = a->labels, .n_labels = a->n_labels};
    store_token_clear(&holder);
    *a = (struct access){0};
}

enum status
access_new_secret(struct hasher *h, const char *kind, char *out, size_t out_size,
                  uint8_t sha256[static DIGEST_SHA256_SIZE])
{
    uint8_t random[SECRET_RANDOM];
    enum status s = digest_random(random, sizeof random);
    if (s != STATUS_OK)
        return s;
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&text, "attestd_%s_", kind);
    text_append_base64url(&text, bytes_of(random, sizeof random));
    const char *secret = buffer_text(&text);
    if (!secret || !text_copy(out, out_size, secret))
        return STATUS_NOMEM;
    return digest_sha256(h, bytes_of_text(out), sha256);
}
