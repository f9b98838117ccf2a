/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of one attestd on loopback: TLS connections without resumption, HTTP/1.1 on them,
 * sending and receiving apart, so that one thread keeps many requests under way. Ends the program
 * when anything fails.
 */
#pragma once

#include "base/bytes.h"

#include <openssl/types.h>

#define CLIENT_EXPORTER_SIZE 32u

struct client {
    SSL_CTX *tls;
    unsigned port;
    char origin[48]; /* https://127.0.0.1:PORT */
};

struct client_connection {
    const struct client *client;
    int fd;
    SSL *tls;
    uint8_t exporter[CLIENT_EXPORTER_SIZE];
    struct buffer answer; /* the last one: head and body */
    struct bytes body;
    unsigned status;
};

/* The certificate is not verified: the server is our child. */
void client_open(struct client *c, unsigned port);
void client_close(struct client *c);

/* False when nobody listens. */
bool client_connect(const struct client *c, struct client_connection *out);
void client_disconnect(struct client_connection *c);
/* head: request line and headers, each with CRLF; Host and Content-Length are added. */
void client_send(struct client_connection *c, const char *head, struct bytes body);
void client_receive(struct client_connection *c);
