/* SPDX-License-Identifier: Apache-2.0 */
/* from: libmicrohttpd's callbacks; to: a handler's request and the reply; never: blocks an HTTP
 * thread. */
#include "daemon/http_exchange.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/http_request.h"
#include "daemon/problem.h"

#include <stdlib.h>
#include <string.h>

#define BODY_DEADLINE_MS   10000
#define LARGE_DEADLINE_MS  60000
#define WORKER_DEADLINE_MS 10000
#define IDLE_DEADLINE_MS   30000
#define MAX_LARGE_BODIES   4u
#define MAX_DISCARDED      (4u * 1024u * 1024u)

static void
set_peer_deadline(struct http_exchange *x, int64_t after_ms)
{
    if (!x->peer)
        return;
    pthread_mutex_lock(&x->http->exchange_lock);
    x->peer->deadline_ms = after_ms == 0 ? 0 : http_monotonic_ms() + after_ms;
    pthread_mutex_unlock(&x->http->exchange_lock);
}

static void
exchange_free(struct http_exchange *x)
{
    freshness_free(x->request.freshness);
    access_clear(&x->request.access);
    response_clear(&x->response);
    buffer_free(&x->body);
    free(x);
}

/* One side leaves; the last one frees. */
static void
leave(struct http_exchange *x)
{
    struct http *http = x->http;
    pthread_mutex_lock(&http->exchange_lock);
    bool last = --x->holders == 0;
    if (last && x->large)
        http->n_large--;
    pthread_mutex_unlock(&http->exchange_lock);
    if (last)
        exchange_free(x);
}

/* ---- on a worker thread ---- */

static void
unlink_working(struct http_exchange *x)
{
    struct http *http = x->http;
    if (x->previous)
        x->previous->next = x->next;
    else
        http->working = x->next;
    if (x->next)
        x->next->previous = x->previous;
    x->next = x->previous = NULL;
    if (--http->n_working == 0)
        pthread_cond_broadcast(&http->idle);
}

static bool
authorize(struct http_exchange *x)
{
    struct request *r = &x->request;
    if (x->route->roles & (ACCESS_PUBLIC | ACCESS_DEVICE))
        return true;
    enum status s = access_check(r->verifier->store, r->hasher, request_header(r, "Authorization"),
                                 request_now_s(r), &r->access);
    if (s == STATUS_NOT_FOUND || s == STATUS_DENIED)
        problem_set(&x->response, 401, PROBLEM_UNAUTHENTICATED, NULL);
    else if (s != STATUS_OK)
        problem_from_status(&x->response, s, NULL);
    else if (!access_permits(&r->access, x->route->roles))
        problem_set(&x->response, 403, PROBLEM_FORBIDDEN, NULL);
    return x->response.status == 0;
}

static void
run(void *subject, struct hasher *hasher)
{
    struct http_exchange *x = subject;
    x->request.hasher = hasher;
    bool wants_body =
        x->body_cap > 0 && !x->admitted && !(x->route->roles & (ACCESS_PUBLIC | ACCESS_DEVICE));
    bool permitted = x->admitted || authorize(x);
    if (permitted && !wants_body)
        x->route->handle(&x->request, &x->response);
    pthread_mutex_lock(&x->http->exchange_lock);
    bool late = x->phase == PHASE_ABANDONED;
    if (!late) {
        x->phase = permitted && wants_body ? PHASE_ADMITTED : PHASE_ANSWERED;
        unlink_working(x);
        MHD_resume_connection(x->connection);
    }
    pthread_mutex_unlock(&x->http->exchange_lock);
    leave(x);
}

void
http_exchange_sweep(struct http *http, int64_t now_ms)
{
    pthread_mutex_lock(&http->exchange_lock);
    struct http_exchange *x = http->working;
    while (x) {
        struct http_exchange *next = x->next;
        if (x->deadline_ms <= now_ms) {
            x->phase = PHASE_ABANDONED;
            unlink_working(x);
            MHD_resume_connection(x->connection);
        }
        x = next;
    }
    pthread_mutex_unlock(&http->exchange_lock);
}

/* ---- on an HTTP thread ---- */

/* One evidence of a device at a time: the queue has one slot for each. */
static bool
is_in_work(struct http *http, const struct http_exchange *x)
{
    if (!x->route->one_at_a_time)
        return false;
    for (struct http_exchange *other = http->working; other; other = other->next) {
        if (other->route == x->route && text_equal(other->request.params[0], x->request.params[0]))
            return true;
    }
    return false;
}

static void
link_working(struct http_exchange *x)
{
    struct http *http = x->http;
    x->previous = NULL;
    x->next = http->working;
    if (x->next)
        x->next->previous = x;
    http->working = x;
    http->n_working++;
}

/* Suspend first, then hand over: the worker may be done before this returns. */
static enum MHD_Result
hand_over(struct http_exchange *x)
{
    struct http *http = x->http;
    set_peer_deadline(x, 0);
    pthread_mutex_lock(&http->exchange_lock);
    enum status s = is_in_work(http, x) || http->ending ? STATUS_BUSY : STATUS_OK;
    if (s == STATUS_OK) {
        x->phase = PHASE_WORKING;
        x->deadline_ms = http_monotonic_ms() + WORKER_DEADLINE_MS;
        x->holders++;
        MHD_suspend_connection(x->connection);
        link_working(x);
        s = workers_put(http->workers, (struct job){.run = run, .subject = x});
        if (s != STATUS_OK) {
            x->phase = PHASE_ANSWERED;
            x->holders--;
            unlink_working(x);
            MHD_resume_connection(x->connection);
        }
    }
    pthread_mutex_unlock(&http->exchange_lock);
    if (s == STATUS_OK)
        return MHD_YES;
    problem_set(&x->response, 503, PROBLEM_BUSY, NULL);
    if (x->phase == PHASE_ANSWERED)
        return MHD_YES;
    return http_request_reply(x);
}

static bool
take_large_place(struct http_exchange *x)
{
    if (x->body_cap <= LIMIT_JSON_BODY)
        return true;
    pthread_mutex_lock(&x->http->exchange_lock);
    x->large = x->http->n_large < MAX_LARGE_BODIES;
    x->http->n_large += x->large;
    pthread_mutex_unlock(&x->http->exchange_lock);
    return x->large;
}

/* What can be refused by the headers alone, before a byte of the body is taken. */
static bool
check_head(struct http_exchange *x, const char *url)
{
    if (!http_request_check_head(x, url))
        return false;
    if (x->route->begin && !x->route->begin(&x->request, &x->response, &x->body_cap)) {
        response_header(&x->response, "Connection", "close");
        return false;
    }
    if (!http_request_check_size(x))
        return false;
    if (!take_large_place(x)) {
        problem_set(&x->response, 503, PROBLEM_BUSY, "too many large bodies at once");
        return false;
    }
    return true;
}

static bool
has_credentials_route(const struct http_exchange *x)
{
    return !(x->route->roles & (ACCESS_PUBLIC | ACCESS_DEVICE));
}

static enum MHD_Result
begin(struct http *http, struct MHD_Connection *connection, const char *url, const char *method,
      void **request)
{
    struct http_exchange *x = calloc(1, sizeof *x);
    if (!x)
        return MHD_NO;
    x->http = http;
    x->connection = connection;
    x->holders = 1;
    x->phase = PHASE_BODY;
    *request = x;
    http_request_gather(x, url, method);
    set_peer_deadline(x, BODY_DEADLINE_MS);
    if (!check_head(x, url))
        return http_request_reply(x);
    if (x->large)
        set_peer_deadline(x, LARGE_DEADLINE_MS);
    /* Credentials are looked up before an operator's body is taken. */
    if (has_credentials_route(x) && x->body_cap > 0)
        return hand_over(x);
    return MHD_YES;
}

static enum MHD_Result
take_body(struct http_exchange *x, const char *data, size_t *data_size)
{
    size_t size = *data_size;
    *data_size = 0;
    if (x->body.size + size > x->body_cap) {
        x->too_large = true;
        buffer_reset(&x->body);
    }
    if (x->too_large) {
        x->body_cap += size;
        return x->body_cap > MAX_DISCARDED + LIMIT_BODY_LARGE ? MHD_NO : MHD_YES;
    }
    buffer_append(&x->body, bytes_of(data, size));
    return x->body.failed ? MHD_NO : MHD_YES;
}

static enum MHD_Result
finish_body(struct http_exchange *x)
{
    x->request.body = buffer_bytes(&x->body);
    if (x->too_large) {
        problem_set(&x->response, 413, PROBLEM_TOO_LARGE, NULL);
        return http_request_reply(x);
    }
    return hand_over(x);
}

static enum MHD_Result
proceed(struct http_exchange *x, const char *data, size_t *data_size)
{
    pthread_mutex_lock(&x->http->exchange_lock);
    enum http_phase phase = x->phase;
    pthread_mutex_unlock(&x->http->exchange_lock);
    switch (phase) {
    case PHASE_ADMITTED:
        x->admitted = true;
        x->phase = PHASE_BODY;
        set_peer_deadline(x, x->large ? LARGE_DEADLINE_MS : BODY_DEADLINE_MS);
        return *data_size > 0 ? take_body(x, data, data_size) : MHD_YES;
    case PHASE_BODY:
        return *data_size > 0 ? take_body(x, data, data_size) : finish_body(x);
    case PHASE_ANSWERED:
    case PHASE_ABANDONED:
        return http_request_reply(x);
    case PHASE_WORKING:
        return MHD_YES;
    }
    return MHD_NO;
}

enum MHD_Result
http_exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                     const char *method, const char *version, const char *data, size_t *data_size,
                     void **request)
{
    (void)version;
    if (!*request)
        return begin(cls, connection, url, method, request);
    return proceed(*request, data, data_size);
}

void
http_exchange_completed(void *cls, struct MHD_Connection *connection, void **request,
                        enum MHD_RequestTerminationCode code)
{
    (void)cls;
    (void)connection;
    (void)code;
    struct http_exchange *x = *request;
    if (!x)
        return;
    *request = NULL;
    set_peer_deadline(x, IDLE_DEADLINE_MS);
    leave(x);
}
