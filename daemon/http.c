/* SPDX-License-Identifier: Apache-2.0 */
/* from: options; to: a listening server with deadlines; never: looks into a request. */
#include "daemon/http.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/http_exchange.h"
#include "daemon/http_quiesce.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CLAUSE         "http"
#define BACKLOG        512
#define SWEEP_EVERY_MS 250
#define WORKERS_END_MS 2000 /* after the drain, for requests whose client has had its 503 */
#define CONNECTION_MEMORY                                                                          \
    (24u * 1024u)         /* head of LIMIT_HEADER, and the upload and reply buffers                \
                           */
#define INACTIVITY_S 120u /* behind the sweeper's own deadlines */

/* ---- peers and their deadlines ---- */

static void
peer_begin(struct http *http, struct MHD_Connection *connection, void **context)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info ? info->tls_session : NULL;
    if (session)
        http_tls_begin(http->tls, session);
    struct http_peer *peer = calloc(1, sizeof *peer);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!peer || !info) {
        free(peer);
        return;
    }
    peer->fd = info->connect_fd;
    if (session)
        http_tls_send_through(session, peer->fd, &peer->sender);
    int on = 1;
    (void)setsockopt(peer->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    pthread_mutex_lock(&http->exchange_lock);
    peer->deadline_ms = http_monotonic_ms() + http->deadline_ms;
    peer->next = http->peers;
    if (peer->next)
        peer->next->previous = peer;
    http->peers = peer;
    pthread_mutex_unlock(&http->exchange_lock);
    *context = peer;
}

static void
peer_end(struct http *http, void **context)
{
    struct http_peer *peer = *context;
    if (!peer)
        return;
    pthread_mutex_lock(&http->exchange_lock);
    if (peer->previous)
        peer->previous->next = peer->next;
    else
        http->peers = peer->next;
    if (peer->next)
        peer->next->previous = peer->previous;
    pthread_mutex_unlock(&http->exchange_lock);
    buffer_free(&peer->sender.held);
    free(peer);
    *context = NULL;
}

static void
notice_connection(void *cls, struct MHD_Connection *connection, void **context,
                  enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED)
        peer_begin(cls, connection, context);
    else
        peer_end(cls, context);
}

/* A peer that is late with its head or body: its socket is shut down, libmicrohttpd then closes it.
 */
static void
sweep_peers(struct http *http, int64_t now_ms)
{
    pthread_mutex_lock(&http->exchange_lock);
    for (struct http_peer *p = http->peers; p; p = p->next) {
        if (p->deadline_ms != 0 && p->deadline_ms <= now_ms) {
            (void)shutdown(p->fd, SHUT_RDWR);
            p->deadline_ms = 0;
        }
    }
    pthread_mutex_unlock(&http->exchange_lock);
}

static struct timespec
monotonic_at(int64_t ms)
{
    return (struct timespec){.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
}

/* True after a pause; false at once when the end has come. */
static bool
await_sweep(struct http *http)
{
    const struct timespec until = monotonic_at(http_monotonic_ms() + SWEEP_EVERY_MS);
    int waited = 0;
    pthread_mutex_lock(&http->exchange_lock);
    while (!http->ending && waited == 0)
        waited =
            pthread_cond_clockwait(&http->changed, &http->exchange_lock, CLOCK_MONOTONIC, &until);
    bool go_on = !http->ending;
    pthread_mutex_unlock(&http->exchange_lock);
    return go_on;
}

static void *
sweep(void *cls)
{
    struct http *http = cls;
    while (await_sweep(http)) {
        int64_t now_ms = http_monotonic_ms();
        sweep_peers(http, now_ms);
        http_exchange_sweep(http, now_ms);
    }
    return NULL;
}

/* ---- listening ---- */

static void
free_addresses(struct addrinfo **a)
{
    if (*a)
        freeaddrinfo(*a);
}

/* "HOST:PORT" or "[V6]:PORT" */
static bool
split_listen(const char *listen, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *colon = strrchr(listen, ':');
    if (!colon || !text_copy(port, port_size, colon + 1) || port[0] == '\0')
        return false;
    size_t size = (size_t)(colon - listen);
    const char *begin = listen;
    if (size >= 2 && listen[0] == '[' && colon[-1] == ']') {
        begin++;
        size -= 2;
    }
    if (size + 1 > host_size)
        return false;
    memcpy(host, begin, size);
    host[size] = '\0';
    return true;
}

static enum status
bind_listen(const char *listen_on, int *out, struct diag *diag)
{
    char host[256], port[16];
    if (!split_listen(listen_on, host, sizeof host, port, sizeof port))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "listen must be HOST:PORT or [V6]:PORT");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV | AI_NUMERICHOST};
    CLEANUP(free_addresses) struct addrinfo *found = NULL;
    if (getaddrinfo(host[0] ? host : NULL, port, &hints, &found) != 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "listen: %s is not a numeric address",
                        host);
    CLEANUP(close_fdp) int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "cannot listen on %s: %s", listen_on,
                        strerror(errno));
    *out = fd;
    fd = -1;
    return STATUS_OK;
}

static unsigned
bound_port(int fd)
{
    struct sockaddr_storage a = {0};
    socklen_t size = sizeof a;
    if (getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        return 0;
    if (a.ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)(const void *)&a)->sin_port);
    return ntohs(((const struct sockaddr_in6 *)(const void *)&a)->sin6_port);
}

static void
drop_line(void *cls, const char *format, va_list arguments)
{
    /* libmicrohttpd tells of every peer that left; peers must not fill the log. */
    (void)cls;
    (void)format;
    (void)arguments;
}

static enum status
start(struct http *http, const struct http_options *o, struct diag *diag)
{
    long n_cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned n_threads = o->n_threads;
    if (n_threads == 0)
        n_threads = n_cores > 1 ? (unsigned)n_cores / 2 : 1;
    http->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TLS | MHD_USE_ERROR_LOG,
        0, NULL, NULL, http_exchange_access, http, MHD_OPTION_EXTERNAL_LOGGER, drop_line, NULL,
        MHD_OPTION_LISTEN_SOCKET, http->listen_fd, MHD_OPTION_HTTPS_PRIORITIES, HTTP_TLS_PRIORITIES,
        MHD_OPTION_HTTPS_CERT_CALLBACK, http_tls_retrieve, MHD_OPTION_NOTIFY_CONNECTION,
        notice_connection, http, MHD_OPTION_NOTIFY_COMPLETED, http_exchange_completed, http,
        MHD_OPTION_THREAD_POOL_SIZE, n_threads > 1 ? n_threads : 0, MHD_OPTION_CONNECTION_LIMIT,
        o->n_connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, o->n_connections_by_address,
        MHD_OPTION_CONNECTION_TIMEOUT, INACTIVITY_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    if (!http->mhd)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "libmicrohttpd did not start");
    if (pthread_create(&http->sweeper, NULL, sweep, http) != 0)
        return STATUS_IO;
    http->sweeping = true;
    return STATUS_OK;
}

enum status
http_open(struct verifier *v, const struct http_options *options, struct http **out,
          struct diag *diag)
{
    *out = NULL;
    enum status s = route_check(diag);
    if (s != STATUS_OK)
        return s;
    struct http *http = calloc(1, sizeof *http);
    if (!http)
        return STATUS_NOMEM;
    http->verifier = v;
    http->listen_fd = options->listen_fd;
    http->bound_here = options->listen_fd < 0;
    http->deadline_ms =
        options->deadline_ms ? options->deadline_ms : LIMIT_REQUEST_DEADLINE_S * 1000;
    pthread_mutex_init(&http->exchange_lock, NULL);
    pthread_cond_init(&http->changed, NULL);
    if (options->trusted_proxies &&
        !text_copy(http->trusted_proxies, sizeof http->trusted_proxies, options->trusted_proxies))
        s = diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "trusted_proxies is too long");
    if (s == STATUS_OK)
        s = http_tls_open(options->certificate, options->key, &http->tls, diag);
    if (s == STATUS_OK && http->listen_fd < 0)
        s = bind_listen(options->listen, &http->listen_fd, diag);
    if (s == STATUS_OK)
        s = workers_new(options->n_workers, options->n_queued, &http->workers);
    if (s == STATUS_OK)
        s = start(http, options, diag);
    if (s != STATUS_OK) {
        (void)http_close(http, 0);
        return s;
    }
    http->port = bound_port(http->listen_fd);
    *out = http;
    return STATUS_OK;
}

unsigned
http_port(const struct http *h)
{
    return h->port;
}

enum status
http_reload(struct http *h, const char *certificate, const char *key, struct diag *diag)
{
    return http_tls_replace(h->tls, certificate, key, diag);
}

/* Wait until every request that a worker took is answered, at most drain_ms. */
static void
drain(struct http *h, int64_t drain_ms)
{
    const struct timespec until = monotonic_at(http_monotonic_ms() + drain_ms);
    int waited = 0;
    pthread_mutex_lock(&h->exchange_lock);
    while (h->n_in_flight > 0 && waited == 0)
        waited = pthread_cond_clockwait(&h->changed, &h->exchange_lock, CLOCK_MONOTONIC, &until);
    h->ending = true;
    pthread_cond_broadcast(&h->changed);
    pthread_mutex_unlock(&h->exchange_lock);
}

bool
http_close(struct http *h, int64_t drain_ms)
{
    if (!h)
        return true;
    atomic_store(&h->draining, true);
    if (h->mhd)
        http_quiesce(h->mhd);
    if (h->bound_here && h->listen_fd >= 0)
        (void)shutdown(h->listen_fd, SHUT_RDWR);
    drain(h, drain_ms);
    if (h->sweeping)
        pthread_join(h->sweeper, NULL);
    /* Stopping while a connection is suspended would abort the process. */
    http_exchange_sweep(h, INT64_MAX);
    bool ended = workers_free(h->workers, WORKERS_END_MS);
    if (h->mhd)
        MHD_stop_daemon(h->mhd);
    if (h->listen_fd >= 0)
        (void)close(h->listen_fd);
    http_tls_close(h->tls);
    if (!ended) {
        log_line(LOG_LEVEL_ERROR, "http: a worker hangs: left behind");
        return false;
    }
    pthread_cond_destroy(&h->changed);
    pthread_mutex_destroy(&h->exchange_lock);
    free(h);
    return true;
}
