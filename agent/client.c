/* SPDX-License-Identifier: Apache-2.0 */
/* from: a request; to: the verifier's answer; never: sends anything before the peer is known to be
 * the verifier, or anything twice. [protocol 3; RFC 9266] */
#include "agent/client.h"

#include "agent/clock.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define CLAUSE         "client"
#define EXPORTER_LABEL "EXPORTER-Channel-Binding" /* RFC 9266 2 */
#define HEADER_SIZE    512u

/* Why a callback ended the request. */
enum abort_cause {
    ABORT_NONE = 0,
    ABORT_STOPPED,
    ABORT_OTHER_CHANNEL,
    ABORT_RESEND,
    ABORT_WRONG_KEY,
    ABORT_NO_TLS,
    ABORT_TOO_LARGE
};

struct client {
    CURL *easy;
    const struct settings *settings;
    client_stop stop;
    struct hasher *hasher;
    /* Of the request under way. */
    const struct client_request *request;
    struct client_reply *reply;
    unsigned n_prereq;
    enum abort_cause cause;
};

static SSL *
ssl_of(CURL *easy)
{
    struct curl_tlssessioninfo *info = NULL;
    if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
        info->backend != CURLSSLBACKEND_OPENSSL)
        return NULL;
    return info->internals;
}

/* The peer's key is one of the pins, whatever curl has checked. */
static bool
is_pinned(const struct client *c, SSL *ssl)
{
    X509 *certificate = SSL_get1_peer_certificate(ssl);
    unsigned char *spki = NULL;
    int size = certificate ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki) : 0;
    uint8_t hash[DIGEST_SHA256_SIZE];
    bool known =
        size > 0 && digest_sha256(c->hasher, bytes_of(spki, (size_t)size), hash) == STATUS_OK;
    bool found = false;
    for (size_t i = 0; known && i < c->settings->n_pins; i++)
        found = found || digest_bytes_equal(bytes_of(hash, sizeof hash),
                                            bytes_of(c->settings->pins[i], sizeof hash));
    OPENSSL_free(spki);
    X509_free(certificate);
    return found;
}

/* TLS 1.2 has a unique exporter only with the extended master secret. OpenSSL must pass an empty
 * context, not none, or 1.2 gives another value than the verifier's. [RFC 9266 4.2, RFC 5705 4] */
static void
read_exporter(SSL *ssl, struct client_reply *reply)
{
    bool unique = SSL_version(ssl) >= TLS1_3_VERSION || SSL_get_extms_support(ssl) == 1;
    reply->has_exporter =
        unique &&
        SSL_export_keying_material(ssl, reply->exporter, sizeof reply->exporter, EXPORTER_LABEL,
                                   sizeof EXPORTER_LABEL - 1, (const unsigned char *)"", 0, 1) == 1;
}

static bool
is_other_channel(const struct client_request *request, const struct client_reply *reply)
{
    return request->exporter &&
           (!reply->has_exporter ||
            !digest_bytes_equal(bytes_of(request->exporter, CLIENT_EXPORTER_SIZE),
                                bytes_of(reply->exporter, CLIENT_EXPORTER_SIZE)));
}

/* Called before every request on every connection, and before a byte of it is sent. A second call
 * in one request means that curl would send it again on a new connection. */
static int /* NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type */
check_channel(void *context, char *peer, char *local, int peer_port, int local_port)
{
    struct client *c = context;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    SSL *ssl = ssl_of(c->easy);
    if (ssl)
        read_exporter(ssl, c->reply);
    if (++c->n_prereq > 1)
        c->cause = ABORT_RESEND;
    else if (!ssl)
        c->cause = ABORT_NO_TLS;
    else if (c->settings->n_pins > 0 && !is_pinned(c, ssl))
        c->cause = ABORT_WRONG_KEY;
    else if (is_other_channel(c->request, c->reply))
        c->cause = ABORT_OTHER_CHANNEL;
    return c->cause == ABORT_NONE ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t
take_body(char *data, size_t one, size_t size, void *context)
{
    struct client *c = context;
    if (size * one > LIMIT_JSON_BODY - c->reply->body.size) {
        c->cause = ABORT_TOO_LARGE;
        return 0;
    }
    buffer_append(&c->reply->body, bytes_of(data, size * one));
    return buffer_check(&c->reply->body) == STATUS_OK ? size * one : 0;
}

static int
check_stop(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send, curl_off_t sent)
{
    struct client *c = context;
    (void)to_get;
    (void)got;
    (void)to_send;
    (void)sent;
    if (!c->stop || !c->stop())
        return 0;
    c->cause = ABORT_STOPPED;
    return 1;
}

static bool
set_callbacks(struct client *c)
{
    CURL *e = c->easy;
    return curl_easy_setopt(e, CURLOPT_PREREQFUNCTION, check_channel) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PREREQDATA, c) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_WRITEDATA, c) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_XFERINFOFUNCTION, check_stop) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_XFERINFODATA, c) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

static bool
set_transport(struct client *c)
{
    CURL *e = c->easy;
    const struct settings *s = c->settings;
    return curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_USERAGENT, "attest-agent/" ATTESTD_VERSION) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_PROXY, s->proxy ? s->proxy : "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_NOPROXY, "") == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, (long)s->connect_timeout_s) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)s->timeout_s) == CURLE_OK;
}

/* Without a CA file nothing but the pin counts, and check_channel() alone decides. The system's
 * certificate store never counts. */
static bool
set_trust(struct client *c)
{
    CURL *e = c->easy;
    const char *ca = c->settings->ca_file;
    return curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CAPATH, NULL) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_CAINFO, ca) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, ca ? 1L : 0L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, ca ? 2L : 0L) == CURLE_OK;
}

static enum status
check_ca_file(const struct settings *s, struct diag *diag)
{
    if (!s->ca_file || access(s->ca_file, R_OK) == 0)
        return STATUS_OK;
    return diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0, "verifier.ca_file: %.80s cannot be read",
                    s->ca_file);
}

static enum status
init(struct client *c, struct diag *diag)
{
    enum status s = hasher_new(&c->hasher);
    if (s == STATUS_OK)
        s = check_ca_file(c->settings, diag);
    if (s != STATUS_OK)
        return s;
    c->easy = curl_easy_init();
    if (!c->easy)
        return STATUS_NOMEM;
    if (!set_callbacks(c) || !set_transport(c) || !set_trust(c))
        return diag_set(diag, STATUS_CRYPTO, CLAUSE, 0, "libcurl lacks something that is needed");
    return STATUS_OK;
}

enum status
client_open(const struct settings *settings, client_stop stop, struct client **out,
            struct diag *diag)
{
    *out = NULL;
    enum status s = settings_check_verifier(settings, diag);
    if (s != STATUS_OK)
        return s;
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        return STATUS_NOMEM;
    c->settings = settings;
    c->stop = stop;
    s = init(c, diag);
    if (s != STATUS_OK) {
        client_close(c);
        return s;
    }
    *out = c;
    return STATUS_OK;
}

void
client_close(struct client *c)
{
    if (!c)
        return;
    curl_easy_cleanup(c->easy);
    hasher_free(c->hasher);
    free(c);
}

void
client_closep(struct client **c)
{
    client_close(*c);
    *c = NULL;
}

static void
free_headers(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

static bool
add_header(struct curl_slist **list, const char *name, const char *value)
{
    char line[HEADER_SIZE];
    int size = snprintf(line, sizeof line, "%s: %s", name, value);
    if (size < 0 || (size_t)size >= sizeof line)
        return false;
    struct curl_slist *longer = curl_slist_append(*list, line);
    if (longer)
        *list = longer;
    return longer != NULL;
}

static bool
set_request(struct client *c, const struct client_request *r, const char *url,
            struct curl_slist **headers)
{
    CURL *e = c->easy;
    bool post = r->content_type != NULL;
    bool set = add_header(headers, "Accept", "application/json") &&
               (!post || add_header(headers, "Content-Type", r->content_type)) &&
               (!r->challenge || add_header(headers, "Attestation-Challenge", r->challenge)) &&
               curl_easy_setopt(e, CURLOPT_HTTPHEADER, *headers) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_URL, url) == CURLE_OK;
    if (!set || !post)
        return set && curl_easy_setopt(e, CURLOPT_HTTPGET, 1L) == CURLE_OK;
    const void *body = r->body.size > 0 ? (const void *)r->body.data : "";
    return curl_easy_setopt(e, CURLOPT_POST, 1L) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.size) == CURLE_OK &&
           curl_easy_setopt(e, CURLOPT_POSTFIELDS, body) == CURLE_OK;
}

static enum status
explain_abort(const struct client *c, struct diag *diag)
{
    switch (c->cause) {
    case ABORT_STOPPED:
        return diag_set(diag, STATUS_BUSY, CLAUSE, 0, "stopped");
    case ABORT_OTHER_CHANNEL:
        return diag_set(diag, STATUS_STALE, CLAUSE, 0, "the TLS channel is another one now");
    case ABORT_RESEND:
        return diag_set(diag, STATUS_UNCERTAIN, CLAUSE, 0,
                        "the verifier closed the connection without an answer");
    case ABORT_WRONG_KEY:
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "the verifier's key is not verifier.pinned_key; was it renewed?");
    case ABORT_NO_TLS:
        return diag_set(diag, STATUS_CRYPTO, CLAUSE, 0, "libcurl does not use OpenSSL");
    case ABORT_TOO_LARGE:
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "the answer is larger than %u bytes",
                        LIMIT_JSON_BODY);
    case ABORT_NONE:
        break;
    }
    return diag_set(diag, STATUS_IO, CLAUSE, 0, "the request was ended");
}

/* Why the certificate was refused. A wrong clock is the commonest cause on a gateway. */
static enum status
explain_certificate(const struct client *c, struct diag *diag)
{
    long result = 0;
    (void)curl_easy_getinfo(c->easy, CURLINFO_SSL_VERIFYRESULT, &result);
    char now[TEXT_TIME_SIZE];
    (void)text_time(clock_now_s(), now, sizeof now);
    if (result == X509_V_ERR_CERT_NOT_YET_VALID)
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "the verifier's certificate is not valid yet by this machine's clock "
                        "(%s): set the clock",
                        now);
    if (result == X509_V_ERR_CERT_HAS_EXPIRED)
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "the verifier's certificate has expired, or this machine's clock (%s) is "
                        "ahead",
                        now);
    /* The host is compared by libcurl, which gives no reason of OpenSSL's for it. */
    if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED)
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "the verifier's certificate is not for the host of verifier.url");
    return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                    "the verifier's certificate does not lead to verifier.ca_file: %s",
                    X509_verify_cert_error_string(result));
}

static enum status
explain(const struct client *c, CURLcode code, struct diag *diag)
{
    if (c->cause != ABORT_NONE)
        return explain_abort(c, diag);
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        return explain_certificate(c, diag);
    if (code == CURLE_SSL_CACERT_BADFILE)
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0, "verifier.ca_file has no certificate");
    if (code == CURLE_OUT_OF_MEMORY)
        return STATUS_NOMEM;
    if (c->n_prereq > 0 && c->request->content_type)
        return diag_set(diag, STATUS_UNCERTAIN, CLAUSE, 0, "no answer from the verifier: %s",
                        curl_easy_strerror(code));
    return diag_set(diag, STATUS_IO, CLAUSE, 0, "the verifier %.60s cannot be reached: %s",
                    c->settings->origin, curl_easy_strerror(code));
}

static void
take_answer(struct client *c)
{
    long code = 0;
    curl_off_t retry_after = 0;
    (void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code);
    (void)curl_easy_getinfo(c->easy, CURLINFO_RETRY_AFTER, &retry_after);
    c->reply->code = code > 0 && code < 1000 ? (unsigned)code : 0;
    c->reply->retry_after_s = retry_after > 0 ? (int64_t)retry_after : 0;
}

enum status
client_send(struct client *c, const struct client_request *request, struct client_reply *out,
            struct diag *diag)
{
    *out = (struct client_reply){0};
    CLEANUP(buffer_free) struct buffer url = {0};
    CLEANUP(free_headers) struct curl_slist *headers = NULL;
    buffer_append_format(&url, "%s%s", c->settings->origin, request->path);
    c->request = request;
    c->reply = out;
    c->n_prereq = 0;
    c->cause = ABORT_NONE;
    const char *text = buffer_text(&url);
    if (!text || !set_request(c, request, text, &headers))
        return STATUS_NOMEM;
    CURLcode code = curl_easy_perform(c->easy);
    (void)curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, NULL);
    if (code != CURLE_OK)
        return explain(c, code, diag);
    take_answer(c);
    return STATUS_OK;
}

void
client_reply_free(struct client_reply *r)
{
    buffer_free(&r->body);
    *r = (struct client_reply){0};
}
