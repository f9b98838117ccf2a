/* SPDX-License-Identifier: Apache-2.0 */
/* from: a request; to: an answer of a verified server; never: follows a redirect, prints a token.
 * libcurl is loaded by the first call: it and what it needs take longer to load than most commands
 * that call nobody take to run. */
#include "ctl/client.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/library.h"
#include "base/limits.h"
#include "base/text.h"

#include <curl/curl.h>
#include <string.h>

#define CLAUSE     "client"
#define CONNECT_S  10L
#define TOTAL_S    60L
#define MAX_ANSWER (64u * 1024u * 1024u)
#define MAX_TOKEN  512u
#define PIN_PREFIX "sha256//"

#define LIBRARY "libcurl.so.4"
#define PACKAGE "libcurl4"
#define CALLS(X)                                                                                   \
    X(easy_init)                                                                                   \
    X(easy_cleanup)                                                                                \
    X(easy_setopt)                                                                                 \
    X(easy_perform)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_strerror)                                                                               \
    X(slist_append)                                                                                \
    X(slist_free_all)

#define AS_MEMBER(name) __typeof__(curl_##name) *name;
#define AS_SYMBOL(name) {"curl_" #name, offsetof(struct session, name)},

struct session {
    CALLS(AS_MEMBER)
    CURL *curl;
    struct curl_slist *list;
};

static const struct library_symbol symbols[] = {CALLS(AS_SYMBOL)};

static void
close_session(struct session *c)
{
    if (c->curl)
        c->easy_cleanup(c->curl);
    if (c->list)
        c->slist_free_all(c->list);
}

static enum status
open_session(struct session *c, struct diag *diag)
{
    enum status s =
        library_load(LIBRARY, PACKAGE, symbols, sizeof symbols / sizeof *symbols, c, diag);
    if (s != STATUS_OK)
        return s;
    c->curl = c->easy_init();
    return c->curl ? STATUS_OK : STATUS_NOMEM;
}

static size_t
take_body(char *data, size_t one, size_t n, void *cls)
{
    struct buffer *body = cls;
    if (body->size + n > MAX_ANSWER)
        return 0;
    buffer_append(body, bytes_of(data, one * n));
    return body->failed ? 0 : n;
}

static void
append_header(struct session *c, const char *line)
{
    struct curl_slist *longer = c->slist_append(c->list, line);
    if (longer)
        c->list = longer;
}

static enum status
add_token(struct session *c, const struct client_settings *settings, struct diag *diag)
{
    if (!settings->token_file)
        return STATUS_OK;
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(buffer_free) struct buffer line = {0};
    enum status s = file_load_secret(settings->token_file, MAX_TOKEN, &token, diag);
    if (s != STATUS_OK)
        return s;
    while (token.size > 0 &&
           (token.data[token.size - 1] == '\n' || token.data[token.size - 1] == ' '))
        token.size--;
    if (!text_is_printable(buffer_bytes(&token)))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the token file holds no token");
    buffer_append_text(&line, "Authorization: Bearer ");
    buffer_append(&line, buffer_bytes(&token));
    if (!buffer_text(&line))
        return STATUS_NOMEM;
    append_header(c, (const char *)line.data);
    return STATUS_OK;
}

/* curl wants the pin in base64 with padding. */
static enum status
set_pin(struct session *c, const char *hex, struct diag *diag)
{
    uint8_t sha256[32];
    CLEANUP(buffer_free) struct buffer pin = {0};
    if (!hex)
        return STATUS_OK;
    if (text_parse_hex_exact(hex, sha256, sizeof sha256) != STATUS_OK)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the pinned key is not 64 hex digits");
    buffer_append_text(&pin, PIN_PREFIX);
    text_append_base64url(&pin, bytes_of(sha256, sizeof sha256));
    buffer_append_u8(&pin, '=');
    char *text = buffer_text(&pin);
    if (!text)
        return STATUS_NOMEM;
    for (char *p = text + strlen(PIN_PREFIX); *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    if (c->easy_setopt(c->curl, CURLOPT_PINNEDPUBLICKEY, text) != CURLE_OK)
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0, "libcurl takes no pinned key");
    /* The pin alone names the server: a self-signed certificate leads to no CA. */
    (void)c->easy_setopt(c->curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)c->easy_setopt(c->curl, CURLOPT_SSL_VERIFYHOST, 0L);
    return STATUS_OK;
}

static void
set_transport(struct session *c, const struct client_settings *settings)
{
    (void)c->easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)c->easy_setopt(c->curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)c->easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)c->easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    (void)c->easy_setopt(c->curl, CURLOPT_TIMEOUT, TOTAL_S);
    (void)c->easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    (void)c->easy_setopt(c->curl, CURLOPT_USERAGENT, "attestctl/" ATTESTD_VERSION);
    if (settings->ca_file)
        (void)c->easy_setopt(c->curl, CURLOPT_CAINFO, settings->ca_file);
}

static void
set_request(struct session *c, const struct client_request *request)
{
    char line[256];
    (void)snprintf(line, sizeof line, "Accept: %s",
                   request->accept ? request->accept : "application/json");
    append_header(c, line);
    (void)c->easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, request->method);
    if (!request->type)
        return;
    (void)snprintf(line, sizeof line, "Content-Type: %s", request->type);
    append_header(c, line);
    append_header(c, "Expect:");
    (void)c->easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.size);
    (void)c->easy_setopt(c->curl, CURLOPT_POSTFIELDS,
                         request->body.size > 0 ? (const char *)request->body.data : "");
}

static enum status
outcome_of(const struct session *c, CURLcode rc, struct diag *diag)
{
    switch ((int)rc) {
    case CURLE_OK:
        return STATUS_OK;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_CACERT_BADFILE:
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "the verifier could not be verified: %s (see --ca-file and --pinned-key)",
                        c->easy_strerror(rc));
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the server is not an https origin");
    default:
        return diag_set(diag, STATUS_BUSY, CLAUSE, 0, "the verifier cannot be reached: %s",
                        c->easy_strerror(rc));
    }
}

enum status
client_call(const struct client_settings *settings, const struct client_request *request,
            struct client_answer *out, struct diag *diag)
{
    if (!settings->server)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "no verifier is named: use --server or [verifier] server in the "
                        "configuration file");
    CLEANUP(close_session) struct session c = {0};
    CLEANUP(buffer_free) struct buffer url = {0};
    enum status s = open_session(&c, diag);
    buffer_append_format(&url, "%s%s", settings->server, request->path);
    if (s == STATUS_OK && !buffer_text(&url))
        s = STATUS_NOMEM;
    if (s == STATUS_OK)
        s = add_token(&c, settings, diag);
    if (s == STATUS_OK)
        s = set_pin(&c, settings->pinned_key, diag);
    if (s != STATUS_OK)
        return s;
    set_transport(&c, settings);
    set_request(&c, request);
    (void)c.easy_setopt(c.curl, CURLOPT_URL, (const char *)url.data);
    (void)c.easy_setopt(c.curl, CURLOPT_HTTPHEADER, c.list);
    (void)c.easy_setopt(c.curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)c.easy_setopt(c.curl, CURLOPT_WRITEDATA, &out->body);
    s = outcome_of(&c, c.easy_perform(c.curl), diag);
    (void)c.easy_getinfo(c.curl, CURLINFO_RESPONSE_CODE, &out->http_status);
    return s == STATUS_OK && !buffer_text(&out->body) ? STATUS_NOMEM : s;
}

void
client_answer_clear(struct client_answer *a)
{
    buffer_free(&a->body);
    *a = (struct client_answer){0};
}
