/* SPDX-License-Identifier: Apache-2.0 */
/* What earlier rounds of a boot came to: remembering it gives what judging all entries again gives,
 * however a list is cut into rounds. [protocol 4] */
#include "base/cleanup.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

#define N_TRIALS 60u
#define N_KINDS  10u

static uint32_t seed;

static uint32_t
random_below(uint32_t n)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % n;
}

/* ---- lists ---- */

static void
add_raw(struct log_builder *b, const char *template_name, const struct digest *listed)
{
    CLEANUP(buffer_free) struct buffer data = {0};
    log_builder_ima_field(b, &data, bytes_of("sha1:\0aaaaaaaaaaaaaaaaaaaa", 26));
    log_builder_ima_field(b, &data, bytes_of("/usr/bin/sh\0", 12));
    log_builder_ima_raw(b, template_name, buffer_bytes(&data), listed);
}

/* An entry of any kind; mostly the good ones. */
static void
add_entry(struct log_builder *b, uint32_t kind, unsigned i)
{
    static const struct digest other = {.alg = ALG_SHA1, .size = 20, .data = {7, 7, 7}};
    char path[32];
    (void)snprintf(path, sizeof path, "/opt/file-%u", i);
    switch (kind) {
    case 0:
        log_builder_ima(b, path, path); /* not allowed */
        break;
    case 1:
        log_builder_ima_violation(b, path);
        break;
    case 2:
        add_raw(b, "ima-ng", &other); /* the listed digest is not its data's */
        break;
    case 3:
        add_raw(b, "own-template", NULL);
        break;
    case 4:
        log_builder_ima_aggregate(b, ALG_SHA256); /* as after kexec */
        break;
    case 5:
        log_builder_ima(b, "boot_aggregate", path); /* another's */
        break;
    default:
        log_builder_ima(b, path, "sh");
    }
}

/* ---- rounds ---- */

static void
tell(struct appraise_case *c, struct buffer *out)
{
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    buffer_append_format(out, "%s\n", verdict_name(p->verdict));
    for (size_t i = 0; i < p->reasons.n_items; i++) {
        reason_append_text(&p->reasons.items[i], out);
        buffer_append_text(out, "\n");
    }
    const struct reasons *facts = appraisal_facts(c->appraisal);
    for (size_t i = 0; i < facts->n_items; i++) {
        reason_append_text(&facts->items[i], out);
        buffer_append_text(out, "\n");
    }
}

struct split {
    struct appraise_case *c;
    struct replay_state state; /* after the rounds before */
    size_t size;               /* bytes of the list that they had */
    struct standing *standing;
};

/* The round's entries, with what is known of those before: by memory, or by reading them again. */
static void
run(struct split *s, bool remembered, struct buffer *out)
{
    struct appraise_case *c = s->c;
    struct bytes list = buffer_bytes(&c->log.ima);
    c->replaced = true;
    c->in = (struct replay_input){.boot_log = buffer_bytes(&c->log.log),
                                  .boot_log_present = true,
                                  .ima = bytes_slice(list, s->size, list.size - s->size),
                                  .ima_present = true,
                                  .state = s->state};
    c->standing = remembered ? s->standing : NULL;
    if (!remembered)
        c->in.ima_older = bytes_slice(list, 0, s->size);
    appraise_case_run(c);
    c->standing = NULL;
    tell(c, out);
}

static bool
knows(struct appraise_case *c, const struct standing *standing, const struct replay_state *state)
{
    const struct appraisal_input input = {
        .documents = c->snapshot, .subject = &c->subject, .standing = standing, .now_s = c->now_s};
    return appraise_knows(&input, state);
}

/* One more round: both ways give the same text. */
static void
go_on(struct split *s)
{
    CLEANUP(buffer_free) struct buffer again = {0};
    CLEANUP(buffer_free) struct buffer remembered = {0};
    run(s, false, &again);
    run(s, true, &remembered);
    assert_string_equal(buffer_text(&again), buffer_text(&remembered));
    struct replay_state after = *replay_state_after(s->c->replay);
    assert_true(knows(s->c, appraisal_standing(s->c->appraisal), &after));
    standing_unref(s->standing);
    s->standing = standing_ref(appraisal_standing(s->c->appraisal));
    s->state = after;
    s->size = s->c->log.ima.size;
}

static void
assert_same_codes(const struct reasons *a, const struct reasons *b)
{
    for (size_t i = 0; i < a->n_items; i++)
        assert_non_null(reasons_find(b, a->items[i].code));
    for (size_t i = 0; i < b->n_items; i++)
        assert_non_null(reasons_find(a, b->items[i].code));
}

static void
assert_same_files(const struct reasons *a, const struct reasons *b)
{
    size_t k = 0;
    for (size_t i = 0; i < a->n_items; i++) {
        if (a->items[i].code != REASON_IMA_UNKNOWN_FILE)
            continue;
        while (k < b->n_items && b->items[k].code != REASON_IMA_UNKNOWN_FILE)
            k++;
        assert_true(k < b->n_items);
        assert_int_equal(a->items[i].event, b->items[k].event);
        assert_string_equal(a->items[i].found, b->items[k++].found);
    }
}

/* The whole list in one round comes to the same as its parts did. */
static void
compare_whole(const struct split *s)
{
    struct appraise_case *c = s->c;
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    enum verdict verdict = p->verdict;
    struct reasons parts = {0};
    reasons_append(&parts, &p->reasons);
    c->replaced = false;
    c->in = (struct replay_input){0};
    appraise_case_run(c);
    p = appraise_case_perspective(c);
    assert_int_equal(verdict, p->verdict);
    assert_same_codes(&parts, &p->reasons);
    assert_same_files(&parts, &p->reasons);
    assert_int_equal(s->state.n_entries, replay_state_after(c->replay)->n_entries);
    reasons_free(&parts);
}

static void
try_split(uint32_t trial)
{
    seed = trial;
    struct split s = {.c = appraise_case_ready()};
    uint32_t odds = trial % 3 == 0 ? 1000u : N_KINDS * (1 + trial % 7);
    unsigned n_rounds = 1 + random_below(5);
    for (unsigned i = 0; i < n_rounds; i++) {
        unsigned n = random_below(i % 2 ? 60 : 3);
        for (unsigned k = 0; k < n; k++)
            add_entry(&s.c->log, random_below(odds), i * 100 + k);
        go_on(&s);
    }
    compare_whole(&s);
    standing_unref(s.standing);
    appraise_case_free(s.c);
}

static void
remembering_gives_what_judging_again_gives(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < N_TRIALS; i++)
        try_split(i);
}

/* ---- what is not remembered ---- */

static void
an_edited_policy_asks_for_the_entries_again(void **state)
{
    (void)state;
    struct split s = {.c = appraise_case_ready()};
    go_on(&s);
    appraise_case_edit(s.c, 0, "\"violations\": \"enforce\"", "\"violations\": \"warn\"");
    CLEANUP(buffer_free) struct buffer text = {0};
    run(&s, true, &text);
    assert_false(knows(s.c, s.standing, &s.state));
    /* Not heard: nothing is said of the device. */
    (void)appraise_case_assert_only(s.c, REASON_POLICY_INTERNAL, VERDICT_NONE);
    run(&s, false, &text);
    appraise_case_assert_trusted(s.c);
    standing_unref(s.standing);
    appraise_case_free(s.c);
}

static void
an_edited_set_of_files_asks_for_the_entries_again(void **state)
{
    (void)state;
    struct split s = {.c = appraise_case_ready()};
    go_on(&s);
    appraise_case_edit(s.c, 1, "\"version\": 1", "\"version\": 2");
    CLEANUP(buffer_free) struct buffer text = {0};
    run(&s, true, &text);
    assert_false(knows(s.c, s.standing, &s.state));
    standing_unref(s.standing);
    appraise_case_free(s.c);
}

static void
nothing_is_asked_for_without_a_rule_or_without_entries(void **state)
{
    (void)state;
    const struct replay_state empty = {0};
    const struct replay_state some = {.n_entries = 3};
    struct appraise_case *c = appraise_case_ready();
    appraise_case_run(c);
    assert_true(knows(c, NULL, &empty));
    assert_false(knows(c, NULL, &some));
    appraise_case_edit(
        c, 0, ",\n \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}", "");
    appraise_case_run(c);
    assert_true(knows(c, NULL, &some));
    assert_int_equal(0, standing_n_rules(appraisal_standing(c->appraisal)));
    appraise_case_free(c);
}

static void
nothing_is_remembered_of_a_list_that_is_not_proven(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_ready();
    log_builder_extend(&c->log, 10, bytes_of_text("unlisted"));
    appraise_case_run(c);
    assert_int_equal(0, standing_n_rules(appraisal_standing(c->appraisal)));
    appraise_case_free(c);
}

static void
no_more_rules_than_memory(void **state)
{
    (void)state;
    assert_null(standing_new(SIZE_MAX));
    assert_null(standing_new(SIZE_MAX / sizeof(struct standing_rule)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(remembering_gives_what_judging_again_gives),
        cmocka_unit_test(an_edited_policy_asks_for_the_entries_again),
        cmocka_unit_test(an_edited_set_of_files_asks_for_the_entries_again),
        cmocka_unit_test(nothing_is_asked_for_without_a_rule_or_without_entries),
        cmocka_unit_test(nothing_is_remembered_of_a_list_that_is_not_proven),
        cmocka_unit_test(no_more_rules_than_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
