/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole rounds of the agent: a software TPM on one side, a TLS server that answers by script on the
 * other. What the agent posts is verified as the verifier does it.
 */
#include "agent/device.h"
#include "agent/turn.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "evidence/quote.h"
#include "tests/lib/test.h"
#include "tests/lib/tls_server.h"
#include "tests/tpm/swtpm.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define STEPS    8u
#define SPENT    "409 Conflict"
#define WANTED   "422 Unprocessable"
#define UNKNOWN  "404 Not Found"
#define IMA_FILE "tests/vectors/boots/secure/ima"
#define LOG_FILE "tests/vectors/boots/secure/boot-log"

static struct {
    struct swtpm machine;
    struct hasher *hasher;
    struct freshness_key key;
    struct settings settings;
    struct state state;
    char device[DEVICE_ID_SIZE];
    char boot_log[96];
    char ima[96];
    char directory[48];
    struct tls_server_step steps[STEPS];
    struct buffer answers[STEPS];
    struct buffer tokens[STEPS]; /* of the challenge that step i gave */
} f;

static void
place(char *out, size_t size, const char *name, const char *vector)
{
    CLEANUP(buffer_free) struct buffer content = {0};
    (void)snprintf(out, size, "%s/%s", f.machine.dir, name);
    test_source(vector, &content);
    assert_status(STATUS_OK, file_save(out, buffer_bytes(&content), 0600, NULL));
}

static int
setup(void **state)
{
    (void)state;
    memset(&f, 0, sizeof f);
    swtpm_open_bare(&f.machine);
    assert_status(STATUS_OK, hasher_new(&f.hasher));
    (void)text_copy(f.key.kid, sizeof f.key.kid, "0123456789abcdef");
    memset(f.key.key, 7, sizeof f.key.key);
    place(f.boot_log, sizeof f.boot_log, "boot-log", LOG_FILE);
    place(f.ima, sizeof f.ima, "ima", IMA_FILE);
    (void)text_copy(f.directory, sizeof f.directory, f.machine.dir);
    f.settings = (struct settings){
        .origin = tls_server.origin,
        .ca_file = tls_server.ca_file,
        .connect_timeout_s = 5,
        .timeout_s = 10,
        .tcti = f.machine.tcti,
        .boot_log = f.boot_log,
        .ima_log = f.ima,
        .state_directory = f.directory,
    };
    CLEANUP(device_close) struct device d = {0};
    assert_status(STATUS_OK, device_open(&f.settings, &d, NULL));
    assert_status(STATUS_OK, device_id(&d, NULL, f.device, NULL));
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < STEPS; i++) {
        buffer_free(&f.answers[i]);
        buffer_free(&f.tokens[i]);
    }
    state_free(&f.state);
    hasher_free(f.hasher);
    swtpm_close(&f.machine);
    return 0;
}

static void
put_step(size_t i, enum tls_server_action action, const char *status, const char *type,
         const struct buffer *body)
{
    struct buffer *answer = &f.answers[i];
    buffer_reset(answer);
    buffer_append_format(answer, "HTTP/1.1 %s\r\nContent-Type: application/%s\r\n", status, type);
    buffer_append_format(answer, "Content-Length: %zu\r\n\r\n", body->size);
    buffer_append(answer, buffer_bytes(body));
    f.steps[i] = (struct tls_server_step){.action = action, .answer = buffer_text(answer)};
}

static int64_t
now_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

static void
issue(size_t i, bool exporter, bool full_logs)
{
    struct challenge c = {
        .issued_ms = now_ms() + (int64_t)i,
        .selection = {.n_banks = 1, .banks = {{.alg = ALG_SHA256, .mask = 0x47Fu}}},
        .exporter_required = exporter,
        .full_logs = full_logs,
    };
    (void)text_copy(c.kid, sizeof c.kid, f.key.kid);
    c.random[0] = (uint8_t)i;
    buffer_reset(&f.tokens[i]);
    assert_status(STATUS_OK, freshness_issue(&f.key, f.device, &c, &f.tokens[i]));
}

/* Step i gives a challenge. */
static void
step_challenge(size_t i, bool exporter, bool full_logs)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    issue(i, exporter, full_logs);
    buffer_append_text(&body, "{\"challenge\":\"");
    text_append_base64url(&body, buffer_bytes(&f.tokens[i]));
    buffer_append_text(&body, "\",\"expires_in_s\":120}");
    put_step(i, TLS_SERVER_ANSWER, "201 Created", "json", &body);
}

/* Step i refuses, with a fresh challenge when fresh. */
static void
step_problem(size_t i, const char *status, const char *code, bool fresh)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    buffer_append_format(&body, "{\"code\":\"%s\",\"title\":\"t\",\"status\":400", code);
    if (fresh) {
        issue(i, true, false);
        buffer_append_text(&body, ",\"challenge\":\"");
        text_append_base64url(&body, buffer_bytes(&f.tokens[i]));
        buffer_append_text(&body, "\"");
    }
    buffer_append_text(&body, "}");
    put_step(i, TLS_SERVER_ANSWER, status, "problem+json", &body);
}

/* Step i judges; the verifier then holds the boot log and n_ima entries. */
static void
step_verdict(size_t i, const char *verdict, unsigned n_ima)
{
    CLEANUP(buffer_free) struct buffer body = {0};
    CLEANUP(buffer_free) struct buffer log = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    test_source(LOG_FILE, &log);
    assert_status(STATUS_OK, digest_sha256(f.hasher, buffer_bytes(&log), sha256));
    buffer_append_format(&body,
                         "{\"attestation\":\"a1\",\"verdict\":\"%s\",\"perspectives\":[],"
                         "\"result\":\"h.p.s\",\"held\":{\"ima\":%u,\"boot_log\":\"",
                         verdict, n_ima);
    text_append_hex(&body, bytes_of(sha256, sizeof sha256));
    buffer_append_text(&body, "\"},\"unattested\":{\"ima\":0},"
                              "\"expires\":\"2036-01-01T00:00:00Z\"}");
    put_step(i, TLS_SERVER_ANSWER, "201 Created", "json", &body);
}

static void
step_drop(size_t i)
{
    f.steps[i] = (struct tls_server_step){.action = TLS_SERVER_DROP};
}

/* One turn against the steps; how it ended. */
static enum outcome_kind
attest(void)
{
    tls_server_start(f.steps, "IP:127.0.0.1", -TLS_SERVER_DAY_S, TLS_SERVER_DAY_S, 0);
    turn_attest(&f.settings, NULL, &f.state);
    tls_server_stop();
    print_message("%s\n", f.state.round.outcome.message);
    return f.state.round.outcome.kind;
}

static struct ak *
make_ak(void)
{
    CLEANUP(device_close) struct device d = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ak *ak = NULL;
    assert_status(STATUS_OK, device_open(&f.settings, &d, NULL));
    assert_status(STATUS_OK, ak_parse(f.hasher, buffer_bytes(&d.ak.public_area), &ak, &reasons));
    assert_non_null(ak);
    return ak;
}

/* Request number i is evidence over the challenge of step given, bound to the channel when it asks
 * for that: verified to the end. */
static void
expect_evidence(unsigned i, size_t given, bool exporter, struct evidence *out)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(freshness_freep) struct freshness *freshness = NULL;
    CLEANUP(quote_freep) struct quote *quote = NULL;
    CLEANUP(ak_freep) struct ak *ak = make_ak();
    struct freshness_context context = {
        .device_id = f.device,
        .origin = tls_server.origin,
        .exporter = bytes_of(tls_server.exporter, exporter ? sizeof tls_server.exporter : 0),
        .now_ms = now_ms(),
    };
    assert_status(STATUS_OK, evidence_parse(tls_server_body(i), out, &reasons));
    assert_status(STATUS_OK, freshness_verify(&f.key, 1, buffer_bytes(&f.tokens[given]), &context,
                                              &freshness, &reasons));
    assert_non_null(freshness);
    assert_status(STATUS_OK, quote_verify(f.hasher, out, ak, freshness, &quote, &reasons));
    if (!quote)
        fail_msg("%s", reason_code_name(reasons.items[0].code));
}

static bool
asks(unsigned i, const char *text)
{
    return strstr(buffer_text(&tls_server.requests[i]), text) != NULL;
}

static void
posts_what_a_verifier_believes(void **state)
{
    (void)state;
    for (int exporter = 0; exporter < 2; exporter++) {
        struct evidence e;
        step_challenge(0, exporter == 1, false);
        step_verdict(1, "trusted", 0);
        assert_int_equal(OUTCOME_TRUSTED, attest());
        assert_int_equal(2, tls_server.n_requests);
        expect_evidence(1, 0, exporter == 1, &e);
        assert_true(e.present[EVIDENCE_IMA]);
        assert_true(e.present[EVIDENCE_CLAIMS]);
        assert_false(e.present[EVIDENCE_USERSPACE_LOG]);
    }
}

static void
keeps_the_signed_result(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer result = {0};
    char path[64];
    step_challenge(0, true, false);
    step_verdict(1, "untrusted", 0);
    assert_int_equal(OUTCOME_NOT_TRUSTED, attest());
    (void)snprintf(path, sizeof path, "%s/result.jwt", f.directory);
    assert_status(STATUS_OK, file_load(path, 100, &result, NULL));
    assert_string_equal("h.p.s", buffer_text(&result));
}

static void
sends_next_time_what_is_not_held(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer list = {0};
    struct evidence e;
    size_t size = 0;
    test_source(IMA_FILE, &list);
    assert_status(STATUS_OK, collect_ima_size(buffer_bytes(&list), 3, &size));
    step_challenge(0, true, false);
    step_verdict(1, "trusted", 3);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    expect_evidence(1, 0, true, &e);
    assert_true(e.present[EVIDENCE_BOOT_LOG]);
    assert_int_equal(0, e.ima_offset);
    assert_int_equal(3, f.state.ima_entries);
    assert_int_equal(size, f.state.ima_size);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    expect_evidence(1, 0, true, &e);
    assert_false(e.present[EVIDENCE_BOOT_LOG]);
    assert_int_equal(3, e.ima_offset);
    assert_int_equal(list.size - size, e.member[EVIDENCE_IMA].size);
}

static void
sends_all_again_after_a_reboot(void **state)
{
    (void)state;
    struct evidence e;
    step_challenge(0, true, false);
    step_verdict(1, "trusted", 3);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    swtpm_power_cut(&f.machine);
    swtpm_power_on(&f.machine);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    expect_evidence(1, 0, true, &e);
    assert_true(e.present[EVIDENCE_BOOT_LOG]);
    assert_int_equal(0, e.ima_offset);
}

static void
sends_all_again_when_state_is_lost(void **state)
{
    (void)state;
    struct evidence e;
    step_challenge(0, true, false);
    step_verdict(1, "trusted", 3);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    state_free(&f.state);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    expect_evidence(1, 0, true, &e);
    assert_true(e.present[EVIDENCE_BOOT_LOG]);
}

static void
posts_the_same_quote_with_the_wanted_log(void **state)
{
    (void)state;
    struct evidence first;
    struct evidence second;
    step_challenge(0, true, false);
    step_verdict(1, "trusted", 3);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    step_problem(1, WANTED, "log.wanted", false);
    step_verdict(2, "trusted", 3);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    assert_int_equal(3, tls_server.n_requests);
    expect_evidence(1, 0, true, &first);
    expect_evidence(2, 0, true, &second);
    assert_false(first.present[EVIDENCE_BOOT_LOG]);
    assert_true(second.present[EVIDENCE_BOOT_LOG]);
    assert_int_equal(0, second.ima_offset);
    assert_true(bytes_equal(first.member[EVIDENCE_SIGNATURE], second.member[EVIDENCE_SIGNATURE]));
}

static void
answers_the_fresh_challenge_once(void **state)
{
    (void)state;
    struct evidence e;
    step_challenge(0, true, false);
    step_problem(1, SPENT, "challenge.spent", true);
    step_verdict(2, "trusted", 0);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    expect_evidence(2, 1, true, &e);
    step_problem(2, SPENT, "challenge.spent", true);
    assert_int_equal(OUTCOME_REFUSED, attest());
    assert_int_equal(3, tls_server.n_requests);
    assert_string_equal("challenge.spent", f.state.round.outcome.code);
}

/* The answer is lost: the challenge may be spent, so another one is asked for, once. */
static void
asks_for_another_challenge_when_the_answer_is_lost(void **state)
{
    (void)state;
    struct evidence e;
    step_challenge(0, true, false);
    step_drop(1);
    step_challenge(2, true, false);
    step_verdict(3, "trusted", 0);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    assert_int_equal(4, tls_server.n_requests);
    expect_evidence(3, 2, true, &e);
    step_drop(3);
    assert_int_equal(OUTCOME_UNAVAILABLE, attest());
    assert_int_equal(4, tls_server.n_requests);
}

/* The verifier closes the connection after the challenge, and after every challenge. */
static void
quotes_again_over_another_channel(void **state)
{
    (void)state;
    struct evidence e;
    step_challenge(0, true, false);
    f.steps[0].action = TLS_SERVER_ANSWER_AND_CUT;
    step_challenge(1, true, false);
    step_verdict(2, "trusted", 0);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    assert_int_equal(3, tls_server.n_requests);
    expect_evidence(2, 1, true, &e);
    for (size_t i = 0; i < STEPS; i++) {
        step_challenge(i, true, false);
        f.steps[i].action = TLS_SERVER_ANSWER_AND_CUT;
    }
    assert_int_equal(OUTCOME_UNAVAILABLE, attest());
    assert_int_equal(4, tls_server.n_requests);
}

static void
asks_for_room_when_the_list_is_long(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer list = {0};
    CLEANUP(buffer_free) struct buffer longer = {0};
    struct evidence e;
    test_source(IMA_FILE, &list);
    while (longer.size < LIMIT_BODY_SMALL)
        buffer_append(&longer, buffer_bytes(&list));
    assert_status(STATUS_OK, file_save(f.ima, buffer_bytes(&longer), 0600, NULL));
    step_challenge(0, true, false);
    step_challenge(1, true, true);
    step_verdict(2, "trusted", 0);
    assert_int_equal(OUTCOME_TRUSTED, attest());
    assert_int_equal(3, tls_server.n_requests);
    assert_false(asks(0, "\"logs\":\"full\""));
    assert_true(asks(1, "\"logs\":\"full\""));
    expect_evidence(2, 1, true, &e);
    assert_int_equal(longer.size, e.member[EVIDENCE_IMA].size);
}

static void
enrols_only_when_that_is_permitted(void **state)
{
    (void)state;
    step_problem(0, UNKNOWN, "device.unknown", false);
    step_problem(1, "503 Busy", "enroll.full", false);
    assert_int_equal(OUTCOME_REFUSED, attest());
    assert_int_equal(1, tls_server.n_requests);
    f.settings.enroll_automatic = true;
    assert_int_equal(OUTCOME_LATER, attest());
    assert_int_equal(2, tls_server.n_requests);
    assert_true(asks(1, "POST /v1/enrollments "));
    assert_string_equal("enroll.full", f.state.round.outcome.code);
    assert_int_equal(2, f.state.round.n_failures);
}

static void
asks_nobody_with_another_key_than_the_enrolled(void **state)
{
    (void)state;
    step_challenge(0, true, false);
    (void)text_copy(f.state.device, sizeof f.state.device, f.device);
    tls_server_start(f.steps, "IP:127.0.0.1", -TLS_SERVER_DAY_S, TLS_SERVER_DAY_S, 0);
    (void)text_copy(f.state.origin, sizeof f.state.origin, tls_server.origin);
    f.state.ak_name_size = 34;
    turn_attest(&f.settings, NULL, &f.state);
    assert_int_equal(OUTCOME_FAILED, f.state.round.outcome.kind);
    (void)text_copy(f.state.origin, sizeof f.state.origin, "https://elsewhere");
    turn_attest(&f.settings, NULL, &f.state);
    assert_int_equal(OUTCOME_FAILED, f.state.round.outcome.kind);
    assert_non_null(strstr(f.state.round.outcome.message, "https://elsewhere"));
    tls_server_stop();
    assert_int_equal(0, tls_server.n_requests);
}

static void
does_no_unbound_round_when_binding_is_required(void **state)
{
    (void)state;
    f.settings.exporter_required = true;
    step_challenge(0, false, false);
    assert_int_equal(OUTCOME_UNAVAILABLE, attest());
    assert_int_equal(1, tls_server.n_requests);
}

static void
goes_on_without_a_log(void **state)
{
    (void)state;
    struct evidence e;
    f.settings.boot_log = "/nowhere/boot-log";
    f.settings.ima_log = NULL;
    step_challenge(0, true, false);
    step_verdict(1, "untrusted", 0);
    assert_int_equal(OUTCOME_NOT_TRUSTED, attest());
    expect_evidence(1, 0, true, &e);
    assert_false(e.present[EVIDENCE_BOOT_LOG]);
    assert_false(e.present[EVIDENCE_IMA]);
    CLEANUP(buffer_free) struct buffer claims = {0};
    buffer_append(&claims, e.member[EVIDENCE_CLAIMS]);
    assert_non_null(strstr(buffer_text(&claims), "\"boot\":\"absent\""));
}

#define ROUND_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        ROUND_TEST(posts_what_a_verifier_believes),
        ROUND_TEST(keeps_the_signed_result),
        ROUND_TEST(sends_next_time_what_is_not_held),
        ROUND_TEST(sends_all_again_after_a_reboot),
        ROUND_TEST(sends_all_again_when_state_is_lost),
        ROUND_TEST(posts_the_same_quote_with_the_wanted_log),
        ROUND_TEST(answers_the_fresh_challenge_once),
        ROUND_TEST(asks_for_another_challenge_when_the_answer_is_lost),
        ROUND_TEST(quotes_again_over_another_channel),
        ROUND_TEST(asks_for_room_when_the_list_is_long),
        ROUND_TEST(enrols_only_when_that_is_permitted),
        ROUND_TEST(asks_nobody_with_another_key_than_the_enrolled),
        ROUND_TEST(does_no_unbound_round_when_binding_is_required),
        ROUND_TEST(goes_on_without_a_log),
    };
    if (!swtpm_available())
        return 77;
    (void)signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
