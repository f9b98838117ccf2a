/* SPDX-License-Identifier: Apache-2.0 */
#include "appraise/generations.h"
#include "tests/lib/test.h"

#define FROM  1000
#define AFTER 2000

static const struct label tokyo = {"site", "tokyo"};

static enum generation_standing
stand(const struct generation *g, int64_t now_s)
{
    struct subject subject = {.device_id = "d", .labels = &tokyo, .n_labels = 1};
    return generation_stand(g, &subject, now_s);
}

static void
takes_a_generation_that_nobody_names_as_active(void **state)
{
    (void)state;
    assert_int_equal(GENERATION_STANDING_ACTIVE, stand(NULL, 0));
    struct generation_place none = {0};
    assert_null(generation_at(&none));
}

static void
opens_a_candidate_to_its_rollout_group_only(void **state)
{
    (void)state;
    struct generation g = {.status = GENERATION_CANDIDATE};
    assert_int_equal(GENERATION_STANDING_CLOSED, stand(&g, 0));
    char site[] = "site";
    char tokyo_value[] = "tokyo";
    char osaka_value[] = "osaka";
    char *values[] = {tokyo_value};
    struct selector_label label = {.key = site, .values = {values, 1}};
    g.rollout.labels = (struct shape_list){&label, 1};
    assert_int_equal(GENERATION_STANDING_CANDIDATE, stand(&g, 0));
    values[0] = osaka_value;
    assert_int_equal(GENERATION_STANDING_CLOSED, stand(&g, 0));
    g.rollout = (struct selector){.all = true};
    assert_int_equal(GENERATION_STANDING_CANDIDATE, stand(&g, 0));
}

static void
is_nobodys_before_it_is_valid(void **state)
{
    (void)state;
    struct generation g = {
        .rollout = {.all = true}, .valid_from_given = true, .valid_from_s = FROM};
    static const enum generation_status open[] = {GENERATION_ACTIVE, GENERATION_CANDIDATE,
                                                  GENERATION_RETIRED};
    static const enum generation_standing then[] = {
        GENERATION_STANDING_ACTIVE, GENERATION_STANDING_CANDIDATE, GENERATION_STANDING_RETIRED};
    for (size_t i = 0; i < 3; i++) {
        g.status = open[i];
        assert_int_equal(GENERATION_STANDING_CLOSED, stand(&g, FROM - 1));
        assert_int_equal(then[i], stand(&g, FROM));
    }
    g.status = GENERATION_REVOKED;
    assert_int_equal(GENERATION_STANDING_REVOKED, stand(&g, FROM - 1));
}

static void
retires_at_its_date_and_warns_before_it(void **state)
{
    (void)state;
    struct generation g = {.retire_after_given = true, .retire_after_s = AFTER};
    assert_int_equal(GENERATION_STANDING_ACTIVE, stand(&g, AFTER - 1));
    assert_int_equal(GENERATION_STANDING_RETIRED, stand(&g, AFTER));
    g.status = GENERATION_RETIRED;
    assert_int_equal(GENERATION_STANDING_RETIRING, stand(&g, AFTER - 1));
    assert_int_equal(GENERATION_STANDING_RETIRED, stand(&g, AFTER));
    g.retire_after_given = false;
    assert_int_equal(GENERATION_STANDING_RETIRED, stand(&g, 0));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_generation_that_nobody_names_as_active),
        cmocka_unit_test(opens_a_candidate_to_its_rollout_group_only),
        cmocka_unit_test(is_nobodys_before_it_is_valid),
        cmocka_unit_test(retires_at_its_date_and_warns_before_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
