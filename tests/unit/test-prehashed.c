/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that documents name, and signatures over a digest, each scheme with its kind of key. */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "evidence/prehashed.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/jws_builder.h"
#include "tests/lib/rsa_key.h"
#include "tests/lib/test.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

/* ---- keys ---- */

static void
append_block(struct buffer *out, const char *label, struct bytes der)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_true(PEM_write_bio(bio, label, "", der.data, (long)der.size) > 0);
    long size = BIO_get_mem_data(bio, &text);
    buffer_append(out, bytes_of(text, (size_t)size));
    BIO_free(bio);
}

static void
takes_the_key_of_a_certificate_that_is_called_one(void **state)
{
    (void)state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-1");
    CLEANUP(buffer_free) struct buffer good = {0};
    CLEANUP(buffer_free) struct buffer other = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(buffer_free) struct buffer expected = {0};
    append_block(&good, "CERTIFICATE", buffer_bytes(&b->root.der));
    append_block(&other, "X509 CRL", buffer_bytes(&b->root.der));
    assert_status(STATUS_OK, prehashed_key_parse(buffer_bytes(&good), &spki));
    assert_status(STATUS_OK, key_spki(b->root.key, &expected));
    assert_true(bytes_equal(buffer_bytes(&expected), buffer_bytes(&spki)));
    assert_status(STATUS_MALFORMED, prehashed_key_parse(buffer_bytes(&other), &spki));
}

static void
refuses_a_key_that_is_weak_or_none(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer pem = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-521");
    jws_builder_pem(&pem, key, false);
    assert_status(STATUS_MALFORMED, prehashed_key_parse(buffer_bytes(&pem), &spki));
    assert_status(STATUS_MALFORMED, prehashed_key_parse(bytes_of_text("key"), &spki));
}

/* ---- signatures ---- */

static void
sign(EVP_PKEY *key, int padding, const struct digest *digest, struct buffer *out)
{
    uint8_t raw[512];
    size_t size = sizeof raw;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(1, EVP_PKEY_sign_init(ctx));
    if (padding != 0)
        assert_int_equal(1, EVP_PKEY_CTX_set_rsa_padding(ctx, padding));
    assert_int_equal(1, EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()));
    if (padding == RSA_PKCS1_PSS_PADDING)
        assert_int_equal(1, EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST));
    assert_int_equal(1, EVP_PKEY_sign(ctx, raw, &size, digest->data, digest->size));
    EVP_PKEY_CTX_free(ctx);
    buffer_append(out, bytes_of(raw, size));
}

/* r || s of a signature in DER. */
static void
make_fixed(struct bytes der, struct buffer *out)
{
    uint8_t fixed[64];
    const uint8_t *at = der.data;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.size);
    assert_int_equal(32, BN_bn2binpad(ECDSA_SIG_get0_r(sig), fixed, 32));
    assert_int_equal(32, BN_bn2binpad(ECDSA_SIG_get0_s(sig), fixed + 32, 32));
    ECDSA_SIG_free(sig);
    buffer_append(out, bytes_of(fixed, sizeof fixed));
}

static bool
is_valid(const EVP_PKEY *key, enum prehashed_scheme scheme, const struct digest *digest,
         struct bytes signature)
{
    CLEANUP(buffer_free) struct buffer spki = {0};
    bool valid = true;
    assert_status(STATUS_OK, key_spki(key, &spki));
    assert_status(STATUS_OK,
                  prehashed_verify(buffer_bytes(&spki), scheme, digest, signature, &valid));
    return valid;
}

static void
takes_each_signature_under_its_own_scheme_only(void **state)
{
    (void)state;
    struct digest digest;
    struct buffer signatures[4] = {0};
    EVP_PKEY *rsa = rsa_key_next(2048);
    EVP_PKEY *ec = EVP_EC_gen("P-256");
    assert_status(STATUS_OK,
                  digest_compute(test_hasher, ALG_SHA256, bytes_of_text("file"), &digest));
    sign(ec, 0, &digest, &signatures[PREHASHED_ASN1]);
    sign(rsa, RSA_PKCS1_PADDING, &digest, &signatures[PREHASHED_PKCS1]);
    sign(rsa, RSA_PKCS1_PSS_PADDING, &digest, &signatures[PREHASHED_PSS]);
    make_fixed(buffer_bytes(&signatures[PREHASHED_ASN1]), &signatures[PREHASHED_FIXED]);
    for (unsigned made = 0; made < 4; made++) {
        bool by_ec = made == PREHASHED_ASN1 || made == PREHASHED_FIXED;
        for (unsigned asked = 0; asked < 4; asked++) {
            bool fits = asked == made || (made == PREHASHED_PKCS1 && asked == PREHASHED_ASN1);
            struct bytes signature = buffer_bytes(&signatures[made]);
            assert_int_equal(
                fits, is_valid(by_ec ? ec : rsa, (enum prehashed_scheme)asked, &digest, signature));
            assert_false(
                is_valid(by_ec ? rsa : ec, (enum prehashed_scheme)asked, &digest, signature));
        }
        buffer_free(&signatures[made]);
    }
    evp_pkey_freep(&rsa);
    evp_pkey_freep(&ec);
}

/* Else one signature could be written in many ways. [RFC 7518 3.4] */
static void
a_fixed_signature_is_as_long_as_two_coordinates(void **state)
{
    (void)state;
    struct digest digest;
    CLEANUP(buffer_free) struct buffer der = {0};
    CLEANUP(buffer_free) struct buffer fixed = {0};
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_status(STATUS_OK,
                  digest_compute(test_hasher, ALG_SHA256, bytes_of_text("file"), &digest));
    sign(key, 0, &digest, &der);
    make_fixed(buffer_bytes(&der), &fixed);
    assert_true(is_valid(key, PREHASHED_FIXED, &digest, buffer_bytes(&fixed)));
    buffer_append_u8(&fixed, 0);
    assert_false(is_valid(key, PREHASHED_FIXED, &digest, buffer_bytes(&fixed)));
    assert_false(is_valid(key, PREHASHED_FIXED, &digest, bytes_of(fixed.data, 32)));
    assert_false(is_valid(key, PREHASHED_FIXED, &digest, (struct bytes){0}));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_key_of_a_certificate_that_is_called_one),
        cmocka_unit_test(refuses_a_key_that_is_weak_or_none),
        cmocka_unit_test(takes_each_signature_under_its_own_scheme_only),
        cmocka_unit_test(a_fixed_signature_is_as_long_as_two_coordinates),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
