/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP exchange as handlers see it, without a word of libmicrohttpd. A handler reads the
 * request, and fills the response; it runs on a worker thread and may block on the store. Views
 * borrow until the response is sent.
 */
#pragma once

#include "daemon/access.h"
#include "daemon/verifier.h"

enum request_method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_COUNT
};

#define REQUEST_PARAMS  3u
#define REQUEST_FIELDS  64u
#define RESPONSE_FIELDS 8u

struct request_field {
    const char *name;
    const char *value;
};

struct request {
    struct verifier *verifier;
    struct hasher *hasher; /* the worker's */
    /* For a handler that waits for a commit: run another request's meanwhile. False: none, until
     * the bell rings. */
    bool (*help)(struct request *request);
    struct bell *bell; /* the worker's */
    enum request_method method;
    const char *path;
    const char *params[REQUEST_PARAMS]; /* what {..} of the route's pattern matched, decoded */
    struct request_field headers[REQUEST_FIELDS];
    size_t n_headers;
    struct request_field query[REQUEST_FIELDS];
    size_t n_query;
    struct bytes body;
    const char *origin;    /* the configured origin that Host names; NULL: none of ours */
    char address[46];      /* of the client; by a trusted proxy's word where configured */
    uint8_t exporter[32];  /* RFC 9266 */
    bool exporter_present; /* TLS here, and 1.3 or extended master secret */
    int64_t now_ms;
    struct access access;        /* after authorization */
    struct freshness *freshness; /* evidence: verified before the first body byte */
};

struct response {
    unsigned status;  /* 0: the handler set none, which is answered as 500 */
    const char *type; /* static string; NULL with an empty body */
    struct buffer body;
    struct response_field {
        const char *name; /* static */
        char *value;      /* owned */
    } headers[RESPONSE_FIELDS];
    size_t n_headers;
};

/* Header by name, ASCII case ignored; query parameter by name. NULL when absent. */
const char *request_header(const struct request *r, const char *name);
const char *request_query(const struct request *r, const char *name);
/* The media type without parameters equals type. */
bool request_has_type(const struct request *r, const char *type);
int64_t request_now_s(const struct request *r);

/* The body as JSON text with a status. body must be empty before. */
void response_json(struct response *r, unsigned status);
/* Add a header; value is copied. */
void response_header(struct response *r, const char *name, const char *value);
void response_clear(struct response *r);
