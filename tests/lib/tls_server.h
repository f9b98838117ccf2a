/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TLS server that does what a test tells it with each request: on loopback, in a thread, with a
 * certificate of its own. One at a time. Failures fail the test.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>
#include <stdatomic.h>

#define TLS_SERVER_DAY_S         86400L
#define TLS_SERVER_EXPORTER_SIZE 32u
#define TLS_SERVER_REQUESTS      16u

enum tls_server_action {
    TLS_SERVER_END = 0,
    TLS_SERVER_ANSWER,
    TLS_SERVER_ANSWER_AND_CLOSE,
    TLS_SERVER_ANSWER_AND_CUT, /* without a close_notify */
    TLS_SERVER_DROP,           /* no answer */
    TLS_SERVER_STALL           /* none until the end */
};

struct tls_server_step {
    enum tls_server_action action;
    const char *answer;
};

struct tls_server {
    EVP_PKEY *key;
    X509 *certificate;
    char origin[64];  /* "https://127.0.0.1:PORT" */
    char ca_file[64]; /* its certificate, PEM */
    atomic_uint n_requests;
    struct buffer requests[TLS_SERVER_REQUESTS];      /* the first ones: head and body */
    unsigned char exporter[TLS_SERVER_EXPORTER_SIZE]; /* of the last connection */
};

extern struct tls_server tls_server;

/* steps: one a request, over all connections; they outlive the server. The certificate is for host
 * ("IP:127.0.0.1") from from_s to to_s after now. tls_max: TLS1_2_VERSION, ...; 0: any. */
void tls_server_start(const struct tls_server_step *steps, const char *host, long from_s, long to_s,
                      int tls_max);
/* The requests stay until the next start. */
void tls_server_stop(void);
/* The body of request number i. */
struct bytes tls_server_body(unsigned i);

/* A self-signed certificate, owned by the caller; write it as PEM. */
X509 *tls_server_certificate(EVP_PKEY *key, const char *host, long from_s, long to_s);
void tls_server_write(X509 *certificate, const char *path);
