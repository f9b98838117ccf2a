/* SPDX-License-Identifier: Apache-2.0 */
/* IMA lists over the rounds of a boot: kexec, and what is remembered of old entries. [protocol 4]
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/boots.h"
#include "tests/lib/store_sql.h"

#include <string.h>

static const struct verifier_case_round honest = {0};

/* ---- kexec ---- */

/* The new kernel's list begins anew; PCR 10 does not. */
static void
kexec(struct verifier_case *c)
{
    buffer_reset(&c->device->log.ima);
    log_builder_ima_aggregate(&c->device->log, ALG_SHA256);
    boots_run_file(c, "/usr/bin/after");
}

static void
takes_a_list_that_starts_over_for_a_kexec(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    kexec(c);
    assert_int_equal(boot, boots_attest(c, &honest));
    assert_true(boots_says(c, "ima.kexec"));
    assert_false(boots_says(c, "ledger."));
    struct store_boot record = boots_record(c, boot);
    assert_int_equal(5, record.state.n_entries);
    assert_int_equal(3, record.state.list_first);
    size_t before = c->device->log.ima.size;
    boots_run_file(c, "/usr/bin/more");
    const struct verifier_case_round grown = {.ima_offset = 2,
                                              .ima = bytes_slice(buffer_bytes(&c->device->log.ima),
                                                                 before,
                                                                 c->device->log.ima.size - before)};
    assert_int_equal(boot, boots_attest(c, &grown));
    boots_run_file(c, "/usr/bin/most");
    assert_int_equal(boot, boots_attest(c, &honest));
    assert_int_equal(7, boots_record(c, boot).state.n_entries);
}

/* What ran between the last round and kexec is in no list. */
static void
refuses_a_list_that_starts_over_after_unseen_entries(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    boots_run_file(c, "/usr/bin/unseen");
    kexec(c);
    boots_refuse(c, &honest, "ima.pcr-mismatch");
    assert_int_equal(3, boots_record(c, boot).state.n_entries);
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
    boots_refuse(c, &honest, "ima.unknown-file");
}

/* Part of the list cut away, or other entries in its place, is no kexec. */
static void
refuses_a_list_that_lacks_its_beginning(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    size_t before = c->device->log.ima.size;
    boots_run_file(c, "/usr/bin/one");
    const struct verifier_case_round cut = {.ima = bytes_slice(buffer_bytes(&c->device->log.ima),
                                                               before,
                                                               c->device->log.ima.size - before)};
    boots_refuse(c, &cut, "ima.boot-aggregate");
    CLEANUP(store_device_clear) struct store_device d = verifier_case_device(c);
    assert_int_equal(boot, d.boot);
}

/* ---- what is remembered ---- */

/* Old entries are read when nobody remembers what they came to, and only then. */
static void
reads_old_entries_only_when_documents_changed_or_after_a_start(void **state)
{
    struct verifier_case *c = *state;
    const struct verifier_case_round from_3 = {.ima_offset = 3, .ima = bytes_of("", 0)};
    verifier_case_documents(c);
    uint64_t boot = boots_attest(c, &honest);
    store_sql(c->directory, "UPDATE segment SET data = x'00', size = size + 1 WHERE sha256 IN"
                            " (SELECT sha256 FROM ima_segment)");
    assert_int_equal(boot, boots_attest(c, &from_3));
    assert_int_equal(boot, boots_attest(c, &from_3));
    appraise_case_edit(c->device, APPRAISE_CASE_POLICY, "\"version\": 1", "\"version\": 2");
    verifier_case_documents(c);
    boots_assert_wanted(c, &from_3, "ima");
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
    boots_refuse(c, &from_4, "ima.unknown-file");
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
    boots_refuse(c, &honest, NULL);
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
    boots_refuse(c, &from_1, "ima.boot-aggregate");
}

/* So that each round can be appraised again with the entries that it had. */
static void
keeps_how_much_of_the_list_came_before(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    for (unsigned i = 0; i < 4; i++) {
        CLEANUP(store_attestation_clear) struct store_attestation a = {0};
        char told[64];
        size_t before = i > 0 ? c->device->log.ima.size : 0;
        (void)snprintf(told, sizeof told, "\"ima_bytes_before\":%zu}", before);
        if (i > 0)
            boots_run_file(c, "/usr/bin/more");
        struct bytes list = buffer_bytes(&c->device->log.ima);
        const struct verifier_case_round grown = {
            .ima_offset = i > 0 ? 2 + i : 0, .ima = bytes_slice(list, before, list.size - before)};
        (void)boots_attest(c, &grown);
        assert_status(STATUS_OK,
                      store_get_latest(c->verifier.store, c->device->subject.device_id, &a));
        assert_non_null(strstr(a.inputs_json, told));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(takes_a_list_that_starts_over_for_a_kexec),
        VERIFIER_CASE(refuses_a_list_that_starts_over_after_unseen_entries),
        VERIFIER_CASE(judges_what_ran_before_kexec),
        VERIFIER_CASE(refuses_a_list_that_lacks_its_beginning),
        VERIFIER_CASE(reads_old_entries_only_when_documents_changed_or_after_a_start),
        VERIFIER_CASE(judges_old_entries_again_after_a_start),
        VERIFIER_CASE(judges_old_entries_by_new_documents),
        VERIFIER_CASE(remembers_a_boot_aggregate_of_another_boot),
        VERIFIER_CASE(keeps_how_much_of_the_list_came_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
