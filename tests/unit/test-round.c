/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one boot: rounds, restarts and growing logs, over a real store. [protocol 4] */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/boots.h"
#include "tests/lib/store_sql.h"

#include <string.h>

static const struct verifier_case_round honest = {0};
static const struct verifier_case_round none = {.no_ima = true};
/* What comes behind three entries: nothing. */
static const struct verifier_case_round from_3 = {.ima_offset = 3,
                                                  .ima = {.data = (const uint8_t *)""}};

/* ---- growing lists ---- */

/* Boot without a list, under documents that ask for none. */
static void
demand_no_list(struct verifier_case *c)
{
    appraise_case_reboot_firmware(c->device);
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY,
                       ",\n \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}",
                       "");
    verifier_case_documents(c);
}

static void
goes_on_where_the_last_round_ended(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    size_t before = c->device->log.ima.size;
    assert_int_equal(3, boots_record(c, boot).state.n_entries);
    boots_run_file(c, "/usr/bin/one");
    boots_run_file(c, "/usr/bin/two");
    const struct verifier_case_round grown = {.ima_offset = 3,
                                              .ima = bytes_slice(buffer_bytes(&c->device->log.ima),
                                                                 before,
                                                                 c->device->log.ima.size - before)};
    assert_int_equal(boot, boots_attest(c, &grown));
    assert_int_equal(5, boots_record(c, boot).state.n_entries);
    boots_assert_list_kept(c, boot);
    const struct verifier_case_round same = {.ima_offset = 5, .ima = bytes_of("", 0)};
    assert_int_equal(boot, boots_attest(c, &same));
    boots_assert_list_kept(c, boot);
}

static void
takes_no_more_of_a_whole_list_than_is_new(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    assert_int_equal(boot, boots_attest(c, &honest));
    boots_assert_list_kept(c, boot);
    boots_run_file(c, "/usr/bin/one");
    assert_int_equal(boot, boots_attest(c, &honest));
    assert_int_equal(4, boots_record(c, boot).state.n_entries);
    boots_assert_list_kept(c, boot);
}

static void
asks_for_a_list_that_it_does_not_hold(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_4 = {.ima_offset = 4, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    boots_assert_wanted(c, &from_3, "ima");
    uint64_t boot = boots_attest(c, &honest);
    boots_assert_wanted(c, &from_4, "ima");
    assert_int_equal(boot, boots_attest(c, &from_3));
    c->device->tpm->reset_count++;
    boots_assert_wanted(c, &from_3, "ima");
}

static void
asks_for_a_boot_log_that_it_does_not_hold(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round by_reference = {.boot_log_by_reference = true};
    const struct verifier_case_round neither = {
        .boot_log_by_reference = true, .ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    boots_assert_wanted(c, &by_reference, "boot-log");
    boots_assert_wanted(c, &neither, "boot-log");
    uint64_t boot = boots_attest(c, &honest);
    assert_int_equal(boot, boots_attest(c, &by_reference));
    assert_int_equal(boot, boots_attest(c, &neither));
}

static void
asks_for_the_whole_userspace_log(void **state)
{
    const struct verifier_case_round r = {.userspace_offset = 1};
    verifier_case_documents(*state);
    boots_assert_wanted(*state, &r, "userspace-log");
}

static void
say_incomplete(struct evidence *e)
{
    e->present[EVIDENCE_OFFSETS] = true;
    e->userspace_incomplete = true;
}

static void
tells_that_the_device_calls_its_userspace_log_incomplete(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round r = {.change = say_incomplete};
    verifier_case_documents(c);
    (void)boots_attest(c, &honest);
    assert_false(boots_says(c, "log.incomplete"));
    assert_status(STATUS_OK, verifier_case_attest(c, &r, &a));
    assert_int_equal(VERDICT_WARNING, a.verdict);
    assert_true(boots_says(c, "log.incomplete"));
}

static void
judges_entries_of_earlier_rounds_again(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round same = {.ima_offset = 4, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    log_builder_ima(&c->device->log, "/usr/bin/evil", "evil");
    boots_refuse(c, &honest, NULL);
    boots_refuse(c, &same, "ima.unknown-file");
}

static void
finds_out_that_a_list_was_left_out(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    assert_int_equal(boot, boots_attest(c, &none)); /* nothing was measured since */
    boots_run_file(c, "/usr/bin/one");
    boots_refuse(c, &none, "ima.missing");
}

/* ---- boots ---- */

static void
begins_a_record_with_each_boot(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t first = boots_attest(c, &honest);
    c->device->tpm->reset_count++;
    c->device->tpm->restart_count = 0;
    uint64_t second = boots_attest(c, &honest);
    assert_int_not_equal(first, second);
    assert_true(boots_says(c, "ledger.boot"));
    boots_assert_list_kept(c, second);
}

static void
keeps_one_record_of_a_boot_without_ima(void **state)
{
    struct verifier_case *c = *state;
    demand_no_list(c);
    uint64_t boot = boots_attest(c, &none);
    assert_int_equal(boot, boots_attest(c, &none));
    assert_int_equal(boot, boots_attest(c, &none));
}

static void
takes_a_restart_with_the_same_pcrs_for_a_resume(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    c->device->tpm->restart_count++;
    assert_int_equal(boot, boots_attest(c, &from_3));
    assert_true(boots_says(c, "ledger.resume"));
    assert_false(boots_says(c, "ledger.boot"));
    c->device->tpm->restart_count++;
    assert_int_equal(boot, boots_attest(c, &honest));
    assert_true(boots_says(c, "ledger.resume"));
}

/* The PCRs of PCR 0 to 7 are those of the last round, not of the last good one. */
static void
knows_a_resume_of_a_boot_that_was_never_trusted(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    (void)boots_attest(c, &honest);
    c->device->changes[0] =
        (struct appraise_case_change){"driver", APPRAISE_HASHED, "another driver"};
    appraise_case_reboot(c->device);
    c->device->tpm->reset_count++;
    boots_refuse(c, &honest, NULL);
    c->device->tpm->restart_count++;
    boots_refuse(c, &honest, "ledger.resume");
}

/* A suspend that lost power: resetCount is equal, the firmware's PCRs are too, the list is not. */
static void
takes_a_restart_whose_list_begins_anew_for_a_boot(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    boots_run_file(c, "/usr/bin/one");
    uint64_t first = boots_attest(c, &honest);
    appraise_case_reboot(c->device);
    c->device->tpm->restart_count++;
    uint64_t second = boots_attest(c, &honest);
    assert_int_not_equal(first, second);
    assert_true(boots_says(c, "ledger.boot"));
    boots_assert_list_kept(c, second);
}

static void
takes_a_restart_with_other_firmware_pcrs_for_a_boot(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    (void)boots_attest(c, &honest);
    c->device->tpm->restart_count++;
    log_builder_extend(&c->device->log, 7, bytes_of_text("another"));
    boots_assert_wanted(c, &from_3, "ima");
    boots_refuse(c, &honest, "ledger.boot");
}

/* Without a list nothing tells a resume from a suspend that lost power. */
static void
takes_a_restart_without_a_list_for_a_boot(void **state)
{
    struct verifier_case *c = *state;
    demand_no_list(c);
    uint64_t boot = boots_attest(c, &none);
    c->device->tpm->restart_count++;
    assert_int_not_equal(boot, boots_attest(c, &none));
    assert_true(boots_says(c, "ledger.boot"));
    assert_false(boots_says(c, "ledger.resume"));
}

/* A list was held, and PCR 10 is what it was: nothing was measured since. */
static void
takes_a_restart_whose_list_stands_for_a_resume(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    c->device->tpm->restart_count++;
    assert_int_equal(boot, boots_attest(c, &none));
    assert_true(boots_says(c, "ledger.resume"));
}

/* A machine that was started anew, and an agent that says that its list goes on. */
static void
asks_for_the_whole_list_when_a_restart_is_no_resume(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t first = boots_attest(c, &honest);
    appraise_case_reboot(c->device);
    boots_run_file(c, "/usr/bin/one");
    c->device->tpm->restart_count++;
    log_builder_extend(&c->device->log, 10, bytes_of_text("unlisted"));
    boots_assert_wanted(c, &from_3, "ima");
    boots_refuse(c, &honest, "ima.pcr-mismatch");
    assert_true(boots_says(c, "ledger.boot"));
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_not_equal(first, d.boot);
    assert_int_equal(0, boots_record(c, d.boot).state.n_entries);
}

/* A TPM that was cleared and started again can show the counters that it had. */
static void
takes_a_clock_that_fell_for_another_boot(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    c->device->tpm->clock_ms = 90000;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    c->device->tpm->clock_ms = 80000;
    boots_assert_wanted(c, &from_3, "ima");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_not_equal(VERDICT_TRUSTED, a.verdict);
    assert_true(boots_says(c, "ledger.clock-back"));
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_not_equal(boot, d.boot);
}

static void
takes_a_restart_counter_that_went_back_for_no_resume(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    (void)boots_attest(c, &honest);
    c->device->tpm->restart_count--;
    boots_assert_wanted(c, &from_3, "ima");
}

/* ---- a store that is changed under it ---- */

static void
change_store(struct verifier_case *c, const char *sql)
{
    verifier_case_close(c);
    store_sql(c->directory, sql);
    verifier_case_open(c);
}

/* The last good PCRs are written when they change. */
static void
writes_no_pcrs_that_are_those_of_the_last_good_round(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    (void)boots_attest(c, &honest);
    change_store(c, "CREATE TRIGGER no_change BEFORE UPDATE ON last_good BEGIN"
                    " SELECT RAISE(ABORT, 'changed'); END");
    (void)boots_attest(c, &honest);
}

static void
asks_for_kept_logs_that_were_damaged(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round by_reference = {.boot_log_by_reference = true};
    verifier_case_documents(c);
    uint64_t first = boots_attest(c, &honest);
    change_store(c, "UPDATE segment SET data = x'00'");
    boots_assert_wanted(c, &from_3, "ima");
    boots_assert_wanted(c, &by_reference, "boot-log");
    assert_int_not_equal(first, boots_attest(c, &honest));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(goes_on_where_the_last_round_ended),
        VERIFIER_CASE(takes_no_more_of_a_whole_list_than_is_new),
        VERIFIER_CASE(asks_for_a_list_that_it_does_not_hold),
        VERIFIER_CASE(asks_for_a_boot_log_that_it_does_not_hold),
        VERIFIER_CASE(asks_for_the_whole_userspace_log),
        VERIFIER_CASE(tells_that_the_device_calls_its_userspace_log_incomplete),
        VERIFIER_CASE(judges_entries_of_earlier_rounds_again),
        VERIFIER_CASE(finds_out_that_a_list_was_left_out),
        VERIFIER_CASE(begins_a_record_with_each_boot),
        VERIFIER_CASE(keeps_one_record_of_a_boot_without_ima),
        VERIFIER_CASE(takes_a_restart_with_the_same_pcrs_for_a_resume),
        VERIFIER_CASE(knows_a_resume_of_a_boot_that_was_never_trusted),
        VERIFIER_CASE(takes_a_restart_whose_list_begins_anew_for_a_boot),
        VERIFIER_CASE(takes_a_restart_with_other_firmware_pcrs_for_a_boot),
        VERIFIER_CASE(takes_a_restart_counter_that_went_back_for_no_resume),
        VERIFIER_CASE(writes_no_pcrs_that_are_those_of_the_last_good_round),
        VERIFIER_CASE(asks_for_kept_logs_that_were_damaged),
        VERIFIER_CASE(takes_a_restart_without_a_list_for_a_boot),
        VERIFIER_CASE(takes_a_restart_whose_list_stands_for_a_resume),
        VERIFIER_CASE(asks_for_the_whole_list_when_a_restart_is_no_resume),
        VERIFIER_CASE(takes_a_clock_that_fell_for_another_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
