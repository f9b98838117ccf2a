/* SPDX-License-Identifier: Apache-2.0 */
/* The enrolment routes as HTTP sees them: bodies in, statuses and bodies out. */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "tests/lib/applicant.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct route *
route_of(enum request_method method, const char *pattern)
{
    for (size_t i = 0; i < api_enrollment_n_routes; i++) {
        if (api_enrollment_routes[i].method == method &&
            text_equal(api_enrollment_routes[i].pattern, pattern))
            return &api_enrollment_routes[i];
    }
    fail_msg("no route %s", pattern);
    abort();
}

static struct request
request_of(struct applicant *f, struct bytes body)
{
    struct request r = {
        .verifier = &f->verifier,
        .hasher = f->hasher,
        .origin = APPLICANT_ORIGIN,
        .now_ms = APPLICANT_NOW_S * 1000,
        .body = body,
    };
    (void)text_copy(r.address, sizeof r.address, APPLICANT_ADDRESS);
    return r;
}

static void
free_json(json_t **j)
{
    json_decref(*j);
}

static json_t *
body_of(const struct response *r)
{
    json_t *j = json_loadb((const char *)r->body.data, r->body.size, 0, NULL);
    assert_non_null(j);
    return j;
}

static const char *
text_member(const json_t *j, const char *name)
{
    const char *text = json_string_value(json_object_get(j, name));
    return text ? text : "";
}

static void
append_member(struct buffer *out, const char *name, struct bytes value)
{
    buffer_append_format(out, "\"%s\":\"", name);
    text_append_base64url(out, value);
    buffer_append_text(out, "\"");
}

static void
make_text(const struct applicant *f, struct buffer *out)
{
    CLEANUP(enrollment_body_free) struct enrollment_body b = {0};
    applicant_body(f, &b);
    buffer_append_text(out, "{\"ek\":[{");
    append_member(out, "public", buffer_bytes(&b.eks[0].public_area));
    buffer_append_text(out, ",");
    append_member(out, "certificate", buffer_bytes(&b.eks[0].certificate));
    buffer_append_text(out, "}],\"certificates\":[\"");
    text_append_base64url(out, buffer_bytes(&b.certificates[0]));
    buffer_append_text(out, "\"],\"ak\":{");
    append_member(out, "public", buffer_bytes(&b.ak_public));
    buffer_append_text(out, "},\"tpm\":{\"manufacturer\":\"STM \",\"model\":\"ST33\","
                            "\"firmware_version\":\"0001010200000000\",\"family\":\"2.0\","
                            "\"revision\":\"1.38\"}}");
    assert_status(STATUS_OK, buffer_check(out));
}

static void
take_bytes(const json_t *j, const char *name, struct buffer *out)
{
    assert_status(STATUS_OK, text_parse_base64url(bytes_of_text(text_member(j, name)), out));
}

/* POST /v1/enrollments; the offer as the agent would take it. */
static void
post_enrollment(struct applicant *f, struct enroll_offer *offer, char *id, size_t id_size)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(response_clear) struct response response = {0};
    make_text(f, &text);
    struct request request = request_of(f, buffer_bytes(&text));
    route_of(METHOD_POST, "/v1/enrollments")->handle(&request, &response);
    assert_int_equal(response.status, 201);
    CLEANUP(free_json) json_t *j = body_of(&response);
    const json_t *credential = json_object_get(j, "credential");
    take_bytes(j, "enrollment", &offer->sealed);
    take_bytes(credential, "blob", &offer->credential.blob);
    take_bytes(credential, "secret", &offer->credential.secret);
    assert_true(text_copy(offer->device, sizeof offer->device, text_member(j, "device")));
    assert_true(text_copy(id, id_size, text_member(j, "enrollment")));
    assert_int_equal(json_integer_value(json_object_get(j, "expires_in_s")), 60);
}

static void
activate(struct applicant *f, const char *id, const uint8_t proof[static DIGEST_SHA256_SIZE],
         struct response *response)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_text(&text, "{");
    append_member(&text, "proof", bytes_of(proof, DIGEST_SHA256_SIZE));
    buffer_append_text(&text, "}");
    struct request request = request_of(f, buffer_bytes(&text));
    request.params[0] = id;
    route_of(METHOD_POST, "/v1/enrollments/{enrollment}/activation")->handle(&request, response);
}

static void
assert_problem(const struct response *response, unsigned status, const char *code)
{
    CLEANUP(free_json) json_t *j = body_of(response);
    assert_string_equal(response->type, "application/problem+json");
    assert_int_equal(response->status, status);
    assert_string_equal(text_member(j, "code"), code);
}

static void
enrolls_over_two_requests(void **state)
{
    struct applicant *f = *state;
    char id[4096];
    uint8_t proof[DIGEST_SHA256_SIZE];
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = {0};
    CLEANUP(response_clear) struct response response = {0};
    applicant_expect(f);
    post_enrollment(f, &offer, id, sizeof id);
    applicant_prove(f, f->ek, f->ak, &offer, proof);
    activate(f, id, proof, &response);
    assert_int_equal(response.status, 200);
    CLEANUP(free_json) json_t *j = body_of(&response);
    assert_string_equal(text_member(j, "device"), offer.device);
    assert_string_equal(text_member(j, "state"), "enrolled");
    assert_string_equal(text_member(j, "genuine"), "verified");
    assert_string_equal(text_member(j, "member_by"), "list");
    assert_string_equal(text_member(j, "activated"), "new");
    assert_int_equal(strlen(text_member(j, "ueid")), 44);
}

static void
refuses_a_wrong_proof_without_an_echo(void **state)
{
    struct applicant *f = *state;
    char id[4096];
    uint8_t proof[DIGEST_SHA256_SIZE];
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = {0};
    CLEANUP(response_clear) struct response response = {0};
    CLEANUP(buffer_free) struct buffer expected = {0};
    post_enrollment(f, &offer, id, sizeof id);
    applicant_prove(f, f->ek, f->ak, &offer, proof);
    text_append_base64url(&expected, bytes_of(proof, sizeof proof));
    proof[0] ^= 1;
    activate(f, id, proof, &response);
    assert_problem(&response, 403, "enroll.proof");
    assert_null(memmem(response.body.data, response.body.size, expected.data, expected.size));
}

/* enroll.malformed, with our words for the member, and counted. */
static void
names_the_member_of_a_malformed_body(void **state)
{
    struct applicant *f = *state;
    CLEANUP(response_clear) struct response response = {0};
    CLEANUP(store_refusal_list_clear) struct store_refusal_list list = {0};
    struct request request = request_of(f, bytes_of_text("{\"ek\":[{\"public\":1}]}"));
    route_of(METHOD_POST, "/v1/enrollments")->handle(&request, &response);
    assert_problem(&response, 400, reason_code_name(REASON_ENROLL_MALFORMED));
    assert_non_null(memmem(response.body.data, response.body.size, "ek.public", 9));
    store_tend(f->verifier.store);
    assert_status(STATUS_OK, store_list_refusals(f->verifier.store, NULL, 10, &list));
    assert_int_equal(list.n_items, 1);
    assert_string_equal(list.items[0].code, "enroll.malformed");
}

static void
refuses_a_malformed_proof(void **state)
{
    struct applicant *f = *state;
    CLEANUP(response_clear) struct response response = {0};
    struct request request = request_of(f, bytes_of_text("{}"));
    request.params[0] = "AAAA";
    route_of(METHOD_POST, "/v1/enrollments/{enrollment}/activation")->handle(&request, &response);
    assert_problem(&response, 400, "enroll.malformed");
}

static void
shows_refusals_to_an_operator(void **state)
{
    struct applicant *f = *state;
    static const uint8_t proof[DIGEST_SHA256_SIZE];
    CLEANUP(response_clear) struct response refused = {0};
    CLEANUP(response_clear) struct response response = {0};
    activate(f, "AAAA", proof, &refused);
    assert_problem(&refused, 403, "enroll.foreign");
    store_tend(f->verifier.store);
    struct request request = request_of(f, (struct bytes){0});
    route_of(METHOD_GET, "/v1/enrollment-refusals")->handle(&request, &response);
    assert_int_equal(response.status, 200);
    CLEANUP(free_json) json_t *j = body_of(&response);
    const json_t *row = json_array_get(json_object_get(j, "refusals"), 0);
    assert_string_equal(text_member(row, "code"), "enroll.foreign");
    assert_string_equal(text_member(row, "address"), APPLICANT_ADDRESS);
    assert_true(json_is_null(json_object_get(row, "ek_sha256")));
    assert_int_equal(json_integer_value(json_object_get(row, "count")), 1);
}

/* threats 16: limited by address, before a body byte is taken. */
static void
tells_an_eager_address_when_to_come_again(void **state)
{
    struct applicant *f = *state;
    size_t cap = LIMIT_ENROLL_BODY;
    CLEANUP(response_clear) struct response response = {0};
    const struct route *route = route_of(METHOD_POST, "/v1/enrollments");
    struct request request = request_of(f, (struct bytes){0});
    applicant_override(f, "enrollment", "rate", "1");
    applicant_reopen(f);
    assert_true(route->begin(&request, &response, &cap));
    assert_false(route->begin(&request, &response, &cap));
    assert_problem(&response, 429, PROBLEM_BUSY);
    assert_string_equal(response.headers[0].name, "Retry-After");
    assert_string_equal(response.headers[0].value, "61");
}

static void
demands_an_operator_for_refusals_only(void **state)
{
    (void)state;
    assert_int_equal(route_of(METHOD_POST, "/v1/enrollments")->roles, ACCESS_PUBLIC);
    assert_int_equal(route_of(METHOD_GET, "/v1/enrollment-refusals")->roles, ACCESS_OPERATOR);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPLICANT_CASE(enrolls_over_two_requests),
        APPLICANT_CASE(refuses_a_wrong_proof_without_an_echo),
        APPLICANT_CASE(names_the_member_of_a_malformed_body),
        APPLICANT_CASE(refuses_a_malformed_proof),
        APPLICANT_CASE(shows_refusals_to_an_operator),
        APPLICANT_CASE(tells_an_eager_address_when_to_come_again),
        cmocka_unit_test(demands_an_operator_for_refusals_only),
    };
    log_open("test-api_enrollment", LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
