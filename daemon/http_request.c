/* SPDX-License-Identifier: Apache-2.0 */
/* from: a connection's head; to: struct request, and back to a reply; never: runs a handler. */
#include "daemon/http_request.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/problem.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HTTPS "https://"

static const struct {
    const char *name;
    enum request_method method;
} methods[] = {
    {"GET", METHOD_GET}, {"HEAD", METHOD_GET},    {"POST", METHOD_POST},
    {"PUT", METHOD_PUT}, {"PATCH", METHOD_PATCH}, {"DELETE", METHOD_DELETE},
};

static bool
method_parse(const char *name, enum request_method *out)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (text_equal(name, methods[i].name)) {
            *out = methods[i].method;
            return true;
        }
    }
    return false;
}

/* What the iterators fill; the texts are still libmicrohttpd's. */
struct heard {
    struct request *request;
    size_t size; /* of all texts with their NULs */
    bool too_many;
};

static void
keep_field(struct heard *h, struct request_field *fields, size_t *n, const char *name,
           const char *value)
{
    if (*n == REQUEST_FIELDS) {
        h->too_many = true;
        return;
    }
    fields[(*n)++] = (struct request_field){.name = name, .value = value ? value : ""};
    h->size += strlen(name) + strlen(value ? value : "") + 2;
}

static enum MHD_Result
keep_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct heard *h = cls;
    (void)kind;
    keep_field(h, h->request->headers, &h->request->n_headers, name, value);
    return MHD_YES;
}

static enum MHD_Result
keep_query(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct heard *h = cls;
    (void)kind;
    keep_field(h, h->request->query, &h->request->n_query, name, value);
    return MHD_YES;
}

static const char *
own_text(struct buffer *head, const char *text)
{
    const char *kept = (const char *)head->data + head->size;
    buffer_append(head, bytes_of(text, strlen(text) + 1));
    return kept;
}

static void
own_fields(struct buffer *head, struct request_field *fields, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fields[i].name = own_text(head, fields[i].name);
        fields[i].value = own_text(head, fields[i].value);
    }
}

/* A worker may still read the head when the client has had its 503 and is gone. */
static bool
own_texts(struct http_exchange *x, const char *url, size_t size)
{
    struct request *r = &x->request;
    if (buffer_reserve(&x->head, strlen(url) + 1 + size) != STATUS_OK)
        return false;
    r->path = own_text(&x->head, url);
    own_fields(&x->head, r->headers, r->n_headers);
    own_fields(&x->head, r->query, r->n_query);
    return true;
}

static void
format_address(const struct sockaddr *sa, char *out, socklen_t size)
{
    out[0] = '\0';
    if (!sa)
        return;
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)sa;
        (void)inet_ntop(AF_INET, &in->sin_addr, out, size);
        return;
    }
    const struct sockaddr_in6 *in6 = (const void *)sa;
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
        (void)inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], out, size);
    else
        (void)inet_ntop(AF_INET6, &in6->sin6_addr, out, size);
}

/* Whether word stands in a list separated by blanks or commas. */
static bool
list_has(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = list; n > 0 && *p;) {
        p += strspn(p, ", \t");
        size_t size = strcspn(p, ", \t");
        if (size == n && bytes_equal(bytes_of(p, size), bytes_of(word, n)))
            return true;
        p += size;
    }
    return false;
}

static const char *
last_header(const struct request *r, const char *name)
{
    for (size_t i = r->n_headers; i > 0; i--) {
        if (text_equal_fold(r->headers[i - 1].name, name))
            return r->headers[i - 1].value;
    }
    return NULL;
}

/* A trusted proxy's last word on who the client is: it adds to the last header of that name, or one
 * of its own behind those that the client sent. */
static void
take_forwarded(struct http_exchange *x)
{
    if (!list_has(x->http->trusted_proxies, x->request.address))
        return;
    const char *value = last_header(&x->request, "X-Forwarded-For");
    const char *last = value ? strrchr(value, ',') : NULL;
    const char *address = last ? last + 1 : value;
    struct in6_addr parsed;
    if (!address)
        return;
    address += strspn(address, " ");
    if (inet_pton(AF_INET, address, &parsed) == 1 || inet_pton(AF_INET6, address, &parsed) == 1)
        (void)text_copy(x->request.address, sizeof x->request.address, address);
}

/* The configured origin whose host and port the Host header names. */
static const char *
find_origin(const struct verifier *v, const char *host)
{
    for (size_t i = 0; host && i < v->n_origins; i++) {
        const char *authority = v->origins[i] + strlen(HTTPS);
        if (text_equal_fold(authority, host))
            return v->origins[i];
    }
    return NULL;
}

static void
take_exporter(struct http_exchange *x)
{
    struct http_peer *peer = x->peer;
    if (!peer)
        return;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!peer->exporter_present && info && info->tls_session)
        peer->exporter_present = http_tls_exporter(info->tls_session, peer->exporter);
    x->request.exporter_present = peer->exporter_present;
    memcpy(x->request.exporter, peer->exporter, sizeof x->request.exporter);
}

static int64_t
wall_clock_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
add_allow(struct http_exchange *x, unsigned allowed)
{
    CLEANUP(buffer_free) struct buffer list = {0};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (allowed & (1u << methods[i].method))
            buffer_append_format(&list, "%s%s", list.size > 0 ? ", " : "", methods[i].name);
    }
    const char *text = buffer_text(&list);
    if (text)
        response_header(&x->response, "Allow", text);
}

static void
find_route(struct http_exchange *x, const char *method)
{
    unsigned allowed = 0;
    if (!method_parse(method, &x->request.method))
        x->request.method = METHOD_COUNT; /* of no route */
    x->route = route_find(x->request.method, x->request.path, (char *)x->params.data, x->params.cap,
                          x->request.params, &allowed);
    if (x->route) {
        x->body_cap = x->route->body_cap;
        return;
    }
    problem_set(&x->response, allowed == 0 ? 404 : 405,
                allowed == 0 ? PROBLEM_NOT_FOUND : PROBLEM_METHOD, NULL);
    if (allowed != 0)
        add_allow(x, allowed);
}

bool
http_request_gather(struct http_exchange *x, const char *url, const char *method)
{
    struct request *r = &x->request;
    struct heard heard = {.request = r};
    r->verifier = x->http->verifier;
    r->now_ms = wall_clock_ms();
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    x->peer = info ? info->socket_context : NULL;
    (void)MHD_get_connection_values(x->connection, MHD_HEADER_KIND, keep_header, &heard);
    (void)MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, keep_query, &heard);
    if (!own_texts(x, url, heard.size) ||
        buffer_reserve(&x->params, strlen(url) + REQUEST_PARAMS + 1) != STATUS_OK)
        return false;
    info = MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    format_address(info ? info->client_addr : NULL, r->address, sizeof r->address);
    take_forwarded(x);
    r->origin = find_origin(r->verifier, request_header(r, "Host"));
    take_exporter(x);
    if (heard.too_many)
        problem_set(&x->response, 431, PROBLEM_TOO_LARGE, "more fields than are read");
    else
        find_route(x, method);
    return true;
}

bool
http_request_check_head(struct http_exchange *x)
{
    if (!x->route)
        return false;
    if (atomic_load(&x->http->draining)) {
        problem_set(&x->response, 503, PROBLEM_UNAVAILABLE, "shutting down");
        response_header(&x->response, "Connection", "close");
        return false;
    }
    /* Health is asked for by address; all else by one of our names. */
    if (!x->request.origin && text_starts(x->route->pattern, "/v1/")) {
        problem_set(&x->response, 421, PROBLEM_ORIGIN, NULL);
        return false;
    }
    const char *length = request_header(&x->request, "Content-Length");
    bool has_body =
        (length && !text_equal(length, "0")) || request_header(&x->request, "Transfer-Encoding");
    if (x->route->body_type && has_body && !request_has_type(&x->request, x->route->body_type)) {
        problem_set(&x->response, 415, PROBLEM_MEDIA_TYPE, x->route->body_type);
        return false;
    }
    return true;
}

bool
http_request_check_size(struct http_exchange *x)
{
    const char *length = request_header(&x->request, "Content-Length");
    uint64_t size = 0;
    if (!length ||
        (text_parse_u64(length, UINT64_MAX, &size) == STATUS_OK && size <= x->body_cap)) {
        bool in_chunks = request_header(&x->request, "Transfer-Encoding") != NULL;
        x->announced = in_chunks ? x->body_cap : (size_t)size;
        return true;
    }
    problem_set(&x->response, 413, PROBLEM_TOO_LARGE, NULL);
    response_header(&x->response, "Connection", "close");
    return false;
}

static void
add_fixed_headers(struct MHD_Response *reply)
{
    (void)MHD_add_response_header(reply, "Cache-Control", "no-store");
    (void)MHD_add_response_header(reply, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(reply, "Strict-Transport-Security", "max-age=31536000");
}

static void
free_body(void *cls)
{
    struct buffer *body = cls;
    buffer_free(body);
    free(body);
}

/* The body goes over to libmicrohttpd, which frees, and so wipes, it once it is sent. */
static struct MHD_Response *
create_reply(struct buffer *body)
{
    struct buffer *kept = calloc(1, sizeof *kept);
    if (!kept)
        return NULL;
    *kept = *body;
    *body = (struct buffer){0};
    struct MHD_Response *reply = MHD_create_response_from_buffer_with_free_callback_cls(
        kept->size, kept->data, free_body, kept);
    if (!reply)
        free_body(kept);
    return reply;
}

static enum MHD_Result
send_reply(struct MHD_Connection *connection, struct response *r)
{
    struct MHD_Response *reply = create_reply(&r->body);
    if (!reply)
        return MHD_NO;
    add_fixed_headers(reply);
    if (r->type)
        (void)MHD_add_response_header(reply, "Content-Type", r->type);
    for (size_t i = 0; i < r->n_headers; i++)
        (void)MHD_add_response_header(reply, r->headers[i].name, r->headers[i].value);
    enum MHD_Result result = MHD_queue_response(connection, r->status, reply);
    MHD_destroy_response(reply);
    return result;
}

enum MHD_Result
http_request_reply(struct http_exchange *x)
{
    if (x->phase == PHASE_ABANDONED) {
        /* x->response still belongs to the late worker. */
        struct response late = {0};
        problem_set(&late, 503, PROBLEM_UNAVAILABLE, "the verifier did not answer in time");
        enum MHD_Result result = send_reply(x->connection, &late);
        response_clear(&late);
        return result;
    }
    if (x->response.status == 0)
        problem_set(&x->response, 500, PROBLEM_UNAVAILABLE, NULL);
    return send_reply(x->connection, &x->response);
}
