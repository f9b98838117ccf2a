/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"
#include "tests/mutation/mutation.h"

#include <string.h>

static const char *const constant_names[REASON_COUNT] = {
#define NAME(constant, code, kind, sentence) [constant] = #constant,
    REASON_LIST(NAME)
#undef NAME
};

static const struct mutation *
find_row(const struct mutation *rows, size_t n, enum reason_code code, size_t *n_found)
{
    const struct mutation *found = NULL;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].code != code)
            continue;
        found = &rows[i];
        ++*n_found;
    }
    return found;
}

static void
every_code_has_one_row(void **state)
{
    (void)state;
    assert_int_equal(REASON_COUNT - 1,
                     mutation_n_logs + mutation_n_policy + mutation_n_rules + mutation_n_elsewhere);
    for (int code = REASON_NONE + 1; code < REASON_COUNT; code++) {
        size_t n = 0;
        (void)find_row(mutation_logs, mutation_n_logs, (enum reason_code)code, &n);
        (void)find_row(mutation_policy, mutation_n_policy, (enum reason_code)code, &n);
        (void)find_row(mutation_rules, mutation_n_rules, (enum reason_code)code, &n);
        (void)find_row(mutation_elsewhere, mutation_n_elsewhere, (enum reason_code)code, &n);
        if (n != 1)
            fail_msg("%s has %zu rows", reason_code_name((enum reason_code)code), n);
    }
}

static void
try_row(const struct mutation *row)
{
    struct appraise_case *c = appraise_case_ready();
    row->change(c);
    appraise_case_run(c);
    print_message("%s\n", reason_code_name(row->code));
    if (reason_code_kind(row->code) == REASON_KIND_FACT) {
        appraise_case_assert_trusted(c);
        assert_non_null(appraise_case_fact(c, row->code));
    } else {
        (void)appraise_case_assert_only(c, row->code, row->verdict);
        const struct vector *v = &appraise_case_perspective(c)->vector;
        enum verdict left = vector_verdict(v);
        if (left != VERDICT_NONE)
            assert_int_equal(row->verdict, verdict_worse(row->verdict, left));
    }
    appraise_case_free(c);
}

static void
nothing_changed_gives_no_reason(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_ready();
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    appraise_case_free(c);
}

static void
one_change_to_the_logs_gives_one_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < mutation_n_logs; i++)
        try_row(&mutation_logs[i]);
}

static void
one_change_to_boot_or_documents_gives_one_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < mutation_n_policy; i++)
        try_row(&mutation_policy[i]);
    for (size_t i = 0; i < mutation_n_rules; i++)
        try_row(&mutation_rules[i]);
}

/* The test that a row names speaks of the code, by its constant or by its text. */
static void
a_test_elsewhere_names_the_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < mutation_n_elsewhere; i++) {
        const struct mutation *row = &mutation_elsewhere[i];
        if (!row->elsewhere)
            fail_msg("no test shows %s", reason_code_name(row->code));
        CLEANUP(buffer_free) struct buffer text = {0};
        test_source(row->elsewhere, &text);
        if (!strstr(buffer_text(&text), constant_names[row->code]) &&
            !strstr(buffer_text(&text), reason_code_name(row->code)))
            fail_msg("%s does not name %s", row->elsewhere, reason_code_name(row->code));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_one_row),
        cmocka_unit_test(a_test_elsewhere_names_the_code),
        cmocka_unit_test(nothing_changed_gives_no_reason),
        cmocka_unit_test(one_change_to_the_logs_gives_one_reason),
        cmocka_unit_test(one_change_to_boot_or_documents_gives_one_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
