/* SPDX-License-Identifier: Apache-2.0 */
/* from: an EK, a Name and a secret; to: what TPM2_ActivateCredential opens; never: keeps either. */
#include "daemon/credential.h"

#include "base/cleanup.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

/* Labels; those of OAEP and KDFe end with their NUL, KBKDF writes a separator of its own.
 * [TPM2 P1 11.4.10, B.10.3, C.6.1] */
#define LABEL_IDENTITY  "IDENTITY"
#define LABEL_STORAGE   "STORAGE"
#define LABEL_INTEGRITY "INTEGRITY"

#define KEY_MAX        32u  /* AES-256 */
#define COORDINATE_MAX 66u  /* P-521 */
#define RSA_MAX        512u /* RSA-4096 */
#define IV_SIZE        16u

struct credential_maker {
    EVP_KDF *kdfa;
    EVP_KDF *kdfe;
    EVP_CIPHER *aes128;
    EVP_CIPHER *aes256;
};

struct seed {
    size_t size; /* that of the EK's nameAlg */
    uint8_t data[ALG_MAX_SIZE];
};

/* A key of KDFa or KDFe. */
struct derived {
    size_t size;
    uint8_t data[ALG_MAX_SIZE];
};

static void
free_kdf(EVP_KDF_CTX **c)
{
    EVP_KDF_CTX_free(*c);
}

static void
free_cipher(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}

static void
free_pkey_context(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

static void
free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void
wipe_seed(struct seed *seed)
{
    OPENSSL_cleanse(seed, sizeof *seed);
}

static void
wipe_derived(struct derived *key)
{
    OPENSSL_cleanse(key, sizeof *key);
}

enum status
credential_maker_new(struct credential_maker **out)
{
    *out = NULL;
    CLEANUP(credential_maker_freep) struct credential_maker *m = calloc(1, sizeof *m);
    if (!m)
        return STATUS_NOMEM;
    m->kdfa = EVP_KDF_fetch(NULL, "KBKDF", NULL);
    m->kdfe = EVP_KDF_fetch(NULL, "SSKDF", NULL);
    m->aes128 = EVP_CIPHER_fetch(NULL, "AES-128-CFB", NULL);
    m->aes256 = EVP_CIPHER_fetch(NULL, "AES-256-CFB", NULL);
    if (!m->kdfa || !m->kdfe || !m->aes128 || !m->aes256)
        return STATUS_CRYPTO;
    *out = m;
    m = NULL;
    return STATUS_OK;
}

void
credential_maker_free(struct credential_maker *m)
{
    if (!m)
        return;
    EVP_KDF_free(m->kdfa);
    EVP_KDF_free(m->kdfe);
    EVP_CIPHER_free(m->aes128);
    EVP_CIPHER_free(m->aes256);
    free(m);
}

void
credential_maker_freep(struct credential_maker **m)
{
    credential_maker_free(*m);
}

static const char *
hash_name(const struct ek *ek)
{
    return alg_by_id(ek_name_alg(ek))->evp_name;
}

/* libcrypto's parameters take what they only read as not const. */
static OSSL_PARAM
text_param(const char *name, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(name, (char *)(uintptr_t)value, 0);
}

static OSSL_PARAM
octets_param(const char *name, const void *data, size_t size)
{
    return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data, size);
}

/* KDFa(nameAlg, seed, label, context, "", 8 * out->size). [TPM2 P1 11.4.10.2] */
static enum status
derive(const struct credential_maker *m, const struct ek *ek, const struct seed *seed,
       const char *label, struct bytes context, struct derived *out)
{
    CLEANUP(free_kdf) EVP_KDF_CTX *kdf = EVP_KDF_CTX_new(m->kdfa);
    OSSL_PARAM params[] = {
        text_param(OSSL_KDF_PARAM_MAC, "HMAC"),
        text_param(OSSL_KDF_PARAM_DIGEST, hash_name(ek)),
        text_param(OSSL_KDF_PARAM_MODE, "counter"),
        octets_param(OSSL_KDF_PARAM_KEY, seed->data, seed->size),
        octets_param(OSSL_KDF_PARAM_SALT, label, strlen(label)),
        context.size > 0 ? octets_param(OSSL_KDF_PARAM_INFO, context.data, context.size)
                         : OSSL_PARAM_construct_end(),
        OSSL_PARAM_construct_end(),
    };
    if (!kdf)
        return STATUS_NOMEM;
    return EVP_KDF_derive(kdf, out->data, out->size, params) == 1 ? STATUS_OK : STATUS_CRYPTO;
}

/* A random seed, wrapped by OAEP. [TPM2 P1 B.10.3] */
static enum status
share_rsa(const struct ek *ek, struct seed *seed, struct buffer *wrapped)
{
    uint8_t cipher[RSA_MAX];
    size_t size = sizeof cipher;
    CLEANUP(free_pkey_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, ek_key(ek), NULL);
    const OSSL_PARAM params[] = {
        text_param(OSSL_ASYM_CIPHER_PARAM_PAD_MODE, OSSL_PKEY_RSA_PAD_MODE_OAEP),
        text_param(OSSL_ASYM_CIPHER_PARAM_OAEP_DIGEST, hash_name(ek)),
        text_param(OSSL_ASYM_CIPHER_PARAM_MGF1_DIGEST, hash_name(ek)),
        octets_param(OSSL_ASYM_CIPHER_PARAM_OAEP_LABEL, LABEL_IDENTITY, sizeof LABEL_IDENTITY),
        OSSL_PARAM_construct_end(),
    };
    enum status s = digest_random(seed->data, seed->size);
    if (s != STATUS_OK)
        return s;
    if (!context)
        return STATUS_NOMEM;
    if (EVP_PKEY_encrypt_init_ex(context, params) != 1 ||
        EVP_PKEY_encrypt(context, cipher, &size, seed->data, seed->size) != 1)
        return STATUS_CRYPTO;
    buffer_append(wrapped, bytes_of(cipher, size));
    return STATUS_OK;
}

/* A coordinate with the width of its field. */
static enum status
take_coordinate(const EVP_PKEY *key, const char *name, size_t size, uint8_t *out)
{
    BIGNUM *n = NULL;
    if (EVP_PKEY_get_bn_param(key, name, &n) != 1)
        return STATUS_CRYPTO;
    int written = BN_bn2binpad(n, out, (int)size);
    BN_free(n);
    return written == (int)size ? STATUS_OK : STATUS_CRYPTO;
}

/* Z: the x coordinate of the shared point. */
static enum status
agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t z[static COORDINATE_MAX], size_t *size)
{
    CLEANUP(free_pkey_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
    *size = COORDINATE_MAX;
    if (!context)
        return STATUS_NOMEM;
    if (EVP_PKEY_derive_init(context) != 1 || EVP_PKEY_derive_set_peer_ex(context, peer, 1) != 1 ||
        EVP_PKEY_derive(context, z, size) != 1)
        return STATUS_CRYPTO;
    return STATUS_OK;
}

/* KDFe(nameAlg, Z, "IDENTITY", ephemeral.x, ek.x). [TPM2 P1 11.4.10.3] */
static enum status
derive_shared(const struct credential_maker *m, const struct ek *ek, struct bytes z,
              struct bytes parties, struct seed *seed)
{
    uint8_t info[sizeof LABEL_IDENTITY + 2 * COORDINATE_MAX] = LABEL_IDENTITY;
    memcpy(info + sizeof LABEL_IDENTITY, parties.data, parties.size);
    CLEANUP(free_kdf) EVP_KDF_CTX *kdf = EVP_KDF_CTX_new(m->kdfe);
    const OSSL_PARAM params[] = {
        text_param(OSSL_KDF_PARAM_DIGEST, hash_name(ek)),
        octets_param(OSSL_KDF_PARAM_SECRET, z.data, z.size),
        octets_param(OSSL_KDF_PARAM_INFO, info, sizeof LABEL_IDENTITY + parties.size),
        OSSL_PARAM_construct_end(),
    };
    if (!kdf)
        return STATUS_NOMEM;
    return EVP_KDF_derive(kdf, seed->data, seed->size, params) == 1 ? STATUS_OK : STATUS_CRYPTO;
}

/* A seed agreed with an ephemeral key, whose point is the secret. [TPM2 P1 C.6.1] */
static enum status
share_ecc(const struct credential_maker *m, const struct ek *ek, struct seed *seed,
          struct buffer *wrapped)
{
    uint8_t parties[2 * COORDINATE_MAX];
    uint8_t y[COORDINATE_MAX];
    uint8_t z[COORDINATE_MAX];
    char group[32];
    size_t z_size = 0;
    size_t field = key_field_size(ek_key(ek));
    if (field > COORDINATE_MAX ||
        EVP_PKEY_get_group_name(ek_key(ek), group, sizeof group, NULL) != 1)
        return STATUS_CRYPTO;
    CLEANUP(free_pkey) EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);
    if (!own)
        return STATUS_CRYPTO;
    enum status s = take_coordinate(own, OSSL_PKEY_PARAM_EC_PUB_X, field, parties);
    if (s == STATUS_OK)
        s = take_coordinate(own, OSSL_PKEY_PARAM_EC_PUB_Y, field, y);
    if (s == STATUS_OK)
        s = take_coordinate(ek_key(ek), OSSL_PKEY_PARAM_EC_PUB_X, field, parties + field);
    if (s == STATUS_OK)
        s = agree(own, ek_key(ek), z, &z_size);
    if (s == STATUS_OK)
        s = derive_shared(m, ek, bytes_of(z, z_size), bytes_of(parties, 2 * field), seed);
    OPENSSL_cleanse(z, sizeof z);
    if (s != STATUS_OK)
        return s;
    buffer_append_tpm2b(wrapped, bytes_of(parties, field));
    buffer_append_tpm2b(wrapped, bytes_of(y, field));
    return STATUS_OK;
}

/* encIdentity = AES-CFB(symKey, IV 0, TPM2B(value)), in place. [TPM2 P1 24.4] */
static enum status
encrypt(const struct credential_maker *m, const struct ek *ek, const struct derived *key,
        struct buffer *identity)
{
    static const uint8_t iv[IV_SIZE];
    CLEANUP(free_cipher) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int size = 0;
    if (!context)
        return STATUS_NOMEM;
    if (EVP_EncryptInit_ex2(context, ek_symmetric_bits(ek) == 128 ? m->aes128 : m->aes256,
                            key->data, iv, NULL) != 1 ||
        EVP_EncryptUpdate(context, identity->data, &size, identity->data, (int)identity->size) != 1)
        return STATUS_CRYPTO;
    return (size_t)size == identity->size ? STATUS_OK : STATUS_CRYPTO;
}

/* outerHMAC over encIdentity and the Name. [TPM2 P1 24.5] */
static enum status
authenticate(const struct credential_maker *m, const struct ek *ek, const struct seed *seed,
             struct bytes identity, struct bytes ak_name, struct digest *out)
{
    CLEANUP(wipe_derived) struct derived key = {.size = alg_size(ek_name_alg(ek))};
    CLEANUP(buffer_free) struct buffer covered = {0};
    buffer_append(&covered, identity);
    buffer_append(&covered, ak_name);
    enum status s = buffer_check(&covered);
    if (s == STATUS_OK)
        s = derive(m, ek, seed, LABEL_INTEGRITY, (struct bytes){0}, &key);
    if (s == STATUS_OK)
        s = digest_hmac(ek_name_alg(ek), bytes_of(key.data, key.size), buffer_bytes(&covered), out);
    return s;
}

static enum status
make_blob(const struct credential_maker *m, const struct ek *ek, const struct seed *seed,
          struct bytes ak_name, struct bytes value, struct buffer *out)
{
    CLEANUP(wipe_derived) struct derived key = {.size = ek_symmetric_bits(ek) / 8u};
    CLEANUP(buffer_free) struct buffer identity = {0};
    CLEANUP(buffer_free) struct buffer blob = {0};
    struct digest mac = {0};
    buffer_append_tpm2b(&identity, value);
    enum status s = buffer_check(&identity);
    if (s == STATUS_OK)
        s = derive(m, ek, seed, LABEL_STORAGE, ak_name, &key);
    if (s == STATUS_OK)
        s = encrypt(m, ek, &key, &identity);
    if (s == STATUS_OK)
        s = authenticate(m, ek, seed, buffer_bytes(&identity), ak_name, &mac);
    if (s != STATUS_OK)
        return s;
    buffer_append_tpm2b(&blob, digest_bytes(&mac));
    buffer_append(&blob, buffer_bytes(&identity));
    s = buffer_check(&blob);
    if (s != STATUS_OK)
        return s;
    buffer_append_tpm2b(out, buffer_bytes(&blob));
    return buffer_check(out);
}

enum status
credential_make(const struct credential_maker *m, const struct ek *ek, struct bytes ak_name,
                struct bytes value, struct credential *out)
{
    *out = (struct credential){0};
    CLEANUP(wipe_seed) struct seed seed = {.size = alg_size(ek_name_alg(ek))};
    CLEANUP(buffer_free) struct buffer wrapped = {0};
    if (value.size > seed.size)
        return STATUS_LIMIT;
    enum status s = EVP_PKEY_is_a(ek_key(ek), "RSA") ? share_rsa(ek, &seed, &wrapped)
                                                     : share_ecc(m, ek, &seed, &wrapped);
    if (s == STATUS_OK)
        s = buffer_check(&wrapped);
    if (s == STATUS_OK) {
        buffer_append_tpm2b(&out->secret, buffer_bytes(&wrapped));
        s = buffer_check(&out->secret);
    }
    if (s == STATUS_OK)
        s = make_blob(m, ek, &seed, ak_name, value, &out->blob);
    ERR_clear_error();
    if (s != STATUS_OK)
        credential_clear(out);
    return s;
}

void
credential_clear(struct credential *c)
{
    buffer_free(&c->blob);
    buffer_free(&c->secret);
    *c = (struct credential){0};
}
