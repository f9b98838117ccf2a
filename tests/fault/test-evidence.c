/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "evidence/binding.h"
#include "evidence/evidence.h"
#include "evidence/freshness.h"
#include "tests/fault/fault.h"
#include "tests/lib/test.h"

#define DEVICE "000102030405060708090a0b0c0d0e0f"
#define NOW_MS INT64_C(1790000000000)

static const struct freshness_key key = {.kid = "00000000000000a0", .key = {0xa0}};

/* Made before anything fails: an algorithm that cannot be fetched may be an optional one. */
static struct hasher *hasher;

static int
open_hasher(void **state)
{
    (void)state;
    return hasher_new(&hasher) == STATUS_OK ? 0 : -1;
}

static int
close_hasher(void **state)
{
    (void)state;
    hasher_free(hasher);
    return 0;
}

static struct challenge
challenge_of(void)
{
    return (struct challenge){
        .issued_ms = NOW_MS,
        .selection = {.n_banks = 1, .banks = {{ALG_SHA256, 0xff}}},
    };
}

static enum status
bind(const struct freshness *f)
{
    CLEANUP(buffer_free) struct buffer out = {0};
    enum status s =
        freshness_extra_data(hasher, f, bytes_of_text("name"), bytes_of("\xa0", 1), &out);
    assert_int_equal(s == STATUS_OK ? DIGEST_SHA256_SIZE : 0, out.size);
    return s;
}

static enum status
issue_verify_and_bind(void *context)
{
    (void)context;
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    struct challenge c = challenge_of();
    enum status s = freshness_issue(&key, DEVICE, &c, &token);
    if (s != STATUS_OK)
        return s;
    const struct freshness_context from = {
        .device_id = DEVICE, .origin = "https://verifier.example", .now_ms = NOW_MS};
    s = freshness_verify(&key, 1, buffer_bytes(&token), &from, &f, &reasons);
    assert_int_equal(0, reasons.n_items);
    assert_int_equal(s == STATUS_OK, f != NULL);
    return s == STATUS_OK ? bind(f) : s;
}

static void
freshness_fails_with_what_it_needs(void **state)
{
    (void)state;
    assert_true(fault_each(issue_verify_and_bind, NULL) >= 8);
}

static enum status
hold_given_data(void *context)
{
    (void)context;
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    const struct selection selection = {0};
    enum status s = freshness_given(bytes_of_text("given"), &selection, &f);
    assert_int_equal(s == STATUS_OK, f != NULL);
    return s;
}

static void
given_freshness_reports_that_memory_was_short(void **state)
{
    (void)state;
    assert_int_equal(1, fault_each(hold_given_data, NULL));
}

static enum status
write_and_read_frames(void *context)
{
    (void)context;
    CLEANUP(buffer_free) struct buffer cbor = {0};
    CLEANUP(buffer_free) struct buffer json = {0};
    CLEANUP(buffer_free) struct buffer owner = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e = {0};
    for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
        e.present[m] = true;
        e.member[m] = bytes_of_text("content");
    }
    enum status s = evidence_encode(&e, &cbor);
    if (s == STATUS_OK)
        s = evidence_parse(buffer_bytes(&cbor), &e, &reasons);
    if (s == STATUS_OK)
        s = evidence_encode_json(&e, &json);
    if (s == STATUS_OK)
        s = evidence_parse_json(buffer_bytes(&json), &owner, &e, &reasons);
    assert_int_equal(0, reasons.n_items);
    return s;
}

static void
frames_report_that_memory_was_short(void **state)
{
    (void)state;
    assert_true(fault_each(write_and_read_frames, NULL) >= 8);
}

static enum status
write_a_manifest(void *context)
{
    (void)context;
    CLEANUP(buffer_free) struct buffer out = {0};
    const struct manifest m = {.entries = {[MANIFEST_CLAIMS] = {.present = true}}};
    return manifest_encode(&m, &out);
}

static void
manifest_reports_that_memory_was_short(void **state)
{
    (void)state;
    assert_true(fault_each(write_a_manifest, NULL) >= 1);
}

static enum status
gather_reasons(void *context)
{
    (void)context;
    CLEANUP(reasons_free) struct reasons list = {0};
    CLEANUP(reasons_free) struct reasons all = {0};
    for (size_t i = 0; i < 20; i++)
        reason_set_what(reasons_add(&list, REASON_LOG_ORDER), "always there to be filled in");
    reasons_append(&all, &list);
    return all.failed ? STATUS_NOMEM : STATUS_OK;
}

static void
reasons_remember_that_memory_was_short(void **state)
{
    (void)state;
    assert_true(fault_each(gather_reasons, NULL) >= 4);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(freshness_fails_with_what_it_needs),
        cmocka_unit_test(given_freshness_reports_that_memory_was_short),
        cmocka_unit_test(frames_report_that_memory_was_short),
        cmocka_unit_test(manifest_reports_that_memory_was_short),
        cmocka_unit_test(reasons_remember_that_memory_was_short),
    };
    return cmocka_run_group_tests(tests, open_hasher, close_hasher);
}
