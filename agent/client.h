/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTPS to the one verifier: verified by CA file, by pinned key or by both, TLS 1.2 or later, no
 * redirect, and no request is ever sent twice by the library, since an answer that was lost must
 * not become a second spending of the challenge (protocol 3). The agent's only user of curl. One
 * thread.
 */
#pragma once

#include "agent/settings.h"
#include "base/bytes.h"

#define CLIENT_EXPORTER_SIZE 32u

struct client;

/* stop is asked now and then while waiting; true ends the request with STATUS_BUSY. May be NULL. */
typedef bool (*client_stop)(void);

/* settings outlive *out. STATUS_NOMEM, STATUS_NOT_FOUND, STATUS_DENIED, STATUS_IO: the CA file. */
MUST_CHECK enum status client_open(const struct settings *settings, client_stop stop,
                                   struct client **out, struct diag *diag);
void client_close(struct client *c);
void client_closep(struct client **c);

struct client_request {
    const char *path;         /* "/v1/..." */
    const char *content_type; /* NULL: GET */
    struct bytes body;
    const char *challenge;   /* Attestation-Challenge header; NULL: none */
    const uint8_t *exporter; /* the channel that the body is bound to; NULL: any */
};

struct client_reply {
    unsigned code; /* HTTP status */
    struct buffer body;
    int64_t retry_after_s; /* 0: not said */
    bool has_exporter;
    uint8_t exporter[CLIENT_EXPORTER_SIZE]; /* RFC 9266, of the channel that carried it */
};

/* Send and wait for the answer, of any HTTP status. *out is to be freed by client_reply_free().
 * STATUS_IO: the verifier cannot be reached or did not answer in time. STATUS_DENIED: it is not the
 * right one (certificate, name, pin), diag says why and names the clock when that is the cause.
 * STATUS_STALE: the channel is another than request->exporter's; *out has the new one; nothing was
 * sent. STATUS_UNCERTAIN: the connection broke after the request may have been sent. STATUS_LIMIT:
 * the answer is larger than LIMIT_JSON_BODY. STATUS_BUSY: stopped. */
MUST_CHECK enum status client_send(struct client *c, const struct client_request *request,
                                   struct client_reply *out, struct diag *diag);
void client_reply_free(struct client_reply *r);
