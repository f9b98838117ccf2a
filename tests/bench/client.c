/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/client.h"

#include "base/cleanup.h"
#include "tests/bench/bench.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define EXPORTER_LABEL "EXPORTER-Channel-Binding" /* RFC 9266 */
#define TIMEOUT_S      20
#define PIECE          16384u

void
client_open(struct client *c, unsigned port)
{
    *c = (struct client){.tls = SSL_CTX_new(TLS_client_method()), .port = port};
    bench_demand(c->tls, "libssl");
    (void)SSL_CTX_set_session_cache_mode(c->tls, SSL_SESS_CACHE_OFF);
    (void)snprintf(c->origin, sizeof c->origin, "https://127.0.0.1:%u", port);
}

void
client_close(struct client *c)
{
    SSL_CTX_free(c->tls);
}

static int
dial(unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_demand(fd >= 0, "no socket");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (connect(fd, (const struct sockaddr *)(const void *)&address, sizeof address) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

bool
client_connect(const struct client *c, struct client_connection *out)
{
    *out = (struct client_connection){.client = c, .fd = dial(c->port)};
    if (out->fd < 0)
        return false;
    out->tls = SSL_new(c->tls);
    bench_demand(out->tls && SSL_set_fd(out->tls, out->fd) == 1 && SSL_connect(out->tls) == 1,
                 "handshake");
    bench_demand(SSL_export_keying_material(out->tls, out->exporter, sizeof out->exporter,
                                            EXPORTER_LABEL, strlen(EXPORTER_LABEL),
                                            (const unsigned char *)"", 0, 1) == 1,
                 "exporter");
    return true;
}

void
client_disconnect(struct client_connection *c)
{
    (void)SSL_shutdown(c->tls);
    SSL_free(c->tls);
    (void)close(c->fd);
    buffer_free(&c->answer);
}

void
client_send(struct client_connection *c, const char *head, struct bytes body)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    buffer_append_text(&out, head);
    buffer_append_format(&out, "Host: 127.0.0.1:%u\r\nContent-Length: %zu\r\n\r\n", c->client->port,
                         body.size);
    buffer_append(&out, body);
    bench_demand(buffer_check(&out) == STATUS_OK, "memory");
    bench_demand(SSL_write(c->tls, out.data, (int)out.size) == (int)out.size, "cannot send");
}

static size_t
content_length(const char *head)
{
    static const char name[] = "\r\nContent-Length: ";
    const char *at = strcasestr(head, name);
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

/* The head's end when it is there, else NULL. */
static const char *
find_body(struct buffer *answer)
{
    const char *text = buffer_text(answer);
    const char *end = text ? strstr(text, "\r\n\r\n") : NULL;
    return end ? end + 4 : NULL;
}

void
client_receive(struct client_connection *c)
{
    size_t size = 0;
    const char *body = NULL;
    buffer_reset(&c->answer);
    while (!body || c->answer.size < size) {
        bench_demand(buffer_reserve(&c->answer, PIECE) == STATUS_OK, "memory");
        int n = SSL_read(c->tls, c->answer.data + c->answer.size, (int)PIECE - 1);
        bench_demand(n > 0, "no answer");
        c->answer.size += (size_t)n;
        body = find_body(&c->answer);
        if (body)
            size = (size_t)(body - (const char *)c->answer.data) +
                   content_length((const char *)c->answer.data);
    }
    c->status = (unsigned)strtoul((const char *)c->answer.data + strlen("HTTP/1.1 "), NULL, 10);
    c->body = bytes_slice(buffer_bytes(&c->answer), (size_t)(body - (const char *)c->answer.data),
                          c->answer.size - (size_t)(body - (const char *)c->answer.data));
}
