/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/reply.h"
#include "base/cleanup.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

#define DEVICE "0123456789abcdef0123456789abcdef"
#define VERDICT                                                                                    \
    "{\"attestation\":\"a1\",\"verdict\":\"untrusted\",\"perspectives\":[{\"name\":\"owner\","     \
    "\"verdict\":\"untrusted\",\"reasons\":[{\"code\":\"secure-boot.off\",\"what\":"               \
    "\"SecureBoot\","                                                                              \
    "\"sentence\":\"Secure Boot is off\"}]}],\"result\":\"a.b.c\",\"held\":{\"ima\":7,"            \
    "\"boot_log\":\"00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\"},"          \
    "\"unattested\":{\"ima\":3},\"expires\":\"2026-11-22T18:00:00Z\"}"

static void
takes_a_problem_apart(void **state)
{
    (void)state;
    CLEANUP(reply_problem_free) struct reply_problem p = {0};
    reply_problem_parse(bytes_of_text("{\"code\":\"challenge.spent\",\"title\":\"t\","
                                      "\"detail\":\"d\",\"challenge\":\"AAEC\"}"),
                        &p);
    assert_string_equal("challenge.spent", p.code);
    assert_string_equal("t", p.title);
    assert_hex("000102", buffer_bytes(&p.challenge));
}

static void
finds_nothing_in_what_is_no_problem(void **state)
{
    (void)state;
    static const char *const bodies[] = {"",
                                         "<html>",
                                         "[]",
                                         "{\"code\":7}",
                                         "{\"code\":\"a\",\"code\":\"b\"}",
                                         "{\"challenge\":\"not base64url!\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        CLEANUP(reply_problem_free) struct reply_problem p = {0};
        reply_problem_parse(bytes_of_text(bodies[i]), &p);
        assert_string_equal("", p.code);
        assert_int_equal(0, p.challenge.size);
    }
}

static void
wants_a_challenge_of_a_challenges_size(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    assert_status(STATUS_OK, reply_challenge_parse(
                                 bytes_of_text("{\"challenge\":\"AAEC\",\"expires_in_s\":120}"),
                                 &token, NULL));
    assert_hex("000102", buffer_bytes(&token));
    CLEANUP(buffer_free) struct buffer body = {0};
    buffer_append_text(&body, "{\"challenge\":\"");
    for (size_t i = 0; i < 400; i++)
        buffer_append_text(&body, "A");
    buffer_append_text(&body, "\"}");
    buffer_reset(&token);
    assert_status(STATUS_MALFORMED, reply_challenge_parse(buffer_bytes(&body), &token, NULL));
    assert_status(STATUS_MALFORMED, reply_challenge_parse(bytes_of_text("{}"), &token, NULL));
    assert_status(STATUS_MALFORMED,
                  reply_challenge_parse(bytes_of_text("{\"challenge\":\"\"}"), &token, NULL));
}

static void
takes_an_enrolment_apart(void **state)
{
    (void)state;
    CLEANUP(reply_enrollment_free) struct reply_enrollment e = {0};
    struct bytes body = bytes_of_text("{\"enrollment\":\"AAEC\",\"device\":\"" DEVICE "\","
                                      "\"credential\":{\"blob\":\"AAFB\",\"secret\":\"AAFC\"}}");
    assert_status(STATUS_OK, reply_enrollment_parse(body, &e, NULL));
    assert_string_equal("AAEC", e.id);
    assert_hex("000102", buffer_bytes(&e.sealed));
    assert_hex("000141", buffer_bytes(&e.blob));
}

/* The id goes into a path. */
static void
refuses_an_enrolment_id_that_is_not_base64url(void **state)
{
    (void)state;
    CLEANUP(reply_enrollment_free) struct reply_enrollment e = {0};
    struct bytes body = bytes_of_text("{\"enrollment\":\"../devices\",\"device\":\"" DEVICE "\","
                                      "\"credential\":{\"blob\":\"AAFB\",\"secret\":\"AAFC\"}}");
    assert_status(STATUS_MALFORMED, reply_enrollment_parse(body, &e, NULL));
}

static void
refuses_a_device_id_that_is_none(void **state)
{
    (void)state;
    struct reply_activation a;
    assert_status(STATUS_MALFORMED,
                  reply_activation_parse(
                      bytes_of_text("{\"device\":\"../x\",\"state\":\"enrolled\"}"), &a, NULL));
    assert_status(STATUS_OK, reply_activation_parse(
                                 bytes_of_text("{\"device\":\"" DEVICE "\",\"state\":\"pending\"}"),
                                 &a, NULL));
    assert_string_equal("pending", a.state);
}

static void
free_verdict(struct reply_verdict **v)
{
    reply_verdict_free(*v);
    free(*v);
}

static void
keeps_a_verdict_through_its_own_form(void **state)
{
    (void)state;
    CLEANUP(free_verdict) struct reply_verdict *v = calloc(1, sizeof *v);
    CLEANUP(free_verdict) struct reply_verdict *again = calloc(1, sizeof *again);
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, reply_verdict_parse(bytes_of_text(VERDICT), v, NULL));
    assert_string_equal("a.b.c", buffer_text(&v->result));
    assert_int_equal(7, v->held_ima);
    assert_status(STATUS_OK, reply_verdict_encode(v, &text));
    assert_status(STATUS_OK, reply_verdict_parse(buffer_bytes(&text), again, NULL));
    assert_string_equal("untrusted", again->verdict);
    assert_int_equal(1, again->n_perspectives);
    assert_string_equal("secure-boot.off", again->perspectives[0].reasons[0].code);
    assert_int_equal(7, again->held_ima);
    assert_int_equal(3, again->unattested_ima);
    assert_true(again->has_boot_log);
    assert_memory_equal(v->boot_log, again->boot_log, sizeof v->boot_log);
    assert_int_equal(0, again->result.size);
}

static void
refuses_more_perspectives_than_there_may_be(void **state)
{
    (void)state;
    CLEANUP(free_verdict) struct reply_verdict *v = calloc(1, sizeof *v);
    CLEANUP(buffer_free) struct buffer body = {0};
    buffer_append_text(&body, "{\"attestation\":\"a\",\"verdict\":\"trusted\",\"perspectives\":[");
    for (size_t i = 0; i <= LIMIT_PERSPECTIVES; i++)
        buffer_append_format(&body, "%s{\"name\":\"n\",\"verdict\":\"trusted\"}", i > 0 ? "," : "");
    buffer_append_text(&body, "]}");
    assert_status(STATUS_MALFORMED, reply_verdict_parse(buffer_bytes(&body), v, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_problem_apart),
        cmocka_unit_test(finds_nothing_in_what_is_no_problem),
        cmocka_unit_test(wants_a_challenge_of_a_challenges_size),
        cmocka_unit_test(takes_an_enrolment_apart),
        cmocka_unit_test(refuses_an_enrolment_id_that_is_not_base64url),
        cmocka_unit_test(refuses_a_device_id_that_is_none),
        cmocka_unit_test(keeps_a_verdict_through_its_own_form),
        cmocka_unit_test(refuses_more_perspectives_than_there_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
