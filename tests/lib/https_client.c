/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a test says; to: a TLS connection on loopback, and what came back. */
#include "tests/lib/https_client.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/socket.h>

#define WAIT_S       20
#define EXPORTER     "EXPORTER-Channel-Binding"
#define LENGTH       "Content-Length"
#define MAX_RECEIVED (64u * 1024u * 1024u)

struct https_client {
    int fd;
    SSL_CTX *context;
    SSL *ssl;
    struct buffer received;
    bool asked_for_head; /* the answer has no body */
};

static int
connect_to(unsigned port)
{
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct timeval wait = {.tv_sec = WAIT_S};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

struct https_client *
https_client_open(unsigned port)
{
    struct https_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->fd = connect_to(port);
    c->context = SSL_CTX_new(TLS_client_method());
    c->ssl = c->context ? SSL_new(c->context) : NULL;
    if (c->fd >= 0 && c->ssl && SSL_set_fd(c->ssl, c->fd) == 1 && SSL_connect(c->ssl) == 1)
        return c;
    https_client_close(c);
    return NULL;
}

void
https_client_close(struct https_client *c)
{
    if (!c)
        return;
    SSL_free(c->ssl);
    SSL_CTX_free(c->context);
    if (c->fd >= 0)
        (void)close(c->fd);
    buffer_free(&c->received);
    free(c);
}

void
https_client_closep(struct https_client **c)
{
    https_client_close(*c);
}

bool
https_client_exporter(struct https_client *c, uint8_t out[static 32])
{
    return SSL_export_keying_material(c->ssl, out, 32, EXPORTER, strlen(EXPORTER),
                                      (const unsigned char *)"", 0, 1) == 1;
}

bool
https_client_write(struct https_client *c, struct bytes bytes)
{
    size_t n = 0;
    return bytes.size == 0 ||
           (SSL_write_ex(c->ssl, bytes.data, bytes.size, &n) == 1 && n == bytes.size);
}

bool
https_client_head(struct https_client *c, const char *method, const char *path, const char *more,
                  size_t size)
{
    CLEANUP(buffer_free) struct buffer head = {0};
    c->asked_for_head = text_equal(method, "HEAD");
    buffer_append_format(&head, "%s %s HTTP/1.1\r\nHost: " HTTPS_CLIENT_HOST "\r\n%s", method, path,
                         more ? more : "");
    if (size > 0)
        buffer_append_format(&head, LENGTH ": %zu\r\n", size);
    buffer_append_text(&head, "\r\n");
    return https_client_write(c, buffer_bytes(&head));
}

static bool
read_more(struct https_client *c)
{
    uint8_t chunk[8192];
    size_t n = 0;
    if (c->received.size > MAX_RECEIVED || SSL_read_ex(c->ssl, chunk, sizeof chunk, &n) != 1)
        return false;
    buffer_append(&c->received, bytes_of(chunk, n));
    return true;
}

/* Move the first size bytes out of what was received, reading on for them. */
static bool
take(struct https_client *c, size_t size, struct buffer *out)
{
    while (c->received.size < size) {
        if (!read_more(c))
            return false;
    }
    buffer_append(out, bytes_of(c->received.data, size));
    memmove(c->received.data, c->received.data + size, c->received.size - size);
    c->received.size -= size;
    return true;
}

static bool
take_head(struct https_client *c, struct buffer *out)
{
    const char *end = NULL;
    while (!end) {
        const char *text = buffer_text(&c->received);
        end = text ? strstr(text, "\r\n\r\n") : NULL;
        if (end)
            return take(c, (size_t)(end - text) + 4, out);
        if (!read_more(c))
            return false;
    }
    return false;
}

bool
https_client_receive(struct https_client *c, struct https_answer *out)
{
    char length[24];
    uint64_t size = 0;
    https_answer_clear(out);
    if (!take_head(c, &out->head) || out->head.size < sizeof "HTTP/1.1 200")
        return false;
    const char *text = buffer_text(&out->head);
    int status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
    if (status == 100)
        return https_client_receive(c, out);
    if (https_answer_header(out, LENGTH, length, sizeof length) &&
        text_parse_u64(length, MAX_RECEIVED, &size) != STATUS_OK)
        return false;
    if (!c->asked_for_head && !take(c, (size_t)size, &out->body))
        return false;
    out->status = status;
    return true;
}

int
https_client_ask(struct https_client *c, const char *method, const char *path, const char *more,
                 struct bytes body, struct https_answer *out)
{
    /* A refusal may come, and the connection end, before the body was taken. */
    if (https_client_head(c, method, path, more, body.size))
        (void)https_client_write(c, body);
    return https_client_receive(c, out) ? out->status : 0;
}

const char *
https_answer_header(const struct https_answer *a, const char *name, char *out, size_t out_size)
{
    const char *line = a->head.data ? strstr((const char *)a->head.data, "\r\n") : NULL;
    for (; line; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (!text_starts_fold(at, name) || at[strlen(name)] != ':')
            continue;
        at += strlen(name) + 1;
        at += strspn(at, " ");
        (void)snprintf(out, out_size, "%.*s", (int)strcspn(at, "\r"), at);
        return out;
    }
    return NULL;
}

void
https_answer_clear(struct https_answer *a)
{
    buffer_free(&a->head);
    buffer_free(&a->body);
    *a = (struct https_answer){0};
}
