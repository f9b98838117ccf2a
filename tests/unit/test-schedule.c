/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/schedule.h"
#include "tests/lib/test.h"

static const struct settings settings = {
    .interval_s = 300,
    .jitter_s = 30,
    .retry_min_s = 10,
    .retry_max_s = 900,
};

static int64_t
wait_after(enum outcome_kind kind, uint64_t n_failures, uint32_t random)
{
    struct outcome o = {.kind = kind};
    return schedule_wait_s(&settings, &o, n_failures, random);
}

static void
comes_back_after_interval_and_jitter(void **state)
{
    (void)state;
    assert_int_equal(300, wait_after(OUTCOME_TRUSTED, 0, 0));
    assert_int_equal(330, wait_after(OUTCOME_TRUSTED, 0, UINT32_MAX));
    assert_int_equal(315, wait_after(OUTCOME_NOT_TRUSTED, 0, UINT32_MAX / 2));
}

static void
doubles_the_wait_up_to_the_cap(void **state)
{
    (void)state;
    assert_int_equal(10, wait_after(OUTCOME_UNAVAILABLE, 1, 0));
    assert_int_equal(20, wait_after(OUTCOME_UNAVAILABLE, 2, 0));
    assert_int_equal(40, wait_after(OUTCOME_UNAVAILABLE, 3, 0));
    assert_int_equal(900, wait_after(OUTCOME_UNAVAILABLE, 8, 0));
    assert_int_equal(900, wait_after(OUTCOME_UNAVAILABLE, UINT64_MAX, 0));
}

static void
spreads_retries_over_half_their_wait(void **state)
{
    (void)state;
    assert_int_equal(451, wait_after(OUTCOME_UNAVAILABLE, 100, UINT32_MAX));
    assert_int_equal(6, wait_after(OUTCOME_REFUSED, 1, UINT32_MAX));
}

static void
never_comes_before_retry_after(void **state)
{
    (void)state;
    struct outcome o = {.kind = OUTCOME_LATER, .retry_after_s = 120};
    assert_int_equal(120, schedule_wait_s(&settings, &o, 1, 0));
    assert_int_equal(150, schedule_wait_s(&settings, &o, 1, UINT32_MAX));
    assert_int_equal(640, schedule_wait_s(&settings, &o, 7, 0));
}

static void
does_not_sleep_for_years_when_told_to(void **state)
{
    (void)state;
    struct outcome o = {.kind = OUTCOME_LATER, .retry_after_s = INT64_MAX};
    assert_int_equal(86400, schedule_wait_s(&settings, &o, 1, 0));
}

static void
who_waits_for_a_better_verdict_comes_back_as_after_a_failure(void **state)
{
    (void)state;
    const struct outcome o = {.kind = OUTCOME_NOT_TRUSTED};
    const struct outcome away = {.kind = OUTCOME_UNAVAILABLE};
    for (unsigned n = 1; n < 9; n++)
        assert_int_equal(schedule_wait_s(&settings, &away, n, 7),
                         schedule_retry_s(&settings, &o, n, 7));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_after_interval_and_jitter),
        cmocka_unit_test(doubles_the_wait_up_to_the_cap),
        cmocka_unit_test(spreads_retries_over_half_their_wait),
        cmocka_unit_test(never_comes_before_retry_after),
        cmocka_unit_test(does_not_sleep_for_years_when_told_to),
        cmocka_unit_test(who_waits_for_a_better_verdict_comes_back_as_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
