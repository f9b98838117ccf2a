/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/report.h"
#include "agent/state.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICE "0123456789abcdef0123456789abcdef"
#define NOON_S INT64_C(1795348800) /* 2026-11-22T12:00:00Z */

static char directory[32];

static int
setup(void **state)
{
    (void)state;
    (void)text_copy(directory, sizeof directory, "/tmp/attestd-state-XXXXXX");
    return mkdtemp(directory) ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    char path[64];
    (void)snprintf(path, sizeof path, "%s/state.json", directory);
    (void)unlink(path);
    return rmdir(directory);
}

static void
fill(struct state *s)
{
    *s = (struct state){0};
    (void)text_copy(s->device, sizeof s->device, DEVICE);
    (void)text_copy(s->origin, sizeof s->origin, "https://verifier.example");
    s->ak_name_size = 34;
    s->ak_name[1] = 0x0b;
    (void)text_copy(s->boot_id, sizeof s->boot_id, "b");
    s->reset_count = 9;
    s->has_boot_log = true;
    s->boot_log[0] = 0xAB;
    s->ima_entries = 12;
    s->ima_size = 3456;
    s->round.ended_s = NOON_S;
    outcome_set(&s->round.outcome, OUTCOME_TRUSTED, "trusted");
    s->verdict = calloc(1, sizeof *s->verdict);
    assert_non_null(s->verdict);
    (void)text_copy(s->verdict->verdict, sizeof s->verdict->verdict, "trusted");
    (void)text_copy(s->verdict->attestation, sizeof s->verdict->attestation, "a1");
    (void)text_copy(s->verdict->expires, sizeof s->verdict->expires, "2026-11-22T13:00:00Z");
    s->verdict_s = NOON_S;
}

static void
comes_back_from_disk_and_is_private(void **state)
{
    (void)state;
    CLEANUP(state_free) struct state before = {0};
    CLEANUP(state_free) struct state after = {0};
    bool lost = true;
    fill(&before);
    assert_status(STATUS_OK, state_save(directory, &before, NULL));
    assert_status(STATUS_OK, state_load(directory, &after, &lost, NULL));
    assert_false(lost);
    assert_string_equal(before.device, after.device);
    assert_memory_equal(before.ak_name, after.ak_name, sizeof before.ak_name);
    assert_int_equal(34, after.ak_name_size);
    assert_int_equal(9, after.reset_count);
    assert_true(after.has_boot_log);
    assert_int_equal(0xAB, after.boot_log[0]);
    assert_int_equal(12, after.ima_entries);
    assert_int_equal(3456, after.ima_size);
    assert_int_equal(OUTCOME_TRUSTED, after.round.outcome.kind);
    assert_string_equal("trusted", after.verdict->verdict);
    char path[64];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/state.json", directory);
    assert_int_equal(0, stat(path, &st));
    assert_int_equal(0600, st.st_mode & 07777);
}

/* Enrolled by root, attested by a service that is not: it must be able to read it again. */
static void
belongs_to_the_service_when_root_writes_it(void **state)
{
    (void)state;
    CLEANUP(state_free) struct state s = {0};
    char path[64];
    struct stat st;
    if (geteuid() != 0)
        skip();
    fill(&s);
    assert_int_equal(0, chown(directory, 65534, 65534));
    assert_status(STATUS_OK, state_save(directory, &s, NULL));
    (void)snprintf(path, sizeof path, "%s/state.json", directory);
    assert_int_equal(0, stat(path, &st));
    assert_int_equal(65534, st.st_uid);
}

static void
is_empty_without_a_file(void **state)
{
    (void)state;
    CLEANUP(state_free) struct state s = {0};
    bool lost = true;
    assert_status(STATUS_OK, state_load("/tmp/attestd-no-such", &s, &lost, NULL));
    assert_false(lost);
    assert_string_equal("", s.device);
}

static void
is_empty_when_the_file_is_spoilt(void **state)
{
    (void)state;
    static const char *const spoilt[] = {"",
                                         "{",
                                         "{\"version\":2}",
                                         "[]",
                                         "{\"version\":1,\"enrollment\":{\"device\":\"..\"}}",
                                         "{\"version\":1,\"verdict\":{}}"};
    char path[64];
    (void)snprintf(path, sizeof path, "%s/state.json", directory);
    for (size_t i = 0; i < sizeof spoilt / sizeof spoilt[0]; i++) {
        CLEANUP(state_free) struct state s = {0};
        bool lost = false;
        assert_status(STATUS_OK, file_save(path, bytes_of_text(spoilt[i]), 0600, NULL));
        assert_status(STATUS_OK, state_load(directory, &s, &lost, NULL));
        assert_true(lost);
        assert_string_equal("", s.device);
        assert_null(s.verdict);
    }
}

static void
tells_a_trusted_verdict_until_it_expires(void **state)
{
    (void)state;
    CLEANUP(state_free) struct state s = {0};
    fill(&s);
    assert_int_equal(0, report_exit_code(&s, NOON_S));
    assert_int_equal(3, report_exit_code(&s, NOON_S + 3600));
    s.round.outcome.kind = OUTCOME_UNAVAILABLE;
    assert_int_equal(69, report_exit_code(&s, NOON_S));
    s.round.outcome.kind = OUTCOME_NONE;
    assert_int_equal(75, report_exit_code(&s, NOON_S));
}

static void
shows_no_control_characters_of_a_peer(void **state)
{
    (void)state;
    CLEANUP(state_free) struct state s = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    fill(&s);
    (void)text_copy(s.verdict->verdict, sizeof s.verdict->verdict, "trusted\x1b[2J");
    assert_status(STATUS_OK, report_status(&s, NOON_S, &text));
    assert_null(strchr(buffer_text(&text), '\x1b'));
    assert_non_null(strstr(buffer_text(&text), "trusted\\x1b"));
}

static void
shows_status_as_json(void **state)
{
    (void)state;
    CLEANUP(state_free) struct state s = {0};
    CLEANUP(buffer_free) struct buffer text = {0};
    fill(&s);
    assert_status(STATUS_OK, report_status_json(&s, NOON_S, &text));
    assert_non_null(strstr(buffer_text(&text), "\"device\": \"" DEVICE "\""));
    assert_non_null(strstr(buffer_text(&text), "\"exit_code\": 0"));
    assert_non_null(strstr(buffer_text(&text), "\"next\": null"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back_from_disk_and_is_private, setup, teardown),
        cmocka_unit_test(is_empty_without_a_file),
        cmocka_unit_test_setup_teardown(belongs_to_the_service_when_root_writes_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(is_empty_when_the_file_is_spoilt, setup, teardown),
        cmocka_unit_test(tells_a_trusted_verdict_until_it_expires),
        cmocka_unit_test(shows_no_control_characters_of_a_peer),
        cmocka_unit_test(shows_status_as_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
