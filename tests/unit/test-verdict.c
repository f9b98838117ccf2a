/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/subject.h"
#include "appraise/verdict.h"
#include "base/text.h"
#include "tests/lib/test.h"

static void
is_none_at_zero(void **state)
{
    (void)state;
    assert_int_equal(0, VERDICT_NONE);
    struct vector empty = {0};
    assert_int_equal(VERDICT_NONE, vector_verdict(&empty));
}

static void
names_verdicts_as_the_result_does(void **state)
{
    (void)state;
    static const char *const names[] = {"none", "untrusted", "warning", "trusted"};
    static const char *const ear[] = {"none", "contraindicated", "warning", "affirming"};
    for (int v = VERDICT_NONE; v <= VERDICT_TRUSTED; v++) {
        enum verdict parsed = VERDICT_NONE;
        assert_string_equal(names[v], verdict_name((enum verdict)v));
        assert_string_equal(ear[v], verdict_ear_status((enum verdict)v));
        assert_true(verdict_parse(names[v], &parsed));
        assert_int_equal(v, parsed);
    }
    enum verdict kept = VERDICT_WARNING;
    assert_false(verdict_parse("good", &kept));
    assert_int_equal(VERDICT_WARNING, kept);
}

static void
takes_an_unknown_verdict_for_none(void **state)
{
    (void)state;
    assert_string_equal("none", verdict_name((enum verdict)77));
    assert_string_equal("none", verdict_ear_status((enum verdict)77));
    assert_int_equal(VERDICT_UNTRUSTED, verdict_worse((enum verdict)77, VERDICT_UNTRUSTED));
}

static void
gives_the_worse_of_two(void **state)
{
    (void)state;
    static const enum verdict order[] = {VERDICT_UNTRUSTED, VERDICT_NONE, VERDICT_WARNING,
                                         VERDICT_TRUSTED};
    for (size_t a = 0; a < 4; a++) {
        for (size_t b = a; b < 4; b++) {
            assert_int_equal(order[a], verdict_worse(order[a], order[b]));
            assert_int_equal(order[a], verdict_worse(order[b], order[a]));
        }
    }
}

static void
worsens_a_claim_in_any_order_of_calls(void **state)
{
    (void)state;
    static const int8_t rising[] = {2, 3, 31, 32, 36, 1, 96, 97, 99};
    for (size_t i = 0; i < sizeof rising; i++) {
        for (size_t j = 0; j < sizeof rising; j++) {
            struct vector v = {0};
            vector_worsen(&v, VECTOR_HARDWARE, rising[i]);
            vector_worsen(&v, VECTOR_HARDWARE, rising[j]);
            assert_int_equal(rising[i > j ? i : j], v.claim[VECTOR_HARDWARE]);
            vector_worsen(&v, VECTOR_HARDWARE, 0);
            assert_int_equal(rising[i > j ? i : j], v.claim[VECTOR_HARDWARE]);
        }
    }
}

static void
knows_the_tiers_of_ar4si(void **state)
{
    (void)state;
    static const struct {
        int8_t value;
        enum verdict verdict;
    } rows[] = {{-1, VERDICT_NONE},       {1, VERDICT_NONE},        {2, VERDICT_TRUSTED},
                {31, VERDICT_TRUSTED},    {-2, VERDICT_TRUSTED},    {-32, VERDICT_TRUSTED},
                {32, VERDICT_WARNING},    {95, VERDICT_WARNING},    {-33, VERDICT_WARNING},
                {-96, VERDICT_WARNING},   {96, VERDICT_UNTRUSTED},  {127, VERDICT_UNTRUSTED},
                {-97, VERDICT_UNTRUSTED}, {-128, VERDICT_UNTRUSTED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct vector v = {0};
        vector_worsen(&v, VECTOR_CONFIGURATION, rows[i].value);
        assert_int_equal(rows[i].verdict, vector_verdict(&v));
        vector_worsen(&v, VECTOR_EXECUTABLES, 2);
        assert_int_equal(rows[i].verdict, vector_verdict(&v));
    }
}

static void
names_claims_as_the_json_form_does(void **state)
{
    (void)state;
    assert_string_equal("instance-identity", vector_claim_name(VECTOR_INSTANCE_IDENTITY));
    assert_string_equal("sourced-data", vector_claim_name(VECTOR_SOURCED_DATA));
    assert_string_equal("unknown", vector_claim_name(VECTOR_COUNT));
}

static void
reads_the_words_of_a_subject_back(void **state)
{
    (void)state;
    for (int g = GENUINE_UNVERIFIED; g <= GENUINE_VERIFIED; g++) {
        enum genuine parsed = GENUINE_UNVERIFIED;
        assert_true(genuine_parse(genuine_name((enum genuine)g), &parsed));
        assert_int_equal(g, parsed);
    }
    for (int m = MEMBER_BY_NONE; m <= MEMBER_BY_LIST; m++) {
        enum member_by parsed = MEMBER_BY_NONE;
        assert_true(member_by_parse(member_by_name((enum member_by)m), &parsed));
        assert_int_equal(m, parsed);
    }
    for (int s = LIFE_CYCLE_EXPECTED; s <= LIFE_CYCLE_DECOMMISSIONED; s++) {
        enum life_cycle parsed = LIFE_CYCLE_EXPECTED;
        assert_true(life_cycle_parse(life_cycle_name((enum life_cycle)s), &parsed));
        assert_int_equal(s, parsed);
    }
    enum genuine g;
    enum member_by m;
    enum life_cycle s;
    assert_false(genuine_parse("certain", &g));
    assert_false(member_by_parse(NULL, &m));
    assert_false(life_cycle_parse("", &s));
    assert_string_equal("unknown", life_cycle_name((enum life_cycle)99));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_none_at_zero),
        cmocka_unit_test(names_verdicts_as_the_result_does),
        cmocka_unit_test(takes_an_unknown_verdict_for_none),
        cmocka_unit_test(gives_the_worse_of_two),
        cmocka_unit_test(worsens_a_claim_in_any_order_of_calls),
        cmocka_unit_test(knows_the_tiers_of_ar4si),
        cmocka_unit_test(names_claims_as_the_json_form_does),
        cmocka_unit_test(reads_the_words_of_a_subject_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
