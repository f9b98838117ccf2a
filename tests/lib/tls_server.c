/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tls_server.h"

#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_PART 4096u

struct tls_server tls_server;

/* Of the thread. */
static struct {
    SSL_CTX *tls;
    int listener;
    unsigned port;
    pthread_t thread;
    const struct tls_server_step *steps;
    atomic_bool ending;
} server;

static void
add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    assert_int_equal(1, X509_add_ext(certificate, e, -1));
    X509_EXTENSION_free(e);
}

X509 *
tls_server_certificate(EVP_PKEY *key, const char *host, long from_s, long to_s)
{
    X509 *c = X509_new();
    assert_non_null(c);
    (void)X509_set_version(c, 2);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(c), from_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(c), to_s);
    (void)X509_set_pubkey(c, key);
    X509_NAME *name = X509_get_subject_name(c);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"verifier",
                                     -1, -1, 0);
    (void)X509_set_issuer_name(c, name);
    add_extension(c, NID_subject_alt_name, host);
    add_extension(c, NID_basic_constraints, "critical,CA:TRUE");
    assert_true(X509_sign(c, key, EVP_sha256()) > 0);
    return c;
}

void
tls_server_write(X509 *c, const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(1, PEM_write_X509(f, c));
    assert_int_equal(0, fclose(f));
}

/* Where the body begins; 0: the head is not whole yet. */
static size_t
find_body(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    return end ? (size_t)(end + 4 - text) : 0;
}

/* Read one request: head and the body that it announces. */
static bool
read_request(SSL *ssl, struct buffer *out)
{
    static const char ask[] = "Expect: 100-continue";
    char part[REQUEST_PART];
    bool asked = false;
    for (;;) {
        int n = SSL_read(ssl, part, sizeof part);
        if (n <= 0)
            return false;
        buffer_append(out, bytes_of(part, (size_t)n));
        const char *text = buffer_text(out);
        size_t body = find_body(text);
        const char *length = strstr(text, "Content-Length: ");
        if (body > 0 && out->size - body >= (length ? strtoul(length + 16, NULL, 10) : 0))
            return true;
        if (body > 0 && !asked && strstr(text, ask))
            (void)SSL_write(ssl, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        asked = asked || body > 0;
    }
}

/* Take a request and count it; false when the peer left. */
static bool
take_request(SSL *ssl)
{
    struct buffer request = {0};
    if (!read_request(ssl, &request)) {
        buffer_free(&request);
        return false;
    }
    unsigned i = tls_server.n_requests++;
    if (i < TLS_SERVER_REQUESTS)
        tls_server.requests[i] = request;
    else
        buffer_free(&request);
    return true;
}

static bool
act(SSL *ssl, const struct tls_server_step *step)
{
    switch (step->action) {
    case TLS_SERVER_ANSWER:
    case TLS_SERVER_ANSWER_AND_CLOSE:
    case TLS_SERVER_ANSWER_AND_CUT:
        (void)SSL_write(ssl, step->answer, (int)strlen(step->answer));
        if (step->action == TLS_SERVER_ANSWER)
            return true;
        if (step->action == TLS_SERVER_ANSWER_AND_CLOSE)
            (void)SSL_shutdown(ssl);
        return false;
    case TLS_SERVER_STALL:
        while (!server.ending)
            (void)usleep(10000);
        return false;
    case TLS_SERVER_DROP:
    case TLS_SERVER_END:
        break;
    }
    return false;
}

static void
serve_connection(int fd)
{
    SSL *ssl = SSL_new(server.tls);
    (void)SSL_set_fd(ssl, fd);
    if (SSL_accept(ssl) == 1) {
        (void)SSL_export_keying_material(ssl, tls_server.exporter, sizeof tls_server.exporter,
                                         "EXPORTER-Channel-Binding", 24, (const unsigned char *)"",
                                         0, 1);
        while (take_request(ssl) && act(ssl, &server.steps[tls_server.n_requests - 1]))
            continue;
    }
    SSL_free(ssl);
    (void)close(fd);
}

static void *
serve(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (server.ending) {
            (void)close(fd);
            return NULL;
        }
        serve_connection(fd);
    }
}

static void
listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server.listener >= 0);
    const struct sockaddr *a = (const struct sockaddr *)(const void *)&address;
    assert_int_equal(0, bind(server.listener, a, size));
    assert_int_equal(0, listen(server.listener, 8));
    struct sockaddr *out = (struct sockaddr *)(void *)&address;
    assert_int_equal(0, getsockname(server.listener, out, &size));
    server.port = ntohs(address.sin_port);
}

void
tls_server_start(const struct tls_server_step *steps, const char *host, long from_s, long to_s,
                 int tls_max)
{
    for (size_t i = 0; i < TLS_SERVER_REQUESTS; i++)
        buffer_free(&tls_server.requests[i]);
    memset(&server, 0, sizeof server);
    memset(&tls_server, 0, sizeof tls_server);
    server.steps = steps;
    tls_server.key = EVP_EC_gen("P-256");
    tls_server.certificate = tls_server_certificate(tls_server.key, host, from_s, to_s);
    server.tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(1, SSL_CTX_use_certificate(server.tls, tls_server.certificate));
    assert_int_equal(1, SSL_CTX_use_PrivateKey(server.tls, tls_server.key));
    if (tls_max != 0) {
        (void)SSL_CTX_set_cipher_list(server.tls, "ALL:@SECLEVEL=0");
        (void)SSL_CTX_set_min_proto_version(server.tls, TLS1_VERSION);
        (void)SSL_CTX_set_max_proto_version(server.tls, tls_max);
    }
    listen_on_loopback();
    (void)snprintf(tls_server.origin, sizeof tls_server.origin, "https://127.0.0.1:%u",
                   server.port);
    (void)snprintf(tls_server.ca_file, sizeof tls_server.ca_file, "/tmp/attestd-client-%d-%u.pem",
                   (int)getpid(), server.port);
    tls_server_write(tls_server.certificate, tls_server.ca_file);
    assert_int_equal(0, pthread_create(&server.thread, NULL, serve, NULL));
}

void
tls_server_stop(void)
{
    server.ending = true;
    (void)shutdown(server.listener, SHUT_RDWR);
    assert_int_equal(0, pthread_join(server.thread, NULL));
    (void)close(server.listener);
    (void)unlink(tls_server.ca_file);
    SSL_CTX_free(server.tls);
    X509_free(tls_server.certificate);
    EVP_PKEY_free(tls_server.key);
}

struct bytes
tls_server_body(unsigned i)
{
    assert_true(i < TLS_SERVER_REQUESTS && i < tls_server.n_requests);
    struct buffer *request = &tls_server.requests[i];
    size_t body = find_body(buffer_text(request));
    return bytes_slice(buffer_bytes(request), body, request->size - body);
}
