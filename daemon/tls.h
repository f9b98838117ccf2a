/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's certificate and key as PEM texts: the configured files, else a self-signed pair made
 * once in the state directory for the configured origins. [architecture 6]
 */
#pragma once

#include "base/bytes.h"

struct tls_files {
    const char *certificate; /* configured path, or NULL */
    const char *key;
    const char *directory; /* where a made pair lives */
    const char *const *origins;
    size_t n_origins;
    int64_t now_s;
};

struct tls_pair {
    struct buffer certificate; /* PEM with NUL */
    struct buffer key;         /* PEM with NUL; wiped when cleared */
    bool made;                 /* self-signed: devices need it as CA file or by its pin */
    char pin[65];              /* hex SHA-256 of the SPKI, as pinned_key wants it */
};

/* STATUS_DENIED: the key is readable by others. STATUS_INVALID: not PEM. */
MUST_CHECK enum status tls_load(const struct tls_files *files, struct tls_pair *out,
                                struct diag *diag);
void tls_pair_clear(struct tls_pair *p);
