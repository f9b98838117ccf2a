/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libmicrohttpd: TLS, limits, deadlines, bodies, replies. The only file that includes microhttpd.h
 * and gnutls. HTTP threads never block: a request is suspended and handed to a bounded queue of
 * worker threads; each suspended one has its own deadline, and all are resumed before the daemon
 * stops. [architecture 4; threats 34, 38, 57]
 */
#pragma once

#include "daemon/route.h"

struct http;

struct http_options {
    const char *listen;      /* "127.0.0.1:8443", "[::]:8443" */
    int listen_fd;           /* from socket activation; -1: bind listen */
    const char *certificate; /* PEM, chain */
    const char *key;         /* PEM */
    unsigned n_threads;      /* of HTTP; 0: one for two cores */
    unsigned n_workers;      /* 0: eight a core */
    unsigned n_queued;       /* requests that wait for a worker; above: 503 */
    unsigned n_connections, n_connections_by_address;
    const char
        *trusted_proxies; /* addresses that may name the client by X-Forwarded-For; NULL: none */
    unsigned deadline_ms; /* of a head, of a small body, of a worker; 0: LIMIT_REQUEST_DEADLINE_S */
};

/* Start serving. STATUS_IO: cannot bind; STATUS_INVALID: certificate or options. */
MUST_CHECK enum status http_open(struct verifier *v, const struct http_options *options,
                                 struct http **out, struct diag *diag);
/* The port that is bound (0 in listen picks one). */
unsigned http_port(const struct http *h);
/* Certificate and key for new connections. */
MUST_CHECK enum status http_reload(struct http *h, const char *certificate, const char *key,
                                   struct diag *diag);
/* Take no new connections, answer what is in flight within drain_ms, then stop. False: a worker
 * hangs and was left behind; what it works on, the verifier's rooms, must then not be closed. True
 * on NULL. */
bool http_close(struct http *h, int64_t drain_ms);
