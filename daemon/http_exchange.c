/* SPDX-License-Identifier: Apache-2.0 */
/* from: libmicrohttpd's callbacks; to: a handler's request and the reply; never: blocks an HTTP
 * thread. */
#include "daemon/http_exchange.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/http_request.h"
#include "daemon/problem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_DEADLINE_MS  10000
#define LARGE_DEADLINE_MS 60000
#define REPLY_DEADLINE_MS 60000
#define IDLE_DEADLINE_MS  30000
#define MAX_DISCARDED     (4u * 1024u * 1024u)
#define MAX_BODY_BYTES    (256u * 1024u * 1024u) /* of all bodies at once */
#define OPERATOR_PLACES   2u                     /* for large bodies, that devices never take */
#define PLACES_BY_ADDRESS 3u

int64_t
http_monotonic_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

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
    buffer_free(&x->head);
    buffer_free(&x->params);
    buffer_free(&x->body);
    free(x);
}

/* Under the lock, and with x about to be freed. */
static void
release_body(struct http_exchange *x)
{
    x->http->body_bytes -= x->reserved;
    for (size_t i = 0; i < HTTP_LARGE_PLACES; i++) {
        if (x->http->large[i] == x)
            x->http->large[i] = NULL;
    }
}

/* One side leaves; the last one frees. */
static void
leave(struct http_exchange *x)
{
    struct http *http = x->http;
    pthread_mutex_lock(&http->exchange_lock);
    bool last = --x->holders == 0;
    if (last)
        release_body(x);
    pthread_mutex_unlock(&http->exchange_lock);
    if (last)
        exchange_free(x);
}

/* ---- on a worker thread ---- */

/* Under the lock: no longer a worker's. Who does this resumes the connection, then or later; until
 * that nothing happens to it. */
static void
end_work(struct http_exchange *x, enum http_phase phase)
{
    if (x->previous)
        x->previous->next = x->next;
    else
        x->http->working = x->next;
    if (x->next)
        x->next->previous = x->previous;
    x->next = x->previous = NULL;
    x->phase = phase;
    if (x->peer)
        x->peer->deadline_ms = http_monotonic_ms() + REPLY_DEADLINE_MS;
}

static bool
has_credentials_route(const struct http_exchange *x)
{
    return !(x->route->roles & (ACCESS_PUBLIC | ACCESS_DEVICE));
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

static enum http_phase
answer(struct http_exchange *x)
{
    bool permitted = x->admitted || authorize(x);
    if (permitted && x->body_cap > 0 && !x->admitted && has_credentials_route(x))
        return PHASE_ADMITTED;
    if (permitted)
        x->route->handle(&x->request, &x->response);
    return PHASE_ANSWERED;
}

static bool
help(struct request *request)
{
    struct http_exchange *x =
        (struct http_exchange *)(void *)((char *)request - offsetof(struct http_exchange, request));
    return workers_help(x->http->workers, request->hasher);
}

/* Resumed outside of the lock, which the HTTP thread that it wakes wants at once. */
static void
finish(struct http_exchange *x, enum http_phase phase)
{
    pthread_mutex_lock(&x->http->exchange_lock);
    bool ours = x->phase != PHASE_ABANDONED;
    if (ours)
        end_work(x, phase);
    pthread_mutex_unlock(&x->http->exchange_lock);
    if (ours)
        MHD_resume_connection(x->connection);
}

static void
run(void *subject, struct hasher *hasher)
{
    struct http_exchange *x = subject;
    /* Nobody waits for it any more: no work for it, and nothing changed by it. */
    if (x->phase != PHASE_ABANDONED) {
        x->request.hasher = hasher;
        x->request.help = help;
        x->request.bell = workers_bell(x->http->workers, hasher);
        finish(x, answer(x));
    }
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
            end_work(x, PHASE_ABANDONED);
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

/* Under the lock; the worker has it already, and needs the lock to end. */
static void
suspend(struct http_exchange *x)
{
    struct http *http = x->http;
    x->phase = PHASE_WORKING;
    x->deadline_ms = http_monotonic_ms() + http->deadline_ms;
    if (x->peer)
        x->peer->deadline_ms = 0;
    x->next = http->working;
    if (x->next)
        x->next->previous = x;
    http->working = x;
    http->n_in_flight += !x->in_flight;
    x->in_flight = true;
    MHD_suspend_connection(x->connection);
}

static enum MHD_Result
reply(struct http_exchange *x)
{
    set_peer_deadline(x, REPLY_DEADLINE_MS);
    bool has_body = !x->is_head && x->phase != PHASE_ABANDONED && x->response.body.size > 0;
    if (x->peer && x->peer->sender.in_use)
        x->peer->sender.hold = has_body;
    return http_request_reply(x);
}

static enum MHD_Result
hand_over(struct http_exchange *x)
{
    struct http *http = x->http;
    pthread_mutex_lock(&http->exchange_lock);
    enum status s = is_in_work(http, x) || http->ending ? STATUS_BUSY : STATUS_OK;
    x->holders++;
    if (s == STATUS_OK)
        s = workers_put(http->workers,
                        (struct job){.run = run, .subject = x, .nests = x->route->nests});
    if (s == STATUS_OK)
        suspend(x);
    else
        x->holders--;
    pthread_mutex_unlock(&http->exchange_lock);
    if (s == STATUS_OK)
        return MHD_YES;
    problem_set(&x->response, 503, PROBLEM_BUSY, NULL);
    return reply(x);
}

/* Under the lock. Large bodies have places: few of one address, and not all of those without
 * credentials. */
static bool
take_place(struct http_exchange *x)
{
    struct http *http = x->http;
    bool operator= has_credentials_route(x);
    size_t n = 0, n_same = 0, found = HTTP_LARGE_PLACES;
    for (size_t i = 0; i < HTTP_LARGE_PLACES; i++) {
        const struct http_exchange *other = http->large[i];
        if (!other)
            found = i;
        n += other != NULL;
        n_same += other && text_equal(other->request.address, x->request.address);
    }
    if (found == HTTP_LARGE_PLACES ||
        (!operator&&(n >= HTTP_LARGE_PLACES - OPERATOR_PLACES || n_same >= PLACES_BY_ADDRESS)))
        return false;
    http->large[found] = x;
    return true;
}

/* Room for the body as announced; false: x->response says that there is none. */
static bool
reserve_body(struct http_exchange *x)
{
    struct http *http = x->http;
    pthread_mutex_lock(&http->exchange_lock);
    bool fits = x->announced <= MAX_BODY_BYTES - http->body_bytes;
    if (fits && x->announced > LIMIT_JSON_BODY)
        fits = take_place(x);
    x->reserved = fits ? x->announced : 0;
    http->body_bytes += x->reserved;
    pthread_mutex_unlock(&http->exchange_lock);
    if (fits)
        return true;
    problem_set(&x->response, 503, PROBLEM_BUSY, "too many large bodies at once");
    response_header(&x->response, "Connection", "close");
    return false;
}

/* What can be refused by the headers alone, before a byte of the body is taken. An operator's body
 * has no room before its credentials are known. */
static bool
check_head(struct http_exchange *x)
{
    if (!http_request_check_head(x))
        return false;
    if (x->route->begin && !x->route->begin(&x->request, &x->response, &x->body_cap)) {
        response_header(&x->response, "Connection", "close");
        return false;
    }
    return http_request_check_size(x) && (has_credentials_route(x) || reserve_body(x));
}

static void
await_body(struct http_exchange *x)
{
    set_peer_deadline(x, x->announced > LIMIT_JSON_BODY ? LARGE_DEADLINE_MS : x->http->deadline_ms);
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
    x->is_head = text_equal(method, "HEAD");
    *request = x;
    if (!http_request_gather(x, url, method))
        return MHD_NO;
    if (!check_head(x))
        return reply(x);
    /* Credentials are looked up before an operator's body is taken. */
    if (has_credentials_route(x) && x->body_cap > 0)
        return hand_over(x);
    await_body(x);
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
        return reply(x);
    }
    if (!x->route->at_once)
        return hand_over(x);
    x->route->handle(&x->request, &x->response);
    return reply(x);
}

/* The worker found the credentials good: now the body may come. */
static enum MHD_Result
admit(struct http_exchange *x, const char *data, size_t *data_size)
{
    x->admitted = true;
    x->phase = PHASE_BODY;
    if (!reserve_body(x))
        return reply(x);
    await_body(x);
    return *data_size > 0 ? take_body(x, data, data_size) : MHD_YES;
}

static enum MHD_Result
proceed(struct http_exchange *x, const char *data, size_t *data_size)
{
    const enum http_phase phase = x->phase; /* clang 14 takes no atomic enum here */
    switch (phase) {
    case PHASE_ADMITTED:
        return admit(x, data, data_size);
    case PHASE_BODY:
        return *data_size > 0 ? take_body(x, data, data_size) : finish_body(x);
    case PHASE_ANSWERED:
    case PHASE_ABANDONED:
        return reply(x);
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
    pthread_mutex_lock(&x->http->exchange_lock);
    if (x->in_flight && --x->http->n_in_flight == 0)
        pthread_cond_broadcast(&x->http->changed);
    pthread_mutex_unlock(&x->http->exchange_lock);
    leave(x);
}
