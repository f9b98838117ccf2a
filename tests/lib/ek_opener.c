/* SPDX-License-Identifier: Apache-2.0 */
/* from: a credential and an EK's private half; to: what TPM2_ActivateCredential gives; never: uses
 * the code that made it. Written from the specification with nothing but HMAC, hash and cipher. */
#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/ek_builder.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <string.h>

static void
demand(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "ek_opener: %s\n", what);
    abort();
}

static void
demand_ok(enum status s, const char *what)
{
    demand(s == STATUS_OK, what);
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
    demand(bits <= 8u * alg_size(o->hash), "size");
    demand_ok(digest_hmac(o->hash, digest_bytes(&o->seed), buffer_bytes(&in), &out), "status");
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
    demand(EVP_PKEY_decrypt_init_ex(context, params) == 1, "libcrypto");
    demand(EVP_PKEY_decrypt(context, plain, &plain_size, wrapped.data, wrapped.size) == 1,
           "libcrypto");
    demand(plain_size <= size, "size");
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
    demand(key != NULL, "memory");
    demand(EVP_PKEY_copy_parameters(key, o->ek->ek) == 1, "libcrypto");
    demand(EVP_PKEY_set1_encoded_public_key(key, point.data, point.size) == 1, "libcrypto");
    return key;
}

/* KDFe over the shared x. [TPM2 P1 11.4.10.3] */
static void
unwrap_ecc(struct opener *o, struct bytes wrapped)
{
    struct reader r = reader_of(wrapped);
    struct bytes x = reader_tpm2b(&r, 66);
    struct bytes y = reader_tpm2b(&r, 66);
    demand_ok(reader_end(&r, "TPMS_ECC_POINT", NULL), "status");
    EVP_PKEY *peer = make_point(o, x, y);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, o->ek->ek, NULL);
    uint8_t z[66];
    uint8_t own[66];
    size_t z_size = sizeof z;
    BIGNUM *n = NULL;
    demand(EVP_PKEY_derive_init(context) == 1, "libcrypto");
    demand(EVP_PKEY_derive_set_peer(context, peer) == 1, "libcrypto");
    demand(EVP_PKEY_derive(context, z, &z_size) == 1, "libcrypto");
    demand(EVP_PKEY_get_bn_param(o->ek->ek, OSSL_PKEY_PARAM_EC_PUB_X, &n) == 1, "libcrypto");
    demand(BN_bn2binpad(n, own, (int)z_size) == (int)z_size, "libcrypto");
    CLEANUP(buffer_free) struct buffer in = {0};
    buffer_append_be32(&in, 1);
    buffer_append(&in, bytes_of(z, z_size));
    buffer_append(&in, bytes_of("IDENTITY", sizeof "IDENTITY"));
    buffer_append(&in, x);
    buffer_append(&in, bytes_of(own, z_size));
    demand_ok(digest_compute(o->hasher, o->hash, buffer_bytes(&in), &o->seed), "status");
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
    demand_ok(digest_hmac(o->hash, digest_bytes(&key), buffer_bytes(&covered), &expected),
              "status");
    if (!digest_equal_bytes(&expected, mac))
        return false;
    key = kdfa(o, "STORAGE", name, o->bits);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    buffer_append(&plain, cipher);
    demand(EVP_DecryptInit_ex(context, o->bits == 128 ? EVP_aes_128_cfb() : EVP_aes_256_cfb(), NULL,
                              key.data, iv) == 1 &&
               EVP_DecryptUpdate(context, plain.data, &size, cipher.data, (int)cipher.size) == 1,
           "libcrypto");
    EVP_CIPHER_CTX_free(context);
    struct reader inner = reader_of(buffer_bytes(&plain));
    buffer_append(out, reader_tpm2b(&inner, 64));
    demand_ok(reader_end(&inner, "credential", NULL), "status");
    return true;
}

static struct bytes
strip(struct bytes sized)
{
    struct reader r = reader_of(sized);
    struct bytes content = reader_tpm2b(&r, 1024);
    demand_ok(reader_end(&r, "TPM2B", NULL), "status");
    return content;
}

bool
ek_builder_activate(const struct ek_builder *b, struct bytes blob, struct bytes secret,
                    struct bytes name, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    struct tpm_public pub;
    demand_ok(hasher_new(&h), "hasher");
    ek_builder_public(b, &public);
    demand_ok(tpm_public_parse(buffer_bytes(&public), &pub, NULL), "public area");
    struct opener o = {.hasher = h, .ek = b, .hash = pub.name_alg, .bits = pub.symmetric_bits};
    if (EVP_PKEY_is_a(b->ek, "RSA"))
        unwrap_rsa(&o, strip(secret));
    else
        unwrap_ecc(&o, strip(secret));
    return open_blob(&o, strip(blob), name, out);
}
