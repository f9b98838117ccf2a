/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM's side of TPM2_ActivateCredential, written here from the specification with nothing but
 * HMAC, hash and block cipher, opens what credential_make() made. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/credential.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

struct fixture {
    struct hasher *hasher;
    struct credential_maker *maker;
};

static int
setup(void **state)
{
    static struct fixture f;
    *state = &f;
    if (hasher_new(&f.hasher) != STATUS_OK)
        return -1;
    return credential_maker_new(&f.maker) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;
    hasher_free(f->hasher);
    credential_maker_free(f->maker);
    return 0;
}

/* What a TPM works with when it activates. */
struct opener {
    struct hasher *hasher;
    const struct ek_builder *ek;
    uint16_t hash;
    uint16_t bits;
    struct digest seed;
};

/* KDFa of one block or less. [TPM2 P1 11.4.10.2] */
static struct digest
kdfa(const struct opener *o, const char *label, struct bytes context, uint32_t bits)
{
    struct digest out;
    CLEANUP(buffer_free) struct buffer in = {0};
    buffer_append_be32(&in, 1);
    buffer_append(&in, bytes_of(label, strlen(label) + 1));
    buffer_append(&in, context);
    buffer_append_be32(&in, bits);
    assert_true(bits <= 8u * alg_size(o->hash));
    assert_status(STATUS_OK, digest_hmac(o->hash, digest_bytes(&o->seed), buffer_bytes(&in), &out));
    out.size = (uint16_t)(bits / 8);
    return out;
}

static void
unwrap_rsa(struct opener *o, struct bytes wrapped)
{
    static char label[] = "IDENTITY";
    static char padding[] = OSSL_PKEY_RSA_PAD_MODE_OAEP;
    size_t size = sizeof o->seed.data;
    uint8_t plain[512];
    size_t plain_size = sizeof plain;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, o->ek->ek, NULL);
    char hash[16];
    (void)text_copy(hash, sizeof hash, alg_by_id(o->hash)->evp_name);
    OSSL_PARAM params[] = {
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, padding, sizeof padding - 1),
        OSSL_PARAM_utf8_string(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, hash, strlen(hash)),
        OSSL_PARAM_octet_string(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, label, sizeof label),
        OSSL_PARAM_END,
    };
    assert_int_equal(EVP_PKEY_decrypt_init_ex(context, params), 1);
    assert_int_equal(EVP_PKEY_decrypt(context, plain, &plain_size, wrapped.data, wrapped.size), 1);
    assert_true(plain_size <= size);
    o->seed.size = (uint16_t)plain_size;
    memcpy(o->seed.data, plain, plain_size);
    EVP_PKEY_CTX_free(context);
}

static EVP_PKEY *
make_point(const struct opener *o, struct bytes x, struct bytes y)
{
    EVP_PKEY *key = EVP_PKEY_new();
    CLEANUP(buffer_free) struct buffer point = {0};
    buffer_append_u8(&point, 4);
    buffer_append(&point, x);
    buffer_append(&point, y);
    assert_non_null(key);
    assert_int_equal(EVP_PKEY_copy_parameters(key, o->ek->ek), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(key, point.data, point.size), 1);
    return key;
}

/* KDFe over the shared x. [TPM2 P1 11.4.10.3] */
static void
unwrap_ecc(struct opener *o, struct bytes wrapped)
{
    struct reader r = reader_of(wrapped);
    struct bytes x = reader_tpm2b(&r, 66);
    struct bytes y = reader_tpm2b(&r, 66);
    assert_status(STATUS_OK, reader_end(&r, "TPMS_ECC_POINT", NULL));
    EVP_PKEY *peer = make_point(o, x, y);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, o->ek->ek, NULL);
    uint8_t z[66];
    uint8_t own[66];
    size_t z_size = sizeof z;
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_derive_init(context), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(context, peer), 1);
    assert_int_equal(EVP_PKEY_derive(context, z, &z_size), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(o->ek->ek, OSSL_PKEY_PARAM_EC_PUB_X, &n), 1);
    assert_int_equal(BN_bn2binpad(n, own, (int)z_size), (int)z_size);
    CLEANUP(buffer_free) struct buffer in = {0};
    buffer_append_be32(&in, 1);
    buffer_append(&in, bytes_of(z, z_size));
    buffer_append(&in, bytes_of("IDENTITY", sizeof "IDENTITY"));
    buffer_append(&in, x);
    buffer_append(&in, bytes_of(own, z_size));
    assert_status(STATUS_OK, digest_compute(o->hasher, o->hash, buffer_bytes(&in), &o->seed));
    BN_free(n);
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(peer);
}

/* False when the integrity does not hold; else the credential replaces out. */
static bool
open_blob(const struct opener *o, struct bytes blob, struct bytes name, struct buffer *out)
{
    static const uint8_t iv[16];
    struct reader r = reader_of(blob);
    struct bytes mac = reader_tpm2b(&r, 64);
    struct bytes cipher = reader_rest(&r);
    struct digest expected;
    CLEANUP(buffer_free) struct buffer covered = {0};
    CLEANUP(buffer_free) struct buffer plain = {0};
    struct digest key = kdfa(o, "INTEGRITY", (struct bytes){0}, 8u * (uint32_t)alg_size(o->hash));
    buffer_append(&covered, cipher);
    buffer_append(&covered, name);
    assert_status(STATUS_OK,
                  digest_hmac(o->hash, digest_bytes(&key), buffer_bytes(&covered), &expected));
    if (!digest_equal_bytes(&expected, mac))
        return false;
    key = kdfa(o, "STORAGE", name, o->bits);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    buffer_append(&plain, cipher);
    assert_int_equal(EVP_DecryptInit_ex(context,
                                        o->bits == 128 ? EVP_aes_128_cfb() : EVP_aes_256_cfb(),
                                        NULL, key.data, iv),
                     1);
    assert_int_equal(EVP_DecryptUpdate(context, plain.data, &size, cipher.data, (int)cipher.size),
                     1);
    EVP_CIPHER_CTX_free(context);
    struct reader inner = reader_of(buffer_bytes(&plain));
    buffer_append(out, reader_tpm2b(&inner, 64));
    assert_status(STATUS_OK, reader_end(&inner, "credential", NULL));
    return true;
}

static struct bytes
strip(const struct buffer *sized)
{
    struct reader r = reader_of(buffer_bytes(sized));
    struct bytes content = reader_tpm2b(&r, 1024);
    assert_status(STATUS_OK, reader_end(&r, "TPM2B", NULL));
    return content;
}

static bool
activate(struct fixture *f, const struct ek_builder *b, const struct ek *ek,
         const struct credential *c, struct bytes name, struct buffer *out)
{
    struct opener o = {
        .hasher = f->hasher, .ek = b, .hash = ek_name_alg(ek), .bits = ek_symmetric_bits(ek)};
    if (EVP_PKEY_is_a(b->ek, "RSA"))
        unwrap_rsa(&o, strip(&c->secret));
    else
        unwrap_ecc(&o, strip(&c->secret));
    return open_blob(&o, strip(&c->blob), name, out);
}

static struct ek *
read_ek(struct fixture *f, const struct ek_builder *b)
{
    struct ek *ek = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer public = {0};
    ek_builder_public(b, &public);
    assert_status(STATUS_OK, ek_parse(f->hasher, buffer_bytes(&public), &ek, &reasons));
    assert_non_null(ek);
    return ek;
}

static const char name_text[] = "\x00\x0b"
                                "0123456789abcdef0123456789abcdef";
static const char value_text[] = "fedcba9876543210fedcba9876543210";

static struct bytes
text_bytes(const char *text, size_t size)
{
    return bytes_of(text, size - 1);
}

#define NAME  text_bytes(name_text, sizeof name_text)
#define VALUE text_bytes(value_text, sizeof value_text)

static void
is_opened_by_each_kind_of_ek(void **state)
{
    struct fixture *f = *state;
    static const char *const templates[] = {"L-1", "L-2", "H-1", "H-2", "H-3", "H-4", "H-6"};
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new(templates[i]);
        CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
        CLEANUP(credential_clear) struct credential c = {0};
        CLEANUP(buffer_free) struct buffer value = {0};
        assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &c));
        assert_true(activate(f, b, ek, &c, NAME, &value));
        assert_true(bytes_equal(buffer_bytes(&value), VALUE));
    }
}

static void
is_not_opened_for_another_name(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential c = {0};
    CLEANUP(buffer_free) struct buffer value = {0};
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &c));
    assert_false(activate(f, b, ek, &c, text_bytes(value_text, sizeof value_text), &value));
}

static void
is_not_opened_by_another_ek(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_builder_freep) struct ek_builder *other = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential c = {0};
    CLEANUP(buffer_free) struct buffer value = {0};
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &c));
    assert_false(activate(f, other, ek, &c, NAME, &value));
}

static void
is_never_the_same_twice(void **state)
{
    struct fixture *f = *state;
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential first = {0};
    CLEANUP(credential_clear) struct credential second = {0};
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &first));
    assert_status(STATUS_OK, credential_make(f->maker, ek, NAME, VALUE, &second));
    assert_false(bytes_equal(buffer_bytes(&first.blob), buffer_bytes(&second.blob)));
    assert_false(bytes_equal(buffer_bytes(&first.secret), buffer_bytes(&second.secret)));
}

/* A TPM takes no credential longer than the digest of the EK's nameAlg. [TPM2 P3 12.6] */
static void
refuses_a_value_that_no_tpm_takes(void **state)
{
    struct fixture *f = *state;
    static const uint8_t value[DIGEST_SHA256_SIZE + 1];
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    CLEANUP(ek_freep) struct ek *ek = read_ek(f, b);
    CLEANUP(credential_clear) struct credential c = {0};
    assert_status(STATUS_LIMIT,
                  credential_make(f->maker, ek, NAME, bytes_of(value, sizeof value), &c));
    assert_int_equal(c.blob.size, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_opened_by_each_kind_of_ek),
        cmocka_unit_test(is_not_opened_for_another_name),
        cmocka_unit_test(is_not_opened_by_another_ek),
        cmocka_unit_test(is_never_the_same_twice),
        cmocka_unit_test(refuses_a_value_that_no_tpm_takes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
