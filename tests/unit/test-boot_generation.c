/* SPDX-License-Identifier: Apache-2.0 */
/* Two generations of one boot, "boot" and "boot2", that differ in GRUB or more; what their states
 * make of the same boot. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

#define NOW 1769000060 /* 2026-01-21T12:54:20Z */

static struct appraise_case *c;

/* The device boots "boot"; the rule names both. */
static int
start(void **state)
{
    (void)state;
    c = appraise_case_new();
    c->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "grub 2"};
    appraise_case_boot(c);
    appraise_case_profile(c, 2, "boot2");
    c->changes[0] = (struct appraise_case_change){0};
    appraise_case_reboot(c);
    appraise_case_documents(c);
    appraise_case_edit(c, 0, "\"references\": [\"boot\"], \"effect\"",
                       "\"references\": [\"boot\", \"boot2\"], \"effect\"");
    appraise_case_edit(c, 0, "\"ima\": {\"references\": [\"boot\"]",
                       "\"ima\": {\"references\": [\"boot\", \"boot2\"]");
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    appraise_case_free(c);
    return 0;
}

static void
run(const char *generations)
{
    buffer_reset(&c->documents[3]);
    buffer_append_format(
        &c->documents[3],
        "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,\"generations\":[%s]}", generations);
    appraise_case_run(c);
}

static void
boot_second(void)
{
    c->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "grub 2"};
    appraise_case_reboot(c);
}

static void
passes_every_active_generation(void **state)
{
    (void)state;
    run("{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":\"active\"}");
    appraise_case_assert_trusted(c);
    assert_string_equal("boot", appraisal_generation(c->appraisal));
    boot_second();
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    assert_string_equal("boot2", appraisal_generation(c->appraisal));
}

static void
opens_a_candidate_to_its_group_only(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":"
        "\"candidate\",\"rollout\":{\"labels\":{\"site\":\"%s\"}}}";
    CLEANUP(buffer_free) struct buffer tokyo = {0};
    CLEANUP(buffer_free) struct buffer osaka = {0};
    buffer_append_format(&tokyo, text, "tokyo");
    buffer_append_format(&osaka, text, "osaka");
    run(buffer_text(&osaka));
    appraise_case_assert_trusted(c);
    boot_second();
    run(buffer_text(&tokyo));
    appraise_case_assert_trusted(c);
    run(buffer_text(&osaka));
    const struct reason *r = appraise_case_assert_only(c, REASON_BOOT_CANDIDATE, VERDICT_UNTRUSTED);
    assert_string_equal("grub", r->what);
    assert_string_equal("another generation than boot2", r->expected);
}

static void
warns_of_a_retired_one_until_its_date(void **state)
{
    (void)state;
    run("{\"name\":\"boot\",\"status\":\"retired\",\"retire_after\":\"2026-01-21T12:54:21Z\"}");
    (void)appraise_case_assert_only(c, REASON_BOOT_RETIRED, VERDICT_WARNING);
    assert_string_equal("boot", appraisal_generation(c->appraisal));
    run("{\"name\":\"boot\",\"status\":\"retired\",\"retire_after\":\"2026-01-21T12:54:20Z\"}");
    (void)appraise_case_assert_only(c, REASON_BOOT_RETIRED, VERDICT_UNTRUSTED);
    run("{\"name\":\"boot\",\"status\":\"active\",\"retire_after\":\"2026-01-21T12:54:21Z\"}");
    appraise_case_assert_trusted(c);
    run("{\"name\":\"boot\",\"status\":\"active\",\"retire_after\":\"2026-01-21T12:54:20Z\"}");
    (void)appraise_case_assert_only(c, REASON_BOOT_RETIRED, VERDICT_UNTRUSTED);
}

static void
only_warns_where_policy_says_so(void **state)
{
    (void)state;
    appraise_case_edit(c, 0, "\"boot\", \"boot2\"],",
                       "\"boot\", \"boot2\"], \"retired\": \"warn\",");
    run("{\"name\":\"boot\",\"status\":\"retired\"}");
    (void)appraise_case_assert_only(c, REASON_BOOT_RETIRED, VERDICT_WARNING);
    run("{\"name\":\"boot\",\"status\":\"revoked\"}");
    (void)appraise_case_assert_only(c, REASON_BOOT_REVOKED, VERDICT_UNTRUSTED);
}

static void
revoking_a_set_leaves_what_it_shares_with_an_active_one(void **state)
{
    (void)state;
    run("{\"name\":\"boot\",\"status\":\"revoked\"}");
    const struct reason *r = appraise_case_assert_only(c, REASON_BOOT_REVOKED, VERDICT_UNTRUSTED);
    assert_string_equal("grub", r->what);
    boot_second(); /* shares all but GRUB with the revoked one */
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
}

static void
revoking_a_set_does_not_leave_what_only_a_retired_one_shares(void **state)
{
    (void)state;
    run("{\"name\":\"boot\",\"status\":\"revoked\"},{\"name\":\"boot2\",\"status\":\"retired\"}");
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    assert_null(reasons_find(&p->reasons, REASON_BOOT_RETIRED));
    assert_true(p->reasons.n_items > 5);
    assert_non_null(reasons_find(&p->reasons, REASON_BOOT_REVOKED));
}

static void
takes_no_command_line_of_a_revoked_generation(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer none = {0};
    buffer_append(&none, bytes_of_text(buffer_text(&c->documents[2])));
    const char *lines = strstr(buffer_text(&none), "\"command_lines\"");
    assert_non_null(lines);
    const char *end = strstr(lines, "]");
    CLEANUP(buffer_free) struct buffer other = {0};
    buffer_append(&other, bytes_of(none.data, (size_t)(lines - (const char *)none.data)));
    buffer_append_text(&other, "\"command_lines\": [\"other\"");
    buffer_append_text(&other, end);
    buffer_reset(&c->documents[2]);
    buffer_append(&c->documents[2], buffer_bytes(&other));
    boot_second();
    run("{\"name\":\"boot\",\"status\":\"active\"}");
    appraise_case_assert_trusted(c); /* the line is a template of "boot" */
    run("{\"name\":\"boot\",\"status\":\"revoked\"}");
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE, VERDICT_UNTRUSTED);
    run("{\"name\":\"boot\",\"status\":\"candidate\",\"rollout\":{\"labels\":{\"site\":\"x\"}}}");
    (void)appraise_case_assert_only(c, REASON_COMMAND_LINE, VERDICT_UNTRUSTED);
    run("{\"name\":\"boot\",\"status\":\"retired\"}");
    appraise_case_assert_trusted(c); /* every value is of "boot2" as well */
}

static void
tells_that_a_device_went_back(void **state)
{
    (void)state;
    c->subject.last_generation = "boot2";
    run("{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":\"active\"}");
    const struct reason *r = appraise_case_fact(c, REASON_BOOT_WENT_BACK);
    assert_non_null(r);
    assert_string_equal("boot2", r->expected);
    assert_string_equal("boot", r->found);
    run("{\"name\":\"boot2\",\"status\":\"active\"},{\"name\":\"boot\",\"status\":\"active\"}");
    assert_null(appraise_case_fact(c, REASON_BOOT_WENT_BACK));
    c->subject.last_generation = "boot";
    run("{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":\"active\"}");
    assert_null(appraise_case_fact(c, REASON_BOOT_WENT_BACK));
    c->subject.last_generation = "of another line";
    appraise_case_run(c);
    assert_null(appraise_case_fact(c, REASON_BOOT_WENT_BACK));
}

static void
tells_an_update_that_a_boot_did_not_take(void **state)
{
    (void)state;
    static const char since_noon[] =
        "{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":\"active\","
        "\"valid_from\":\"2026-01-21T12:00:00Z\"}";
    run(since_noon);
    const struct reason *r = appraise_case_fact(c, REASON_BOOT_NOT_TAKEN);
    assert_non_null(r);
    assert_string_equal("boot2", r->expected);
    assert_string_equal("boot", r->found);
    appraise_case_assert_trusted(c);
    c->subject.boot_since_s = NOW - 3261; /* booted a second before noon */
    run(since_noon);
    assert_null(appraise_case_fact(c, REASON_BOOT_NOT_TAKEN));
    c->subject.boot_since_s = 0;
    run("{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":\"active\"}");
    assert_null(appraise_case_fact(c, REASON_BOOT_NOT_TAKEN));
    run("{\"name\":\"boot\",\"status\":\"active\"},{\"name\":\"boot2\",\"status\":\"candidate\","
        "\"valid_from\":\"2026-01-21T12:00:00Z\",\"rollout\":{\"labels\":{\"site\":\"osaka\"}}}");
    assert_null(appraise_case_fact(c, REASON_BOOT_NOT_TAKEN));
    c->subject.last_generation = "boot2";
    run(since_noon);
    assert_null(appraise_case_fact(c, REASON_BOOT_NOT_TAKEN)); /* it was taken, and went back */
}

static void
refuses_a_generation_of_two_lines(void **state)
{
    (void)state;
    static const char line[] = "{\"type\":\"generations\",\"id\":\"%s\",\"version\":1,"
                               "\"generations\":[{\"name\":\"boot\",\"status\":\"active\"}]}";
    struct document *list[4] = {0};
    struct documents *d = NULL;
    struct diag diag = {0};
    for (size_t i = 0; i < 4; i++) {
        CLEANUP(buffer_free) struct buffer text = {0};
        if (i < 2)
            buffer_append(&text, buffer_bytes(&c->documents[i]));
        else
            buffer_append_format(&text, line, i == 2 ? "x" : "y");
        if (i == 0) {
            buffer_reset(&text);
            buffer_append_text(&text,
                               "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":"
                               "\"owner\",\"select\":{\"all\":true},\"boot\":{\"references\":"
                               "[\"boot\"]}}");
        }
        assert_status(STATUS_OK, document_parse(c->h, buffer_bytes(&text), &list[i], &diag));
    }
    assert_status(STATUS_INVALID, documents_new(list, 4, 1, &d, &diag));
    assert_non_null(strstr(diag.text, "the generation boot stands in both x and y"));
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, start, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(passes_every_active_generation),
        CLAIM(opens_a_candidate_to_its_group_only),
        CLAIM(warns_of_a_retired_one_until_its_date),
        CLAIM(only_warns_where_policy_says_so),
        CLAIM(revoking_a_set_leaves_what_it_shares_with_an_active_one),
        CLAIM(revoking_a_set_does_not_leave_what_only_a_retired_one_shares),
        CLAIM(takes_no_command_line_of_a_revoked_generation),
        CLAIM(tells_that_a_device_went_back),
        CLAIM(tells_an_update_that_a_boot_did_not_take),
        CLAIM(refuses_a_generation_of_two_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
