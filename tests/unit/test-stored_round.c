/* SPDX-License-Identifier: Apache-2.0 */
/* A stored round, appraised again from what the store kept, is the same byte by byte; and one whose
 * bytes were changed is refused. [appraisal 1] */
#include "appraise/reappraisal.h"
#include "appraise/stored_round.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/verifier_case.h"

#include <string.h>

static const struct verifier_case_round honest = {0};

static struct stored_parts
parts_of(const struct store_kept *k)
{
    return (struct stored_parts){
        .evidence = buffer_bytes(&k->evidence),
        .ak_public = buffer_bytes(&k->ak_public),
        .boot_log = buffer_bytes(&k->boot_log),
        .ima = buffer_bytes(&k->ima),
        .userspace_log = buffer_bytes(&k->userspace_log),
        .inputs = bytes_of_text(k->attestation.inputs_json),
    };
}

static void
load_last(struct verifier_case *c, struct store_kept *out)
{
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    assert_status(STATUS_OK, store_get_latest(c->verifier.store, c->device->subject.device_id, &a));
    assert_status(STATUS_OK, store_get_kept(c->verifier.store, a.id, out));
}

static void
assert_same(struct verifier_case *c, const struct store_kept *k)
{
    CLEANUP(stored_round_freep) struct stored_round *r = NULL;
    CLEANUP(appraisal_freep) struct appraisal *a = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag diag = {0};
    struct stored_parts parts = parts_of(k);
    if (stored_round_open(c->h, &parts, &r, &diag) != STATUS_OK)
        fail_msg("line %llu: %s\n%s", (unsigned long long)diag.offset, diag.text,
                 k->attestation.inputs_json);
    struct documents *documents = snapshot_get(c->verifier.snapshot);
    enum status s = stored_round_appraise(c->h, r, documents, &a);
    documents_unref(documents);
    assert_status(STATUS_OK, s);
    assert_status(STATUS_OK, stored_round_encode(r, k->attestation.id, a, &text));
    assert_string_equal(k->attestation.appraisal_json, buffer_text(&text));
}

static void
attest(struct verifier_case *c, const struct verifier_case_round *r, enum verdict verdict)
{
    CLEANUP(attest_answer_clear) struct attest_answer a = {0};
    assert_status(STATUS_OK, verifier_case_attest(c, r, &a));
    if (a.attempt != REASON_NONE)
        fail_msg("an attempt: %s", reason_code_name(a.attempt));
    if (a.verdict != verdict)
        fail_msg("not %s: %s", verdict_name(verdict), buffer_text(&a.body));
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    load_last(c, &k);
    assert_same(c, &k);
}

/* ---- the same again ---- */

static void
gives_the_same_result_for_a_good_round(void **state)
{
    struct verifier_case *c = *state;
    attest(c, &honest, VERDICT_NONE); /* no policy */
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    attest(c, &(struct verifier_case_round){.boot_log_by_reference = true}, VERDICT_TRUSTED);
    attest(
        c,
        &(struct verifier_case_round){.exporter = bytes_of("0123456789abcdef0123456789abcdef", 32)},
        VERDICT_TRUSTED);
}

static void
gives_the_same_result_when_the_list_has_grown_since(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(store_kept_clear) struct store_kept first = {0};
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    load_last(c, &first);
    log_builder_ima(&c->device->log, "/usr/bin/one", "sh");
    log_builder_ima(&c->device->log, "/usr/bin/two", "sh");
    attest(c, &honest, VERDICT_TRUSTED);
    assert_same(c, &first);
    CLEANUP(store_kept_clear) struct store_kept again = {0};
    assert_status(STATUS_OK, store_get_kept(c->verifier.store, first.attestation.id, &again));
    assert_true(bytes_equal(buffer_bytes(&first.ima), buffer_bytes(&again.ima)));
}

/* What the quote does not cover was seen as well, so it is kept as well. */
static void
gives_the_same_result_with_entries_that_are_not_yet_quoted(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    CLEANUP(buffer_free) struct buffer sent = {0};
    const struct buffer *list = &c->device->log.ima;
    size_t before = list->size;
    log_builder_ima(&c->device->log, "/usr/bin/late", "sh");
    buffer_append(&sent, buffer_bytes(list));
    buffer_append(&sent, bytes_slice(buffer_bytes(list), before, list->size - before));
    attest(c, &(struct verifier_case_round){.ima = buffer_bytes(&sent)}, VERDICT_TRUSTED);
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    load_last(c, &k);
    assert_non_null(strstr(k.attestation.appraisal_json, "log.unattested"));
}

static void
gives_the_same_result_for_a_refused_round(void **state)
{
    struct verifier_case *c = *state;
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    c->device->tpm->reset_count++;
    c->device->changes[0] =
        (struct appraise_case_change){"kernel", APPRAISE_HASHED, "another kernel"};
    appraise_case_reboot(c->device);
    attest(c, &honest, VERDICT_UNTRUSTED);
    verifier_case_set_state(c, LIFE_CYCLE_QUARANTINED);
    attest(c, &honest, VERDICT_UNTRUSTED);
}

/* A list that the quote contradicts proves nothing, and is what the verdict came from all the same.
 */
static void
gives_the_same_result_for_a_list_that_is_not_the_quoted_one(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer other = {0};
    verifier_case_documents(c);
    buffer_append(&other, buffer_bytes(&c->device->log.ima));
    other.data[other.size - 1] ^= 1;
    attest(c, &(struct verifier_case_round){.ima = buffer_bytes(&other)}, VERDICT_UNTRUSTED);
    attest(c, &(struct verifier_case_round){.no_ima = true}, VERDICT_UNTRUSTED);
}

static void
keeps_to_the_documents_of_then(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    CLEANUP(stored_round_freep) struct stored_round *r = NULL;
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    load_last(c, &k);
    struct stored_parts parts = parts_of(&k);
    assert_status(STATUS_OK, stored_round_open(c->h, &parts, &r, NULL));
    const struct stored_inputs *in = stored_round_inputs(r);
    struct documents *documents = snapshot_get(c->verifier.snapshot);
    assert_int_equal(documents_count(documents), in->n_listed);
    for (size_t i = 0; i < in->n_listed; i++) {
        assert_string_equal(documents_info(documents, i)->id, in->listed[i].id);
        assert_int_equal(documents_info(documents, i)->version, in->listed[i].version);
        assert_true(digest_equal(&documents_info(documents, i)->sha256, &in->listed[i].sha256));
    }
    documents_unref(documents);
    assert_int_equal(STORED_INPUTS_QUIRKS, in->quirk_table);
    assert_int_equal(DIGEST_SHA256_SIZE, in->ek_trust.size);
    assert_int_equal(1, in->ak_serial);
}

/* What a round seldom has goes there and back as well. */
static void
keeps_what_was_announced_and_how_the_boot_began(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer again = {0};
    CLEANUP(stored_inputs_clear) struct stored_inputs parsed = {0};
    struct documents *documents = snapshot_get(c->verifier.snapshot);
    static char program[] = "attestd 1", origin[] = "https://a.example";
    const struct announcement_item items[] = {
        {.role = "initrd", .n_digests = 1, .digests = {digest_reset(ALG_SHA384, 7)}},
        {.role = "command-line", .text = "root=a \"b\""},
    };
    const struct announcement announced = {.device_id = c->device->subject.device_id,
                                           .reset_count = 5,
                                           .issued_s = 6,
                                           .expires_s = 7,
                                           .slot = "b",
                                           .n_items = 2,
                                           .items = items};
    const struct subject_pcrs good = {
        .alg = ALG_SHA384, .present = 1u << 23, .pcr = {[23] = digest_reset(ALG_SHA384, 1)}};
    struct stored_inputs in = {
        .program = program,
        .origin = origin,
        .documents = documents,
        .subject = c->device->subject,
        .announcement = &announced,
        .userspace_incomplete = true,
    };
    in.subject.name = "gw-1";
    in.subject.tpm = (struct subject_tpm){.certified = true,
                                          .kind = TPM_KIND_FIRMWARE,
                                          .manufacturer = 0x00FF00FE,
                                          .model = "fTPM \"a\""};
    in.subject.boot_since_s = 8;
    in.subject.last_generation = "2026-10";
    in.subject.last_good = &good;
    in.subject.last = (struct subject_counters){.present = true,
                                                .clock_ms = UINT64_MAX,
                                                .reset_count = UINT32_MAX,
                                                .firmware_version = UINT64_MAX - 1};
    assert_status(STATUS_OK, stored_inputs_encode(&in, &first));
    struct diag diag = {0};
    if (stored_inputs_parse(buffer_bytes(&first), &parsed, &diag) != STATUS_OK)
        fail_msg("%s", diag.text);
    parsed.documents = documents;
    assert_status(STATUS_OK, stored_inputs_encode(&parsed, &again));
    assert_string_equal(buffer_text(&first), buffer_text(&again));
    assert_non_null(strstr(buffer_text(&first), "\"slot\":\"b\""));
    documents_unref(documents);
}

/* ---- what is not that round ---- */

static void
assert_refused(struct verifier_case *c, const struct stored_parts *parts, const char *why)
{
    struct stored_round *r = NULL;
    struct diag diag = {0};
    enum status s = stored_round_open(c->h, parts, &r, &diag);
    assert_true(s == STATUS_MALFORMED || s == STATUS_INVALID);
    assert_null(r);
    if (!strstr(diag.text, why))
        fail_msg("not for %s: %s", why, diag.text);
}

static void
refuses_bytes_that_were_changed(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    load_last(c, &k);
    struct stored_parts parts = parts_of(&k);
    k.evidence.data[k.evidence.size - 1] ^= 1;
    assert_refused(c, &parts, "the quote: quote.signature");
    k.evidence.data[k.evidence.size - 1] ^= 1;
    k.boot_log.data[k.boot_log.size - 1] ^= 1;
    assert_refused(c, &parts, "the boot log is not the quoted one");
    k.boot_log.data[k.boot_log.size - 1] ^= 1;
    parts.boot_log = bytes_of("", 0);
    assert_refused(c, &parts, "the boot log is not the quoted one");
    parts = parts_of(&k);
    parts.ak_public = bytes_of("no key", 6);
    assert_refused(c, &parts, "the attestation key: ak.malformed");
    parts = parts_of(&k);
    parts.evidence = bytes_of("", 0);
    assert_refused(c, &parts, "the evidence: evidence.malformed");
    CLEANUP(buffer_free) struct buffer large = {0};
    assert_status(STATUS_OK, buffer_reserve(&large, 64u * 1024u * 1024u));
    memset(large.data, 0, 64u * 1024u * 1024u);
    parts.evidence = bytes_of(large.data, 64u * 1024u * 1024u);
    assert_refused(c, &parts, "the evidence: ");
}

static void
refuses_a_boot_log_where_none_was_quoted(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    verifier_case_documents(c);
    attest(c, &(struct verifier_case_round){.no_boot_log = true}, VERDICT_UNTRUSTED);
    load_last(c, &k);
    struct stored_parts parts = parts_of(&k);
    parts.boot_log = buffer_bytes(&c->device->log.log);
    assert_refused(c, &parts, "presence is not as quoted");
}

/* ---- with its documents ---- */

static void
assert_not_reappraised(struct verifier_case *c, const struct round_file *f, const char *why)
{
    CLEANUP(reappraisal_clear) struct reappraisal r = {0};
    struct diag diag = {0};
    assert_status(STATUS_MALFORMED, reappraisal_run(c->h, f, &r, &diag));
    assert_string_equal(why, diag.text);
}

static void
reappraises_with_the_documents_of_then_only(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    CLEANUP(reappraisal_clear) struct reappraisal r = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    load_last(c, &k);
    char *texts[] = {(char *)c->device->documents[APPRAISE_CASE_POLICY].data,
                     (char *)c->device->documents[1].data};
    struct round_file f = {.attestation = k.attestation.id,
                           .appraisal = k.attestation.appraisal_json,
                           .parts = parts_of(&k),
                           .documents = {.items = texts, .n = 2}};
    assert_status(STATUS_OK, reappraisal_run(c->h, &f, &r, NULL));
    assert_true(r.same);
    f.documents.n = 1;
    assert_not_reappraised(c, &f, "1 documents, and 2 in the inputs");
    f.documents.n = 2;
    buffer_append_text(&other, texts[0]);
    buffer_append_text(&other, " ");
    texts[0] = (char *)(uintptr_t)buffer_text(&other);
    assert_not_reappraised(c, &f, "document 0 is not the one that the inputs name");
}

struct edit {
    const char *old, *with, *why;
};

static void
refuses_inputs_that_are_not_the_rounds(void **state)
{
    static const struct edit edits[] = {
        {"\"origin\":\"https://verifier", "\"origin\":\"https://another", "quote.extra-data"},
        {"\"origin\":", "\"orogin\":", "unknown key"},
        {"\"quirk_table\":1,", "", "\"quirk_table\" is missing"},
        {"\"ima_bytes_before\":0", "\"ima_bytes_before\":1000000", "shorter than it was"},
        {"\"ima_bytes_before\":0", "\"ima_bytes_before\":-1", "must be 0 to"},
        {"\"boot\":true", "\"boot\":false", "presence is not as quoted"},
        {"\"type\":\"policy\"", "\"type\":\"poetry\"", "known words"},
        {"\"state\":\"enrolled\"", "\"state\":\"adored\"", "known words"},
        {"\"code\":\"device.tpm\"", "\"code\":\"device.tbm\"", "no reason code"},
        {"\"challenge\":\"", "\"challenge\":\"!", "must be base64url"},
        {"\"challenge\":\"", "\"challenge\":\"AAAA", "the challenge or its channel"},
        {"\"device\":\"", "\"device\":\"x", "the challenge or its channel"},
        {"\"ak_name\":\"", "\"ak_name\":\"0", "must be hex"},
        {"\"tpm_certificate\":null", "\"tpm_certificate\":{\"kind\":\"wooden\"}", "known words"},
        {"\"tpm_certificate\":null",
         "\"tpm_certificate\":{\"kind\":\"discrete\",\"manufacturer\":\"IFX\"}", "8 hex digits"},
        {"\"last_good\":null", "\"last_good\":{\"md5\":{}}", "is no bank"},
        {"\"last_good\":null", "\"last_good\":{\"sha256\":{\"24\":\"00\"}}", "is not a PCR"},
        {"\"last_good\":null", "\"last_good\":{\"sha256\":{\"4\":\"00\"}}",
         "must be 64 hex digits"},
        {"\"ledger_before\":null", "\"ledger_before\":{\"clock_ms\":\"x\"}", "must be 16 hex"},
        {"\"replay_state_before\":\"", "\"replay_state_before\":\"AAAA", "is no replay state"},
        {"\"bank\":null", "\"bank\":\"md5\"", "is no algorithm"},
        {"\"what\":null",
         "\"what\":\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"",
         "is too long"},
    };
    struct verifier_case *c = *state;
    CLEANUP(store_kept_clear) struct store_kept k = {0};
    verifier_case_documents(c);
    attest(c, &honest, VERDICT_TRUSTED);
    load_last(c, &k);
    for (size_t i = 0; i < sizeof edits / sizeof *edits; i++) {
        CLEANUP(buffer_free) struct buffer inputs = {0};
        const char *whole = k.attestation.inputs_json;
        const char *at = strstr(whole, edits[i].old);
        if (!at)
            fail_msg("%s is not in %s", edits[i].old, whole);
        buffer_append(&inputs, bytes_of(whole, (size_t)(at - whole)));
        buffer_append_text(&inputs, edits[i].with);
        buffer_append_text(&inputs, at + strlen(edits[i].old));
        struct stored_parts parts = parts_of(&k);
        parts.inputs = buffer_bytes(&inputs);
        assert_refused(c, &parts, edits[i].why);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(gives_the_same_result_for_a_good_round),
        VERIFIER_CASE(gives_the_same_result_when_the_list_has_grown_since),
        VERIFIER_CASE(gives_the_same_result_with_entries_that_are_not_yet_quoted),
        VERIFIER_CASE(gives_the_same_result_for_a_refused_round),
        VERIFIER_CASE(gives_the_same_result_for_a_list_that_is_not_the_quoted_one),
        VERIFIER_CASE(keeps_to_the_documents_of_then),
        VERIFIER_CASE(keeps_what_was_announced_and_how_the_boot_began),
        VERIFIER_CASE(refuses_bytes_that_were_changed),
        VERIFIER_CASE(refuses_a_boot_log_where_none_was_quoted),
        VERIFIER_CASE(reappraises_with_the_documents_of_then_only),
        VERIFIER_CASE(refuses_inputs_that_are_not_the_rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
