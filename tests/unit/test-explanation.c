/* SPDX-License-Identifier: Apache-2.0 */
/* Why a round came out as it did: what changed against the last good boot, what can be done, and
 * one sentence. From rounds as the store keeps them. [appraisal 1] */
#include "appraise/explanation.h"
#include "appraise/explanation_diff.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "tests/lib/jws_builder.h"
#include "tests/lib/verifier_case.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* One stored round, opened again and appraised under the documents in force then. */
struct told {
    struct store_kept kept;
    struct stored_round *round;
    struct appraisal *appraisal;
    struct explanation_side side;
};

static void
clear_told(struct told *t)
{
    appraisal_free(t->appraisal);
    stored_round_free(t->round);
    store_kept_clear(&t->kept);
}

static void
attest(struct verifier_case *c, enum verdict verdict, struct told *out)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    struct diag diag = {0};
    *out = (struct told){0};
    assert_status(STATUS_OK, verifier_case_attest(c, &(struct verifier_case_round){0}, &a));
    if (a.attempt != REASON_NONE || a.verdict != verdict)
        fail_msg("not %s: %s", verdict_name(verdict), buffer_text(&a.body));
    assert_status(STATUS_OK, store_get_kept(c->verifier.store, a.attestation, &out->kept));
    const struct store_kept *k = &out->kept;
    const struct stored_parts parts = {.evidence = buffer_bytes(&k->evidence),
                                       .ak_public = buffer_bytes(&k->ak_public),
                                       .boot_log = buffer_bytes(&k->boot_log),
                                       .ima = buffer_bytes(&k->ima),
                                       .userspace_log = buffer_bytes(&k->userspace_log),
                                       .inputs = bytes_of_text(k->attestation.inputs_json)};
    assert_status(STATUS_OK, stored_round_open(c->h, &parts, &out->round, &diag));
    CLEANUP(documents_unrefp) struct documents *documents = snapshot_get(c->verifier.snapshot);
    assert_status(STATUS_OK, stored_round_appraise(c->h, out->round, documents, &out->appraisal));
    out->side = (struct explanation_side){
        .attestation = k->attestation.id, .round = out->round, .appraisal = out->appraisal};
}

static void
boot_with(struct verifier_case *c, const char *step, enum appraise_change change, const char *with)
{
    c->device->changes[0] = (struct appraise_case_change){step, change, with};
    c->device->tpm->reset_count++;
    appraise_case_reboot(c->device);
}

static json_t *
explain(const struct told *now, const struct told *good)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    assert_status(STATUS_OK, explanation_encode(&now->side, good ? &good->side : NULL, &text));
    json_t *told = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(told);
    return told;
}

static const char *
text_at(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static void
assert_summary(const json_t *told, const char *expected)
{
    assert_string_equal(expected, text_at(told, "summary"));
}

/* "change:component:PCR ..." */
static void
assert_changes(const json_t *told, const char *expected)
{
    CLEANUP(buffer_free) struct buffer found = {0};
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(told, "changes"), i, one) buffer_append_format(
        &found, "%s%s:%s:%lld", i > 0 ? " " : "", text_at(one, "change"), text_at(one, "component"),
        (long long)json_integer_value(json_object_get(one, "pcr")));
    assert_string_equal(expected, found.size > 0 ? buffer_text(&found) : "");
}

/* ---- what changed ---- */

static void
names_the_component_that_changed_and_its_digests(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told good = {0};
    CLEANUP(clear_told) struct told bad = {0};
    verifier_case_documents(c);
    attest(c, VERDICT_TRUSTED, &good);
    boot_with(c, "grub", APPRAISE_HASHED, "evil");
    attest(c, VERDICT_UNTRUSTED, &bad);
    json_auto_t *told = explain(&bad, &good);
    assert_changes(told, "changed:grub:4");
    assert_summary(told,
                   "The verdict is untrusted for 1 reason, the first being that an event's digest "
                   "is none of the component's values (grub). Against its last good boot 1 event "
                   "differs: grub changed.");
    const json_t *one = json_array_get(json_object_get(told, "changes"), 0);
    char hex[2 * ALG_MAX_SIZE + 1];
    struct digest d;
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("evil"), &d));
    assert_string_equal(text_hex(digest_bytes(&d), hex, sizeof hex), text_at(one, "is"));
    assert_status(STATUS_OK, digest_compute(c->h, ALG_SHA256, bytes_of_text("grub"), &d));
    assert_string_equal(text_hex(digest_bytes(&d), hex, sizeof hex), text_at(one, "was"));
    assert_string_equal(good.kept.attestation.id,
                        text_at(json_object_get(told, "last_good"), "attestation"));
}

static void
names_what_came_and_what_went(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told good = {0};
    CLEANUP(clear_told) struct told more = {0};
    CLEANUP(clear_told) struct told less = {0};
    verifier_case_documents(c);
    attest(c, VERDICT_TRUSTED, &good);
    boot_with(c, "grub", APPRAISE_INSERT, "memtest");
    attest(c, VERDICT_UNTRUSTED, &more);
    json_auto_t *surplus = explain(&more, &good);
    assert_changes(surplus, "added:EV_EFI_BOOT_SERVICES_APPLICATION:4");
    boot_with(c, "initrd", APPRAISE_SKIP, NULL);
    attest(c, VERDICT_UNTRUSTED, &less);
    json_auto_t *missing = explain(&less, &good);
    assert_changes(missing, "gone:initrd:9");
    assert_true(json_is_null(
        json_object_get(json_array_get(json_object_get(missing, "changes"), 0), "is")));
}

/* A kernel that is measured twice and now once: one went. */
static void
counts_equal_events_as_often_as_they_are_there(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told good = {0};
    CLEANUP(clear_told) struct told bad = {0};
    verifier_case_documents(c);
    attest(c, VERDICT_TRUSTED, &good);
    boot_with(c, "kernel-again", APPRAISE_SKIP, NULL);
    attest(c, VERDICT_UNTRUSTED, &bad);
    json_auto_t *told = explain(&bad, &good);
    assert_changes(told, "gone:kernel:4");
}

/* What no quote proves is not told as a change. */
static void
leaves_out_what_is_not_proven(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told good = {0};
    CLEANUP(clear_told) struct told bad = {0};
    verifier_case_documents(c);
    attest(c, VERDICT_TRUSTED, &good);
    appraise_case_take_pcrs(c->device);
    c->device->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "evil"};
    struct digest pcr_4 = c->device->log.pcr[0][4];
    appraise_case_reboot(c->device);
    c->device->log.pcr[0][4] = pcr_4; /* the TPM is as it was: somebody edited the log */
    attest(c, VERDICT_UNTRUSTED, &bad);
    json_auto_t *told = explain(&bad, &good);
    assert_changes(told, "");
    assert_non_null(strstr(text_at(told, "summary"), "does not reproduce the quoted PCR"));
}

static void
says_so_where_nothing_changed_or_nothing_is_to_compare(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told first = {0};
    CLEANUP(clear_told) struct told again = {0};
    verifier_case_documents(c);
    attest(c, VERDICT_TRUSTED, &first);
    attest(c, VERDICT_TRUSTED, &again);
    json_auto_t *same = explain(&again, &first);
    assert_changes(same, "");
    assert_summary(same, "The verdict is trusted. Its boot measured what the last good one did.");
    json_auto_t *alone = explain(&first, NULL);
    assert_summary(alone, "The verdict is trusted. There is no earlier good boot to compare it "
                          "with.");
    assert_true(json_is_null(json_object_get(alone, "last_good")));
}

/* ---- what can be done ---- */

static const json_t *
reason_of(const json_t *told, const char *code)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(told, "reasons"), i, one)
    {
        if (text_equal(text_at(json_object_get(one, "reason"), "code"), code))
            return one;
    }
    fail_msg("no reason %s", code);
    return NULL;
}

static void
gives_one_command_to_accept_and_one_to_act(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told bad = {0};
    CLEANUP(clear_told) struct told none = {0};
    char expected[320];
    attest(c, VERDICT_NONE, &none);
    json_auto_t *nobody = explain(&none, NULL);
    assert_string_equal("attestctl policy list",
                        text_at(reason_of(nobody, "policy.none"), "accept"));
    (void)snprintf(expected, sizeof expected, "attestctl device show %s",
                   c->device->subject.device_id);
    assert_string_equal(expected, text_at(reason_of(nobody, "policy.none"), "act"));
    verifier_case_documents(c);
    boot_with(c, "grub", APPRAISE_HASHED, "evil");
    attest(c, VERDICT_UNTRUSTED, &bad);
    json_auto_t *told = explain(&bad, NULL);
    const json_t *reason = reason_of(told, "boot.unknown-image");
    (void)snprintf(expected, sizeof expected,
                   "attestctl unknown accept %s --reference boot --output candidate.json",
                   text_at(json_object_get(reason, "reason"), "found"));
    assert_string_equal(expected, text_at(reason, "accept"));
    (void)snprintf(expected, sizeof expected,
                   "attestctl device quarantine %s --reason boot.unknown-image",
                   c->device->subject.device_id);
    assert_string_equal(expected, text_at(reason, "act"));
    verifier_case_set_state(c, LIFE_CYCLE_QUARANTINED);
    CLEANUP(clear_told) struct told held = {0};
    attest(c, VERDICT_UNTRUSTED, &held);
    json_auto_t *quarantined = explain(&held, NULL);
    assert_string_equal("attestctl policy get gateways",
                        text_at(reason_of(quarantined, "device.state"), "accept"));
}

static void
assert_accept(const json_t *told, const char *code, const char *format)
{
    char expected[320];
    const json_t *one = reason_of(told, code);
    const char *found = text_at(json_object_get(one, "reason"), "found");
    CLEANUP(buffer_free) struct buffer text = {0};
    for (; *format; format++) {
        if (*format == '%')
            buffer_append_text(&text, found);
        else
            buffer_append_u8(&text, (uint8_t)*format);
    }
    (void)text_copy(expected, sizeof expected, buffer_text(&text));
    assert_string_equal(expected, text_at(one, "accept"));
}

/* The rule's first set has no GRUB, or another one; the files are in a set of their own. */
static void
names_the_set_that_was_held_against(void **state)
{
    struct verifier_case *c = *state;
    struct appraise_case *d = c->device;
    CLEANUP(clear_told) struct told bad = {0};
    CLEANUP(clear_told) struct told more = {0};
    d->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "grub 0"};
    d->changes[1] = (struct appraise_case_change){"kernel-again", APPRAISE_INSERT, "other"};
    appraise_case_reboot(d);
    appraise_case_profile(d, 2, "a-former");
    d->changes[1] = (struct appraise_case_change){0};
    verifier_case_activate(c, buffer_text(&d->documents[2]));
    verifier_case_activate(c, "{\"type\":\"reference\",\"id\":\"a-tiny\",\"version\":1,"
                              "\"components\":[{\"role\":\"x\",\"pcr\":0,\"values\":"
                              "[{\"any\":true}]}]}");
    d->changes[0] = (struct appraise_case_change){"mok", APPRAISE_HASHED, "mok 2"};
    appraise_case_reboot(d);
    appraise_case_profile(d, 3, "files");
    verifier_case_activate(c, buffer_text(&d->documents[3]));
    d->changes[0] = (struct appraise_case_change){0};
    appraise_case_reboot(d);
    appraise_case_documents(d);
    appraise_case_edit(d, 0, "[\"boot\"], \"effect\"",
                       "[\"a-tiny\", \"a-former\", \"boot\"], \"effect\"");
    appraise_case_edit(d, 0, "\"ima\": {\"references\": [\"boot\"]",
                       "\"ima\": {\"references\": [\"files\"]");
    verifier_case_documents(c);
    boot_with(c, "grub", APPRAISE_HASHED, "evil");
    log_builder_ima(&d->log, "/tmp/x", "x");
    attest(c, VERDICT_UNTRUSTED, &bad);
    json_auto_t *told = explain(&bad, NULL);
    assert_accept(told, "boot.unknown-image",
                  "attestctl unknown accept % --reference boot --output candidate.json");
    assert_accept(told, "ima.unknown-file",
                  "attestctl unknown accept % --reference files --output candidate.json");
    /* No component is for it, so no value can be added: the boot as a whole is a candidate. */
    boot_with(c, "grub", APPRAISE_INSERT, "memtest");
    attest(c, VERDICT_UNTRUSTED, &more);
    json_auto_t *surplus = explain(&more, NULL);
    assert_accept(surplus, "boot.surplus",
                  "attestctl reference from-device 00112233445566778899aabbccddeeff --id boot "
                  "--version 2 --output candidate.json");
}

static void
names_the_states_of_generations_and_the_policy_that_blamed(void **state)
{
    struct verifier_case *c = *state;
    struct appraise_case *d = c->device;
    CLEANUP(clear_told) struct told retired = {0};
    CLEANUP(clear_told) struct told off = {0};
    verifier_case_activate(c, "{\"type\":\"generations\",\"id\":\"line\",\"version\":1,"
                              "\"generations\":[{\"name\":\"boot\",\"status\":\"retired\"}]}");
    verifier_case_activate(c, "{\"type\":\"policy\",\"id\":\"a-first\",\"version\":1,"
                              "\"perspective\":\"owner\",\"select\":{\"all\":true}}");
    verifier_case_documents(c);
    attest(c, VERDICT_UNTRUSTED, &retired);
    json_auto_t *told = explain(&retired, NULL);
    assert_accept(told, "boot.retired", "attestctl generations get line");
    d->changes[0] = (struct appraise_case_change){"SecureBoot", APPRAISE_HASHED, "\2"};
    d->tpm->reset_count++;
    appraise_case_reboot(d);
    attest(c, VERDICT_UNTRUSTED, &off);
    json_auto_t *unknown = explain(&off, NULL);
    assert_accept(unknown, "secure-boot.unknown", "attestctl policy get gateways");
}

/* A policy that goes by signers names no set; and more files than are named are only counted. */
static void
leads_to_the_policy_where_no_set_can_take_it(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told unsigned_file = {0};
    CLEANUP(clear_told) struct told many = {0};
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    CLEANUP(buffer_free) struct buffer rule = {0};
    buffer_append_text(&rule, "\"ima\": {\"signers\": [{\"name\": \"maker\", \"key\": \"");
    jws_builder_pem(&rule, key, true);
    buffer_append_text(&rule, "\"}]");
    appraise_case_documents(c->device);
    appraise_case_edit(c->device, 0, "\"ima\": {\"references\": [\"boot\"]", buffer_text(&rule));
    verifier_case_documents(c);
    attest(c, VERDICT_UNTRUSTED, &unsigned_file);
    json_auto_t *told = explain(&unsigned_file, NULL);
    assert_accept(told, "ima.unknown-file", "attestctl policy get gateways");
    for (unsigned i = 0; i < 40; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "/tmp/%u", i);
        log_builder_ima(&c->device->log, name, name);
    }
    appraise_case_edit(c->device, 0, buffer_text(&rule), "\"ima\": {\"references\": [\"boot\"]");
    appraise_case_edit(c->device, 0, "\"version\": 1", "\"version\": 2");
    verifier_case_documents(c);
    attest(c, VERDICT_UNTRUSTED, &many);
    json_auto_t *counted = explain(&many, NULL);
    const json_t *reasons = json_object_get(counted, "reasons");
    const json_t *last = json_array_get(reasons, json_array_size(reasons) - 1);
    assert_string_equal("40 unknown files, 32 named",
                        text_at(json_object_get(last, "reason"), "found"));
    assert_string_equal("attestctl policy get gateways", text_at(last, "accept"));
}

/* ---- how the boot came about ---- */

static void
counts_boots_that_were_not_seen(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told first = {0};
    CLEANUP(clear_told) struct told later = {0};
    verifier_case_documents(c);
    attest(c, VERDICT_TRUSTED, &first);
    c->device->tpm->reset_count += 3;
    boot_with(c, NULL, APPRAISE_SKIP, NULL);
    attest(c, VERDICT_TRUSTED, &later);
    json_auto_t *told = explain(&later, NULL);
    assert_summary(told,
                   "The verdict is trusted. 3 boots before this one were not seen here. There is "
                   "no earlier good boot to compare it with.");
}

/* Two sets that differ in GRUB: the second is booted first, then the device is back on the first.
 */
static void
approve_two_generations(struct verifier_case *c)
{
    struct appraise_case *d = c->device;
    d->changes[0] = (struct appraise_case_change){"grub", APPRAISE_HASHED, "grub 2"};
    appraise_case_reboot(d);
    appraise_case_profile(d, 2, "boot2");
    appraise_case_edit(d, 0, "\"references\": [\"boot\"], \"effect\"",
                       "\"references\": [\"boot\", \"boot2\"], \"effect\"");
    verifier_case_activate(c, buffer_text(&d->documents[2]));
    verifier_case_activate(c,
                           "{\"type\":\"generations\",\"id\":\"g\",\"version\":1,\"generations\":["
                           "{\"name\":\"boot\",\"status\":\"active\"},"
                           "{\"name\":\"boot2\",\"status\":\"active\"}]}");
    verifier_case_documents(c);
}

static void
joins_falling_back_and_unseen_boots_into_one_story(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(clear_told) struct told newer = {0};
    CLEANUP(clear_told) struct told back = {0};
    CLEANUP(clear_told) struct told again = {0};
    approve_two_generations(c);
    attest(c, VERDICT_TRUSTED, &newer);
    boot_with(c, NULL, APPRAISE_SKIP, NULL);
    attest(c, VERDICT_TRUSTED, &back);
    json_auto_t *seen = explain(&back, &newer);
    assert_non_null(
        strstr(text_at(seen, "summary"), " It went back from generation boot2 to boot. Against"));
    boot_with(c, "grub", APPRAISE_HASHED, "grub 2");
    clear_told(&newer);
    attest(c, VERDICT_TRUSTED, &newer);
    c->device->tpm->reset_count += 2;
    boot_with(c, NULL, APPRAISE_SKIP, NULL);
    attest(c, VERDICT_TRUSTED, &again);
    json_auto_t *told = explain(&again, &newer);
    assert_non_null(strstr(text_at(told, "summary"),
                           " It went back from generation boot2 to boot, and 2 boots in between "
                           "were not seen here: as when an update does not come up and the other "
                           "slot is taken. Against its last good boot 1 event differs: grub "
                           "changed."));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(names_the_component_that_changed_and_its_digests),
        VERIFIER_CASE(names_what_came_and_what_went),
        VERIFIER_CASE(counts_equal_events_as_often_as_they_are_there),
        VERIFIER_CASE(leaves_out_what_is_not_proven),
        VERIFIER_CASE(says_so_where_nothing_changed_or_nothing_is_to_compare),
        VERIFIER_CASE(gives_one_command_to_accept_and_one_to_act),
        VERIFIER_CASE(names_the_set_that_was_held_against),
        VERIFIER_CASE(names_the_states_of_generations_and_the_policy_that_blamed),
        VERIFIER_CASE(leads_to_the_policy_where_no_set_can_take_it),
        VERIFIER_CASE(counts_boots_that_were_not_seen),
        VERIFIER_CASE(joins_falling_back_and_unseen_boots_into_one_story),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
