/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS to a verifier: the only curl file of attestctl. The server is verified by a CA file, the
 * system's CAs or a pinned key; the token is read from a file and never printed.
 */
#pragma once

#include "base/bytes.h"

struct client_settings {
    const char *server;     /* https origin */
    const char *ca_file;    /* NULL: the system's */
    const char *pinned_key; /* hex SHA-256 of the server key's SPKI; NULL: none */
    const char *token_file; /* NULL: no credentials */
};

struct client_request {
    const char *method; /* "GET" */
    const char *path;   /* "/v1/devices", with query */
    const char *type;   /* of body; NULL: no body */
    struct bytes body;
    const char *accept; /* NULL: application/json */
};

struct client_answer {
    long http_status;
    struct buffer body; /* with NUL */
};

/* STATUS_OK: an HTTP answer of any status. STATUS_BUSY: cannot be reached now. STATUS_DENIED: the
 * server could not be verified, or the token file is readable by others. STATUS_INVALID: no server
 * named; STATUS_NOT_FOUND: no libcurl. */
MUST_CHECK enum status client_call(const struct client_settings *settings,
                                   const struct client_request *request, struct client_answer *out,
                                   struct diag *diag);
void client_answer_clear(struct client_answer *a);
