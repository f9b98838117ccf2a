/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a TLS server of this test's own, on loopback, in a thread. */
#include "agent/client.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"
#include "tests/lib/test.h"
#include "tests/lib/tls_server.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX 4u
#define DAY_S     TLS_SERVER_DAY_S
#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

static void
start(const struct tls_server_step *steps)
{
    tls_server_start(steps, "IP:127.0.0.1", -DAY_S, DAY_S, 0);
}

static struct settings
trusting_ca(void)
{
    return (struct settings){
        .origin = tls_server.origin,
        .ca_file = tls_server.ca_file,
        .connect_timeout_s = 5,
        .timeout_s = 10,
    };
}

static struct settings
trusting_pin(unsigned char flip)
{
    struct settings s = trusting_ca();
    unsigned char *spki = NULL;
    int size = i2d_PUBKEY(tls_server.key, &spki);
    unsigned int hash_size = 0;
    assert_true(size > 0);
    assert_int_equal(1, EVP_Digest(spki, (size_t)size, s.pins[0], &hash_size, EVP_sha256(), NULL));
    OPENSSL_free(spki);
    s.pins[0][7] ^= flip;
    s.n_pins = 1;
    s.ca_file = NULL;
    return s;
}

static struct client *
open_client(const struct settings *s, client_stop stop)
{
    struct client *c = NULL;
    struct diag diag = {0};
    enum status status = client_open(s, stop, &c, &diag);
    if (status != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, status);
    return c;
}

static const struct client_request post = {
    .path = "/v1/x",
    .content_type = "application/json",
    .body = {.data = (const uint8_t *)"{}", .size = 2},
};

/* One request by a client of its own; text: what diag must say, NULL for anything. */
static void
expect(const struct settings *s, enum status expected, const char *text)
{
    CLEANUP(client_closep) struct client *c = open_client(s, NULL);
    CLEANUP(client_reply_free) struct client_reply reply = {0};
    struct diag diag = {0};
    enum status status = client_send(c, &post, &reply, &diag);
    if (status != expected)
        print_error("%s\n", diag.text);
    assert_status(expected, status);
    if (text && !strstr(diag.text, text))
        fail_msg("\"%s\" lacks \"%s\"", diag.text, text);
}

static void
knows_the_verifier_by_ca_file_or_pin(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER_AND_CLOSE, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER_AND_CLOSE, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER_AND_CLOSE, OK_ANSWER}};
    start(steps);
    struct settings ca = trusting_ca();
    struct settings pin = trusting_pin(0);
    struct settings both = trusting_pin(0);
    both.ca_file = tls_server.ca_file;
    expect(&ca, STATUS_OK, NULL);
    expect(&pin, STATUS_OK, NULL);
    expect(&both, STATUS_OK, NULL);
    assert_int_equal(3, tls_server.n_requests);
    tls_server_stop();
}

static void
sends_nothing_to_another_key_than_the_pinned(void **state)
{
    (void)state;
    static const struct tls_server_step steps[STEPS_MAX] = {{TLS_SERVER_END, NULL}};
    start(steps);
    struct settings pin = trusting_pin(1);
    struct settings both = trusting_pin(1);
    both.ca_file = tls_server.ca_file;
    expect(&pin, STATUS_DENIED, "pinned_key");
    expect(&both, STATUS_DENIED, "pinned_key");
    tls_server_stop();
    assert_int_equal(0, tls_server.n_requests);
}

static void
refuses_a_certificate_of_another_ca(void **state)
{
    (void)state;
    static const struct tls_server_step steps[STEPS_MAX] = {{TLS_SERVER_END, NULL}};
    start(steps);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *other = tls_server_certificate(key, "IP:127.0.0.1", -DAY_S, DAY_S);
    tls_server_write(other, tls_server.ca_file);
    struct settings ca = trusting_ca();
    expect(&ca, STATUS_DENIED, "verifier.ca_file");
    X509_free(other);
    EVP_PKEY_free(key);
    tls_server_stop();
    assert_int_equal(0, tls_server.n_requests);
}

static void
names_the_clock_when_dates_are_wrong(void **state)
{
    (void)state;
    static const struct tls_server_step steps[STEPS_MAX] = {{TLS_SERVER_END, NULL}};
    tls_server_start(steps, "IP:127.0.0.1", DAY_S, 2 * DAY_S, 0);
    struct settings ca = trusting_ca();
    expect(&ca, STATUS_DENIED, "not valid yet by this machine's clock");
    tls_server_stop();
    tls_server_start(steps, "IP:127.0.0.1", -2 * DAY_S, -DAY_S, 0);
    ca = trusting_ca();
    expect(&ca, STATUS_DENIED, "expired");
    tls_server_stop();
}

/* A pin needs no dates: a device without a clock can still attest. */
static void
believes_a_pin_whatever_the_dates(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER_AND_CLOSE, OK_ANSWER},
                                                   {TLS_SERVER_END, NULL}};
    tls_server_start(steps, "DNS:elsewhere", DAY_S, 2 * DAY_S, 0);
    struct settings pin = trusting_pin(0);
    expect(&pin, STATUS_OK, NULL);
    tls_server_stop();
}

static void
refuses_a_certificate_for_another_host(void **state)
{
    (void)state;
    static const struct tls_server_step steps[STEPS_MAX] = {{TLS_SERVER_END, NULL}};
    tls_server_start(steps, "DNS:elsewhere", -DAY_S, DAY_S, 0);
    struct settings ca = trusting_ca();
    expect(&ca, STATUS_DENIED, "not for the host");
    tls_server_stop();
}

static void
speaks_no_tls_below_1_2(void **state)
{
    (void)state;
    static const struct tls_server_step steps[STEPS_MAX] = {{TLS_SERVER_END, NULL}};
    tls_server_start(steps, "IP:127.0.0.1", -DAY_S, DAY_S, TLS1_1_VERSION);
    struct settings ca = trusting_ca();
    expect(&ca, STATUS_IO, NULL);
    tls_server_stop();
}

static void
send_ok(struct client *c, const struct client_request *request, struct client_reply *reply)
{
    struct diag diag = {0};
    enum status s = client_send(c, request, reply, &diag);
    if (s != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, s);
}

/* libcurl sends a request again by itself when a kept connection breaks before the answer. */
static void
never_sends_a_request_twice(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER, OK_ANSWER},
                                                   {TLS_SERVER_DROP, NULL},
                                                   {TLS_SERVER_ANSWER, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER, OK_ANSWER}};
    start(steps);
    struct settings ca = trusting_ca();
    struct client *c = open_client(&ca, NULL);
    struct client_reply reply;
    send_ok(c, &post, &reply);
    client_reply_free(&reply);
    assert_status(STATUS_UNCERTAIN, client_send(c, &post, &reply, NULL));
    client_reply_free(&reply);
    assert_int_equal(2, tls_server.n_requests);
    client_close(c);
    tls_server_stop();
}

static void
gives_the_exporter_that_the_server_has(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER, OK_ANSWER}};
    static const int versions[] = {TLS1_3_VERSION, TLS1_2_VERSION};
    for (size_t i = 0; i < 2; i++) {
        tls_server_start(steps, "IP:127.0.0.1", -DAY_S, DAY_S, versions[i]);
        struct settings ca = trusting_ca();
        struct client *c = open_client(&ca, NULL);
        struct client_reply reply;
        send_ok(c, &post, &reply);
        assert_true(reply.has_exporter);
        assert_memory_equal(tls_server.exporter, reply.exporter, sizeof reply.exporter);
        client_reply_free(&reply);
        client_close(c);
        tls_server_stop();
    }
}

/* One request, then one that is bound to its channel. */
static enum status
send_bound(const struct tls_server_step *steps, struct client_reply *second)
{
    start(steps);
    struct settings ca = trusting_ca();
    CLEANUP(client_closep) struct client *c = open_client(&ca, NULL);
    CLEANUP(client_reply_free) struct client_reply first = {0};
    struct client_request bound = post;
    send_ok(c, &post, &first);
    bound.exporter = first.exporter;
    (void)usleep(50000);
    enum status s = client_send(c, &bound, second, NULL);
    if (s == STATUS_STALE)
        assert_memory_not_equal(first.exporter, second->exporter, sizeof first.exporter);
    return s;
}

/* The server closes the idle connection: what was bound to it must not go out on the next one. */
static void
sends_nothing_bound_to_another_channel(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER_AND_CUT, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER, OK_ANSWER},
                                                   {TLS_SERVER_END, NULL}};
    struct client_reply second = {0};
    assert_status(STATUS_STALE, send_bound(steps, &second));
    assert_true(second.has_exporter);
    client_reply_free(&second);
    tls_server_stop();
    assert_int_equal(1, tls_server.n_requests);
}

/* libcurl does not see a close_notify, and sends into the closed connection first. */
static void
sends_nothing_again_after_a_close_notify(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER_AND_CLOSE, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER, OK_ANSWER},
                                                   {TLS_SERVER_END, NULL}};
    struct client_reply second = {0};
    enum status s = send_bound(steps, &second);
    assert_true(s == STATUS_UNCERTAIN || s == STATUS_STALE);
    client_reply_free(&second);
    tls_server_stop();
    assert_int_equal(1, tls_server.n_requests);
}

static void
goes_on_when_the_channel_is_the_bound_one(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER, OK_ANSWER},
                                                   {TLS_SERVER_ANSWER, OK_ANSWER}};
    struct client_reply second = {0};
    assert_status(STATUS_OK, send_bound(steps, &second));
    client_reply_free(&second);
    tls_server_stop();
    assert_int_equal(2, tls_server.n_requests);
}

static void
follows_no_redirect(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {
        {TLS_SERVER_ANSWER, "HTTP/1.1 302 Found\r\nLocation: /other\r\nContent-Length: 0\r\n\r\n"},
        {TLS_SERVER_ANSWER, OK_ANSWER}};
    start(steps);
    struct settings ca = trusting_ca();
    struct client *c = open_client(&ca, NULL);
    struct client_reply reply;
    send_ok(c, &post, &reply);
    assert_int_equal(302, reply.code);
    assert_int_equal(1, tls_server.n_requests);
    client_reply_free(&reply);
    client_close(c);
    tls_server_stop();
}

static void
reads_retry_after(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {
        {TLS_SERVER_ANSWER, "HTTP/1.1 503 Busy\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n"},
        {TLS_SERVER_END, NULL}};
    start(steps);
    struct settings ca = trusting_ca();
    struct client *c = open_client(&ca, NULL);
    struct client_reply reply;
    send_ok(c, &post, &reply);
    assert_int_equal(503, reply.code);
    assert_int_equal(17, reply.retry_after_s);
    client_reply_free(&reply);
    client_close(c);
    tls_server_stop();
}

static void
takes_no_endless_answer(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer answer = {0};
    buffer_append_format(&answer, "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n",
                         LIMIT_JSON_BODY + 1);
    for (size_t i = 0; i <= LIMIT_JSON_BODY; i++)
        buffer_append_u8(&answer, 'x');
    const struct tls_server_step steps[] = {{TLS_SERVER_ANSWER_AND_CLOSE, buffer_text(&answer)},
                                            {TLS_SERVER_END, NULL}};
    start(steps);
    struct settings ca = trusting_ca();
    expect(&ca, STATUS_LIMIT, NULL);
    tls_server_stop();
}

static bool
stop_at_once(void)
{
    return true;
}

static void
ends_a_wait_when_told_to_stop(void **state)
{
    (void)state;
    static const struct tls_server_step steps[] = {{TLS_SERVER_STALL, NULL},
                                                   {TLS_SERVER_END, NULL}};
    start(steps);
    struct settings ca = trusting_ca();
    struct client *c = open_client(&ca, stop_at_once);
    struct client_reply reply;
    assert_status(STATUS_BUSY, client_send(c, &post, &reply, NULL));
    client_reply_free(&reply);
    client_close(c);
    tls_server_stop();
}

static void
says_that_nobody_is_there(void **state)
{
    (void)state;
    static const struct tls_server_step steps[STEPS_MAX] = {{TLS_SERVER_END, NULL}};
    start(steps);
    struct settings pin = trusting_pin(0);
    tls_server_stop();
    expect(&pin, STATUS_IO, tls_server.origin);
}

static void
says_that_the_ca_file_is_missing(void **state)
{
    (void)state;
    struct settings s = {.origin = "https://127.0.0.1", .ca_file = "/nowhere/ca.pem"};
    struct client *c = NULL;
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND, client_open(&s, NULL, &c, &diag));
    assert_non_null(strstr(diag.text, "/nowhere/ca.pem"));
    s.ca_file = NULL;
    assert_status(STATUS_INVALID, client_open(&s, NULL, &c, &diag));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_verifier_by_ca_file_or_pin),
        cmocka_unit_test(sends_nothing_to_another_key_than_the_pinned),
        cmocka_unit_test(refuses_a_certificate_of_another_ca),
        cmocka_unit_test(names_the_clock_when_dates_are_wrong),
        cmocka_unit_test(believes_a_pin_whatever_the_dates),
        cmocka_unit_test(refuses_a_certificate_for_another_host),
        cmocka_unit_test(speaks_no_tls_below_1_2),
        cmocka_unit_test(never_sends_a_request_twice),
        cmocka_unit_test(gives_the_exporter_that_the_server_has),
        cmocka_unit_test(sends_nothing_bound_to_another_channel),
        cmocka_unit_test(sends_nothing_again_after_a_close_notify),
        cmocka_unit_test(goes_on_when_the_channel_is_the_bound_one),
        cmocka_unit_test(follows_no_redirect),
        cmocka_unit_test(reads_retry_after),
        cmocka_unit_test(takes_no_endless_answer),
        cmocka_unit_test(ends_a_wait_when_told_to_stop),
        cmocka_unit_test(says_that_nobody_is_there),
        cmocka_unit_test(says_that_the_ca_file_is_missing),
    };
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
