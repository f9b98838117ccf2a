/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ak.h"
#include "tests/lib/test.h"
#include "tests/lib/tpm_builder.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#define EXPONENT_FROM_END (256u + 2u + 4u)

/* One TPM a kind of key, made once: RSA keys take long. */
static struct tpm_builder *tpms[TPM_BUILDER_N_KEYS];

static struct tpm_builder
tpm(enum tpm_builder_key kind)
{
    return *tpms[kind]; /* a copy, so that no test changes another's */
}

static int
make_tpms(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++)
        tpms[kind] = tpm_builder_new((enum tpm_builder_key)kind, ALG_SHA256);
    return 0;
}

static int
free_tpms(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++)
        tpm_builder_free(tpms[kind]);
    return 0;
}

/* The area gives a key when expected is REASON_NONE, else exactly this one reason and no key. */
static void
claim_area(enum reason_code expected, struct bytes area)
{
    CLEANUP(ak_freep) struct ak *ak = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, ak_parse(tpms[0]->hasher, area, &ak, &reasons));
    assert_int_equal(expected == REASON_NONE, ak != NULL);
    assert_int_equal(expected == REASON_NONE ? 0 : 1, reasons.n_items);
    if (expected != REASON_NONE)
        assert_string_equal(reason_code_name(expected), reason_code_name(reasons.items[0].code));
}

static void
claim_ak(enum reason_code expected, const struct tpm_builder *t)
{
    CLEANUP(buffer_free) struct buffer area = {0};
    tpm_builder_public(t, &area);
    claim_area(expected, buffer_bytes(&area));
}

static void
describes(const char *expected, enum tpm_builder_key kind, uint16_t hash)
{
    struct tpm_builder t = tpm(kind);
    char text[32];
    t.hash = hash;
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(&t);
    assert_string_equal(expected, ak_describe(ak, text, sizeof text));
    assert_int_equal(t.scheme, ak_scheme(ak));
    assert_int_equal(hash, ak_hash(ak));
    assert_true(ak_attributes_known(ak));
    assert_int_equal(1, EVP_PKEY_eq(t.key, ak_key(ak)));
}

static void
accepts_every_kind_of_attestation_key(void **state)
{
    (void)state;
    describes("ecdsa-p256-sha256", TPM_BUILDER_P256, ALG_SHA256);
    describes("ecdsa-p256-sha384", TPM_BUILDER_P256, ALG_SHA384);
    describes("ecdsa-p384-sha384", TPM_BUILDER_P384, ALG_SHA384);
    describes("rsassa-2048-sha256", TPM_BUILDER_RSASSA, ALG_SHA256);
    describes("rsapss-2048-sha512", TPM_BUILDER_RSAPSS, ALG_SHA512);
}

static void
description_is_cut_to_its_room(void **state)
{
    (void)state;
    char text[6];
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_P256]);
    assert_string_equal("ecdsa", ak_describe(ak, text, sizeof text));
}

static void
names_follow_from_the_area(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer area = {0}, sized = {0}, qualified = {0};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_P256]);
    CLEANUP(ak_freep) struct ak *same = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct hasher *h = tpms[0]->hasher;
    struct digest d;
    tpm_builder_public(tpms[TPM_BUILDER_P256], &area);
    assert_true(bytes_equal(buffer_bytes(&area), ak_public_area(ak)));
    assert_status(STATUS_OK, digest_compute(h, ALG_SHA256, buffer_bytes(&area), &d));
    assert_true(digest_equal_bytes(&d, bytes_slice(ak_name(ak), 2, 32)));
    assert_status(STATUS_OK, tpm_qualified_name(h, TPM_RH_ENDORSEMENT, ak_name(ak), &qualified));
    assert_true(bytes_equal(buffer_bytes(&qualified), ak_qualified_name(ak)));
    buffer_append_tpm2b(&sized, buffer_bytes(&area));
    assert_status(STATUS_OK, ak_parse(h, buffer_bytes(&sized), &same, &reasons));
    assert_true(bytes_equal(ak_name(ak), ak_name(same)));
    assert_true(bytes_equal(ak_public_area(ak), ak_public_area(same)));
}

static void
threat_16_key_without_one_needed_attribute_is_refused(void **state)
{
    (void)state;
    static const uint32_t needed[] = {TPM_OBJECT_FIXED_TPM, TPM_OBJECT_FIXED_PARENT,
                                      TPM_OBJECT_SENSITIVE_DATA_ORIGIN, TPM_OBJECT_RESTRICTED,
                                      TPM_OBJECT_SIGN};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        struct tpm_builder t = tpm(TPM_BUILDER_P256);
        t.attributes &= ~needed[i];
        claim_ak(REASON_AK_ATTRIBUTES, &t);
    }
}

static void
threat_16_key_with_one_forbidden_attribute_is_refused(void **state)
{
    (void)state;
    static const uint32_t forbidden[] = {TPM_OBJECT_DECRYPT, TPM_OBJECT_ENCRYPTED_DUPLICATION};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        struct tpm_builder t = tpm(TPM_BUILDER_P256);
        t.attributes |= forbidden[i];
        claim_ak(REASON_AK_ATTRIBUTES, &t);
    }
}

static void
how_a_key_is_authorised_is_its_owners_affair(void **state)
{
    (void)state;
    struct tpm_builder t = tpm(TPM_BUILDER_P256);
    t.attributes ^= TPM_OBJECT_USER_WITH_AUTH | TPM_OBJECT_NO_DA | TPM_OBJECT_ADMIN_WITH_POLICY |
                    TPM_OBJECT_ST_CLEAR;
    claim_ak(REASON_NONE, &t);
}

static void
threat_16_name_by_sha1_or_an_unknown_hash_is_refused(void **state)
{
    (void)state;
    static const uint16_t hashes[] = {ALG_SHA1, ALG_NULL, 0x7777};
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        struct tpm_builder t = tpm(TPM_BUILDER_P256);
        t.name_alg = hashes[i];
        claim_ak(REASON_AK_ATTRIBUTES, &t);
    }
}

static void
threat_08_key_without_a_fixed_sound_scheme_is_refused(void **state)
{
    (void)state;
    static const struct {
        enum tpm_builder_key kind;
        uint16_t scheme, hash;
        enum reason_code reason;
    } rows[] = {
        {TPM_BUILDER_P256, TPM_ALG_NULL, 0, REASON_AK_SCHEME},
        {TPM_BUILDER_RSASSA, TPM_ALG_NULL, 0, REASON_AK_SCHEME},
        {TPM_BUILDER_P256, TPM_ALG_ECDSA, ALG_SHA1, REASON_AK_SCHEME},
        {TPM_BUILDER_RSASSA, TPM_ALG_RSASSA, ALG_SHA1, REASON_AK_SCHEME},
        {TPM_BUILDER_RSAPSS, TPM_ALG_RSAPSS, ALG_SHA1, REASON_AK_SCHEME},
        {TPM_BUILDER_P256, TPM_ALG_ECDSA, ALG_NULL, REASON_AK_SCHEME},
        {TPM_BUILDER_P256, TPM_ALG_RSASSA, ALG_SHA256, REASON_AK_SCHEME},
        {TPM_BUILDER_RSASSA, TPM_ALG_ECDSA, ALG_SHA256, REASON_AK_SCHEME},
        {TPM_BUILDER_RSASSA, 0x0017, ALG_SHA256, REASON_AK_SCHEME},
        {TPM_BUILDER_P256, TPM_ALG_ECDAA, ALG_SHA256, REASON_AK_UNSUPPORTED},
        {TPM_BUILDER_P256, 0x001B, ALG_SHA256, REASON_AK_UNSUPPORTED},
        {TPM_BUILDER_P256, 0x001C, ALG_SHA256, REASON_AK_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tpm_builder t = tpm(rows[i].kind);
        t.scheme = rows[i].scheme;
        t.hash = rows[i].hash;
        claim_ak(rows[i].reason, &t);
    }
}

static void
claim_weak(EVP_PKEY *key, uint16_t type, uint16_t curve)
{
    struct tpm_builder t = tpm(type == TPM_ALG_RSA ? TPM_BUILDER_RSASSA : TPM_BUILDER_P256);
    assert_non_null(key);
    t.key = key;
    t.curve = curve;
    claim_ak(REASON_AK_WEAK, &t);
    EVP_PKEY_free(key);
}

static void
threat_16_short_key_or_other_curve_is_refused(void **state)
{
    (void)state;
    claim_weak(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), TPM_ALG_RSA, 0);
    claim_weak(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"), TPM_ALG_ECC, TPM_ECC_P521);
}

static void
threat_18_roca_key_is_refused(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer area = {0};
    uint8_t modulus[TPM_BUILDER_MODULUS_SIZE];
    tpm_builder_roca_modulus(12345, modulus);
    tpm_builder_public(tpms[TPM_BUILDER_RSASSA], &area);
    memcpy(area.data + area.size - sizeof modulus, modulus, sizeof modulus);
    claim_area(REASON_AK_WEAK, buffer_bytes(&area));
}

static void
exponent_below_65537_is_weak_and_even_is_malformed(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer area = {0};
    tpm_builder_public(tpms[TPM_BUILDER_RSASSA], &area);
    uint8_t *exponent = area.data + area.size - EXPONENT_FROM_END;
    exponent[3] = 3;
    claim_area(REASON_AK_WEAK, buffer_bytes(&area));
    exponent[3] = 4;
    claim_area(REASON_AK_MALFORMED, buffer_bytes(&area));
}

static void
malformed_area_is_refused(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer area = {0};
    tpm_builder_public(tpms[TPM_BUILDER_P256], &area);
    for (size_t size = 0; size < area.size; size++)
        claim_area(REASON_AK_MALFORMED, bytes_of(area.data, size));
    area.data[area.size - 1] ^= 1; /* off the curve */
    claim_area(REASON_AK_MALFORMED, buffer_bytes(&area));
    static const uint8_t keyed_hash[] = {0x00, 0x08, 0x00, 0x0B};
    claim_area(REASON_AK_UNSUPPORTED, bytes_of(keyed_hash, sizeof keyed_hash));
}

static void
append_pem(EVP_PKEY *key, struct buffer *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(1, PEM_write_bio_PUBKEY(bio, key));
    long size = BIO_get_mem_data(bio, &text);
    buffer_append(out, bytes_of(text, (size_t)size));
    (void)BIO_free(bio);
}

static void
bare_key_is_read_from_pem_and_der(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        CLEANUP(buffer_free) struct buffer pem = {0}, der = {0};
        CLEANUP(ak_freep) struct ak *from_pem = NULL;
        CLEANUP(ak_freep) struct ak *from_der = NULL;
        append_pem(tpms[kind]->key, &pem);
        assert_status(STATUS_OK, key_spki(tpms[kind]->key, &der));
        assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&pem), &from_pem, NULL));
        assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&der), &from_der, NULL));
        assert_int_equal(1, EVP_PKEY_eq(tpms[kind]->key, ak_key(from_pem)));
        assert_int_equal(1, EVP_PKEY_eq(tpms[kind]->key, ak_key(from_der)));
    }
}

static void
bare_key_says_that_nothing_is_known_of_it(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(ak_freep) struct ak *ak = NULL;
    char text[32];
    assert_status(STATUS_OK, key_spki(tpms[TPM_BUILDER_P384]->key, &der));
    assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&der), &ak, NULL));
    assert_false(ak_attributes_known(ak));
    assert_int_equal(0, ak_name(ak).size + ak_qualified_name(ak).size + ak_public_area(ak).size);
    assert_int_equal(TPM_ALG_NULL, ak_scheme(ak));
    assert_int_equal(ALG_NULL, ak_hash(ak));
    assert_string_equal("ecc-p384", ak_describe(ak, text, sizeof text));
}

static void
claim_spki(enum status expected, struct bytes spki)
{
    CLEANUP(ak_freep) struct ak *ak = NULL;
    struct diag diag = {0};
    assert_status(expected, ak_parse_spki(spki, &ak, &diag));
    assert_null(ak);
    assert_true(diag.text[0] != '\0');
}

static void
bare_key_that_is_none_is_malformed(void **state)
{
    (void)state;
    static const char encrypted[] = "-----BEGIN PUBLIC KEY-----\nProc-Type: 4,ENCRYPTED\n"
                                    "DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n"
                                    "AAAAAAAAAAAAAAAAAAAAAA==\n-----END PUBLIC KEY-----\n";
    CLEANUP(buffer_free) struct buffer der = {0};
    assert_status(STATUS_OK, key_spki(tpms[TPM_BUILDER_P256]->key, &der));
    for (size_t size = 0; size < der.size; size++)
        claim_spki(STATUS_MALFORMED, bytes_of(der.data, size));
    buffer_append_u8(&der, 0);
    claim_spki(STATUS_MALFORMED, buffer_bytes(&der));
    claim_spki(STATUS_MALFORMED, bytes_of_text("-----BEGIN PUBLIC KEY-----\n"));
    claim_spki(STATUS_MALFORMED, bytes_of_text(encrypted));
    static uint8_t large[LIMIT_CERT + 1];
    memset(large, '-', sizeof large);
    claim_spki(STATUS_MALFORMED, bytes_of(large, sizeof large));
}

static void
bare_key_that_is_weak_is_unsupported(void **state)
{
    (void)state;
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024),
                        EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-224"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        CLEANUP(buffer_free) struct buffer pem = {0};
        append_pem(keys[i], &pem);
        claim_spki(STATUS_UNSUPPORTED, buffer_bytes(&pem));
        EVP_PKEY_free(keys[i]);
    }
}

static void
accepts_the_attestation_keys_of_real_boots(void **state)
{
    (void)state;
    static const char *const boots[] = {"A", "B", "C", "D1", "E2", "K"};
    static const char *const keys[] = {"ecc", "rsa"};
    for (size_t i = 0; i < 12; i++) {
        CLEANUP(buffer_free) struct buffer area = {0};
        char path[96];
        (void)snprintf(path, sizeof path, "measured-boots/%s/quote/ak-%s.pub", boots[i / 2],
                       keys[i % 2]);
        test_corpus(path, &area);
        claim_area(REASON_NONE, buffer_bytes(&area));
    }
}

/* An endorsement key decrypts; it signs nothing. */
static void
refuses_the_endorsement_key_of_a_real_boot(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer area = {0};
    test_corpus("measured-boots/A/quote/ek.pub", &area);
    claim_area(REASON_AK_ATTRIBUTES, buffer_bytes(&area));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_every_kind_of_attestation_key),
        cmocka_unit_test(description_is_cut_to_its_room),
        cmocka_unit_test(names_follow_from_the_area),
        cmocka_unit_test(threat_16_key_without_one_needed_attribute_is_refused),
        cmocka_unit_test(threat_16_key_with_one_forbidden_attribute_is_refused),
        cmocka_unit_test(how_a_key_is_authorised_is_its_owners_affair),
        cmocka_unit_test(threat_16_name_by_sha1_or_an_unknown_hash_is_refused),
        cmocka_unit_test(threat_08_key_without_a_fixed_sound_scheme_is_refused),
        cmocka_unit_test(threat_16_short_key_or_other_curve_is_refused),
        cmocka_unit_test(threat_18_roca_key_is_refused),
        cmocka_unit_test(exponent_below_65537_is_weak_and_even_is_malformed),
        cmocka_unit_test(malformed_area_is_refused),
        cmocka_unit_test(bare_key_is_read_from_pem_and_der),
        cmocka_unit_test(bare_key_says_that_nothing_is_known_of_it),
        cmocka_unit_test(bare_key_that_is_none_is_malformed),
        cmocka_unit_test(bare_key_that_is_weak_is_unsupported),
        cmocka_unit_test(accepts_the_attestation_keys_of_real_boots),
        cmocka_unit_test(refuses_the_endorsement_key_of_a_real_boot),
    };
    return cmocka_run_group_tests(tests, make_tpms, free_tpms);
}
