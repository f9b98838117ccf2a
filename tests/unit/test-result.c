/* SPDX-License-Identifier: Apache-2.0 */
/* A stored token signed again for a relying party: what it keeps, what it must not show. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/result.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

#define NOW_S INT64_C(1769000000)

/* The owner's perspective is worse than the operator's. */
static const char stored[] =
    "{\"eat_profile\":\"tag:ietf.org,2026:rats/ear#04\",\"iss\":\"https://v.example\","
    "\"aud\":\"https://v.example\",\"jti\":\"a1\",\"iat\":1768999000,\"exp\":1769000010,"
    "\"ear_status\":\"contraindicated\",\"submods\":{"
    "\"perspective/owner\":{\"ear_status\":\"contraindicated\"},"
    "\"perspective/operator\":{\"ear_status\":\"warning\"},"
    "\"perspective/manufacturer\":{\"ear_status\":\"affirming\"},"
    "\"child/x/owner\":{\"ear_status\":\"affirming\"}}}";

static struct key key;

static int
setup(void **state)
{
    (void)state;
    key = (struct key){.role = KEY_ROLE_RESULT, .kid = "kid", .pkey = EVP_EC_gen("P-256")};
    return key.pkey && key_start_signing(&key) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    EVP_MD_CTX_free(key.signing);
    EVP_PKEY_free(key.pkey);
    return 0;
}

static void
make_token(const char *claims, struct buffer *token)
{
    buffer_append_text(token, "e30.");
    text_append_base64url(token, bytes_of_text(claims));
    buffer_append_text(token, ".AA");
}

static enum status
reissue(const struct result_request *request, json_t **claims)
{
    CLEANUP(buffer_free) struct buffer token = {0}, payload = {0};
    CLEANUP(result_freep) struct result *result = NULL;
    make_token(stored, &token);
    *claims = NULL;
    enum status s = result_reissue(buffer_text(&token), request, &key, &result);
    if (s != STATUS_OK)
        return s;
    const char *begin = strchr(result_token(result), '.') + 1;
    size_t size = (size_t)(strchr(begin, '.') - begin);
    assert_status(STATUS_OK, text_parse_base64url(bytes_of(begin, size), &payload));
    *claims = json_loadb((const char *)payload.data, payload.size, 0, NULL);
    assert_non_null(*claims);
    return s;
}

static const char *
text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void
keeps_every_perspective_where_nothing_is_limited(void **state)
{
    (void)state;
    const struct result_request request = {.now_s = NOW_S};
    json_auto_t *claims = NULL;
    assert_status(STATUS_OK, reissue(&request, &claims));
    assert_int_equal(4, json_object_size(json_object_get(claims, "submods")));
    assert_string_equal("contraindicated", text_of(claims, "ear_status"));
}

static void
keeps_only_what_was_granted(void **state)
{
    (void)state;
    static const struct store_grants granted = {2, {"operator", "manufacturer"}};
    const struct result_request request = {.now_s = NOW_S, .granted = &granted};
    json_auto_t *claims = NULL;
    assert_status(STATUS_OK, reissue(&request, &claims));
    const json_t *submods = json_object_get(claims, "submods");
    assert_int_equal(2, json_object_size(submods));
    assert_non_null(json_object_get(submods, "perspective/operator"));
    assert_non_null(json_object_get(submods, "perspective/manufacturer"));
}

/* The whole is the worst of what is left, or it would tell of the rest. */
static void
hides_the_verdict_of_what_was_not_granted(void **state)
{
    (void)state;
    static const struct store_grants granted[] = {
        {1, {"manufacturer"}}, {2, {"manufacturer", "operator"}}, {1, {"owner"}}};
    static const char *const status[] = {"affirming", "warning", "contraindicated"};
    for (size_t i = 0; i < 3; i++) {
        const struct result_request request = {.now_s = NOW_S, .granted = &granted[i]};
        json_auto_t *claims = NULL;
        assert_status(STATUS_OK, reissue(&request, &claims));
        assert_string_equal(status[i], text_of(claims, "ear_status"));
    }
}

static void
gives_nothing_where_nothing_is_left(void **state)
{
    (void)state;
    static const struct store_grants granted[] = {
        {0, {""}}, {1, {"insurer"}}, {1, {"own"}}, {1, {"r"}}};
    for (size_t i = 0; i < 4; i++) {
        const struct result_request request = {.now_s = NOW_S, .granted = &granted[i]};
        json_auto_t *claims = NULL;
        assert_status(STATUS_NOT_FOUND, reissue(&request, &claims));
    }
}

static void
limits_other_dialects_as_well(void **state)
{
    (void)state;
    static const struct store_grants granted = {1, {"manufacturer"}};
    const struct result_request request = {
        .now_s = NOW_S, .granted = &granted, .dialect = RESULT_VERAISON};
    json_auto_t *claims = NULL;
    assert_status(STATUS_OK, reissue(&request, &claims));
    assert_string_equal("affirming", text_of(claims, "ear.status"));
    assert_null(json_object_get(claims, "ear_status"));
}

/* RFC 7519 4.1.7 */
static void
threat_53_names_each_token_anew(void **state)
{
    (void)state;
    const struct result_request request = {.now_s = NOW_S};
    json_auto_t *one = NULL;
    json_auto_t *two = NULL;
    assert_status(STATUS_OK, reissue(&request, &one));
    assert_status(STATUS_OK, reissue(&request, &two));
    assert_true(text_starts(text_of(one, "jti"), "a1."));
    assert_string_not_equal(text_of(one, "jti"), text_of(two, "jti"));
}

static void
threat_53_keeps_the_end_of_life(void **state)
{
    (void)state;
    const struct result_request fresh = {.now_s = NOW_S + 9};
    const struct result_request late = {.now_s = NOW_S + 10};
    json_auto_t *claims = NULL;
    json_auto_t *none = NULL;
    assert_status(STATUS_OK, reissue(&fresh, &claims));
    assert_int_equal(NOW_S + 10, json_integer_value(json_object_get(claims, "exp")));
    assert_int_equal(NOW_S + 9, json_integer_value(json_object_get(claims, "iat")));
    assert_status(STATUS_STALE, reissue(&late, &none));
}

static void
threat_53_names_audience_and_nonce_of_the_one_who_asks(void **state)
{
    (void)state;
    const struct result_request request = {
        .now_s = NOW_S, .audience = "vpn.example", .nonce = "12345678"};
    const struct result_request bad = {.now_s = NOW_S, .nonce = "1234567"};
    json_auto_t *claims = NULL;
    json_auto_t *none = NULL;
    assert_status(STATUS_OK, reissue(&request, &claims));
    assert_string_equal("vpn.example", text_of(claims, "aud"));
    assert_string_equal("12345678", text_of(claims, "eat_nonce"));
    assert_status(STATUS_INVALID, reissue(&bad, &none));
}

static void
refuses_what_is_no_token(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "e30", "e30.e30", "e30.!.AA", "e30.W10.AA"};
    const struct result_request request = {.now_s = NOW_S};
    CLEANUP(buffer_free) struct buffer token = {0};
    struct result *result = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_status(STATUS_MALFORMED, result_reissue(bad[i], &request, &key, &result));
    make_token("{\"jti\":\"a1\",\"exp\":\"1769000010\"}", &token);
    assert_status(STATUS_MALFORMED, result_reissue(buffer_text(&token), &request, &key, &result));
    assert_null(result);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_every_perspective_where_nothing_is_limited),
        cmocka_unit_test(keeps_only_what_was_granted),
        cmocka_unit_test(hides_the_verdict_of_what_was_not_granted),
        cmocka_unit_test(gives_nothing_where_nothing_is_left),
        cmocka_unit_test(limits_other_dialects_as_well),
        cmocka_unit_test(threat_53_names_each_token_anew),
        cmocka_unit_test(threat_53_keeps_the_end_of_life),
        cmocka_unit_test(threat_53_names_audience_and_nonce_of_the_one_who_asks),
        cmocka_unit_test(refuses_what_is_no_token),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
