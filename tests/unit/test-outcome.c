/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/outcome.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>

static void
gives_each_kind_its_name_and_exit_code(void **state)
{
    (void)state;
    static const struct {
        enum outcome_kind kind;
        int code;
    } rows[] = {
        {OUTCOME_NONE, 0},    {OUTCOME_DONE, 0},         {OUTCOME_TRUSTED, 0},
        {OUTCOME_REFUSED, 1}, {OUTCOME_FAILED, 1},       {OUTCOME_USAGE, 2},
        {OUTCOME_LATER, 75},  {OUTCOME_UNAVAILABLE, 69}, {OUTCOME_NOT_TRUSTED, 3},
        {OUTCOME_DENIED, 77},
    };
    assert_int_equal(OUTCOME_COUNT, sizeof rows / sizeof rows[0]);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(rows[i].code, outcome_exit_code(rows[i].kind));
        assert_int_equal(rows[i].kind, outcome_parse(outcome_name(rows[i].kind)));
    }
    assert_int_equal(OUTCOME_NONE, outcome_parse("perfect"));
}

static enum outcome_kind
of_problem(unsigned http, const char *code, struct outcome *o)
{
    struct reply_problem p = {0};
    (void)text_copy(p.code, sizeof p.code, code);
    outcome_of_problem(o, http, &p, 7);
    return o->kind;
}

static void
knows_a_refusal_from_trouble(void **state)
{
    (void)state;
    struct outcome o;
    assert_int_equal(OUTCOME_REFUSED, of_problem(422, "quote.signature", &o));
    assert_string_equal("quote.signature", o.code);
    assert_int_equal(OUTCOME_LATER, of_problem(403, "device.not-enrolled", &o));
    assert_int_equal(OUTCOME_DENIED, of_problem(403, "enroll.token", &o));
    assert_int_equal(OUTCOME_LATER, of_problem(503, "request.busy", &o));
    assert_int_equal(7, o.retry_after_s);
    assert_int_equal(OUTCOME_UNAVAILABLE, of_problem(500, "", &o));
    assert_int_equal(OUTCOME_UNAVAILABLE, of_problem(404, "", &o)); /* not attestd */
    assert_int_equal(OUTCOME_UNAVAILABLE, of_problem(301, "", &o));
}

static void
offers_enrolment_to_an_unknown_device_only(void **state)
{
    (void)state;
    struct outcome o;
    (void)of_problem(404, "device.unknown", &o);
    assert_true(o.enroll_helps);
    assert_non_null(strstr(o.message, "attest-agent enroll"));
    (void)of_problem(422, "quote.signature", &o);
    assert_false(o.enroll_helps);
}

static void
calls_nothing_trusted_but_trusted(void **state)
{
    (void)state;
    static const char *const others[] = {"warning", "untrusted", "none", "", "Trusted", "trusted "};
    struct reply_verdict *v = calloc(1, sizeof *v);
    struct outcome o;
    assert_non_null(v);
    (void)text_copy(v->verdict, sizeof v->verdict, "trusted");
    outcome_of_verdict(&o, v);
    assert_int_equal(OUTCOME_TRUSTED, o.kind);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        (void)text_copy(v->verdict, sizeof v->verdict, others[i]);
        outcome_of_verdict(&o, v);
        assert_int_equal(OUTCOME_NOT_TRUSTED, o.kind);
    }
    free(v);
}

static void
tells_whose_fault_a_status_is(void **state)
{
    (void)state;
    struct outcome o;
    outcome_of_device(&o, "TPM", STATUS_DENIED, &(struct diag){.text = "no"});
    assert_int_equal(OUTCOME_DENIED, o.kind);
    assert_string_equal("TPM: no", o.message);
    outcome_of_device(&o, "TPM", STATUS_BUSY, NULL);
    assert_int_equal(OUTCOME_LATER, o.kind);
    outcome_of_device(&o, "TPM", STATUS_NOT_FOUND, NULL);
    assert_int_equal(OUTCOME_FAILED, o.kind);
    outcome_of_exchange(&o, "verifier", STATUS_DENIED, NULL);
    assert_int_equal(OUTCOME_UNAVAILABLE, o.kind);
    outcome_of_exchange(&o, "verifier", STATUS_INVALID, NULL);
    assert_int_equal(OUTCOME_USAGE, o.kind);
}

/* A line of its own would be a command to the service manager: "MAINPID=1". */
static void
keeps_a_message_on_one_line(void **state)
{
    (void)state;
    struct reply_problem p = {.title = "away\nMAINPID=1", .detail = "\x1b[2J\x7f"};
    struct reply_verdict *v = calloc(1, sizeof *v);
    struct outcome o;
    assert_non_null(v);
    outcome_of_problem(&o, 400, &p, 0);
    assert_non_null(strstr(o.message, "away MAINPID=1"));
    assert_true(text_is_printable(bytes_of_text(o.message)));
    (void)text_copy(v->verdict, sizeof v->verdict, "trusted");
    v->n_perspectives = 1;
    (void)text_copy(v->perspectives[0].name, sizeof v->perspectives[0].name, "own\ner");
    outcome_of_verdict(&o, v);
    assert_string_equal("trusted by own er", o.message);
    free(v);
}

/* Cut inside a character, a text is no UTF-8 any more, and state.json could not be written. */
static void
keeps_a_message_utf8_where_it_is_cut(void **state)
{
    (void)state;
    struct outcome o;
    outcome_set(&o, OUTCOME_FAILED, "%.6s: \xc3\xa4", "/caf\xc3\xa9");
    assert_string_equal("/caf\xc3\xa9: \xc3\xa4", o.message);
    outcome_set(&o, OUTCOME_FAILED, "%.5s: no", "/caf\xc3\xa9");
    assert_string_equal("/caf?: no", o.message);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_each_kind_its_name_and_exit_code),
        cmocka_unit_test(knows_a_refusal_from_trouble),
        cmocka_unit_test(offers_enrolment_to_an_unknown_device_only),
        cmocka_unit_test(calls_nothing_trusted_but_trusted),
        cmocka_unit_test(tells_whose_fault_a_status_is),
        cmocka_unit_test(keeps_a_message_on_one_line),
        cmocka_unit_test(keeps_a_message_utf8_where_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
