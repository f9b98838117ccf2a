/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to one boot: rounds, restarts and growing logs, over a real store. [protocol 4] */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/verifier_case.h"

#include <sqlite3.h>
#include <string.h>

static const struct verifier_case_round honest = {0};

/* A round that is trusted; the boot record that it went into. */
static uint64_t
attest(struct verifier_case *c, const struct verifier_case_round *r)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(c, r, &a));
    if (a.attempt != REASON_NONE)
        fail_msg("an attempt: %s", reason_code_name(a.attempt));
    if (a.verdict != VERDICT_TRUSTED)
        fail_msg("%s", buffer_text(&a.body));
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    return d.boot;
}

static void
assert_wanted(struct verifier_case *c, const struct verifier_case_round *r, const char *which)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    size_t n_before = verifier_case_n_attestations(c);
    assert_status(STATUS_OK, verifier_case_attest(c, r, &a));
    assert_string_equal("log.wanted", reason_code_name(a.attempt));
    assert_int_equal(1, a.reasons.n_items);
    assert_string_equal(which, a.reasons.items[0].what);
    assert_int_equal(n_before, verifier_case_n_attestations(c));
}

/* Whether the last round has this fact or reason. */
static bool
says(struct verifier_case *c, const char *code)
{
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    assert_status(STATUS_OK, store_get_latest(c->verifier.store, c->device->subject.device_id, &a));
    return strstr(a.appraisal_json, code) != NULL;
}

static struct store_boot
boot_of(struct verifier_case *c, uint64_t id)
{
    struct store_boot boot = {0};
    assert_status(STATUS_OK, store_get_boot(c->verifier.store, id, &boot));
    return boot;
}

/* The kept list is the device's, byte by byte. */
static void
assert_list_kept(struct verifier_case *c, uint64_t boot)
{
    CLEANUP(buffer_free) struct buffer kept = {0};
    assert_status(STATUS_OK, store_get_ima(c->verifier.store, boot, &kept));
    assert_true(bytes_equal(buffer_bytes(&c->device->log.ima), buffer_bytes(&kept)));
}

/* A file that the documents approve runs again. */
static void
run_file(struct verifier_case *c, const char *path)
{
    log_builder_ima(&c->device->log, path, "sh");
}

/* ---- growing lists ---- */

static void
goes_on_where_the_last_round_ended(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    size_t before = c->device->log.ima.size;
    assert_int_equal(3, boot_of(c, boot).state.n_entries);
    run_file(c, "/usr/bin/one");
    run_file(c, "/usr/bin/two");
    const struct verifier_case_round grown = {.ima_offset = 3,
                                              .ima = bytes_slice(buffer_bytes(&c->device->log.ima),
                                                                 before,
                                                                 c->device->log.ima.size - before)};
    assert_int_equal(boot, attest(c, &grown));
    assert_int_equal(5, boot_of(c, boot).state.n_entries);
    assert_list_kept(c, boot);
    const struct verifier_case_round same = {.ima_offset = 5, .ima = bytes_of("", 0)};
    assert_int_equal(boot, attest(c, &same));
    assert_list_kept(c, boot);
}

static void
takes_no_more_of_a_whole_list_than_is_new(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    assert_int_equal(boot, attest(c, &honest));
    assert_list_kept(c, boot);
    run_file(c, "/usr/bin/one");
    assert_int_equal(boot, attest(c, &honest));
    assert_int_equal(4, boot_of(c, boot).state.n_entries);
    assert_list_kept(c, boot);
}

static void
asks_for_a_list_that_it_does_not_hold(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    const struct verifier_case_round from_4 = {.ima_offset = 4, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    assert_wanted(c, &from_3, "ima");
    uint64_t boot = attest(c, &honest);
    assert_wanted(c, &from_4, "ima");
    assert_int_equal(boot, attest(c, &from_3));
    c->device->tpm->reset_count++;
    assert_wanted(c, &from_3, "ima");
}

static void
asks_for_a_boot_log_that_it_does_not_hold(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round by_reference = {.boot_log_by_reference = true};
    const struct verifier_case_round neither = {
        .boot_log_by_reference = true, .ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    assert_wanted(c, &by_reference, "boot-log");
    assert_wanted(c, &neither, "boot-log");
    uint64_t boot = attest(c, &honest);
    assert_int_equal(boot, attest(c, &by_reference));
    assert_int_equal(boot, attest(c, &neither));
}

static void
asks_for_the_whole_userspace_log(void **state)
{
    const struct verifier_case_round r = {.userspace_offset = 1};
    verifier_case_documents(*state);
    assert_wanted(*state, &r, "userspace-log");
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
    (void)attest(c, &honest);
    assert_false(says(c, "log.incomplete"));
    assert_status(STATUS_OK, verifier_case_attest(c, &r, &a));
    assert_int_equal(VERDICT_WARNING, a.verdict);
    assert_true(says(c, "log.incomplete"));
}

static void
judges_entries_of_earlier_rounds_again(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round same = {.ima_offset = 4, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    log_builder_ima(&c->device->log, "/usr/bin/evil", "evil");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    attest_answer_clear(&a);
    assert_status(STATUS_OK, verifier_case_attest(c, &same, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.unknown-file"));
}

static void
finds_out_that_a_list_was_left_out(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round none = {.no_ima = true};
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    assert_int_equal(boot, attest(c, &none)); /* nothing was measured since */
    run_file(c, "/usr/bin/one");
    assert_status(STATUS_OK, verifier_case_attest(c, &none, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.missing"));
}

/* ---- boots ---- */

static void
begins_a_record_with_each_boot(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t first = attest(c, &honest);
    c->device->tpm->reset_count++;
    c->device->tpm->restart_count = 0;
    uint64_t second = attest(c, &honest);
    assert_int_not_equal(first, second);
    assert_true(says(c, "ledger.boot"));
    assert_list_kept(c, second);
}

static void
keeps_one_record_of_a_boot_without_ima(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round none = {.no_ima = true};
    appraise_case_reboot_firmware(c->device);
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY,
                       ",\n \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}",
                       "");
    verifier_case_documents(c);
    uint64_t boot = attest(c, &none);
    assert_int_equal(boot, attest(c, &none));
    assert_int_equal(boot, attest(c, &none));
}

static void
takes_a_restart_with_the_same_pcrs_for_a_resume(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    c->device->tpm->restart_count++;
    assert_int_equal(boot, attest(c, &from_3));
    assert_true(says(c, "ledger.resume"));
    assert_false(says(c, "ledger.boot"));
    c->device->tpm->restart_count++;
    assert_int_equal(boot, attest(c, &honest));
    assert_true(says(c, "ledger.resume"));
}

/* The PCRs of PCR 0 to 7 are those of the last round, not of the last good one. */
static void
knows_a_resume_of_a_boot_that_was_never_trusted(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    (void)attest(c, &honest);
    c->device->changes[0] =
        (struct appraise_case_change){"driver", APPRAISE_HASHED, "another driver"};
    appraise_case_reboot(c->device);
    c->device->tpm->reset_count++;
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    attest_answer_clear(&a);
    c->device->tpm->restart_count++;
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_true(says(c, "ledger.resume"));
}

/* A suspend that lost power: resetCount is equal, the firmware's PCRs are too, the list is not. */
static void
takes_a_restart_whose_list_begins_anew_for_a_boot(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    run_file(c, "/usr/bin/one");
    uint64_t first = attest(c, &honest);
    appraise_case_reboot(c->device);
    c->device->tpm->restart_count++;
    uint64_t second = attest(c, &honest);
    assert_int_not_equal(first, second);
    assert_true(says(c, "ledger.boot"));
    assert_list_kept(c, second);
}

static void
takes_a_restart_with_other_firmware_pcrs_for_a_boot(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    (void)attest(c, &honest);
    c->device->tpm->restart_count++;
    log_builder_extend(&c->device->log, 7, bytes_of_text("another"));
    assert_wanted(c, &from_3, "ima");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_true(says(c, "ledger.boot"));
}

/* Without a list nothing tells a resume from a suspend that lost power. */
static void
takes_a_restart_without_a_list_for_a_boot(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round none = {.no_ima = true};
    appraise_case_reboot_firmware(c->device);
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY,
                       ",\n \"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}",
                       "");
    verifier_case_documents(c);
    uint64_t boot = attest(c, &none);
    c->device->tpm->restart_count++;
    assert_int_not_equal(boot, attest(c, &none));
    assert_true(says(c, "ledger.boot"));
    assert_false(says(c, "ledger.resume"));
}

/* A list was held, and PCR 10 is what it was: nothing was measured since. */
static void
takes_a_restart_whose_list_stands_for_a_resume(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round none = {.no_ima = true};
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    c->device->tpm->restart_count++;
    assert_int_equal(boot, attest(c, &none));
    assert_true(says(c, "ledger.resume"));
}

/* A machine that was started anew, and an agent that says that its list goes on. */
static void
asks_for_the_whole_list_when_a_restart_is_no_resume(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    uint64_t first = attest(c, &honest);
    appraise_case_reboot(c->device);
    run_file(c, "/usr/bin/one");
    c->device->tpm->restart_count++;
    log_builder_extend(&c->device->log, 10, bytes_of_text("unlisted"));
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    assert_wanted(c, &from_3, "ima");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_true(says(c, "ima.pcr-mismatch"));
    assert_true(says(c, "ledger.boot"));
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_not_equal(first, d.boot);
    assert_int_equal(0, boot_of(c, d.boot).state.n_entries);
}

/* ---- kexec ---- */

/* The new kernel's list begins anew; PCR 10 does not. */
static void
kexec(struct verifier_case *c)
{
    buffer_reset(&c->device->log.ima);
    log_builder_ima_aggregate(&c->device->log, ALG_SHA256);
    run_file(c, "/usr/bin/after");
}

static void
takes_a_list_that_starts_over_for_a_kexec(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    kexec(c);
    assert_int_equal(boot, attest(c, &honest));
    assert_true(says(c, "ima.kexec"));
    assert_false(says(c, "ledger."));
    struct store_boot record = boot_of(c, boot);
    assert_int_equal(5, record.state.n_entries);
    assert_int_equal(3, record.state.list_first);
    size_t before = c->device->log.ima.size;
    run_file(c, "/usr/bin/more");
    const struct verifier_case_round grown = {.ima_offset = 2,
                                              .ima = bytes_slice(buffer_bytes(&c->device->log.ima),
                                                                 before,
                                                                 c->device->log.ima.size - before)};
    assert_int_equal(boot, attest(c, &grown));
    run_file(c, "/usr/bin/most");
    assert_int_equal(boot, attest(c, &honest));
    assert_int_equal(7, boot_of(c, boot).state.n_entries);
}

/* What ran between the last round and kexec is in no list. */
static void
refuses_a_list_that_starts_over_after_unseen_entries(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    run_file(c, "/usr/bin/unseen");
    kexec(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.pcr-mismatch"));
    assert_int_equal(3, boot_of(c, boot).state.n_entries);
}

/* Nothing is taken back: what an old kernel measured is judged as long as PCR 10 holds it. */
static void
judges_what_ran_before_kexec(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    log_builder_ima(&c->device->log, "/usr/bin/evil", "evil");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    attest_answer_clear(&a);
    kexec(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.unknown-file"));
}

/* Part of the list cut away, or other entries in its place, is no kexec. */
static void
refuses_a_list_that_lacks_its_beginning(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    size_t before = c->device->log.ima.size;
    run_file(c, "/usr/bin/one");
    const struct verifier_case_round cut = {.ima = bytes_slice(buffer_bytes(&c->device->log.ima),
                                                               before,
                                                               c->device->log.ima.size - before)};
    assert_status(STATUS_OK, verifier_case_attest(c, &cut, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.boot-aggregate"));
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_equal(boot, d.boot);
}

static void
takes_a_restart_counter_that_went_back_for_no_resume(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    (void)attest(c, &honest);
    c->device->tpm->restart_count--;
    assert_wanted(c, &from_3, "ima");
}

/* ---- damage ---- */

static void
damage(struct verifier_case *c, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    verifier_case_close(c);
    (void)snprintf(path, sizeof path, "%s/attestd.db", c->directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
    verifier_case_open(c);
}

static void
asks_for_kept_logs_that_were_damaged(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    const struct verifier_case_round by_reference = {.boot_log_by_reference = true};
    verifier_case_documents(c);
    uint64_t first = attest(c, &honest);
    damage(c, "UPDATE segment SET data = x'00'");
    assert_wanted(c, &from_3, "ima");
    assert_wanted(c, &by_reference, "boot-log");
    assert_int_not_equal(first, attest(c, &honest));
}

/* Change the kept segments under the running verifier. */
static void
damage_running(const struct verifier_case *c, const char *sql)
{
    char path[128];
    sqlite3 *db = NULL;
    (void)snprintf(path, sizeof path, "%s/attestd.db", c->directory);
    assert_int_equal(SQLITE_OK, sqlite3_open(path, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, sql, NULL, NULL, NULL));
    assert_int_equal(SQLITE_OK, sqlite3_close(db));
}

/* Old entries are read when nobody remembers what they came to, and only then. */
static void
reads_old_entries_only_when_documents_changed_or_after_a_start(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    uint64_t boot = attest(c, &honest);
    damage_running(c, "UPDATE segment SET data = x'00', size = size + 1 WHERE sha256 IN"
                      " (SELECT sha256 FROM ima_segment)");
    assert_int_equal(boot, attest(c, &from_3));
    assert_int_equal(boot, attest(c, &from_3));
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY, "\"version\": 1", "\"version\": 2");
    verifier_case_documents(c);
    assert_wanted(c, &from_3, "ima");
}

static void
judges_old_entries_again_after_a_start(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round from_4 = {.ima_offset = 4, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    log_builder_ima(&c->device->log, "/usr/bin/evil", "evil");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    attest_answer_clear(&a);
    verifier_case_close(c);
    verifier_case_open(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &from_4, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.unknown-file"));
}

/* Documents that change their mind about an old entry need no device for it. */
static void
judges_old_entries_by_new_documents(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round from_4 = {.ima_offset = 4, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    log_builder_ima_violation(&c->device->log, "/var/log/messages");
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    attest_answer_clear(&a);
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY, "\"version\": 1", "\"version\": 2");
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY, "\"violations\": \"enforce\"",
                       "\"violations\": \"warn\"");
    verifier_case_documents(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &from_4, &a));
    assert_int_equal(VERDICT_WARNING, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.violation"));
}

/* It was told in the round that sent it; it is no less true in the next. */
static void
remembers_a_boot_aggregate_of_another_boot(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    const struct verifier_case_round from_1 = {.ima_offset = 1, .ima = bytes_of("", 0)};
    appraise_case_reboot_firmware(c->device);
    log_builder_ima(&c->device->log, "boot_aggregate", "of another boot");
    verifier_case_documents(c);
    assert_status(STATUS_OK, verifier_case_attest(c, &honest, &a));
    assert_non_null(strstr(buffer_text(&a.body), "ima.boot-aggregate"));
    attest_answer_clear(&a);
    assert_status(STATUS_OK, verifier_case_attest(c, &from_1, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    assert_non_null(strstr(buffer_text(&a.body), "ima.boot-aggregate"));
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
        VERIFIER_CASE(asks_for_kept_logs_that_were_damaged),
        VERIFIER_CASE(takes_a_restart_without_a_list_for_a_boot),
        VERIFIER_CASE(takes_a_restart_whose_list_stands_for_a_resume),
        VERIFIER_CASE(asks_for_the_whole_list_when_a_restart_is_no_resume),
        VERIFIER_CASE(takes_a_list_that_starts_over_for_a_kexec),
        VERIFIER_CASE(refuses_a_list_that_starts_over_after_unseen_entries),
        VERIFIER_CASE(judges_what_ran_before_kexec),
        VERIFIER_CASE(refuses_a_list_that_lacks_its_beginning),
        VERIFIER_CASE(reads_old_entries_only_when_documents_changed_or_after_a_start),
        VERIFIER_CASE(judges_old_entries_again_after_a_start),
        VERIFIER_CASE(judges_old_entries_by_new_documents),
        VERIFIER_CASE(remembers_a_boot_aggregate_of_another_boot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
