/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/binding.h"
#include "evidence/freshness.h"
#include "tests/lib/test.h"

#include <string.h>

#define DEVICE "000102030405060708090a0b0c0d0e0f"
#define OTHER  "ff0102030405060708090a0b0c0d0e0f"
#define ORIGIN "https://verifier.example"
#define NOW_MS INT64_C(1790000000000)

static const struct freshness_key keys[2] = {
    {.kid = "00000000000000a0", .key = {0xa0}},
    {.kid = "00000000000000b0", .key = {0xb0}},
};
static const uint8_t exporter[BINDING_EXPORTER_SIZE] = {7};

static struct challenge
challenge_of(bool exporter_required, int64_t issued_ms)
{
    return (struct challenge){
        .issued_ms = issued_ms,
        .random = {9},
        .selection = {.n_banks = 1, .banks = {{ALG_SHA256, 0xff}}},
        .exporter_required = exporter_required,
    };
}

static void
issue(const struct freshness_key *key, bool exporter_required, int64_t issued_ms,
      struct buffer *token)
{
    struct challenge c = challenge_of(exporter_required, issued_ms);
    buffer_reset(token);
    assert_status(STATUS_OK, freshness_issue(key, DEVICE, &c, token));
}

static struct freshness_context
context_of(size_t exporter_size)
{
    return (struct freshness_context){.device_id = DEVICE,
                                      .origin = ORIGIN,
                                      .exporter = bytes_of(exporter, exporter_size),
                                      .now_ms = NOW_MS};
}

/* The one reason for which token is refused; REASON_NONE when it is accepted. */
static enum reason_code
verdict(struct bytes token, const struct freshness_context *context)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    assert_status(STATUS_OK, freshness_verify(keys, 2, token, context, &f, &reasons));
    assert_int_equal(f ? 0 : 1, reasons.n_items);
    return f ? REASON_NONE : reasons.items[0].code;
}

static void
accepts_what_it_issued(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    issue(&keys[0], true, NOW_MS - 1000, &token);
    struct freshness_context context = context_of(sizeof exporter);
    assert_status(STATUS_OK,
                  freshness_verify(keys, 2, buffer_bytes(&token), &context, &f, &reasons));
    assert_non_null(f);
    assert_int_equal(FRESHNESS_CHALLENGE, freshness_kind(f));
    assert_string_equal(keys[0].kid, freshness_challenge(f)->kid);
    assert_true(freshness_time_ms(f) == NOW_MS - 1000);
    assert_int_equal(0xff, freshness_selection(f)->banks[0].mask);
    assert_true(freshness_exporter_bound(f));
    assert_int_equal(0, reasons.n_items);
}

static void
accepts_a_token_of_either_key(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct freshness_context context = context_of(0);
    issue(&keys[1], false, NOW_MS, &token);
    assert_int_equal(REASON_NONE, verdict(buffer_bytes(&token), &context));
}

static void
refuses_a_key_that_it_does_not_have(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct freshness_context context = context_of(0);
    struct freshness_key stranger = keys[0];
    stranger.kid[0] = '1';
    issue(&stranger, false, NOW_MS, &token);
    assert_int_equal(REASON_CHALLENGE_FOREIGN, verdict(buffer_bytes(&token), &context));
    stranger = keys[0];
    stranger.key[31] = 1;
    issue(&stranger, false, NOW_MS, &token);
    assert_int_equal(REASON_CHALLENGE_FOREIGN, verdict(buffer_bytes(&token), &context));
}

static void
refuses_a_token_for_another_device(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct freshness_context context = context_of(0);
    issue(&keys[0], false, NOW_MS, &token);
    context.device_id = OTHER;
    assert_int_equal(REASON_CHALLENGE_FOREIGN, verdict(buffer_bytes(&token), &context));
    context.device_id = "";
    assert_int_equal(REASON_CHALLENGE_FOREIGN, verdict(buffer_bytes(&token), &context));
    context.device_id = DEVICE "00";
    assert_int_equal(REASON_CHALLENGE_FOREIGN, verdict(buffer_bytes(&token), &context));
    char endless[4096];
    memset(endless, '0', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    context.device_id = endless;
    assert_int_equal(REASON_CHALLENGE_FOREIGN, verdict(buffer_bytes(&token), &context));
}

static void
refuses_a_token_with_any_bit_changed(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct freshness_context context = context_of(sizeof exporter);
    issue(&keys[0], true, NOW_MS, &token);
    for (size_t i = 0; i < 8 * token.size; i++) {
        token.data[i / 8] ^= (uint8_t)(1u << i % 8);
        enum reason_code code = verdict(buffer_bytes(&token), &context);
        token.data[i / 8] ^= (uint8_t)(1u << i % 8);
        if (i / 8 >= token.size - CHALLENGE_TAG_SIZE)
            assert_int_equal(REASON_CHALLENGE_FOREIGN, code);
        else
            assert_true(code == REASON_CHALLENGE_MALFORMED || code == REASON_CHALLENGE_FOREIGN);
    }
    assert_int_equal(REASON_NONE, verdict(buffer_bytes(&token), &context));
}

static void
refuses_a_token_that_is_no_challenge(void **state)
{
    (void)state;
    struct freshness_context context = context_of(0);
    uint8_t zeros[LIMIT_CHALLENGE + 1] = {0};
    assert_int_equal(REASON_CHALLENGE_MALFORMED, verdict((struct bytes){0}, &context));
    assert_int_equal(REASON_CHALLENGE_MALFORMED, verdict(bytes_of(zeros, 16), &context));
    assert_int_equal(REASON_CHALLENGE_MALFORMED, verdict(bytes_of(zeros, sizeof zeros), &context));
}

static void
refuses_a_token_past_its_life(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    static const struct {
        int64_t issued_ms;
        enum reason_code code;
    } rows[] = {
        {NOW_MS - 120000, REASON_NONE},
        {NOW_MS - 120001, REASON_CHALLENGE_EXPIRED},
        {0, REASON_CHALLENGE_EXPIRED},
        {NOW_MS + 5000, REASON_NONE},
        {NOW_MS + 5001, REASON_CHALLENGE_EXPIRED},
        {INT64_MAX, REASON_CHALLENGE_EXPIRED},
    };
    struct freshness_context context = context_of(0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        issue(&keys[0], false, rows[i].issued_ms, &token);
        assert_int_equal(rows[i].code, verdict(buffer_bytes(&token), &context));
    }
    context.now_ms = INT64_MIN;
    assert_int_equal(REASON_CHALLENGE_EXPIRED, verdict(buffer_bytes(&token), &context));
}

static void
refuses_a_required_exporter_that_is_not_there(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct freshness_context context = context_of(0);
    issue(&keys[0], true, NOW_MS, &token);
    assert_int_equal(REASON_EVIDENCE_EXPORTER, verdict(buffer_bytes(&token), &context));
    context.exporter.size = sizeof exporter - 1;
    assert_int_equal(REASON_EVIDENCE_EXPORTER, verdict(buffer_bytes(&token), &context));
}

/* The extraData over f, for an AK Name and manifest that stay the same. */
static void
extra_data(const struct freshness *f, struct buffer *out)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    assert_status(STATUS_OK,
                  freshness_extra_data(h, f, bytes_of_text("name"), bytes_of("\xa0", 1), out));
}

/* As binding.h has it for the same inputs. */
static void
expected_extra_data(struct bytes token, struct bytes bound_exporter,
                    uint8_t out[static DIGEST_SHA256_SIZE])
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    struct binding b = {.challenge = token,
                        .device_id = DEVICE,
                        .ak_name = bytes_of_text("name"),
                        .origin = ORIGIN,
                        .exporter = bound_exporter,
                        .manifest = bytes_of("\xa0", 1)};
    assert_status(STATUS_OK, binding_extra_data(h, &b, out));
}

static void
binds_the_exporter_only_when_it_is_asked_for(void **state)
{
    (void)state;
    for (int required = 0; required <= 1; required++) {
        CLEANUP(buffer_free) struct buffer token = {0};
        CLEANUP(buffer_free) struct buffer out = {0};
        CLEANUP(reasons_free) struct reasons reasons = {0};
        CLEANUP(freshness_freep) struct freshness *f = NULL;
        uint8_t expected[DIGEST_SHA256_SIZE];
        issue(&keys[0], required, NOW_MS, &token);
        expected_extra_data(buffer_bytes(&token),
                            bytes_of(exporter, required ? sizeof exporter : 0), expected);
        struct freshness_context context = context_of(sizeof exporter);
        assert_status(STATUS_OK,
                      freshness_verify(keys, 2, buffer_bytes(&token), &context, &f, &reasons));
        memset(token.data, 0, token.size); /* it holds a copy */
        assert_int_equal(required, freshness_exporter_bound(f));
        extra_data(f, &out);
        assert_int_equal(sizeof expected, out.size);
        assert_memory_equal(expected, out.data, sizeof expected);
    }
}

static void
takes_given_data_as_it_stands(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    const struct selection selection = {.n_banks = 1, .banks = {{ALG_SHA1, 1u << 16}}};
    assert_status(STATUS_OK, freshness_given(bytes_of_text("given"), &selection, &f));
    assert_int_equal(FRESHNESS_GIVEN, freshness_kind(f));
    assert_null(freshness_challenge(f));
    assert_int_equal(1u << 16, freshness_selection(f)->banks[0].mask);
    assert_false(freshness_exporter_bound(f));
    assert_true(freshness_time_ms(f) == -1);
    extra_data(f, &out);
    assert_true(bytes_equal(bytes_of_text("given"), buffer_bytes(&out)));
}

static void
takes_empty_given_data_and_refuses_too_much(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    const struct selection selection = {0};
    uint8_t zeros[LIMIT_CHALLENGE + 1] = {0};
    assert_status(STATUS_LIMIT, freshness_given(bytes_of(zeros, sizeof zeros), &selection, &f));
    assert_null(f);
    assert_status(STATUS_OK, freshness_given((struct bytes){0}, &selection, &f));
    extra_data(f, &out);
    assert_int_equal(0, out.size);
}

static void
issues_nothing_for_what_is_no_device_or_no_challenge(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct challenge c = challenge_of(false, NOW_MS);
    assert_status(STATUS_INVALID, freshness_issue(&keys[0], "device", &c, &token));
    c.selection.n_banks = 0;
    assert_status(STATUS_INVALID, freshness_issue(&keys[0], DEVICE, &c, &token));
    assert_int_equal(0, token.size);
}

static void
appends_the_token_to_what_is_there(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    struct challenge c = challenge_of(false, NOW_MS);
    buffer_append_text(&token, "before");
    assert_status(STATUS_OK, freshness_issue(&keys[0], DEVICE, &c, &token));
    struct freshness_context context = context_of(0);
    assert_int_equal(REASON_NONE,
                     verdict(bytes_slice(buffer_bytes(&token), 6, token.size - 6), &context));
}

/* What was kept of a round gives the same freshness again, or none. */
static void
restores_a_kept_challenge_under_its_own_channel_only(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer token = {0};
    issue(&keys[0], true, NOW_MS, &token);
    struct freshness_context good = context_of(sizeof exporter);
    struct freshness_context bad[] = {good, good, good};
    bad[0].exporter.size--;
    bad[1].origin = NULL;
    bad[2].device_id = "nobody";
    for (size_t i = 0; i < 3; i++) {
        CLEANUP(freshness_freep) struct freshness *f = NULL;
        assert_status(STATUS_MALFORMED, freshness_restore(buffer_bytes(&token), &bad[i], &f));
        assert_null(f);
    }
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    assert_status(STATUS_OK, freshness_restore(buffer_bytes(&token), &good, &f));
    assert_int_equal(NOW_MS, freshness_time_ms(f));
    CLEANUP(freshness_freep) struct freshness *none = NULL;
    assert_status(STATUS_MALFORMED,
                  freshness_restore(bytes_of(token.data, token.size / 2), &good, &none));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_it_issued),
        cmocka_unit_test(accepts_a_token_of_either_key),
        cmocka_unit_test(refuses_a_key_that_it_does_not_have),
        cmocka_unit_test(refuses_a_token_for_another_device),
        cmocka_unit_test(refuses_a_token_with_any_bit_changed),
        cmocka_unit_test(refuses_a_token_that_is_no_challenge),
        cmocka_unit_test(refuses_a_token_past_its_life),
        cmocka_unit_test(refuses_a_required_exporter_that_is_not_there),
        cmocka_unit_test(binds_the_exporter_only_when_it_is_asked_for),
        cmocka_unit_test(takes_given_data_as_it_stands),
        cmocka_unit_test(takes_empty_given_data_and_refuses_too_much),
        cmocka_unit_test(issues_nothing_for_what_is_no_device_or_no_challenge),
        cmocka_unit_test(appends_the_token_to_what_is_there),
        cmocka_unit_test(restores_a_kept_challenge_under_its_own_channel_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
