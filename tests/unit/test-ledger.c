/* SPDX-License-Identifier: Apache-2.0 */
/* What a TPM's counters do in the life of a machine, and what a clone's or a rolled back one's do.
 */
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

struct counters {
    uint64_t clock_ms;
    uint32_t reset, restart;
    bool safe;
};

struct row {
    const char *name;
    struct counters before, after;
    bool continues;
    enum reason_code reason; /* REASON_NONE: no alarm */
    enum reason_code fact;   /* REASON_NONE: none asked for */
};

static const struct row rows[] = {
    {"the same boot, later",
     {5000, 7, 2, true},
     {6000, 7, 2, true},
     true,
     REASON_NONE,
     REASON_NONE},
    {"the same millisecond",
     {5000, 7, 2, true},
     {5000, 7, 2, true},
     true,
     REASON_NONE,
     REASON_NONE},
    {"a reboot", {5000, 7, 2, true}, {5500, 8, 0, true}, false, REASON_NONE, REASON_LEDGER_BOOT},
    {"reboots not seen",
     {5000, 7, 2, true},
     {9500, 10, 0, true},
     false,
     REASON_NONE,
     REASON_LEDGER_BOOTS_UNSEEN},
    {"a power cut takes the clock back",
     {5000, 7, 2, true},
     {3000, 8, 0, false},
     false,
     REASON_NONE,
     REASON_LEDGER_BOOT},
    {"and it is seen when the clock is safe again",
     {3000, 8, 0, false},
     {9000, 8, 0, true},
     true,
     REASON_NONE,
     REASON_NONE},
    {"a suspend and resume",
     {5000, 7, 2, true},
     {5900, 7, 3, true},
     true,
     REASON_NONE,
     REASON_LEDGER_RESUME},
    {"a suspend that lost power",
     {5000, 7, 0, true},
     {5900, 7, 1, true},
     false,
     REASON_NONE,
     REASON_LEDGER_BOOT},
    {"a suspend that lost power, clock not safe",
     {5000, 7, 0, true},
     {4000, 7, 1, false},
     false,
     REASON_NONE,
     REASON_LEDGER_BOOT},
    {"TPM2_Clear", {5000, 7, 2, true}, {10, 0, 0, true}, true, REASON_LEDGER_CLEARED, REASON_NONE},
    {"TPM2_Clear on a new machine",
     {5000, 0, 0, true},
     {10, 0, 0, true},
     true,
     REASON_LEDGER_CLEARED,
     REASON_NONE},
    {"a machine that was never reset",
     {5000, 0, 0, true},
     {6000, 0, 0, true},
     true,
     REASON_NONE,
     REASON_NONE},
    {"a clone that runs behind",
     {5000, 7, 2, true},
     {4000, 7, 2, true},
     true,
     REASON_LEDGER_CLOCK_BACK,
     REASON_NONE},
    {"behind in one boot, whatever safe says",
     {5000, 7, 2, true},
     {4000, 7, 2, false},
     true,
     REASON_LEDGER_CLOCK_BACK,
     REASON_NONE},
    {"a safe clock that fell over a reboot",
     {5000, 7, 2, true},
     {4000, 8, 0, true},
     false,
     REASON_LEDGER_CLOCK_BACK,
     REASON_LEDGER_BOOT},
    {"an older state of the TPM",
     {5000, 7, 2, true},
     {3000, 5, 1, true},
     false,
     REASON_LEDGER_RESET_BACK,
     REASON_NONE},
    {"an older state with a later clock",
     {5000, 7, 2, true},
     {6000, 6, 0, true},
     false,
     REASON_LEDGER_RESET_BACK,
     REASON_NONE},
    {"fewer restarts in the same reset",
     {5000, 7, 2, true},
     {6000, 7, 1, true},
     true,
     REASON_LEDGER_RESTART_BACK,
     REASON_NONE},
};

static void
try_row(const struct row *row)
{
    struct appraise_case *c = appraise_case_ready();
    c->subject.continues_boot = row->continues;
    c->subject.last = (struct subject_counters){.present = true,
                                                .clock_ms = row->before.clock_ms,
                                                .reset_count = row->before.reset,
                                                .restart_count = row->before.restart,
                                                .safe = row->before.safe,
                                                .firmware_version = 0x20};
    c->tpm->clock_ms = row->after.clock_ms;
    c->tpm->reset_count = row->after.reset;
    c->tpm->restart_count = row->after.restart;
    c->tpm->safe = row->after.safe;
    print_message("%s\n", row->name);
    appraise_case_run(c);
    if (row->reason == REASON_NONE)
        appraise_case_assert_trusted(c);
    else
        appraise_case_assert_all(c, row->reason, 1);
    if (row->fact != REASON_NONE)
        assert_non_null(appraise_case_fact(c, row->fact));
    bool unseen = row->fact == REASON_LEDGER_BOOTS_UNSEEN;
    assert_int_equal(unseen, appraise_case_fact(c, REASON_LEDGER_BOOTS_UNSEEN) != NULL);
    appraise_case_free(c);
}

static void
threat_21_life_of_a_machine_is_told_from_a_clone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        try_row(&rows[i]);
}

static void
says_nothing_at_the_first_round(void **state)
{
    (void)state;
    struct appraise_case *c = appraise_case_ready();
    c->subject.last = (struct subject_counters){.clock_ms = 9000, .reset_count = 9};
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    assert_null(appraise_case_fact(c, REASON_LEDGER_BOOT));
    appraise_case_free(c);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threat_21_life_of_a_machine_is_told_from_a_clone),
        cmocka_unit_test(says_nothing_at_the_first_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
