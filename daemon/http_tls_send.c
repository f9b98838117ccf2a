/* SPDX-License-Identifier: Apache-2.0 */
/* from: TLS records; to: a socket, the head of a reply together with its body; never: blocks, or
 * keeps anything back when no more is to come. */
#include "daemon/http_tls.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define MAX_VECTORS 16

static ssize_t
hold_back(struct http_tls_sender *s, const giovec_t *vectors, int n_vectors)
{
    size_t before = s->held.size;
    s->hold = false;
    for (int i = 0; i < n_vectors; i++)
        buffer_append(&s->held, bytes_of(vectors[i].iov_base, vectors[i].iov_len));
    if (s->held.failed) {
        errno = ENOMEM;
        return -1;
    }
    return (ssize_t)(s->held.size - before);
}

/* n bytes of the held ones are sent; how many of the new ones. */
static ssize_t
account(struct http_tls_sender *s, size_t n)
{
    size_t n_held = s->held.size < n ? s->held.size : n;
    struct bytes rest = bytes_slice(buffer_bytes(&s->held), n_held, s->held.size - n_held);
    if (rest.size > 0) {
        memmove(s->held.data, rest.data, rest.size);
        s->held.size = rest.size;
        errno = EAGAIN;
        return -1;
    }
    buffer_reset(&s->held);
    if (n > n_held)
        return (ssize_t)(n - n_held);
    errno = EAGAIN;
    return -1;
}

/* GnuTLS's vectored send. It repeats what was not taken. */
static ssize_t
push(gnutls_transport_ptr_t sender, const giovec_t *vectors, int n_vectors)
{
    struct http_tls_sender *s = sender;
    if (s->hold)
        return hold_back(s, vectors, n_vectors);
    struct iovec out[MAX_VECTORS];
    size_t n_out = 0;
    if (s->held.size > 0)
        out[n_out++] = (struct iovec){.iov_base = s->held.data, .iov_len = s->held.size};
    for (int i = 0; i < n_vectors && n_out < MAX_VECTORS; i++)
        out[n_out++] = vectors[i];
    const struct msghdr message = {.msg_iov = out, .msg_iovlen = n_out};
    ssize_t n = sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 || s->held.size == 0)
        return n;
    return account(s, (size_t)n);
}

void
http_tls_send_through(gnutls_session_t session, int fd, struct http_tls_sender *s)
{
    if (gnutls_transport_get_int(session) != fd)
        return;
    s->fd = fd;
    s->in_use = true;
    gnutls_transport_set_ptr2(session, (gnutls_transport_ptr_t)(intptr_t)fd, s);
    gnutls_transport_set_vec_push_function(session, push);
}
