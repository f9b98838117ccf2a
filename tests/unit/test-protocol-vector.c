/* SPDX-License-Identifier: Apache-2.0 */
/* The published vector (tests/vectors/protocol), made by an implementation that shares no code with
 * this one: every byte of ours is the same. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ak.h"
#include "evidence/binding.h"
#include "evidence/enrollment.h"
#include "evidence/evidence.h"
#include "evidence/freshness.h"
#include "evidence/quote.h"
#include "tests/lib/test.h"

#include <jansson.h>
#include <string.h>

#define N_ROUNDS 2u

static json_t *vector;
static struct hasher *hasher;

static int
load(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer text = {0};
    test_source("tests/vectors/protocol/vector.json", &text);
    vector = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    return vector && hasher_new(&hasher) == STATUS_OK ? 0 : -1;
}

static int
unload(void **state)
{
    (void)state;
    json_decref(vector);
    hasher_free(hasher);
    return 0;
}

static const char *
text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    if (!text)
        fail_msg("the vector has no text %s", name);
    return text;
}

/* Bytes of a member in hex; none for null or an absent one. */
static void
bytes_from(const json_t *object, const char *name, struct buffer *out)
{
    const json_t *value = json_object_get(object, name);
    if (value && !json_is_null(value))
        assert_status(STATUS_OK, text_parse_hex(text_of(object, name), out));
}

static uint64_t
number_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return (uint64_t)json_integer_value(value);
}

static const json_t *
enrollment(void)
{
    return json_object_get(vector, "enrollment");
}

static const json_t *
round_at(size_t i)
{
    assert_int_equal(N_ROUNDS, json_array_size(json_object_get(vector, "rounds")));
    return json_array_get(json_object_get(vector, "rounds"), i);
}

static void
selection_of(const json_t *round, struct selection *out)
{
    const json_t *banks = json_object_get(round, "selection");
    *out = (struct selection){0};
    for (size_t i = 0; i < json_array_size(banks); i++) {
        const json_t *bank = json_array_get(banks, i);
        const json_t *pcrs = json_object_get(bank, "pcrs");
        for (size_t j = 0; j < json_array_size(pcrs); j++) {
            uint32_t pcr = (uint32_t)json_integer_value(json_array_get(pcrs, j));
            uint16_t alg = alg_by_name(text_of(bank, "bank"))->id;
            assert_status(STATUS_OK, selection_add(out, alg, pcr));
        }
    }
}

static void
challenge_of(const json_t *round, struct challenge *out)
{
    CLEANUP(buffer_free) struct buffer random = {0};
    *out = (struct challenge){
        .issued_ms = (int64_t)number_of(round, "issued_ms"),
        .exporter_required = json_is_string(json_object_get(round, "exporter")),
        .full_logs = text_equal(text_of(round, "logs"), "full"),
    };
    assert_true(text_copy(out->kid, sizeof out->kid, text_of(round, "kid")));
    bytes_from(round, "random", &random);
    assert_int_equal(sizeof out->random, random.size);
    memcpy(out->random, random.data, sizeof out->random);
    selection_of(round, &out->selection);
}

static void
key_of(const json_t *round, struct freshness_key *out)
{
    assert_true(text_copy(out->kid, sizeof out->kid, text_of(round, "kid")));
    assert_status(STATUS_OK,
                  text_parse_hex_exact(text_of(round, "challenge_key"), out->key, sizeof out->key));
}

/* The member's name in vector.json. */
static const char *
json_name(enum evidence_member m)
{
    switch (m) {
    case EVIDENCE_OFFSETS:
        return "offsets_encoded";
    case EVIDENCE_BOOT_LOG:
        return "boot_log";
    case EVIDENCE_USERSPACE_LOG:
        return "userspace_log";
    case EVIDENCE_IMA:
    case EVIDENCE_PCRS:
    case EVIDENCE_QUOTE:
    case EVIDENCE_CLAIMS:
    case EVIDENCE_MANIFEST:
    case EVIDENCE_SIGNATURE:
    case EVIDENCE_ANNOUNCEMENT:
    case EVIDENCE_N_MEMBERS:
        break;
    }
    return evidence_member_name(m);
}

/* Every member of the round; the caller frees owners, one a member. */
static void
evidence_of(const json_t *round, struct buffer owners[static EVIDENCE_N_MEMBERS],
            struct evidence *out)
{
    *out = (struct evidence){0};
    for (size_t i = 0; i < EVIDENCE_N_MEMBERS; i++) {
        bytes_from(round, json_name((enum evidence_member)i), &owners[i]);
        out->member[i] = buffer_bytes(&owners[i]);
        out->present[i] = owners[i].size > 0;
    }
    const json_t *offsets = json_object_get(round, "offsets");
    if (offsets) {
        out->ima_offset = number_of(offsets, "ima");
        out->userspace_offset = number_of(offsets, "userspace_log");
    }
}

static void
free_owners(struct buffer owners[static EVIDENCE_N_MEMBERS])
{
    for (size_t i = 0; i < EVIDENCE_N_MEMBERS; i++)
        buffer_free(&owners[i]);
}

static void
names_the_device(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer spki = {0};
    bytes_from(enrollment(), "ek_spki", &spki);
    char id[DEVICE_ID_SIZE];
    uint8_t ueid[UEID_SIZE];
    assert_status(STATUS_OK, enrollment_device_id(hasher, buffer_bytes(&spki), id));
    assert_string_equal(text_of(enrollment(), "device"), id);
    assert_status(STATUS_OK, enrollment_ueid(hasher, buffer_bytes(&spki), ueid));
    assert_hex(text_of(enrollment(), "ueid"), bytes_of(ueid, sizeof ueid));
}

static void
proves_the_activation(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer sealed = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(buffer_free) struct buffer name = {0};
    CLEANUP(buffer_free) struct buffer secret = {0};
    bytes_from(enrollment(), "enrollment", &sealed);
    bytes_from(enrollment(), "ek_spki", &spki);
    bytes_from(enrollment(), "ak_name", &name);
    bytes_from(enrollment(), "secret", &secret);
    const struct enrollment_transcript t = {
        .enrollment = buffer_bytes(&sealed),
        .ek_spki = buffer_bytes(&spki),
        .ak_name = buffer_bytes(&name),
        .origin = text_of(enrollment(), "origin"),
    };
    uint8_t proof[DIGEST_SHA256_SIZE];
    assert_status(STATUS_OK, enrollment_proof(hasher, buffer_bytes(&secret), &t, proof));
    assert_hex(text_of(enrollment(), "proof"), bytes_of(proof, sizeof proof));
}

static void
issues_the_same_token(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        CLEANUP(buffer_free) struct buffer signed_part = {0};
        CLEANUP(buffer_free) struct buffer token = {0};
        CLEANUP(buffer_free) struct buffer header = {0};
        struct challenge c;
        struct freshness_key key;
        challenge_of(round_at(i), &c);
        key_of(round_at(i), &key);
        assert_status(STATUS_OK, challenge_encode(&c, &signed_part));
        assert_hex(text_of(round_at(i), "challenge"), buffer_bytes(&signed_part));
        assert_status(STATUS_OK,
                      freshness_issue(&key, text_of(enrollment(), "device"), &c, &token));
        assert_hex(text_of(round_at(i), "token"), buffer_bytes(&token));
        text_append_base64url(&header, buffer_bytes(&token));
        assert_string_equal(text_of(round_at(i), "token_base64url"), buffer_text(&header));
    }
}

static void
writes_the_same_manifest(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        static const char *const names[MANIFEST_COUNT] = {
            [MANIFEST_CLAIMS] = "claims",
            [MANIFEST_BOOT_LOG] = "boot_log",
        };
        CLEANUP(buffer_free) struct buffer out = {0};
        struct manifest m = {0};
        for (size_t j = 0; j < MANIFEST_COUNT; j++) {
            CLEANUP(buffer_free) struct buffer content = {0};
            bytes_from(round_at(i), names[j], &content);
            m.entries[j].present = content.size > 0;
            m.entries[j].size = content.size;
            assert_status(STATUS_OK,
                          digest_sha256(hasher, buffer_bytes(&content), m.entries[j].sha256));
        }
        assert_status(STATUS_OK, manifest_encode(&m, &out));
        assert_hex(text_of(round_at(i), "manifest"), buffer_bytes(&out));
        assert_status(STATUS_OK, manifest_parse(buffer_bytes(&out), &m, NULL));
    }
}

/* As a verifier: the token in the header, at the time it was issued, on the round's connection. */
static void
verify_freshness(const json_t *round, struct buffer *token, struct buffer *exporter,
                 struct freshness **out)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct freshness_key key;
    key_of(round, &key);
    bytes_from(round, "token", token);
    bytes_from(round, "exporter", exporter);
    const struct freshness_context context = {
        .device_id = text_of(enrollment(), "device"),
        .origin = text_of(enrollment(), "origin"),
        .exporter = buffer_bytes(exporter),
        .now_ms = (int64_t)number_of(round, "issued_ms"),
    };
    assert_status(STATUS_OK,
                  freshness_verify(&key, 1, buffer_bytes(token), &context, out, &reasons));
    assert_non_null(*out);
}

static void
binds_the_same_extra_data(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        CLEANUP(buffer_free) struct buffer token = {0};
        CLEANUP(buffer_free) struct buffer exporter = {0};
        CLEANUP(buffer_free) struct buffer name = {0};
        CLEANUP(buffer_free) struct buffer manifest = {0};
        CLEANUP(buffer_free) struct buffer out = {0};
        CLEANUP(freshness_freep) struct freshness *f = NULL;
        bytes_from(round_at(i), "manifest", &manifest);
        bytes_from(enrollment(), "ak_name", &name);
        verify_freshness(round_at(i), &token, &exporter, &f);
        assert_status(STATUS_OK, freshness_extra_data(hasher, f, buffer_bytes(&name),
                                                      buffer_bytes(&manifest), &out));
        assert_hex(text_of(round_at(i), "extra_data"), buffer_bytes(&out));
    }
}

static void
writes_the_same_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        struct buffer owners[EVIDENCE_N_MEMBERS] = {0};
        CLEANUP(buffer_free) struct buffer cbor = {0};
        CLEANUP(buffer_free) struct buffer json = {0};
        struct evidence e;
        evidence_of(round_at(i), owners, &e);
        assert_status(STATUS_OK, evidence_encode(&e, &cbor));
        assert_status(STATUS_OK, evidence_encode_json(&e, &json));
        free_owners(owners);
        assert_hex(text_of(round_at(i), "frame"), buffer_bytes(&cbor));
        assert_string_equal(text_of(round_at(i), "frame_json"), buffer_text(&json));
    }
}

static void
reads_the_same_members_from_both_frames(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROUNDS; i++) {
        struct buffer owners[EVIDENCE_N_MEMBERS] = {0};
        CLEANUP(buffer_free) struct buffer frame = {0};
        CLEANUP(buffer_free) struct buffer decoded = {0};
        CLEANUP(reasons_free) struct reasons reasons = {0};
        struct evidence e;
        struct evidence cbor;
        struct evidence json;
        evidence_of(round_at(i), owners, &e);
        bytes_from(round_at(i), "frame", &frame);
        assert_status(STATUS_OK, evidence_parse(buffer_bytes(&frame), &cbor, &reasons));
        assert_status(STATUS_OK,
                      evidence_parse_json(bytes_of_text(text_of(round_at(i), "frame_json")),
                                          &decoded, &json, &reasons));
        for (size_t m = 0; m < EVIDENCE_N_MEMBERS; m++) {
            assert_int_equal(e.present[m], cbor.present[m]);
            assert_int_equal(e.present[m], json.present[m]);
            assert_true(bytes_equal(e.member[m], cbor.member[m]));
            assert_true(bytes_equal(e.member[m], json.member[m]));
        }
        assert_true(e.ima_offset == cbor.ima_offset && e.ima_offset == json.ima_offset);
        assert_true(e.userspace_offset == cbor.userspace_offset);
        free_owners(owners);
    }
}

/* As a verifier, all of it: the frame's quote is by the AK, over our challenge and the members. */
static void
believes_round(const json_t *round, const struct ak *ak)
{
    CLEANUP(buffer_free) struct buffer frame = {0};
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(buffer_free) struct buffer exporter = {0};
    CLEANUP(freshness_freep) struct freshness *f = NULL;
    CLEANUP(quote_freep) struct quote *quote = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct evidence e;
    bytes_from(round, "frame", &frame);
    assert_status(STATUS_OK, evidence_parse(buffer_bytes(&frame), &e, &reasons));
    verify_freshness(round, &token, &exporter, &f);
    assert_status(STATUS_OK, quote_verify(hasher, &e, ak, f, &quote, &reasons));
    assert_non_null(quote);
    assert_int_equal(0, reasons.n_items);
    assert_int_equal(exporter.size > 0, quote_exporter_bound(quote));
    assert_true(quote_time_ms(quote) == (int64_t)number_of(round, "issued_ms"));
    const struct digest *pcr = quote_pcr(quote, ALG_SHA256, 0);
    assert_non_null(pcr);
    assert_true(bytes_equal(bytes_slice(e.member[EVIDENCE_PCRS], 0, 32), digest_bytes(pcr)));
}

static void
believes_the_rounds(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer area = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(ak_freep) struct ak *ak = NULL;
    bytes_from(enrollment(), "ak_public", &area);
    assert_status(STATUS_OK, ak_parse(hasher, buffer_bytes(&area), &ak, &reasons));
    assert_non_null(ak);
    assert_hex(text_of(enrollment(), "ak_name"), ak_name(ak));
    for (size_t i = 0; i < N_ROUNDS; i++)
        believes_round(round_at(i), ak);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_the_device),
        cmocka_unit_test(proves_the_activation),
        cmocka_unit_test(issues_the_same_token),
        cmocka_unit_test(writes_the_same_manifest),
        cmocka_unit_test(binds_the_same_extra_data),
        cmocka_unit_test(writes_the_same_frames),
        cmocka_unit_test(reads_the_same_members_from_both_frames),
        cmocka_unit_test(believes_the_rounds),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
