/* SPDX-License-Identifier: Apache-2.0 */
/* Without memory or hashing there is no document, no snapshot, no verdict: never a better one. */
#include "appraise/profile.h"
#include "base/cleanup.h"
#include "tests/fault/fault.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

static struct appraise_case *c;

static int
start(void **state)
{
    (void)state;
    c = appraise_case_ready();
    appraise_case_run(c);
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

/* The snapshot makes its own hasher, where an optional algorithm may fail unnoticed: not tried
 * here. */
static enum status
parse(void *context)
{
    (void)context;
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(document_freep) struct document *d = NULL;
        enum status s = document_parse(c->h, buffer_bytes(&c->documents[i]), &d, NULL);
        assert_int_equal(s == STATUS_OK, d != NULL);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static void
documents_fail_with_what_they_need(void **state)
{
    (void)state;
    assert_true(fault_each(parse, NULL) >= 10);
}

static enum status
judge(void *context)
{
    enum verdict expected = *(const enum verdict *)context;
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    const struct appraisal_input input = {.documents = c->snapshot,
                                          .quote = c->quote,
                                          .replay = c->replay,
                                          .subject = &c->subject,
                                          .found = &c->found,
                                          .now_s = c->now_s};
    enum status s = appraise(c->h, &input, &a);
    assert_int_equal(s == STATUS_OK, a != NULL);
    if (a)
        assert_int_equal(expected, appraisal_verdict(a));
    return s;
}

static void
a_good_round_fails_with_what_it_needs(void **state)
{
    (void)state;
    enum verdict expected = VERDICT_TRUSTED;
    assert_true(fault_each(judge, &expected) >= 5);
}

static void
a_bad_round_never_loses_its_reasons(void **state)
{
    (void)state;
    enum verdict expected = VERDICT_UNTRUSTED;
    c->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "evil"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    assert_true(fault_each(judge, &expected) >= 10);
}

static enum status
make_profile(void *context)
{
    (void)context;
    struct subject_pcrs pcrs = {.alg = ALG_SHA256, .present = 0xFFFF};
    memcpy(pcrs.pcr, c->log.pcr[0], sizeof pcrs.pcr);
    const struct profile_source source = {
        .boot_log = buffer_bytes(&c->log.log), .ima = buffer_bytes(&c->log.ima), .pcrs = &pcrs};
    const struct profile_options options = {.id = "boot", .version = 1, .files = true};
    CLEANUP(buffer_free) struct buffer out = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    enum status s = profile_from_log(c->h, &source, &options, &reasons, &out, NULL);
    assert_int_equal(0, reasons.n_items);
    return s;
}

static void
a_profile_fails_with_what_it_needs(void **state)
{
    (void)state;
    assert_true(fault_each(make_profile, NULL) >= 20);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, start, finish)
    const struct CMUnitTest tests[] = {
        CASE(documents_fail_with_what_they_need),
        CASE(a_good_round_fails_with_what_it_needs),
        CASE(a_bad_round_never_loses_its_reasons),
        CASE(a_profile_fails_with_what_it_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
