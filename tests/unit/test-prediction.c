/* SPDX-License-Identifier: Apache-2.0 */
/* The boot that an update will give, made of a device's last one: which events are replaced, which
 * stay, and when nothing can be said. [appraisal 4] */
#include "appraise/prediction.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A device that runs the good boot, and the documents that are to be. */
struct scene {
    struct appraise_case *c;
    struct documents *candidates;
    struct prediction prediction;
    enum prediction_outcome outcome;
};

static int
set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    s->c = appraise_case_ready();
    appraise_case_run(s->c);
    appraise_case_assert_trusted(s->c);
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct scene *s = *state;
    prediction_clear(&s->prediction);
    documents_unref(s->candidates);
    appraise_case_free(s->c);
    free(s);
    return 0;
}

/* ---- an update ---- */

/* The set of the boot as it is once these steps are of another release; the next version of
 * "boot". */
static void
update_set(const struct appraise_case_change *changes, size_t n, struct buffer *set)
{
    struct appraise_case *next = appraise_case_ready();
    for (size_t i = 0; i < n; i++)
        next->changes[i] = changes[i];
    appraise_case_reboot(next);
    appraise_case_profile(next, 1, "boot");
    appraise_case_edit(next, 1, "\"version\": 1", "\"version\": 2");
    buffer_append(set, buffer_bytes(&next->documents[1]));
    appraise_case_free(next);
}

static void
compile(struct scene *s, const char *policy, const char *set)
{
    struct diag diag = {0};
    struct document **list = calloc(2, sizeof(struct document *));
    assert_status(STATUS_OK, document_parse(s->c->h, bytes_of_text(policy), &list[0], &diag));
    assert_status(STATUS_OK, document_parse(s->c->h, bytes_of_text(set), &list[1], &diag));
    if (documents_new(list, 2, 0, &s->candidates, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
    free(list);
}

static void
predict(struct scene *s)
{
    const struct prediction_input in = {.now = s->c->appraisal,
                                        .in_force = s->c->snapshot,
                                        .candidates = s->candidates,
                                        .replay = s->c->replay,
                                        .subject = &s->c->subject};
    assert_status(STATUS_OK, prediction_make(s->c->h, &in, &s->prediction, &s->outcome));
}

/* The verdict of the predicted boot under the candidates, and its reasons as "code:PCR:role". */
static enum verdict
judge(struct scene *s, bool predicted, struct buffer *reasons)
{
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    const struct appraisal_input in = {
        .documents = s->candidates,
        .quote = s->c->quote,
        .replay = s->c->replay,
        .subject = &s->c->subject,
        .found = &s->c->found,
        .prediction = predicted && s->prediction.pcrs != 0 ? &s->prediction : NULL,
        .now_s = s->c->now_s,
    };
    assert_status(STATUS_OK, appraise(s->c->h, &in, &a));
    assert_int_equal(in.prediction != NULL, appraisal_is_predicted(a));
    const struct reasons *all = &appraisal_perspective(a, 0)->reasons;
    buffer_reset(reasons);
    for (size_t i = 0; i < all->n_items; i++)
        buffer_append_format(reasons, "%s%s:%d:%s", i > 0 ? " " : "",
                             reason_code_name(all->items[i].code), all->items[i].pcr,
                             all->items[i].what);
    return appraisal_verdict(a);
}

static void
assert_judged(struct scene *s, bool predicted, const char *expected)
{
    CLEANUP(buffer_free) struct buffer reasons = {0};
    enum verdict verdict = judge(s, predicted, &reasons);
    const char *found = reasons.size > 0 ? buffer_text(&reasons) : "";
    assert_string_equal(expected, found);
    assert_int_equal(expected[0] == '\0' ? VERDICT_TRUSTED : VERDICT_UNTRUSTED, verdict);
}

static size_t
count_replaced(const struct scene *s, uint32_t pcr)
{
    size_t n = 0;
    for (size_t i = 0; i < s->prediction.pcr[pcr].n; i++)
        n += s->prediction.pcr[pcr].events[i].value != NULL;
    return n;
}

/* What is done to the update's set before it is read. */
static void
start(struct scene *s, const struct appraise_case_change *changes, size_t n,
      void (*edit)(json_t *set))
{
    CLEANUP(buffer_free) struct buffer set = {0};
    update_set(changes, n, &set);
    json_auto_t *json = json_loadb((const char *)set.data, set.size, 0, NULL);
    assert_non_null(json);
    if (edit)
        edit(json);
    char *text = json_dumps(json, JSON_INDENT(1));
    compile(s, buffer_text(&s->c->documents[0]), text);
    free(text);
    predict(s);
}

static json_t *
component(json_t *set, const char *role, int pcr)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(set, "components"), i, one)
    {
        if (text_equal(json_string_value(json_object_get(one, "role")), role) &&
            json_integer_value(json_object_get(one, "pcr")) == pcr)
            return one;
    }
    fail_msg("no component %s in PCR %d", role, pcr);
    return NULL;
}

/* ---- what is predicted ---- */

static void
replaces_what_the_update_changes_and_nothing_else(void **state)
{
    struct scene *s = *state;
    start(s, (const struct appraise_case_change[]){{"grub", APPRAISE_HASHED, "grub 2"}}, 1, NULL);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_int_equal(1u << 4, s->prediction.pcrs);
    assert_int_equal(1, count_replaced(s, 4));
    assert_judged(s, false, "boot.unknown-image:4:grub");
    assert_judged(s, true, "");
}

static void
replaces_each_time_that_a_component_is_measured(void **state)
{
    struct scene *s = *state;
    start(s,
          (const struct appraise_case_change[]){{"kernel", APPRAISE_HASHED, "kernel 2"},
                                                {"kernel-again", APPRAISE_HASHED, "kernel 2"},
                                                {"kernel-file", APPRAISE_HASHED, "kernel 2"}},
          3, NULL);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_int_equal(1u << 4 | 1u << 9, s->prediction.pcrs);
    assert_int_equal(2, count_replaced(s, 4));
    assert_int_equal(1, count_replaced(s, 9));
    assert_judged(s, true, "");
}

/* An initrd that the device built: the update does not bring one, so who has another stays as it
 * is, and fails where the update's set does not have it. */
static void
drop_other_initrds(json_t *set)
{
    json_t *values = json_object_get(component(set, "initrd", 9), "values");
    json_t *any = json_pack("{s:b}", "any", 1);
    assert_int_equal(0, json_array_clear(values));
    assert_int_equal(0, json_array_append_new(values, any));
}

static void
leaves_what_any_value_fits(void **state)
{
    struct scene *s = *state;
    start(s,
          (const struct appraise_case_change[]){{"grub", APPRAISE_HASHED, "grub 2"},
                                                {"initrd", APPRAISE_HASHED, "initrd 2"}},
          2, drop_other_initrds);
    assert_int_equal(1u << 4, s->prediction.pcrs);
    assert_judged(s, true, "");
}

static void
put_bad_values_first(json_t *set)
{
    json_t *values = json_object_get(component(set, "grub", 4), "values");
    json_t *revoked = json_pack("{s:s, s:s}", "sha256",
                                "00000000000000000000000000000000"
                                "00000000000000000000000000000001",
                                "status", "revoked");
    json_t *retired = json_pack("{s:s, s:s}", "sha256",
                                "00000000000000000000000000000000"
                                "00000000000000000000000000000002",
                                "status", "retired");
    assert_int_equal(0, json_array_insert_new(values, 0, retired));
    assert_int_equal(0, json_array_insert_new(values, 0, revoked));
}

static void
takes_a_value_that_may_be_used(void **state)
{
    struct scene *s = *state;
    start(s, (const struct appraise_case_change[]){{"grub", APPRAISE_HASHED, "grub 2"}}, 1,
          put_bad_values_first);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_judged(s, true, "");
}

static void
keep_no_value(json_t *set)
{
    json_t *values = json_object_get(component(set, "grub", 4), "values");
    json_t *one = json_array_get(values, 0);
    assert_int_equal(0, json_object_set_new(one, "status", json_string("revoked")));
}

/* Nothing can be put in its place: it is gone, and that is told. */
static void
takes_no_value_where_none_may_be_used(void **state)
{
    struct scene *s = *state;
    start(s, (const struct appraise_case_change[]){{"grub", APPRAISE_HASHED, "grub 2"}}, 1,
          keep_no_value);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_judged(s, true, "boot.missing:4:grub");
}

/* The update's kernel is measured once. */
static void
takes_out_what_the_update_has_no_more(void **state)
{
    struct scene *s = *state;
    start(s, (const struct appraise_case_change[]){{"kernel-again", APPRAISE_SKIP, NULL}}, 1, NULL);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_int_equal(1u << 4, s->prediction.pcrs);
    assert_int_equal(0, count_replaced(s, 4));
    assert_judged(s, true, "");
}

/* And the other way: it is like the one that was there. */
static void
puts_in_what_the_update_has_more_often(void **state)
{
    struct scene *s = *state;
    start(s, (const struct appraise_case_change[]){{"kernel", APPRAISE_TWICE, NULL}}, 1, NULL);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_int_equal(1, count_replaced(s, 4));
    assert_judged(s, true, "");
}

/* The update does not know that component: no place for it. */
static void
remove_grub(json_t *set)
{
    size_t i;
    json_t *one, *list = json_object_get(set, "components");
    json_array_foreach(list, i, one)
    {
        if (text_equal(json_string_value(json_object_get(one, "role")), "grub") &&
            json_integer_value(json_object_get(one, "pcr")) == 4) {
            assert_int_equal(0, json_array_remove(list, i));
            return;
        }
    }
    fail();
}

static void
keeps_what_the_update_does_not_know(void **state)
{
    struct scene *s = *state;
    start(s,
          (const struct appraise_case_change[]){{"kernel", APPRAISE_HASHED, "kernel 2"},
                                                {"kernel-again", APPRAISE_HASHED, "kernel 2"}},
          2, remove_grub);
    assert_int_equal(PREDICTION_MADE, s->outcome);
    assert_int_equal(2, count_replaced(s, 4));
    assert_judged(s, true, "boot.surplus:4:EV_EFI_BOOT_SERVICES_APPLICATION");
}

/* ---- nothing to predict ---- */

static void
leaves_a_boot_alone_that_nothing_changes(void **state)
{
    struct scene *s = *state;
    start(s, NULL, 0, NULL);
    assert_int_equal(PREDICTION_UNTOUCHED, s->outcome);
    assert_int_equal(0, s->prediction.pcrs);
    assert_judged(s, true, "");
}

static void
leaves_a_device_alone_that_the_update_is_not_for(void **state)
{
    struct scene *s = *state;
    CLEANUP(buffer_free) struct buffer set = {0};
    update_set((const struct appraise_case_change[]){{"grub", APPRAISE_HASHED, "grub 2"}}, 1, &set);
    compile(s, buffer_text(&s->c->documents[0]), buffer_text(&set));
    s->c->labels[0].value = "osaka";
    predict(s);
    assert_int_equal(PREDICTION_UNTOUCHED, s->outcome);
}

static void
leaves_alone_what_is_in_force_already(void **state)
{
    struct scene *s = *state;
    compile(s, buffer_text(&s->c->documents[0]), buffer_text(&s->c->documents[1]));
    predict(s);
    assert_int_equal(PREDICTION_UNTOUCHED, s->outcome);
}

/* Under documents without a boot rule it is not known which event is GRUB's. */
static void
says_nothing_of_a_boot_whose_parts_are_not_known(void **state)
{
    struct scene *s = *state;
    CLEANUP(buffer_free) struct buffer ruled = {0};
    CLEANUP(buffer_free) struct buffer set = {0};
    buffer_append(&ruled, buffer_bytes(&s->c->documents[0]));
    appraise_case_edit(s->c, 0, "\"boot\": {\"references\": [\"boot\"], \"effect\": \"enforce\"},",
                       "");
    appraise_case_edit(s->c, 0, "\"command_line\": {\"references\": true},", "");
    appraise_case_run(s->c);
    update_set((const struct appraise_case_change[]){{"grub", APPRAISE_HASHED, "grub 2"}}, 1, &set);
    compile(s, buffer_text(&ruled), buffer_text(&set));
    predict(s);
    assert_int_equal(PREDICTION_UNKNOWN, s->outcome);
    assert_int_equal(0, s->prediction.pcrs);
}

int
main(void)
{
#define SCENE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        SCENE(replaces_what_the_update_changes_and_nothing_else),
        SCENE(replaces_each_time_that_a_component_is_measured),
        SCENE(leaves_what_any_value_fits),
        SCENE(takes_a_value_that_may_be_used),
        SCENE(takes_no_value_where_none_may_be_used),
        SCENE(takes_out_what_the_update_has_no_more),
        SCENE(puts_in_what_the_update_has_more_often),
        SCENE(keeps_what_the_update_does_not_know),
        SCENE(leaves_a_boot_alone_that_nothing_changes),
        SCENE(leaves_a_device_alone_that_the_update_is_not_for),
        SCENE(leaves_alone_what_is_in_force_already),
        SCENE(says_nothing_of_a_boot_whose_parts_are_not_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
