/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP room over TLS on loopback, before a real verifier: what it answers, when, and what
 * becomes of those who wait. A lookup in the store can be made to hang. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/access.h"
#include "daemon/result.h"
#include "tests/lib/https_client.h"
#include "tests/lib/verifier_case.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#define JSON    "Content-Type: application/json\r\n"
#define CBOR    "Content-Type: application/cmw+cbor\r\n"
#define DEVICE  "00112233445566778899aabbccddeeff"
#define OTHER   "ffeeddccbbaa99887766554433221100"
#define RESULT  "/v1/devices/" DEVICE "/result"
#define SHORTLY 400 /* ms */

/* ---- the store, as the linker wraps it ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool hangs;
    int n_waiting;
    char audiences[4][64]; /* that result_reissue() was asked for */
    int n_audiences;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

enum status __real_store_get_latest(struct store *s, const char *device,
                                    struct store_attestation *out);
enum status __wrap_store_get_latest(struct store *s, const char *device,
                                    struct store_attestation *out);
enum status __wrap_result_reissue(const char *token, const struct result_request *request,
                                  const struct key *key, struct result **out);

enum status
__wrap_store_get_latest(struct store *s, const char *device, struct store_attestation *out)
{
    pthread_mutex_lock(&gate.lock);
    gate.n_waiting++;
    pthread_cond_broadcast(&gate.changed);
    while (gate.hangs)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.n_waiting--;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    enum status status = __real_store_get_latest(s, device, out);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status
__wrap_result_reissue(const char *token, const struct result_request *request,
                      const struct key *key, struct result **out)
{
    (void)token;
    (void)key;
    *out = NULL;
    pthread_mutex_lock(&gate.lock);
    if (gate.n_audiences < 4)
        (void)text_copy(gate.audiences[gate.n_audiences++], 64,
                        request->audience ? request->audience : "");
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
    return STATUS_STALE; /* a 404 */
}

static void
set_hangs(bool hangs)
{
    pthread_mutex_lock(&gate.lock);
    gate.hangs = hangs;
    gate.n_audiences = 0;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void
await_waiting(int n)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.n_waiting != n)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static void
await_audiences(int n)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.n_audiences < n)
        pthread_cond_wait(&gate.changed, &gate.lock);
    pthread_mutex_unlock(&gate.lock);
}

static bool
was_audience(const char *name)
{
    bool found = false;
    pthread_mutex_lock(&gate.lock);
    for (int i = 0; i < gate.n_audiences; i++)
        found = found || text_equal(name, gate.audiences[i]);
    pthread_mutex_unlock(&gate.lock);
    return found;
}

static void
pause_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&t, NULL);
}

/* ---- asking ---- */

static struct https_client *
connect_to(struct verifier_case *c)
{
    if (!c->http)
        verifier_case_serve(c, &(struct http_options){0});
    struct https_client *client = https_client_open(http_port(c->http));
    assert_non_null(client);
    return client;
}

static void
assert_answer(int status, const char *code, const struct https_answer *a)
{
    const char *body = a->body.data ? (const char *)a->body.data : "";
    if (a->status != status || (code && !memmem(body, a->body.size, code, strlen(code))))
        fail_msg("%d %s, not: %d %.*s", status, code ? code : "", a->status, (int)a->body.size,
                 body);
}

static void
ask(struct https_client *client, const char *method, const char *path, const char *more,
    const char *body, struct https_answer *out)
{
    (void)https_client_ask(client, method, path, more,
                           body ? bytes_of_text(body) : (struct bytes){0}, out);
}

/* One request on a connection of its own. */
static void
assert_asked(struct verifier_case *c, int status, const char *code, const char *method,
             const char *path, const char *more)
{
    CLEANUP(https_client_closep) struct https_client *client = connect_to(c);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    ask(client, method, path, more, NULL, &a);
    assert_answer(status, code, &a);
}

/* The server ends the connection; the client itself would wait longer. */
static bool
has_ended(struct https_client *client)
{
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    time_t before = time(NULL);
    return !https_client_receive(client, &a) && time(NULL) - before < 10;
}

/* ---- the head ---- */

static void
answers_a_head_that_is_wrong(void **state)
{
    char many[70 * 8] = "";
    for (int i = 0; i < 65; i++)
        (void)snprintf(many + strlen(many), 16, "a%d: b\r\n", i);
    assert_asked(*state, 200, "\"ok\"", "GET", "/healthz", NULL);
    assert_asked(*state, 200, NULL, "HEAD", "/healthz", NULL);
    assert_asked(*state, 200, "\"keys\"", "GET", "/.well-known/attestd/jwks.json", NULL);
    assert_asked(*state, 404, "request.not-found", "GET", "/v1/nothing", NULL);
    assert_asked(*state, 404, "request.not-found", "GET", "/v1/devices/", NULL);
    assert_asked(*state, 404, "request.not-found", "GET", "/v1/devices//result", NULL);
    assert_asked(*state, 405, "request.method", "DELETE", "/v1/devices", NULL);
    assert_asked(*state, 405, "request.method", "BREW", "/v1/devices", NULL);
    assert_asked(*state, 404, "request.not-found", "BREW", "/v1/nothing", NULL);
    assert_asked(*state, 401, "request.unauthenticated", "GET", "/v1/devices", NULL);
    assert_asked(*state, 431, "request.too-large", "GET", "/v1/devices", many);
    assert_asked(*state, 415, "request.media-type", "POST", "/v1/tokens",
                 "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n");
    assert_asked(*state, 413, "request.too-large", "POST", "/v1/tokens",
                 JSON "Content-Length: 16385\r\n");
    assert_asked(*state, 413, "request.too-large", "GET", "/v1/devices", "Content-Length: 1\r\n");
}

static void
names_the_methods_that_there_are(void **state)
{
    static const char *const methods[] = {"PUT", "OPTIONS", "BREW"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        CLEANUP(https_client_closep) struct https_client *client = connect_to(*state);
        CLEANUP(https_answer_clear) struct https_answer a = {0};
        char allow[64] = "";
        ask(client, methods[i], "/v1/devices", NULL, NULL, &a);
        assert_answer(405, "request.method", &a);
        assert_string_equal("GET, HEAD, POST",
                            https_answer_header(&a, "Allow", allow, sizeof allow));
    }
}

static void
serves_its_own_origins_only(void **state)
{
    CLEANUP(https_client_closep) struct https_client *client = connect_to(*state);
    CLEANUP(https_client_closep) struct https_client *other = connect_to(*state);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    assert_true(https_client_write(
        client, bytes_of_text("GET /v1/devices HTTP/1.1\r\nHost: another.example\r\n\r\n")));
    assert_true(https_client_receive(client, &a));
    assert_answer(421, "request.origin", &a);
    assert_true(https_client_write(
        other, bytes_of_text("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")));
    assert_true(https_client_receive(other, &a));
    assert_answer(200, "\"ok\"", &a);
}

static void
refuses_before_a_byte_of_the_body_is_sent(void **state)
{
    static const struct {
        int status;
        const char *method, *path, *more, *code;
    } rows[] = {
        {401, "POST", "/v1/tokens", JSON, "request.unauthenticated"},
        {401, "POST", "/v1/policies", JSON, "request.unauthenticated"},
        {401, "PATCH", "/v1/devices/" DEVICE, JSON, "request.unauthenticated"},
        {401, "POST", "/v1/devices/" DEVICE "/evidence", CBOR, "challenge.missing"},
        {401, "POST", "/v1/devices/" DEVICE "/evidence", CBOR "Attestation-Challenge: AAAA\r\n",
         "challenge.malformed"},
        {415, "POST", "/v1/devices/" DEVICE "/evidence", JSON "Attestation-Challenge: AAAA\r\n",
         "evidence.media-type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CLEANUP(https_client_closep) struct https_client *client = connect_to(*state);
        CLEANUP(https_answer_clear) struct https_answer a = {0};
        assert_true(https_client_head(client, rows[i].method, rows[i].path, rows[i].more, 12000));
        assert_true(https_client_receive(client, &a));
        assert_answer(rows[i].status, rows[i].code, &a);
    }
}

static void
bounds_a_body_of_unknown_size(void **state)
{
    CLEANUP(https_client_closep) struct https_client *client = connect_to(*state);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    char chunk[1100];
    memset(chunk, ' ', sizeof chunk);
    assert_true(https_client_head(client, "POST", "/v1/devices/" DEVICE "/challenges",
                                  "Transfer-Encoding: chunked\r\n", 0));
    assert_true(https_client_write(client, bytes_of_text("44c\r\n")));
    assert_true(https_client_write(client, bytes_of(chunk, sizeof chunk)));
    assert_true(https_client_write(client, bytes_of_text("\r\n0\r\n\r\n")));
    assert_true(https_client_receive(client, &a));
    assert_answer(413, "request.too-large", &a);
}

/* The last word is the proxy's; what a client sends before it is nobody's. */
static void
believes_only_a_trusted_proxy_about_the_client(void **state)
{
    static const char *const said = "X-Forwarded-For: 198.51.100.1, 198.51.100.2\r\n"
                                    "X-Forwarded-For: 198.51.100.3, 203.0.113.7\r\n";
    static const char *const heard[] = {"\"127.0.0.1\"", "\"203.0.113.7\""};
    struct verifier_case *c = *state;
    char operator[256];
    verifier_case_token(c, ACCESS_OPERATOR, NULL, 0, operator, sizeof operator);
    for (int i = 0; i < 2; i++) {
        const struct http_options o = {.trusted_proxies = i == 1 ? "192.0.2.1 127.0.0.1" : NULL};
        verifier_case_serve(c, &o);
        CLEANUP(https_client_closep) struct https_client *client = connect_to(c);
        CLEANUP(https_answer_clear) struct https_answer a = {0};
        ask(client, "POST", "/v1/devices/" DEVICE "/evidence", said, NULL, &a);
        assert_answer(401, "challenge.missing", &a);
        CLEANUP(https_client_closep) struct https_client *again = connect_to(c);
        ask(again, "GET", "/v1/attempts", operator, NULL, &a);
        assert_answer(200, heard[i], &a);
        assert_answer(200, "challenge.missing", &a);
        assert_true(http_close(c->http, 1000));
        c->http = NULL;
    }
}

/* ---- deadlines ---- */

static void
waits_no_longer_than_its_deadline_for_a_client(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_serve(c, &(struct http_options){.deadline_ms = SHORTLY});
    CLEANUP(https_client_closep) struct https_client *silent = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *half = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *slow = connect_to(c);
    assert_true(https_client_write(half, bytes_of_text("GET /healthz HT")));
    assert_true(https_client_head(slow, "POST", "/v1/devices/" DEVICE "/challenges", NULL, 10));
    assert_true(https_client_write(slow, bytes_of_text("{")));
    assert_true(has_ended(silent));
    assert_true(has_ended(half));
    assert_true(has_ended(slow));
    assert_asked(c, 200, "\"ok\"", "GET", "/healthz", NULL);
}

static void
threat_57_answers_for_a_worker_that_is_late(void **state)
{
    struct verifier_case *c = *state;
    char viewer[256];
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, viewer, sizeof viewer);
    verifier_case_serve(c, &(struct http_options){.deadline_ms = SHORTLY});
    CLEANUP(https_client_closep) struct https_client *client = connect_to(c);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    char after[16] = "";
    set_hangs(true);
    ask(client, "GET", RESULT "?aud=first-audience", viewer, NULL, &a);
    assert_answer(503, "request.unavailable", &a);
    assert_string_equal("5", https_answer_header(&a, "Retry-After", after, sizeof after));
    /* The connection serves the next request, whose head takes the place of the first one's. */
    ask(client, "GET", RESULT "?aud=other-audience", viewer, NULL, &a);
    assert_answer(503, "request.unavailable", &a);
    set_hangs(false);
    await_audiences(2);
    ask(client, "GET", RESULT "?aud=third", viewer, NULL, &a);
    assert_answer(404, "expired", &a);
    assert_true(was_audience("first-audience"));
    assert_true(was_audience("other-audience"));
    assert_true(was_audience("third"));
}

static void
does_nothing_for_a_client_that_was_answered_already(void **state)
{
    struct verifier_case *c = *state;
    char admin[256], viewer[256];
    CLEANUP(store_token_list_clear) struct store_token_list tokens = {0};
    verifier_case_token(c, ACCESS_ADMIN, NULL, 0, admin, sizeof admin);
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, viewer, sizeof viewer);
    verifier_case_serve(c, &(struct http_options){.deadline_ms = SHORTLY, .n_workers = 1});
    CLEANUP(https_client_closep) struct https_client *first = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *second = connect_to(c);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    set_hangs(true);
    assert_true(https_client_head(first, "GET", RESULT, viewer, 0));
    await_waiting(1);
    char path[STORE_ID_SIZE + 16];
    assert_status(STATUS_OK, store_list_tokens(c->verifier.store, STORE_TOKEN_API, &tokens));
    assert_int_equal(2, tokens.n_items);
    (void)snprintf(path, sizeof path, "/v1/tokens/%s", tokens.items[1].id);
    store_token_list_clear(&tokens);
    assert_true(https_client_head(second, "DELETE", path, admin, 0));
    assert_true(https_client_receive(second, &a));
    assert_answer(503, "request.unavailable", &a);
    set_hangs(false);
    assert_true(https_client_receive(first, &a));
    assert_asked(c, 200, "\"ok\"", "GET", "/healthz", NULL);
    assert_status(STATUS_OK, store_list_tokens(c->verifier.store, STORE_TOKEN_API, &tokens));
    assert_int_equal(2, tokens.n_items);
}

/* ---- how much at once ---- */

static void
takes_one_evidence_of_a_device_at_a_time(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer token = {0}, header = {0};
    char viewer[256];
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, viewer, sizeof viewer);
    verifier_case_serve(c, &(struct http_options){.n_workers = 1});
    verifier_case_challenge(c, DEVICE, NULL, c->now_ms, (struct bytes){0}, &token);
    buffer_append_text(&header, CBOR "Attestation-Challenge: ");
    text_append_base64url(&header, buffer_bytes(&token));
    buffer_append_text(&header, "\r\n");
    CLEANUP(https_client_closep) struct https_client *worker = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *first = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *second = connect_to(c);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    const char *path = "/v1/devices/" DEVICE "/evidence";
    set_hangs(true);
    assert_true(https_client_head(worker, "GET", RESULT, viewer, 0));
    await_waiting(1);
    assert_true(https_client_head(first, "POST", path, buffer_text(&header), 0));
    pause_ms(100);
    ask(second, "POST", path, buffer_text(&header), NULL, &a);
    assert_answer(503, "request.busy", &a);
    set_hangs(false);
    assert_true(https_client_receive(first, &a));
    assert_answer(400, "evidence.malformed", &a);
    ask(second, "POST", path, buffer_text(&header), NULL, &a);
    assert_answer(400, "evidence.malformed", &a);
}

static void
is_busy_when_the_queue_is_full(void **state)
{
    struct verifier_case *c = *state;
    char viewer[256];
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, viewer, sizeof viewer);
    verifier_case_serve(c, &(struct http_options){.n_workers = 1, .n_queued = 1});
    CLEANUP(https_client_closep) struct https_client *first = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *second = connect_to(c);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    set_hangs(true);
    assert_true(https_client_head(first, "GET", RESULT, viewer, 0));
    await_waiting(1);
    assert_true(https_client_head(second, "GET", "/healthz", NULL, 0));
    pause_ms(100);
    assert_asked(c, 503, "request.busy", "GET", "/healthz", NULL);
    assert_asked(c, 503, "request.busy", "POST", "/v1/tokens", JSON "Content-Length: 2\r\n");
    set_hangs(false);
    assert_true(https_client_receive(first, &a));
    assert_answer(404, NULL, &a);
    assert_true(https_client_receive(second, &a));
    assert_answer(200, "\"ok\"", &a);
}

/* Evidence of 2 MiB is announced, as a full list may be. */
static struct https_client *
announce_large(struct verifier_case *c)
{
    CLEANUP(buffer_free) struct buffer token = {0}, header = {0};
    struct freshness_key keys[2];
    struct challenge challenge = {.issued_ms = c->now_ms, .full_logs = true};
    struct documents *documents = snapshot_get(c->verifier.snapshot);
    challenge.selection = *documents_selection(documents);
    documents_unref(documents);
    assert_status(STATUS_OK, keyring_challenge_keys(c->verifier.keyring, c->now_ms, keys));
    assert_status(STATUS_OK, freshness_issue(&keys[0], DEVICE, &challenge, &token));
    buffer_append_text(&header, CBOR "Attestation-Challenge: ");
    text_append_base64url(&header, buffer_bytes(&token));
    buffer_append_text(&header, "\r\n");
    struct https_client *client = connect_to(c);
    assert_true(https_client_head(client, "POST", "/v1/devices/" DEVICE "/evidence",
                                  buffer_text(&header), 2u * 1024u * 1024u));
    return client;
}

static void
gives_few_places_for_large_bodies_to_one_address(void **state)
{
    struct verifier_case *c = *state;
    struct https_client *holders[3];
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    char admin[256];
    verifier_case_token(c, ACCESS_ADMIN, NULL, 0, admin, sizeof admin);
    verifier_case_serve(c, &(struct http_options){0});
    for (size_t i = 0; i < 3; i++)
        holders[i] = announce_large(c);
    pause_ms(200);
    CLEANUP(https_client_closep) struct https_client *fourth = announce_large(c);
    assert_true(https_client_receive(fourth, &a));
    assert_answer(503, "request.busy", &a);
    /* An operator's large document has a place. */
    CLEANUP(https_client_closep) struct https_client *operator= connect_to(c);
    CLEANUP(buffer_free) struct buffer document = {0};
    assert_status(STATUS_OK, buffer_reserve(&document, 2u * 1024u * 1024u));
    memset(document.data, ' ', document.cap);
    document.size = 2u * 1024u * 1024u;
    CLEANUP(buffer_free) struct buffer more = {0};
    buffer_append_format(&more, "%s" JSON, admin);
    (void)https_client_ask(operator, "POST", "/v1/policies", buffer_text(&more),
                           buffer_bytes(&document), &a);
    assert_answer(422, "document.invalid", &a);
    for (size_t i = 0; i < 3; i++)
        https_client_close(holders[i]);
    pause_ms(500);
    CLEANUP(https_client_closep) struct https_client *fifth = announce_large(c);
    assert_true(https_client_write(fifth, bytes_of(document.data, document.size)));
    assert_true(https_client_receive(fifth, &a));
    assert_answer(400, "evidence.malformed", &a);
}

/* ---- the end ---- */

struct closing {
    pthread_t thread;
    struct http *http;
    bool ended;
};

static void *
close_http(void *argument)
{
    struct closing *c = argument;
    c->ended = http_close(c->http, 5000);
    return NULL;
}

static void
answers_what_is_in_flight_before_it_ends(void **state)
{
    struct verifier_case *c = *state;
    char viewer[256], connection[16] = "";
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, viewer, sizeof viewer);
    verifier_case_serve(c, &(struct http_options){0});
    CLEANUP(https_client_closep) struct https_client *first = connect_to(c);
    CLEANUP(https_client_closep) struct https_client *kept = connect_to(c);
    CLEANUP(https_answer_clear) struct https_answer a = {0};
    struct closing closing = {.http = c->http};
    unsigned port = http_port(c->http);
    c->http = NULL;
    ask(kept, "GET", "/healthz", NULL, NULL, &a);
    assert_answer(200, NULL, &a);
    set_hangs(true);
    assert_true(https_client_head(first, "GET", RESULT, viewer, 0));
    await_waiting(1);
    assert_int_equal(0, pthread_create(&closing.thread, NULL, close_http, &closing));
    pause_ms(200);
    assert_null(https_client_open(port));
    ask(kept, "GET", "/healthz", NULL, NULL, &a);
    assert_answer(503, "request.unavailable", &a);
    assert_string_equal("close",
                        https_answer_header(&a, "Connection", connection, sizeof connection));
    set_hangs(false);
    assert_true(https_client_receive(first, &a));
    assert_answer(404, NULL, &a);
    assert_int_equal(0, pthread_join(closing.thread, NULL));
    assert_true(closing.ended);
}

/* Volatile: a store that nobody reads would be left out, and the memory be lost to a leak checker.
 */
static struct http *volatile left_behind;

/* Last of all: what hangs stays. */
static void
threat_57_leaves_a_worker_that_hangs_behind(void **state)
{
    struct verifier_case *c = *state;
    char viewer[256];
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, viewer, sizeof viewer);
    verifier_case_serve(c, &(struct http_options){0});
    CLEANUP(https_client_closep) struct https_client *client = connect_to(c);
    set_hangs(true);
    assert_true(https_client_head(client, "GET", RESULT, viewer, 0));
    await_waiting(1);
    left_behind = c->http;
    c->http = NULL;
    assert_false(http_close(left_behind, 200));
    set_hangs(false);
    await_waiting(0);
    pause_ms(100); /* the late worker still reads the verifier */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(answers_a_head_that_is_wrong),
        VERIFIER_CASE(names_the_methods_that_there_are),
        VERIFIER_CASE(serves_its_own_origins_only),
        VERIFIER_CASE(refuses_before_a_byte_of_the_body_is_sent),
        VERIFIER_CASE(bounds_a_body_of_unknown_size),
        VERIFIER_CASE(believes_only_a_trusted_proxy_about_the_client),
        VERIFIER_CASE(waits_no_longer_than_its_deadline_for_a_client),
        VERIFIER_CASE(threat_57_answers_for_a_worker_that_is_late),
        VERIFIER_CASE(does_nothing_for_a_client_that_was_answered_already),
        VERIFIER_CASE(takes_one_evidence_of_a_device_at_a_time),
        VERIFIER_CASE(is_busy_when_the_queue_is_full),
        VERIFIER_CASE(gives_few_places_for_large_bodies_to_one_address),
        VERIFIER_CASE(answers_what_is_in_flight_before_it_ends),
        VERIFIER_CASE(threat_57_leaves_a_worker_that_hangs_behind),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
