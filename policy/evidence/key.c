/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TPM public area; to: an EVP_PKEY; never: repairs a key. */
#include "evidence/key.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <string.h>

#define RSA_MIN_SIZE       256u /* bytes of a modulus */
#define RSA_MAX_SIZE       512u
#define RSA_MIN_EXPONENT   65537u
#define GROUP_NAME_SIZE    32u
#define POINT_MAX_SIZE     (1u + 2u * 66u) /* P-521 */
#define POINT_UNCOMPRESSED 0x04u           /* SEC 1 2.3.3 */

static void
free_builder(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void
free_params(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static void
free_bignum(BIGNUM **number)
{
    BN_free(*number);
}

static void
free_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

void
evp_pkey_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

/* Parameters that libcrypto refuses are the peer's. */
static enum status
make_key(const char *type, OSSL_PARAM_BLD *builder, EVP_PKEY **out)
{
    CLEANUP(free_params) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    CLEANUP(free_context) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !context)
        return STATUS_NOMEM;
    if (EVP_PKEY_fromdata_init(context) != 1)
        return STATUS_CRYPTO;
    if (EVP_PKEY_fromdata(context, out, EVP_PKEY_PUBLIC_KEY, params) == 1)
        return STATUS_OK;
    ERR_clear_error();
    return STATUS_MALFORMED;
}

static enum status
make_rsa(const struct tpm_public *pub, EVP_PKEY **out)
{
    struct bytes n = pub->modulus;
    if (n.size == 0 || n.size * 8 != pub->key_bits || !(n.data[0] & 0x80) ||
        !(n.data[n.size - 1] & 1) || !(pub->exponent & 1) || pub->exponent == 1)
        return STATUS_MALFORMED;
    CLEANUP(free_builder) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    CLEANUP(free_bignum) BIGNUM *modulus = BN_bin2bn(n.data, (int)n.size, NULL);
    if (!builder || !modulus || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) ||
        !OSSL_PARAM_BLD_push_uint32(builder, OSSL_PKEY_PARAM_RSA_E, pub->exponent))
        return STATUS_NOMEM;
    return make_key("RSA", builder, out);
}

/* Append a coordinate, padded on the left: a TPM may leave leading zeros out. [TPM2 P1 C.8] */
static bool
put_coordinate(struct bytes coordinate, size_t field_size, uint8_t *out)
{
    if (coordinate.size == 0 || coordinate.size > field_size)
        return false;
    memset(out, 0, field_size);
    memcpy(out + field_size - coordinate.size, coordinate.data, coordinate.size);
    return true;
}

static const char *
group_name(uint16_t curve)
{
    switch (curve) {
    case TPM_ECC_P256:
        return "P-256";
    case TPM_ECC_P384:
        return "P-384";
    case TPM_ECC_P521:
        return "P-521";
    default:
        return NULL;
    }
}

/* A point that libcrypto refuses is the peer's: it is not on the curve. */
static enum status
make_ecc(struct hasher *h, const struct tpm_public *pub, EVP_PKEY **out)
{
    const char *group = group_name(pub->curve);
    if (!group)
        return STATUS_UNSUPPORTED;
    uint8_t point[POINT_MAX_SIZE] = {POINT_UNCOMPRESSED};
    size_t field_size = (pub->key_bits + 7u) / 8;
    if (1 + 2 * field_size > sizeof point || !put_coordinate(pub->x, field_size, point + 1) ||
        !put_coordinate(pub->y, field_size, point + 1 + field_size))
        return STATUS_MALFORMED;
    EVP_PKEY *curve = NULL;
    enum status s = hasher_curve(h, group, &curve);
    if (s != STATUS_OK)
        return s;
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = EVP_PKEY_dup(curve);
    if (!key)
        return STATUS_NOMEM;
    if (EVP_PKEY_set1_encoded_public_key(key, point, 1 + 2 * field_size) != 1) {
        ERR_clear_error();
        return STATUS_MALFORMED;
    }
    *out = key;
    key = NULL;
    return STATUS_OK;
}

enum status
tpm_public_key(struct hasher *h, const struct tpm_public *pub, EVP_PKEY **out)
{
    *out = NULL;
    switch (pub->type) {
    case TPM_ALG_RSA:
        return make_rsa(pub, out);
    case TPM_ALG_ECC:
        return make_ecc(h, pub, out);
    default:
        return STATUS_UNSUPPORTED;
    }
}

/* What comes before the point in the SubjectPublicKeyInfo of a key on a named curve. [RFC 5480 2]
 */
static const struct spki_head {
    const char *group;
    size_t point_size; /* uncompressed */
    struct {
        uint8_t data[26];
        size_t size;
    } der;
} spki_heads[] = {
    {SN_X9_62_prime256v1,
     65,
     {{0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
       0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00},
      26}},
    {SN_secp384r1,
     97,
     {{0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
       0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62, 0x00},
      23}},
};

/* *out is NULL when the key is none of the table's: RSA, another curve, or parameters that were
 * written out, which is another encoding of the same key. */
static enum status
find_spki_head(const EVP_PKEY *key, const struct spki_head **out)
{
    char group[GROUP_NAME_SIZE] = "";
    int is_explicit = 1;
    *out = NULL;
    if (!EVP_PKEY_is_a(key, "EC"))
        return STATUS_OK;
    if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                               &is_explicit) != 1)
        return STATUS_CRYPTO;
    if (is_explicit)
        return STATUS_OK;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
        return STATUS_CRYPTO;
    for (size_t i = 0; i < sizeof spki_heads / sizeof spki_heads[0]; i++) {
        if (text_equal(group, spki_heads[i].group))
            *out = &spki_heads[i];
    }
    return STATUS_OK;
}

static enum status
encode_spki(const EVP_PKEY *key, struct buffer *out)
{
    unsigned char *der = NULL;
    int size = i2d_PUBKEY(key, &der);
    if (size <= 0)
        return STATUS_CRYPTO;
    buffer_append(out, bytes_of(der, (size_t)size));
    OPENSSL_free(der);
    return buffer_check(out);
}

/* Every round needs the SPKI of an AK, and libcrypto's encoder takes 30 us to find itself. */
enum status
key_spki(const EVP_PKEY *key, struct buffer *out)
{
    uint8_t point[POINT_MAX_SIZE];
    size_t size = 0;
    const struct spki_head *head = NULL;
    enum status s = find_spki_head(key, &head);
    if (s != STATUS_OK)
        return s;
    if (!head)
        return encode_spki(key, out);
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point, &size) !=
        1)
        return STATUS_CRYPTO;
    if (size != head->point_size || point[0] != POINT_UNCOMPRESSED)
        return encode_spki(key, out);
    buffer_append(out, bytes_of(head->der.data, head->der.size));
    buffer_append(out, bytes_of(point, size));
    return buffer_check(out);
}

/*
 * ROCA. Both primes of such a key are k * M + (65537^a mod M), M being a product of the first
 * primes, so the modulus itself is a power of 65537 modulo M, and with it modulo each of these
 * primes. The smallest M (512-bit keys) ends with 167; larger keys take more primes, never fewer.
 * [Nemec, Sys, Svenda, Klinec, Matyas: The Return of Coppersmith's Attack, CCS 2017, 2.1 and 3.1]
 */
#define ROCA_GENERATOR 65537u
static const uint8_t roca_primes[] = {
    3,  5,  7,  11, 13, 17,  19,  23,  29,  31,  37,  41,  43,  47,  53,  59,  61,  67,  71,
    73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167};
#define ROCA_N_PRIMES (sizeof roca_primes)

/* The logarithm of a residue to the base 65537 modulo one prime: exponents log, log + order, ... */
struct roca_log {
    unsigned log;
    unsigned order; /* of 65537 modulo the prime */
};

static unsigned
reduce(struct bytes number, unsigned prime)
{
    unsigned residue = 0;
    for (size_t i = 0; i < number.size; i++)
        residue = (residue << 8 | number.data[i]) % prime;
    return residue;
}

/* False when residue is no power of 65537 modulo prime. */
static bool
find_log(unsigned residue, unsigned prime, struct roca_log *out)
{
    bool found = false;
    unsigned power = 1;
    unsigned exponent = 0;
    do {
        if (power == residue) {
            out->log = exponent;
            found = true;
        }
        power = power * (ROCA_GENERATOR % prime) % prime;
        exponent++;
    } while (power != 1);
    out->order = exponent;
    return found;
}

static unsigned
greatest_common_divisor(unsigned a, unsigned b)
{
    while (b != 0) {
        unsigned rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

bool
rsa_is_roca(struct bytes modulus)
{
    struct roca_log logs[ROCA_N_PRIMES];
    for (size_t i = 0; i < ROCA_N_PRIMES; i++) {
        if (!find_log(reduce(modulus, roca_primes[i]), roca_primes[i], &logs[i]))
            return false;
    }
    /* One exponent must serve for all: by the Chinese remainder theorem it is enough that each two
     * agree modulo the common divisor of their orders. */
    for (size_t i = 0; i < ROCA_N_PRIMES; i++) {
        for (size_t j = 0; j < i; j++) {
            unsigned common = greatest_common_divisor(logs[i].order, logs[j].order);
            if (logs[i].log % common != logs[j].log % common)
                return false;
        }
    }
    return true;
}

size_t
key_field_size(const EVP_PKEY *key)
{
    int bits = EVP_PKEY_get_bits(key);
    return bits > 0 ? ((size_t)bits + 7) / 8 : 0;
}

static bool
is_strong_rsa(const EVP_PKEY *key)
{
    CLEANUP(free_bignum) BIGNUM *n = NULL;
    CLEANUP(free_bignum) BIGNUM *e = NULL;
    uint8_t modulus[RSA_MAX_SIZE];
    if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
        EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return false;
    size_t size = (size_t)BN_num_bytes(n);
    if (size < RSA_MIN_SIZE || size > sizeof modulus || (size_t)BN_num_bits(n) != size * 8)
        return false;
    if (BN_num_bytes(e) > (int)sizeof(uint32_t) || BN_get_word(e) < RSA_MIN_EXPONENT)
        return false;
    return BN_bn2bin(n, modulus) == (int)size && !rsa_is_roca(bytes_of(modulus, size));
}

bool
key_is_strong(const EVP_PKEY *key)
{
    char group[GROUP_NAME_SIZE] = "";
    if (EVP_PKEY_is_a(key, "RSA"))
        return is_strong_rsa(key);
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1)
        return false;
    int curve = OBJ_sn2nid(group);
    return curve == NID_X9_62_prime256v1 || curve == NID_secp384r1;
}
