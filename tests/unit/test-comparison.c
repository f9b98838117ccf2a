/* SPDX-License-Identifier: Apache-2.0 */
/* Two appraisals of one round, counted and grouped; and two comparisons made one. [appraisal 4] */
#include "appraise/comparison.h"
#include "base/cleanup.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

/* A good round, and the same one with a kernel that is not approved. */
struct pair {
    struct appraise_case *good, *bad;
};

static int
set_up(void **state)
{
    static struct pair p;
    p.good = appraise_case_ready();
    p.bad = appraise_case_ready();
    appraise_case_run(p.good);
    p.bad->changes[0] = (struct appraise_case_change){"kernel", APPRAISE_HASHED, "another"};
    appraise_case_reboot(p.bad);
    appraise_case_run(p.bad);
    *state = &p;
    return 0;
}

static int
tear_down(void **state)
{
    struct pair *p = *state;
    appraise_case_free(p->good);
    appraise_case_free(p->bad);
    return 0;
}

static const char *
text_of(struct comparison *c, struct buffer *out)
{
    buffer_reset(out);
    struct emit e = emit_of(out);
    emit_object(&e);
    comparison_emit(c, &e);
    emit_end_object(&e);
    assert_status(STATUS_OK, emit_check(&e));
    return buffer_text(out);
}

static void
counts_a_round_that_stays_and_names_nothing(void **state)
{
    struct pair *p = *state;
    CLEANUP(comparison_free) struct comparison c = {0};
    assert_status(STATUS_OK, comparison_add(&c, "d1", p->good->appraisal, p->good->appraisal));
    assert_int_equal(1, c.n_devices);
    assert_int_equal(0, c.n_changed);
    assert_int_equal(0, c.n_groups);
    assert_int_equal(1, c.n_verdicts[VERDICT_TRUSTED][VERDICT_TRUSTED]);
}

static void
groups_devices_by_their_new_cause(void **state)
{
    struct pair *p = *state;
    CLEANUP(comparison_free) struct comparison c = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    static const char *const devices[] = {"d1", "d2", "d3", "d4", "d5", "d6", "d7"};
    for (size_t i = 0; i < 7; i++)
        assert_status(STATUS_OK,
                      comparison_add(&c, devices[i], p->good->appraisal, p->bad->appraisal));
    assert_int_equal(7, c.n_changed);
    assert_int_equal(1, c.n_groups);
    const struct comparison_group *g = &c.groups[0];
    assert_int_equal(REASON_BOOT_UNKNOWN_IMAGE, g->cause.code);
    assert_string_equal("owner", g->perspective);
    assert_int_equal(VERDICT_TRUSTED, g->before);
    assert_int_equal(VERDICT_UNTRUSTED, g->after);
    assert_false(g->gone);
    assert_int_equal(7, g->n_devices);
    assert_int_equal(COMPARISON_EXAMPLES, g->n_examples);
    assert_string_equal("d5", g->examples[4].device);
    assert_int_equal(64, strlen(g->examples[0].found));
    assert_non_null(strstr(text_of(&c, &text), "\"devices\":7,\"changed\":7"));
}

static void
names_what_stands_no_more_for_a_better_verdict(void **state)
{
    struct pair *p = *state;
    CLEANUP(comparison_free) struct comparison c = {0};
    assert_status(STATUS_OK, comparison_add(&c, "d1", p->bad->appraisal, p->good->appraisal));
    assert_int_equal(1, c.n_groups);
    assert_true(c.groups[0].gone);
    assert_int_equal(REASON_BOOT_UNKNOWN_IMAGE, c.groups[0].cause.code);
}

static void
merges_to_what_one_thread_would_have_found(void **state)
{
    struct pair *p = *state;
    CLEANUP(comparison_free) struct comparison one = {0};
    CLEANUP(comparison_free) struct comparison left = {0};
    CLEANUP(comparison_free) struct comparison right = {0};
    CLEANUP(buffer_free) struct buffer expected = {0};
    CLEANUP(buffer_free) struct buffer found = {0};
    static const char *const devices[] = {"d1", "d2", "d3", "d4"};
    for (size_t i = 0; i < 4; i++) {
        struct comparison *part = i < 2 ? &left : &right;
        const struct appraisal *after = i == 1 ? p->good->appraisal : p->bad->appraisal;
        assert_status(STATUS_OK, comparison_add(&one, devices[i], p->good->appraisal, after));
        assert_status(STATUS_OK, comparison_add(part, devices[i], p->good->appraisal, after));
    }
    assert_status(STATUS_OK, comparison_add(&one, "d5", p->bad->appraisal, p->good->appraisal));
    assert_status(STATUS_OK, comparison_add(&right, "d5", p->bad->appraisal, p->good->appraisal));
    assert_status(STATUS_OK, comparison_merge(&left, &right));
    assert_string_equal(text_of(&one, &expected), text_of(&left, &found));
    assert_int_equal(5, left.n_devices);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_a_round_that_stays_and_names_nothing),
        cmocka_unit_test(groups_devices_by_their_new_cause),
        cmocka_unit_test(names_what_stands_no_more_for_a_better_verdict),
        cmocka_unit_test(merges_to_what_one_thread_would_have_found),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
