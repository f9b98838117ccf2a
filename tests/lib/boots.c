/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/boots.h"

#include "base/cleanup.h"

#include <string.h>

/* A round that is trusted; the boot record that it went into. */
uint64_t
boots_attest(struct verifier_case *c, const struct verifier_case_round *r)
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

void
boots_refuse(struct verifier_case *c, const struct verifier_case_round *r, const char *code)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(c, r, &a));
    assert_int_equal(VERDICT_UNTRUSTED, a.verdict);
    if (code && !boots_says(c, code))
        fail_msg("not for %s: %s", code, buffer_text(&a.body));
}

void
boots_assert_wanted(struct verifier_case *c, const struct verifier_case_round *r, const char *which)
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
bool
boots_says(struct verifier_case *c, const char *code)
{
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    assert_status(STATUS_OK, store_get_latest(c->verifier.store, c->device->subject.device_id, &a));
    return strstr(a.appraisal_json, code) != NULL;
}

struct store_boot
boots_record(struct verifier_case *c, uint64_t id)
{
    struct store_boot boot = {0};
    assert_status(STATUS_OK, store_get_boot(c->verifier.store, id, &boot));
    return boot;
}

/* The kept list is the device's, byte by byte. */
void
boots_assert_list_kept(struct verifier_case *c, uint64_t boot)
{
    CLEANUP(buffer_free) struct buffer kept = {0};
    assert_status(STATUS_OK, store_get_ima(c->verifier.store, boot, &kept));
    assert_true(bytes_equal(buffer_bytes(&c->device->log.ima), buffer_bytes(&kept)));
}

/* A file that the documents approve runs again. */
void
boots_run_file(struct verifier_case *c, const char *path)
{
    log_builder_ima(&c->device->log, path, "sh");
}
