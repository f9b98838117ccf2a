/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "tests/lib/test.h"
#include "tests/lib/tpm_builder.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#define MODULUS_SIZE 256u

/* Points of P-256 one of whose coordinates begins with a zero byte: 379 G and 43 G. */
static const char short_x[] = "5543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a";
static const char short_x_y[] = "bb4c85a3d8ea29efaafa24406912dd84d5b14dc32bf656ef6c6bd58a5d943f92";
static const char short_y_x[] = "986ae2506f1ff104d04230861d8f4b498f4bc4c6d009b30f7544dc129b82d28d";
static const char short_y[] = "3cccc0a6460e0ae328a4d97d3c7b61d86fc6289c189f2525110c441bb07e97";

/* The point of P-256 whose x is 0. */
static const char zero_x_y[] = "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4";

/* Curve and point as tpm_public_key() gets them from a parsed area. */
static enum status
convert_point(uint16_t curve, uint16_t key_bits, const char *x, const char *y, struct buffer *spki)
{
    CLEANUP(buffer_free) struct buffer x_bytes = {0}, y_bytes = {0};
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
    assert_status(STATUS_OK, text_parse_hex(x, &x_bytes));
    assert_status(STATUS_OK, text_parse_hex(y, &y_bytes));
    struct tpm_public pub = {.type = TPM_ALG_ECC,
                             .curve = curve,
                             .key_bits = key_bits,
                             .x = buffer_bytes(&x_bytes),
                             .y = buffer_bytes(&y_bytes)};
    enum status s = tpm_public_key(test_hasher, &pub, &key);
    if (s != STATUS_OK) {
        assert_null(key);
        return s;
    }
    return key_spki(key, spki);
}

static enum status
convert_modulus(struct bytes modulus, uint16_t key_bits, uint32_t exponent)
{
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
    struct tpm_public pub = {
        .type = TPM_ALG_RSA, .key_bits = key_bits, .exponent = exponent, .modulus = modulus};
    enum status s = tpm_public_key(test_hasher, &pub, &key);
    assert_int_equal(s == STATUS_OK, key != NULL);
    return s;
}

static void
point_without_its_leading_zeros_is_the_same_key(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer padded = {0}, cut = {0};
    char x[65] = "00", y[65] = "00";
    memcpy(x + 2, short_x, sizeof short_x);
    memcpy(y + 2, short_y, sizeof short_y);
    assert_status(STATUS_OK, convert_point(TPM_ECC_P256, 256, x, short_x_y, &padded));
    assert_status(STATUS_OK, convert_point(TPM_ECC_P256, 256, short_x, short_x_y, &cut));
    assert_true(bytes_equal(buffer_bytes(&padded), buffer_bytes(&cut)));
    buffer_reset(&padded);
    buffer_reset(&cut);
    assert_status(STATUS_OK, convert_point(TPM_ECC_P256, 256, short_y_x, y, &padded));
    assert_status(STATUS_OK, convert_point(TPM_ECC_P256, 256, short_y_x, short_y, &cut));
    assert_true(bytes_equal(buffer_bytes(&padded), buffer_bytes(&cut)));
}

static void
point_off_its_curve_is_malformed(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer spki = {0};
    static const char *const wrong[][2] = {
        {"01", "01"},
        {"00", "00"},
        {short_x, short_y},
        {"", ""},
        {short_x, ""},
        {"", short_x_y},
        {"005543894af3d00ed7d740abdbd75c96b06877b787db5f70eea78b90a8d7c00a00", short_x_y},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_status(STATUS_MALFORMED,
                      convert_point(TPM_ECC_P256, 256, wrong[i][0], wrong[i][1], &spki));
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P384, 384, short_x, short_x_y, &spki));
    assert_int_equal(0, spki.size);
}

static void
empty_coordinate_is_not_taken_for_zero(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer spki = {0};
    assert_status(STATUS_OK, convert_point(TPM_ECC_P256, 256, "00", zero_x_y, &spki));
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 256, "", zero_x_y, &spki));
}

static void
unknown_type_or_curve_is_unsupported(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
    assert_status(STATUS_UNSUPPORTED, convert_point(0x20, 256, short_x, short_x_y, &spki));
    assert_status(STATUS_UNSUPPORTED,
                  tpm_public_key(test_hasher, &(struct tpm_public){.type = 0x0008}, &key));
}

static void
modulus_that_is_not_what_it_says_is_malformed(void **state)
{
    (void)state;
    uint8_t n[MODULUS_SIZE];
    memset(n, 0xC5, sizeof n);
    const struct bytes whole = bytes_of(n, sizeof n);
    assert_status(STATUS_OK, convert_modulus(whole, 2048, 65537));
    assert_status(STATUS_MALFORMED, convert_modulus(whole, 3072, 65537));
    assert_status(STATUS_MALFORMED, convert_modulus(bytes_of(n, 255), 2048, 65537));
    assert_status(STATUS_MALFORMED, convert_modulus(bytes_of(n, 0), 0, 65537));
    assert_status(STATUS_MALFORMED, convert_modulus((struct bytes){0}, 0, 65537));
    assert_status(STATUS_MALFORMED, convert_modulus(whole, 2048, 65536));
    assert_status(STATUS_MALFORMED, convert_modulus(whole, 2048, 1));
    n[255] = 0xC4;
    assert_status(STATUS_MALFORMED, convert_modulus(whole, 2048, 65537));
    n[255] = 0xC5;
    n[0] = 0x45;
    assert_status(STATUS_MALFORMED, convert_modulus(whole, 2048, 65537));
}

static void
roca_modulus_is_known_by_its_fingerprint(void **state)
{
    (void)state;
    uint8_t n[TPM_BUILDER_MODULUS_SIZE];
    for (unsigned i = 1; i < 50; i++) {
        CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
        tpm_builder_roca_modulus(i * 0x9E3779B9u, n);
        assert_true(rsa_is_roca(bytes_of(n, sizeof n)));
        struct tpm_public pub = {.type = TPM_ALG_RSA,
                                 .key_bits = 2048,
                                 .exponent = 65537,
                                 .modulus = bytes_of(n, sizeof n)};
        assert_status(STATUS_OK, tpm_public_key(test_hasher, &pub, &key));
        assert_false(key_is_strong(key));
    }
}

/* A power of 65537 modulo each single prime, but no one exponent serves for all. */
static void
powers_with_no_common_exponent_are_no_fingerprint(void **state)
{
    (void)state;
    /* 1 modulo every odd prime up to 167 but 97, where it is 65537 */
    static const char factor[] = "048654f0d514b88ec57093a207e4eca3285114cab4e3f60b0435c921";
    CLEANUP(buffer_free) struct buffer n = {0};
    assert_status(STATUS_OK, text_parse_hex(factor, &n));
    assert_false(rsa_is_roca(buffer_bytes(&n)));
}

static void
other_moduli_are_not_roca(void **state)
{
    (void)state;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    uint8_t n[MODULUS_SIZE] = {0};
    assert_status(STATUS_OK, hasher_new(&h));
    for (unsigned i = 0; i < 2000; i++) {
        for (size_t at = 0; at < sizeof n; at += DIGEST_SHA256_SIZE) {
            const uint8_t seed[] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)at};
            assert_status(STATUS_OK, digest_sha256(h, bytes_of(seed, sizeof seed), n + at));
        }
        n[0] |= 0x80;
        n[255] |= 1;
        assert_false(rsa_is_roca(bytes_of(n, sizeof n)));
    }
    assert_false(rsa_is_roca(bytes_of(n, 0)));
}

static void
claim_strength(bool expected, EVP_PKEY *key)
{
    assert_non_null(key);
    assert_int_equal(expected, key_is_strong(key));
    EVP_PKEY_free(key);
}

static void
strong_keys_are_told_from_weak_ones(void **state)
{
    (void)state;
    claim_strength(true, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
    claim_strength(true, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"));
    claim_strength(true, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
    claim_strength(false, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"));
    claim_strength(false, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-224"));
    claim_strength(false, EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1"));
    claim_strength(false, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024));
    claim_strength(false, EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2040));
    claim_strength(false, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
}

static void
small_exponent_is_weak(void **state)
{
    (void)state;
    uint8_t n[MODULUS_SIZE];
    memset(n, 0xC5, sizeof n);
    static const uint32_t exponents[] = {3, 17, 257, 65535};
    for (size_t i = 0; i < sizeof exponents / sizeof exponents[0]; i++) {
        EVP_PKEY *key = NULL;
        struct tpm_public pub = {.type = TPM_ALG_RSA,
                                 .key_bits = 2048,
                                 .exponent = exponents[i],
                                 .modulus = bytes_of(n, sizeof n)};
        assert_status(STATUS_OK, tpm_public_key(test_hasher, &pub, &key));
        claim_strength(false, key);
    }
}

static void
spki_of_a_tpm_key_is_that_of_the_key(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        CLEANUP(tpm_builder_freep)
        struct tpm_builder *t = tpm_builder_new((enum tpm_builder_key)kind, ALG_SHA256);
        CLEANUP(buffer_free) struct buffer area = {0}, ours = {0};
        CLEANUP(evp_pkey_freep) EVP_PKEY *key = NULL;
        struct tpm_public pub;
        unsigned char *theirs = NULL;
        tpm_builder_public(t, &area);
        assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&area), &pub, NULL));
        assert_status(STATUS_OK, tpm_public_key(test_hasher, &pub, &key));
        assert_status(STATUS_OK, key_spki(key, &ours));
        int size = i2d_PUBKEY(t->key, &theirs);
        assert_int_equal(ours.size, size);
        assert_memory_equal(ours.data, theirs, ours.size);
        OPENSSL_free(theirs);
        assert_int_equal(pub.key_bits / 8, key_field_size(key));
    }
}

/* Curve parameters written out in full are another encoding of the key, and stay one. */
static void
spki_with_explicit_parameters_stays_as_it_is(void **state)
{
    (void)state;
    CLEANUP(evp_pkey_freep) EVP_PKEY *named = EVP_EC_gen("P-256");
    CLEANUP(buffer_free) struct buffer ours = {0};
    unsigned char *der = NULL;
    assert_int_equal(1, EVP_PKEY_set_utf8_string_param(named, OSSL_PKEY_PARAM_EC_ENCODING,
                                                       OSSL_PKEY_EC_ENCODING_EXPLICIT));
    int size = i2d_PUBKEY(named, &der);
    assert_true(size > 200);
    const unsigned char *end = der;
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = d2i_PUBKEY(NULL, &end, size);
    assert_non_null(key);
    assert_status(STATUS_OK, key_spki(key, &ours));
    assert_int_equal(ours.size, size);
    assert_memory_equal(ours.data, der, ours.size);
    OPENSSL_free(der);
}

/* tpm2-tools wrote each key both as a TPM structure and as PEM. */
static void
real_tpm_keys_convert_as_tpm2_tools_does(void **state)
{
    (void)state;
    static const char *const names[] = {"A/quote/ak-ecc", "A/quote/ak-rsa", "A/quote/ek",
                                        "B/quote/ak-ecc", "C/quote/ak-rsa", "E2/quote/ek"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CLEANUP(buffer_free) struct buffer area = {0}, pem = {0};
        CLEANUP(evp_pkey_freep) EVP_PKEY *ours = NULL;
        char path[96];
        struct tpm_public pub;
        (void)snprintf(path, sizeof path, "measured-boots/%s.pub", names[i]);
        test_corpus(path, &area);
        (void)snprintf(path, sizeof path, "measured-boots/%s.pem", names[i]);
        test_corpus(path, &pem);
        assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&area), &pub, NULL));
        assert_status(STATUS_OK, tpm_public_key(test_hasher, &pub, &ours));
        assert_true(key_is_strong(ours));
        BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
        CLEANUP(evp_pkey_freep) EVP_PKEY *theirs = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
        assert_int_equal(1, EVP_PKEY_eq(ours, theirs));
        (void)BIO_free(bio);
    }
}

static void
coordinate_longer_than_its_field_is_malformed(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer spki = {0};
    char x[69] = "ffff00";
    memcpy(x + 6, short_x, sizeof short_x);
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 256, x, short_x_y, &spki));
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 256, short_x, "", &spki));
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 256, short_x, x, &spki));
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 4096, short_x, short_x_y, &spki));
    /* What stands in front would fall on the byte before, and be the same. */
    char in_front[69] = "0400";
    memcpy(in_front + 4, short_x, sizeof short_x);
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 256, in_front, short_x_y, &spki));
    memcpy(in_front, short_x + sizeof short_x - 3, 2);
    memcpy(in_front + 2, short_x_y, sizeof short_x_y);
    assert_status(STATUS_MALFORMED, convert_point(TPM_ECC_P256, 256, short_x, in_front, &spki));
}

static EVP_PKEY *
rsa_of(size_t size, uint8_t first, const char *exponent)
{
    CLEANUP(buffer_free) struct buffer n = {0};
    BIGNUM *e = NULL;
    for (size_t i = 0; i < size; i++)
        buffer_append_u8(&n, i == 0 ? first : 0xC5);
    BIGNUM *modulus = BN_bin2bn(n.data, (int)n.size, NULL);
    assert_true(BN_hex2bn(&e, exponent) > 0);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    assert_int_equal(1, OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus));
    assert_int_equal(1, OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e));
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(1, EVP_PKEY_fromdata_init(context));
    assert_int_equal(1, EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params));
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(e);
    return key;
}

/* A key that came as a SubjectPublicKeyInfo has sizes of its own choice. */
static void
threat_34_sizes_of_rsa_keys_are_bounded(void **state)
{
    (void)state;
    claim_strength(true, rsa_of(256, 0xC5, "10001"));
    claim_strength(true, rsa_of(512, 0xC5, "10001"));
    claim_strength(false, rsa_of(513, 0xC5, "10001"));
    claim_strength(false, rsa_of(2048, 0xC5, "10001"));
    claim_strength(false, rsa_of(256, 0x45, "10001"));
    claim_strength(false, rsa_of(256, 0xC5, "100000001"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(point_without_its_leading_zeros_is_the_same_key),
        cmocka_unit_test(point_off_its_curve_is_malformed),
        cmocka_unit_test(empty_coordinate_is_not_taken_for_zero),
        cmocka_unit_test(unknown_type_or_curve_is_unsupported),
        cmocka_unit_test(modulus_that_is_not_what_it_says_is_malformed),
        cmocka_unit_test(roca_modulus_is_known_by_its_fingerprint),
        cmocka_unit_test(powers_with_no_common_exponent_are_no_fingerprint),
        cmocka_unit_test(other_moduli_are_not_roca),
        cmocka_unit_test(strong_keys_are_told_from_weak_ones),
        cmocka_unit_test(small_exponent_is_weak),
        cmocka_unit_test(spki_of_a_tpm_key_is_that_of_the_key),
        cmocka_unit_test(spki_with_explicit_parameters_stays_as_it_is),
        cmocka_unit_test(real_tpm_keys_convert_as_tpm2_tools_does),
        cmocka_unit_test(coordinate_longer_than_its_field_is_malformed),
        cmocka_unit_test(threat_34_sizes_of_rsa_keys_are_bounded),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
