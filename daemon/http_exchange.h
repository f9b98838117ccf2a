/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request from its first header to its reply, between libmicrohttpd's threads and a worker.
 * Included by http*.c only. A worker may be late: then the exchange is abandoned, the client has a
 * 503, and the last side to leave frees it.
 */
#pragma once

#include "daemon/http.h"
#include "daemon/http_tls.h"
#include "daemon/workers.h"

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

/* A client's connection, while it is open. The sweeper shuts its socket down at its deadline. */
struct http_peer {
    struct http_peer *next, *previous;
    int fd;
    int64_t deadline_ms; /* monotonic; 0: none (a worker has it, with a deadline of its own) */
    struct http_tls_sender sender;
    bool exporter_present; /* as soon as a request asked: it is one for all of a connection */
    uint8_t exporter[32];
};

enum http_phase {
    PHASE_BODY,     /* headers read; the body is arriving */
    PHASE_WORKING,  /* suspended: a worker has it */
    PHASE_ADMITTED, /* credentials were good: now the body may come */
    PHASE_ANSWERED, /* response is complete */
    PHASE_ABANDONED /* the worker was too late */
};

struct http_exchange {
    struct http_exchange *next, *previous; /* in http.working while suspended */
    struct http *http;
    struct MHD_Connection *connection;
    struct http_peer *peer;
    const struct route *route;
    struct request request;
    struct response response;
    struct buffer head, params; /* what request points at: a late worker outlives the connection */
    struct buffer body;
    size_t body_cap;
    size_t announced; /* size of the body, at most body_cap */
    size_t reserved;  /* of http.body_bytes */
    bool is_head;     /* answered as GET, without the body */
    bool too_large;
    bool admitted;
    bool in_flight;                /* counted in http.n_in_flight */
    _Atomic enum http_phase phase; /* changed under http.exchange_lock while suspended */
    int64_t deadline_ms;           /* of the worker, monotonic */
    int holders;                   /* connection, worker: guarded by http.exchange_lock */
};

#define HTTP_LARGE_PLACES 8u

struct http {
    struct verifier *verifier;
    struct MHD_Daemon *mhd;
    struct http_tls *tls;
    struct workers *workers;
    int listen_fd;
    bool bound_here; /* else systemd holds the socket, and keeps clients waiting over a restart */
    unsigned port;
    char trusted_proxies[512];
    atomic_bool draining;
    pthread_t sweeper;
    bool sweeping;
    int64_t deadline_ms;           /* of a head, of a small body, of a worker */
    pthread_mutex_t exchange_lock; /* guards all below */
    pthread_cond_t changed;        /* n_in_flight became 0; or ending */
    struct http_peer *peers;
    struct http_exchange *working;
    size_t n_in_flight; /* exchanges that a worker had or has, and whose reply is not yet sent */
    size_t body_bytes;  /* announced by the bodies that are arriving or held */
    const struct http_exchange *large[HTTP_LARGE_PLACES]; /* whose body is above LIMIT_JSON_BODY */
    bool ending;
};

/* libmicrohttpd's access handler; cls is struct http. */
enum MHD_Result http_exchange_access(void *cls, struct MHD_Connection *connection, const char *url,
                                     const char *method, const char *version, const char *data,
                                     size_t *data_size, void **request);
/* MHD_OPTION_NOTIFY_COMPLETED. */
void http_exchange_completed(void *cls, struct MHD_Connection *connection, void **request,
                             enum MHD_RequestTerminationCode code);
/* Abandon every exchange whose worker is past its deadline (all when now_ms is INT64_MAX). */
void http_exchange_sweep(struct http *http, int64_t now_ms);
int64_t http_monotonic_ms(void);
