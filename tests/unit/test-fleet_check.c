/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a policy when it is put: by the labels and the stored rounds of a small fleet. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/fleet_check.h"
#include "tests/lib/verifier_case.h"

#include <string.h>

#define OTHER "0f0e0d0c0b0a09080706050403020100"

static void
attest(struct verifier_case *c)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    assert_int_equal(REASON_NONE, a.attempt);
}

/* One device in Tokyo that attested, and one that never did. */
static void
make_fleet(struct verifier_case *c)
{
    struct tpm_builder *tpm = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    verifier_case_documents(c);
    attest(c);
    verifier_case_enroll(c, OTHER, tpm);
    tpm_builder_free(tpm);
}

static void
check(struct verifier_case *c, const struct access *who, const char *json, struct fleet_check *out)
{
    assert_status(STATUS_OK, fleet_check(&c->verifier, c->h, who, bytes_of_text(json), out));
}

/* Its warnings as JSON; the caller frees. */
static void
tell(const struct fleet_check *check, struct buffer *out)
{
    struct emit e = emit_of(out);
    emit_object(&e);
    fleet_check_emit(&e, check);
    emit_end_object(&e);
    assert_status(STATUS_OK, emit_check(&e));
}

static void
assert_said(struct verifier_case *c, const struct access *who, const char *json,
            const char *warnings)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    struct fleet_check found;
    check(c, who, json, &found);
    tell(&found, &text);
    assert_string_equal(warnings, buffer_text(&text));
}

#define NOBODY (&(const struct access){0})
#define POLICY(select, rules)                                                                      \
    "{\"type\":\"policy\",\"id\":\"p\",\"version\":1,\"perspective\":\"new\",\"select\":" select   \
    "," rules "}"
#define ALL            "{\"all\":true}"
#define SECURE_BOOT(s) "\"secure_boot\":{\"state\":\"" s "\"}"
#define WARNING(code, text)                                                                        \
    "{\"warnings\":[{\"code\":\"" code "\",\"policy\":\"p\",\"text\":\"policy p " text "\"}]}"
#define NOTHING "{\"warnings\":[]}"

static void
says_nothing_of_a_policy_under_which_a_device_passes(void **state)
{
    struct verifier_case *c = *state;
    make_fleet(c);
    struct fleet_check found;
    check(c, NOBODY, POLICY(ALL, SECURE_BOOT("on")), &found);
    assert_int_equal(2, found.n_devices);
    assert_int_equal(2, found.n_selected);
    assert_int_equal(1, found.n_tried);
    assert_true(found.some_pass);
    assert_said(c, NOBODY, POLICY(ALL, SECURE_BOOT("on")), NOTHING);
}

static void
names_a_policy_that_selects_no_device(void **state)
{
    struct verifier_case *c = *state;
    make_fleet(c);
    assert_said(c, NOBODY, POLICY("{\"labels\":{\"site\":\"osaka\"}}", SECURE_BOOT("on")),
                WARNING("policy.selects-none", "selects no device"));
    /* A device that is gone is not one. */
    verifier_case_set_state(c, LIFE_CYCLE_REVOKED);
    struct fleet_check found;
    check(c, NOBODY, POLICY(ALL, SECURE_BOOT("on")), &found);
    assert_int_equal(1, found.n_selected);
}

static void
names_a_policy_that_refuses_all(void **state)
{
    struct verifier_case *c = *state;
    make_fleet(c);
    assert_said(c, NOBODY, POLICY(ALL, SECURE_BOOT("off")),
                WARNING("policy.refuses-all",
                        "would refuse the whole fleet: 2 devices, of which 1 were tried"));
    /* What only warns refuses nobody; nor does a policy whose devices have said nothing yet. */
    assert_said(c, NOBODY, POLICY(ALL, "\"secure_boot\":{\"state\":\"off\",\"effect\":\"warn\"}"),
                NOTHING);
    verifier_case_set_state(c, LIFE_CYCLE_DECOMMISSIONED);
    assert_said(c, NOBODY, POLICY(ALL, SECURE_BOOT("off")), NOTHING);
}

static void
looks_at_the_askers_devices_only(void **state)
{
    struct verifier_case *c = *state;
    struct label osaka[] = {{"site", "osaka"}};
    make_fleet(c);
    assert_said(c, &(struct access){.labels = osaka, .n_labels = 1},
                POLICY(ALL, SECURE_BOOT("off")),
                WARNING("policy.selects-none", "selects no device"));
}

static void
names_what_cannot_come_into_force(void **state)
{
    struct verifier_case *c = *state;
    make_fleet(c);
    assert_said(c, NOBODY,
                POLICY(ALL, "\"genuine\":{\"accept\":[\"verified\",\"software\",\"unverified\"]},"
                            "\"member\":{\"accept\":[\"list\",\"approval\",\"token\",\"first-use\","
                            "\"none\"]}"),
                WARNING("policy.unfit", "cannot come into force as things are: policy p would "
                                        "accept everything: any TPM, any member, and no other "
                                        "rule"));
    struct fleet_check found;
    check(c, NOBODY, POLICY(ALL, "\"boot\":{\"references\":[\"absent\"]}"), &found);
    assert_false(found.compiled);
    assert_non_null(strstr(found.why.text, "absent"));
}

static void
says_nothing_of_what_is_no_policy(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer text = {0};
    struct fleet_check found;
    tell(NULL, &text);
    assert_string_equal(NOTHING, buffer_text(&text));
    assert_status(STATUS_INVALID,
                  fleet_check(&c->verifier, c->h, NOBODY, bytes_of_text("{}"), &found));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(says_nothing_of_a_policy_under_which_a_device_passes),
        VERIFIER_CASE(names_a_policy_that_selects_no_device),
        VERIFIER_CASE(names_a_policy_that_refuses_all),
        VERIFIER_CASE(looks_at_the_askers_devices_only),
        VERIFIER_CASE(names_what_cannot_come_into_force),
        VERIFIER_CASE(says_nothing_of_what_is_no_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
