/* SPDX-License-Identifier: Apache-2.0 */
/* How stored verdicts age, and that those on trial do not count: a device's verdict as it is shown,
 * and the filter of the list, which the engine applies, are one and the same. */
#include "base/text.h"
#include "daemon/device_emit.h"
#include "daemon/store_admin.h"
#include "tests/contract/contract.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#define EXPIRES_S (NOW_S + 100)
#define LAPSES_S  (NOW_S + 200)
#define N_ROUNDS  400u

static const enum verdict all[] = {VERDICT_NONE, VERDICT_UNTRUSTED, VERDICT_WARNING,
                                   VERDICT_TRUSTED};

static void
put(struct store *s, const struct store_perspective *list, size_t n)
{
    static unsigned count;
    char id[STORE_ID_SIZE];
    (void)snprintf(id, sizeof id, "a%u", count++);
    struct store_round r = contract_round(s, 1, id);
    r.n_perspectives = n;
    for (size_t i = 0; i < n; i++) {
        r.perspectives[i] = list[i];
        (void)snprintf(r.perspectives[i].name, sizeof r.perspectives[i].name, "p%zu", i);
        (void)text_copy(r.perspectives[i].attestation, sizeof r.perspectives[i].attestation, id);
    }
    assert_status(STATUS_OK, contract_put(s, &r));
}

/* The verdict at now_s as the device shows it; the list agrees. */
static enum verdict
shown(struct store *s, int64_t now_s)
{
    struct store_device d = {0};
    assert_status(STATUS_OK, store_get_device(s, contract_device(1), &d));
    enum verdict verdict = device_verdict(&d, now_s);
    store_device_clear(&d);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct store_device_list l = {0};
        struct store_device_filter f = {
            .limit = 10, .verdict = verdict_name(all[i]), .now_s = now_s};
        assert_status(STATUS_OK, store_list_devices(s, &f, &l));
        assert_int_equal(all[i] == verdict, l.n_items);
        store_device_list_clear(&l);
    }
    return verdict;
}

/* ---- age ---- */

static void
assert_ages(struct store *s, enum verdict judged, enum verdict late, int64_t lapses_s)
{
    const struct store_perspective p = {
        .verdict = judged, .expires_s = EXPIRES_S, .lapses_s = lapses_s};
    put(s, &p, 1);
    assert_int_equal(judged, shown(s, NOW_S));
    assert_int_equal(judged, shown(s, EXPIRES_S - 1));
    assert_int_equal(late, shown(s, EXPIRES_S));
    assert_int_equal(late, shown(s, LAPSES_S - 1));
    assert_int_equal(VERDICT_NONE, shown(s, LAPSES_S));
}

/* appraisal 1: none, never an accusation. */
static void
old_evidence_says_nothing(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_ages(s, all[i], VERDICT_NONE, EXPIRES_S);
}

static void
old_evidence_is_a_warning_first_where_policy_warns(void **state)
{
    struct store *s = contract_store(state);
    contract_enroll(s, 1);
    assert_ages(s, VERDICT_TRUSTED, VERDICT_WARNING, LAPSES_S);
    assert_ages(s, VERDICT_WARNING, VERDICT_WARNING, LAPSES_S);
    assert_ages(s, VERDICT_UNTRUSTED, VERDICT_UNTRUSTED, LAPSES_S);
    assert_ages(s, VERDICT_NONE, VERDICT_NONE, LAPSES_S);
}

/* ---- trial ---- */

static void
a_perspective_on_trial_has_no_say(void **state)
{
    struct store *s = contract_store(state);
    struct store_attestation a = {0};
    struct store_perspective list[] = {
        {.verdict = VERDICT_TRUSTED, .expires_s = EXPIRES_S, .lapses_s = EXPIRES_S},
        {.verdict = VERDICT_UNTRUSTED, .expires_s = 1, .lapses_s = 1, .trial = true},
    };
    contract_enroll(s, 1);
    put(s, list, 2);
    assert_int_equal(VERDICT_TRUSTED, shown(s, NOW_S));
    assert_status(STATUS_OK, store_get_latest(s, contract_device(1), &a));
    assert_int_equal(VERDICT_TRUSTED, a.verdict);
    store_attestation_clear(&a);
    list[0].trial = true;
    put(s, list, 2);
    assert_int_equal(VERDICT_NONE, shown(s, NOW_S));
    put(s, list + 1, 1);
    assert_int_equal(VERDICT_NONE, shown(s, NOW_S));
}

static size_t
count_verdict_events(struct store *s, const char *last_data)
{
    struct store_event_list l = {0};
    size_t n = 0, count = 0;
    assert_status(STATUS_OK, store_sequence_events(s, &n));
    assert_status(STATUS_OK, store_list_events(s, 0, LIMIT_PAGE, &l));
    for (size_t i = 0; i < l.n_items; i++) {
        if (!text_equal(l.items[i].type, "device.verdict"))
            continue;
        count++;
        if (last_data && i + 1 == l.n_items)
            assert_non_null(strstr(l.items[i].data, last_data));
    }
    store_event_list_clear(&l);
    return count;
}

/* It is none to all who listen, until the trial is over; and again when one begins. */
static void
a_perspective_on_trial_is_no_event(void **state)
{
    struct store *s = contract_store(state);
    struct store_perspective p = {.verdict = VERDICT_UNTRUSTED, .expires_s = EXPIRES_S};
    contract_enroll(s, 1);
    p.trial = true;
    put(s, &p, 1);
    assert_int_equal(0, count_verdict_events(s, NULL));
    p.trial = false;
    put(s, &p, 1);
    assert_int_equal(1, count_verdict_events(s, "\"verdict\":\"untrusted\",\"was\":\"none\""));
    p.trial = true;
    put(s, &p, 1);
    assert_int_equal(2, count_verdict_events(s, "\"verdict\":\"none\",\"was\":\"untrusted\""));
    put(s, NULL, 0);
    assert_int_equal(2, count_verdict_events(s, NULL));
}

/* ---- the engine and the program ---- */

static void
the_list_agrees_with_what_a_device_shows(void **state)
{
    struct store *s = contract_store(state);
    uint32_t seed = 7;
    contract_enroll(s, 1);
    for (unsigned i = 0; i < N_ROUNDS; i++) {
        struct store_perspective list[3];
        for (size_t k = 0; k < 3; k++) {
            seed = seed * 1664525u + 1013904223u;
            int64_t expires_s = NOW_S - 1 + (int64_t)(seed >> 8 & 3);
            list[k] = (struct store_perspective){.verdict = all[seed >> 12 & 3],
                                                 .expires_s = expires_s,
                                                 .lapses_s = expires_s + (seed >> 16 & 1),
                                                 .trial = (seed >> 18 & 3) == 0};
        }
        put(s, list, seed >> 22 & 3);
        (void)shown(s, NOW_S);
    }
}

int
main(void)
{
#define CLAIM(f) cmocka_unit_test_setup_teardown(f, contract_open, contract_close)
    const struct CMUnitTest tests[] = {
        CLAIM(old_evidence_says_nothing),
        CLAIM(old_evidence_is_a_warning_first_where_policy_warns),
        CLAIM(a_perspective_on_trial_has_no_say),
        CLAIM(a_perspective_on_trial_is_no_event),
        CLAIM(the_list_agrees_with_what_a_device_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
