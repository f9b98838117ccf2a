/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small HTTPS/1.1 client for tests of the daemon: says exactly what it is told, also half of it.
 * Believes any certificate. Every wait ends after 20 s. Claims nothing: usable from any thread.
 */
#pragma once

#include "base/bytes.h"

struct https_client;

struct https_answer {
    int status;         /* 0: the connection ended without an answer */
    struct buffer head; /* as text */
    struct buffer body;
};

/* NULL: refused, or no handshake. */
struct https_client *https_client_open(unsigned port);
void https_client_close(struct https_client *c);
void https_client_closep(struct https_client **c);
/* RFC 9266. */
bool https_client_exporter(struct https_client *c, uint8_t out[static 32]);

/* Bytes as they stand. */
bool https_client_write(struct https_client *c, struct bytes bytes);
/* A request line, Host, and Content-Length of size; more: further header lines, each with CR LF. */
bool https_client_head(struct https_client *c, const char *method, const char *path,
                       const char *more, size_t size);
/* The next answer; false when the connection ended before it was whole. */
bool https_client_receive(struct https_client *c, struct https_answer *out);
/* All of it; the status, 0 when there was no answer. */
int https_client_ask(struct https_client *c, const char *method, const char *path, const char *more,
                     struct bytes body, struct https_answer *out);
/* The value of a header of the answer, up to its line's end; NULL when absent. */
const char *https_answer_header(const struct https_answer *a, const char *name, char *out,
                                size_t out_size);
void https_answer_clear(struct https_answer *a);

#define HTTPS_CLIENT_HOST "verifier.example"
