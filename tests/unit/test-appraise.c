/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/appraise_case.h"
#include "tests/lib/test.h"

#include <string.h>

static struct appraise_case *c;

static void
trusts_a_boot_under_its_own_profile(void **state)
{
    c = *state;
    appraise_case_run(c);
    appraise_case_assert_trusted(c);
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    assert_string_equal("owner", p->name);
    assert_int_equal(1, appraisal_secure_boot(c->appraisal));
    assert_string_equal("/vmlinuz root=/dev/sda1 ro", appraisal_command_line(c->appraisal));
    assert_string_equal("boot", appraise_case_fact(c, REASON_BOOT_GENERATION)->found);
}

static void
claims_what_its_rules_showed_and_no_more(void **state)
{
    c = *state;
    appraise_case_run(c);
    const struct vector *v = &appraise_case_perspective(c)->vector;
    assert_int_equal(2, v->claim[VECTOR_INSTANCE_IDENTITY]);
    assert_int_equal(2, v->claim[VECTOR_HARDWARE]);
    assert_int_equal(3, v->claim[VECTOR_EXECUTABLES]);
    assert_int_equal(2, v->claim[VECTOR_CONFIGURATION]);
    assert_int_equal(0, v->claim[VECTOR_FILE_SYSTEM]);
    assert_int_equal(0, v->claim[VECTOR_SOURCED_DATA]);
    appraise_case_edit(c, 0, "\"secure_boot\": {\"state\": \"on\"},", "");
    appraise_case_run(c);
    assert_int_equal(3, appraise_case_perspective(c)->vector.claim[VECTOR_CONFIGURATION]);
}

static void
names_the_documents_of_each_perspective(void **state)
{
    c = *state;
    appraise_case_run(c);
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    assert_int_equal(1, p->n_policies);
    assert_string_equal("gateways", p->policies[0]->id);
    assert_int_equal(1, p->n_references);
    assert_string_equal("boot", p->references[0]->id);
    assert_int_equal(3600, p->max_age_s);
}

static void
expires_with_the_evidence(void **state)
{
    c = *state;
    appraise_case_run(c);
    assert_int_equal(1769000000, appraisal_evidence_s(c->appraisal));
    assert_int_equal(1769000000 + 3600, appraisal_expires_s(c->appraisal));
    c->offline = true;
    appraise_case_run(c);
    assert_int_equal(-1, appraisal_evidence_s(c->appraisal));
    assert_int_equal(c->now_s, appraisal_expires_s(c->appraisal));
}

/* The verdict at an age of the evidence, under a rule on it. */
static void
assert_at_age(int64_t age_s, enum verdict verdict)
{
    c->now_s = 1769000000 + age_s;
    appraise_case_run(c);
    if (verdict == VERDICT_TRUSTED)
        appraise_case_assert_trusted(c);
    else
        (void)appraise_case_assert_only(c, REASON_EVIDENCE_AGE, verdict);
}

static void
says_none_of_old_evidence(void **state)
{
    c = *state;
    assert_at_age(3600, VERDICT_TRUSTED);
    assert_at_age(3601, VERDICT_NONE);
    appraise_case_edit(c, 0, "\"1h\"", "{\"max\": \"1m\", \"effect\": \"enforce\"}");
    assert_at_age(60, VERDICT_TRUSTED);
    assert_at_age(61, VERDICT_NONE);
    assert_int_equal(60, appraise_case_perspective(c)->max_age_s);
    assert_int_equal(60, appraise_case_perspective(c)->lapse_age_s);
}

static void
warns_of_old_evidence_until_it_lapses(void **state)
{
    c = *state;
    appraise_case_edit(c, 0, "\"1h\"", "{\"max\": \"1m\", \"effect\": \"warn\"}");
    assert_at_age(60, VERDICT_TRUSTED);
    assert_at_age(61, VERDICT_WARNING);
    assert_at_age(119, VERDICT_WARNING);
    assert_at_age(120, VERDICT_NONE);
    assert_int_equal(60, appraise_case_perspective(c)->max_age_s);
    assert_int_equal(120, appraise_case_perspective(c)->lapse_age_s);
    assert_int_equal(1769000000 + 60, appraisal_expires_s(c->appraisal));
}

/* One policy warns early, the other ends it: the shorter of each. */
static void
a_stricter_policy_ends_what_another_warns_of(void **state)
{
    c = *state;
    appraise_case_edit(c, 0, "\"1h\"", "{\"max\": \"1m\", \"effect\": \"warn\"}");
    buffer_append_text(&c->documents[2],
                       "{\"type\":\"policy\",\"id\":\"z\",\"version\":1,\"perspective\":\"owner\","
                       "\"select\":{\"all\":true},\"evidence_age\":\"90s\"}");
    assert_at_age(61, VERDICT_WARNING);
    assert_int_equal(60, appraise_case_perspective(c)->max_age_s);
    assert_int_equal(90, appraise_case_perspective(c)->lapse_age_s);
    c->now_s = 1769000000 + 91;
    appraise_case_run(c);
    assert_int_equal(VERDICT_NONE, appraise_case_perspective(c)->verdict);
}

static void
says_none_of_a_device_that_no_policy_selects(void **state)
{
    c = *state;
    c->labels[0].value = "osaka";
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_POLICY_NONE, VERDICT_NONE);
    assert_string_equal("default", appraise_case_perspective(c)->name);
    assert_int_equal(VERDICT_NONE, vector_verdict(&appraise_case_perspective(c)->vector));
}

static void
hides_no_finding_where_there_is_no_policy(void **state)
{
    c = *state;
    c->subject.n_labels = 0;
    appraise_case_take_pcrs(c);
    (void)log_builder_event(&c->log, 4, EVENT_EFI_BOOT_APPLICATION, bytes_of_text("x"),
                            bytes_of_text("path"));
    appraise_case_run(c);
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    assert_int_equal(VERDICT_NONE, p->verdict);
    assert_non_null(reasons_find(&p->reasons, REASON_LOG_PCR_MISMATCH));
}

static void
lets_the_worst_policy_of_a_perspective_count(void **state)
{
    c = *state;
    buffer_append_text(&c->documents[2],
                       "{\"type\":\"policy\",\"id\":\"off\",\"version\":1,\"perspective\":"
                       "\"owner\",\"select\":{\"all\":true},\"evidence_age\":\"10m\","
                       "\"secure_boot\":{\"state\":\"off\",\"effect\":\"warn\"}}");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_SECURE_BOOT_ON, VERDICT_WARNING);
    const struct appraisal_perspective *p = appraise_case_perspective(c);
    assert_int_equal(2, p->n_policies);
    assert_int_equal(600, p->max_age_s);
    assert_int_equal(appraisal_evidence_s(c->appraisal) + 600, appraisal_expires_s(c->appraisal));
    assert_int_equal(36, p->vector.claim[VECTOR_CONFIGURATION]);
    appraise_case_edit(c, 2, "warn", "enforce");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_SECURE_BOOT_ON, VERDICT_UNTRUSTED);
}

static void
gives_two_perspectives_two_verdicts(void **state)
{
    c = *state;
    buffer_append_text(&c->documents[2],
                       "{\"type\":\"policy\",\"id\":\"off\",\"version\":1,\"perspective\":"
                       "\"operator\",\"select\":{\"all\":true},"
                       "\"secure_boot\":{\"state\":\"off\"}}");
    appraise_case_run(c);
    assert_int_equal(2, appraisal_n_perspectives(c->appraisal));
    const struct appraisal_perspective *owner = appraisal_perspective(c->appraisal, 0);
    const struct appraisal_perspective *other = appraisal_perspective(c->appraisal, 1);
    assert_string_equal("owner", owner->name);
    assert_int_equal(VERDICT_TRUSTED, owner->verdict);
    assert_int_equal(0, owner->reasons.n_items);
    assert_string_equal("operator", other->name);
    assert_int_equal(VERDICT_UNTRUSTED, other->verdict);
    assert_int_equal(VERDICT_UNTRUSTED, appraisal_verdict(c->appraisal));
    assert_null(appraisal_perspective(c->appraisal, 2));
}

static void
takes_the_shortest_age_in_any_order(void **state)
{
    c = *state;
    static const char *const ids[] = {"a", "z"};
    static const char *const perspectives[] = {"owner", "a", "z"};
    for (size_t i = 0; i < 2; i++) {
        for (size_t k = 0; k < 3; k++) {
            buffer_reset(&c->documents[2]);
            buffer_append_format(&c->documents[2],
                                 "{\"type\":\"policy\",\"id\":\"%s\",\"version\":1,"
                                 "\"perspective\":\"%s\",\"select\":{\"all\":true},"
                                 "\"evidence_age\":\"10m\"}",
                                 ids[i], perspectives[k]);
            appraise_case_run(c);
            assert_int_equal(appraisal_evidence_s(c->appraisal) + 600,
                             appraisal_expires_s(c->appraisal));
        }
    }
}

/* What is unknown in PCR 4 says nothing of hardware or configuration. */
static void
blames_the_claim_that_a_pcr_bears_on(void **state)
{
    c = *state;
    c->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "evil"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    const struct vector *v = &appraise_case_perspective(c)->vector;
    assert_int_equal(33, v->claim[VECTOR_EXECUTABLES]);
    assert_int_equal(0, v->claim[VECTOR_HARDWARE]);
    assert_int_equal(0, v->claim[VECTOR_CONFIGURATION]);
    c->changes[0] = (struct appraise_case_change){"firmware-1", APPRAISE_HASHED, "evil"};
    appraise_case_reboot(c);
    appraise_case_run(c);
    v = &appraise_case_perspective(c)->vector;
    assert_int_equal(97, v->claim[VECTOR_HARDWARE]);
    assert_int_equal(0, v->claim[VECTOR_EXECUTABLES]);
}

static void
warns_of_what_replay_found_where_no_rule_looks(void **state)
{
    c = *state;
    c->selection = "sha256:0-12,14,15";
    struct digest extra = {0};
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("x"), &extra));
    assert_status(STATUS_OK, digest_extend(c->h, &c->log.pcr[0][15], digest_bytes(&extra)));
    appraise_case_run(c);
    const struct reason *r =
        appraise_case_assert_only(c, REASON_LOG_PCR_UNEXPLAINED, VERDICT_WARNING);
    assert_int_equal(15, r->pcr);
}

static void
counts_a_whole_log_whatever_pcr_it_names(void **state)
{
    c = *state;
    appraise_case_edit(c, 0, "\"boot\": {\"references\": [\"boot\"], \"effect\": \"enforce\"},",
                       "");
    appraise_case_edit(c, 0, "\"command_line\": {\"references\": true},", "");
    appraise_case_edit(c, 0, "\"ima\": {\"references\": [\"boot\"], \"violations\": \"enforce\"}",
                       "\"quirks\": {\"deny\": [\"shim-extra-byte\"]}");
    c->replaced = true;
    c->in.ima = buffer_bytes(&c->log.ima);
    c->in.ima_present = true;
    appraise_case_run(c);
    const struct reason *r = appraise_case_assert_only(c, REASON_LOG_MISSING, VERDICT_UNTRUSTED);
    assert_int_not_equal(7, r->pcr);
}

static void
warns_only_when_every_rule_warns(void **state)
{
    c = *state;
    appraise_case_edit(c, 0, "\"state\": \"on\"", "\"state\": \"on\", \"effect\": \"warn\"");
    appraise_case_edit(c, 0, "\"effect\": \"enforce\"", "\"effect\": \"warn\"");
    appraise_case_edit(c, 0, "\"violations\"", "\"effect\": \"warn\", \"violations\"");
    appraise_case_take_pcrs(c);
    (void)log_builder_event(&c->log, 4, EVENT_EFI_BOOT_APPLICATION, bytes_of_text("x"),
                            bytes_of_text("path"));
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_LOG_PCR_MISMATCH, VERDICT_WARNING);
    appraise_case_edit(c, 0, "\"effect\": \"warn\"}", "\"effect\": \"enforce\"}");
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"warn\"", "[\"boot\"]");
    appraise_case_run(c);
    (void)appraise_case_assert_only(c, REASON_LOG_PCR_MISMATCH, VERDICT_UNTRUSTED);
    assert_int_equal(99, appraise_case_perspective(c)->vector.claim[VECTOR_HARDWARE]);
}

/* PCR 11 is covered, and only the log of user space could prove it. */
static void
counts_the_log_of_user_space_where_a_covered_pcr_needs_it(void **state)
{
    c = *state;
    c->in.userspace_incomplete = true;
    log_builder_extend(&c->log, 11, bytes_of_text("x"));
    appraise_case_run(c);
    assert_int_equal(VERDICT_WARNING, appraise_case_perspective(c)->verdict);
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"enforce\"",
                       "[\"boot\"], \"coverage\": {\"enforce\": [0,2,4,7,8,9,11,14]}");
    appraise_case_run(c);
    assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
    assert_non_null(reasons_find(&appraise_case_perspective(c)->reasons, REASON_LOG_INCOMPLETE));
}

static void
trusts_nothing_when_findings_were_dropped(void **state)
{
    c = *state;
    for (size_t i = 0; i < LIMIT_REASONS + 1; i++)
        (void)reasons_add_at(&c->planted, REASON_LOG_QUIRK, REASON_LOG_BOOT, 4, (int64_t)i);
    appraise_case_run(c);
    assert_true(c->found.n_dropped > 0);
    (void)appraise_case_assert_only(c, REASON_LOG_LIMIT, VERDICT_UNTRUSTED);
}

static void
needs_quote_replay_and_subject(void **state)
{
    c = *state;
    appraise_case_run(c);
    struct appraisal *out = NULL;
    struct appraisal_input input = {
        .documents = c->snapshot, .replay = c->replay, .subject = &c->subject};
    assert_status(STATUS_INVALID, appraise(c->h, &input, &out));
    input.quote = c->quote;
    input.replay = NULL;
    assert_status(STATUS_INVALID, appraise(c->h, &input, &out));
    input.replay = c->replay;
    input.subject = NULL;
    assert_status(STATUS_INVALID, appraise(c->h, &input, &out));
    input.subject = &c->subject;
    input.documents = NULL;
    assert_status(STATUS_INVALID, appraise(c->h, &input, &out));
    assert_null(out);
}

static size_t
count_blamed(enum reason_code code, int32_t pcr)
{
    const struct reasons *all = &appraise_case_perspective(c)->reasons;
    size_t n = 0;
    for (size_t i = 0; i < all->n_items; i++)
        n += all->items[i].code == code && all->items[i].pcr == pcr;
    return n;
}

/* What is enforced and not proven is blamed, whatever the stages before have said of it. */
static void
blames_a_pcr_that_no_stage_gave_a_reason_for(void **state)
{
    c = *state;
    appraise_case_edit(c, 0, "[\"boot\"], \"effect\": \"enforce\"",
                       "[\"boot\"], \"coverage\": {\"enforce\": [4, 12]}");
    log_builder_extend(&c->log, 4, bytes_of_text("x"));
    log_builder_extend(&c->log, 12, bytes_of_text("x"));
    appraise_case_run(c);
    CLEANUP(reasons_free) struct reasons only_4 = {0};
    (void)reasons_add_at(&only_4, REASON_LOG_PCR_MISMATCH, REASON_LOG_BOOT, 4, REASON_NO_EVENT);
    struct appraisal_input input = {.documents = c->snapshot,
                                    .quote = c->quote,
                                    .replay = c->replay,
                                    .subject = &c->subject,
                                    .now_s = c->now_s};
    for (int i = 0; i < 2; i++) {
        input.found = i == 0 ? NULL : &only_4;
        appraisal_freep(&c->appraisal);
        assert_status(STATUS_OK, appraise(c->h, &input, &c->appraisal));
        assert_int_equal(VERDICT_UNTRUSTED, appraise_case_perspective(c)->verdict);
        assert_int_equal(1, count_blamed(REASON_LOG_PCR_MISMATCH, 4));
        assert_int_equal(1, count_blamed(REASON_LOG_PCR_UNEXPLAINED, 12));
    }
}

static void
outlives_the_snapshot_that_it_was_made_by(void **state)
{
    c = *state;
    appraise_case_run(c);
    documents_unrefp(&c->snapshot);
    assert_string_equal("gateways", appraise_case_perspective(c)->policies[0]->id);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        APPRAISE_CASE(trusts_a_boot_under_its_own_profile),
        APPRAISE_CASE(claims_what_its_rules_showed_and_no_more),
        APPRAISE_CASE(names_the_documents_of_each_perspective),
        APPRAISE_CASE(expires_with_the_evidence),
        APPRAISE_CASE(says_none_of_old_evidence),
        APPRAISE_CASE(warns_of_old_evidence_until_it_lapses),
        APPRAISE_CASE(a_stricter_policy_ends_what_another_warns_of),
        APPRAISE_CASE(says_none_of_a_device_that_no_policy_selects),
        APPRAISE_CASE(hides_no_finding_where_there_is_no_policy),
        APPRAISE_CASE(lets_the_worst_policy_of_a_perspective_count),
        APPRAISE_CASE(gives_two_perspectives_two_verdicts),
        APPRAISE_CASE(takes_the_shortest_age_in_any_order),
        APPRAISE_CASE(blames_the_claim_that_a_pcr_bears_on),
        APPRAISE_CASE(warns_of_what_replay_found_where_no_rule_looks),
        APPRAISE_CASE(counts_a_whole_log_whatever_pcr_it_names),
        APPRAISE_CASE(warns_only_when_every_rule_warns),
        APPRAISE_CASE(counts_the_log_of_user_space_where_a_covered_pcr_needs_it),
        APPRAISE_CASE(trusts_nothing_when_findings_were_dropped),
        APPRAISE_CASE(needs_quote_replay_and_subject),
        APPRAISE_CASE(blames_a_pcr_that_no_stage_gave_a_reason_for),
        APPRAISE_CASE(outlives_the_snapshot_that_it_was_made_by),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
