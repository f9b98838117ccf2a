/* SPDX-License-Identifier: Apache-2.0 */
/* from: fields, right or wrong; to: what a TPM with these would send; never: checks them. */
#include "tests/lib/tpm_builder.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#define COORDINATE_MAX  66u
#define SIGNATURE_MAX   512u
#define FIRST_DRTM_PCR  17u
#define LAST_DRTM_PCR   22u
#define ALL_ONES        0xFFu
#define EXTENDED_FORMAT "PCR %u of %s"

struct kind {
    uint16_t type;
    uint16_t curve;
    uint16_t scheme;
    const char *group;
};

static const struct kind kinds[TPM_BUILDER_N_KEYS] = {
    [TPM_BUILDER_P256] = {TPM_ALG_ECC, TPM_ECC_P256, TPM_ALG_ECDSA, "P-256"},
    [TPM_BUILDER_P384] = {TPM_ALG_ECC, TPM_ECC_P384, TPM_ALG_ECDSA, "P-384"},
    [TPM_BUILDER_RSASSA] = {TPM_ALG_RSA, 0, TPM_ALG_RSASSA, NULL},
    [TPM_BUILDER_RSAPSS] = {TPM_ALG_RSA, 0, TPM_ALG_RSAPSS, NULL},
};

static void
demand(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "tpm_builder: %s failed\n", what);
    abort();
}

static void
demand_ok(enum status s, const char *what)
{
    demand(s == STATUS_OK, what);
}

static void
reset_pcrs(struct tpm_builder *t)
{
    t->pcrs = calloc(ALG_COUNT, sizeof *t->pcrs);
    demand(t->pcrs != NULL, "calloc");
    for (size_t i = 0; i < ALG_COUNT; i++) {
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            struct digest *d = &t->pcrs[i][pcr];
            *d = digest_reset(alg_at(i)->id, 0);
            bool drtm = pcr >= FIRST_DRTM_PCR && pcr <= LAST_DRTM_PCR;
            for (size_t byte = 0; drtm && byte < d->size; byte++)
                d->data[byte] = ALL_ONES;
        }
    }
}

struct tpm_builder *
tpm_builder_new(enum tpm_builder_key kind, uint16_t hash)
{
    const struct kind *k = &kinds[kind];
    struct tpm_builder *t = calloc(1, sizeof *t);
    demand(t != NULL, "calloc");
    *t = (struct tpm_builder){
        .type = k->type,
        .curve = k->curve,
        .name_alg = ALG_SHA256,
        .attributes = TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT |
                      TPM_OBJECT_SENSITIVE_DATA_ORIGIN | TPM_OBJECT_USER_WITH_AUTH |
                      TPM_OBJECT_NO_DA | TPM_OBJECT_RESTRICTED | TPM_OBJECT_SIGN,
        .scheme = k->scheme,
        .hash = hash,
        .pss_salt = RSA_PSS_SALTLEN_DIGEST,
        .clock_ms = 29859,
        .reset_count = 2,
        .safe = true,
        .firmware_version = 0x2019102300163636,
    };
    demand_ok(hasher_new(&t->hasher), "hasher_new");
    t->key = k->group ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", k->group) : rsa_key_next(2048);
    demand(t->key != NULL, "key generation");
    reset_pcrs(t);
    return t;
}

void
tpm_builder_free(struct tpm_builder *t)
{
    if (!t)
        return;
    EVP_PKEY_free(t->key);
    hasher_free(t->hasher);
    free(t->pcrs);
    free(t);
}

void
tpm_builder_freep(struct tpm_builder **t)
{
    tpm_builder_free(*t);
}

void
tpm_builder_extend(struct tpm_builder *t, uint16_t alg, uint32_t pcr, struct bytes data)
{
    struct digest d;
    demand(alg_index(alg) < ALG_COUNT && pcr < LIMIT_PCRS, "PCR");
    demand_ok(digest_compute(t->hasher, alg, data, &d), "digest");
    demand_ok(digest_extend(t->hasher, &t->pcrs[alg_index(alg)][pcr], digest_bytes(&d)), "extend");
}

void
tpm_builder_extend_all(struct tpm_builder *t, const struct selection *s)
{
    for (size_t i = 0; i < s->n_banks; i++) {
        for (uint32_t pcr = 0; pcr < LIMIT_PCRS; pcr++) {
            if (!selection_has(s, s->banks[i].alg, pcr))
                continue;
            CLEANUP(buffer_free) struct buffer text = {0};
            buffer_append_format(&text, EXTENDED_FORMAT, pcr, alg_name(s->banks[i].alg));
            tpm_builder_extend(t, s->banks[i].alg, pcr, buffer_bytes(&text));
        }
    }
}

static void
append_number(const struct tpm_builder *t, const char *name, size_t size, struct buffer *out)
{
    uint8_t bytes[SIGNATURE_MAX];
    BIGNUM *n = NULL;
    demand(EVP_PKEY_get_bn_param(t->key, name, &n) == 1, name);
    demand(BN_bn2binpad(n, bytes, (int)size) == (int)size, "padding");
    buffer_append_tpm2b(out, bytes_of(bytes, size));
    BN_free(n);
}

static void
append_scheme(const struct tpm_builder *t, struct buffer *out)
{
    buffer_append_be16(out, TPM_ALG_NULL); /* symmetric */
    buffer_append_be16(out, t->scheme);
    if (t->scheme != TPM_ALG_NULL)
        buffer_append_be16(out, t->hash);
    if (t->scheme == TPM_ALG_ECDAA)
        buffer_append_be16(out, 0);
}

void
tpm_builder_public(const struct tpm_builder *t, struct buffer *out)
{
    size_t size = key_field_size(t->key);
    buffer_append_be16(out, t->type);
    buffer_append_be16(out, t->name_alg);
    buffer_append_be32(out, t->attributes);
    buffer_append_be16(out, 0); /* authPolicy */
    append_scheme(t, out);
    if (t->type == TPM_ALG_RSA) {
        buffer_append_be16(out, (uint16_t)(size * 8));
        buffer_append_be32(out, 0); /* 65537 */
        append_number(t, OSSL_PKEY_PARAM_RSA_N, size, out);
    } else {
        buffer_append_be16(out, t->curve);
        buffer_append_be16(out, TPM_ALG_NULL); /* kdf */
        append_number(t, OSSL_PKEY_PARAM_EC_PUB_X, size, out);
        append_number(t, OSSL_PKEY_PARAM_EC_PUB_Y, size, out);
    }
    demand_ok(buffer_check(out), "append");
}

struct ak *
tpm_builder_ak(const struct tpm_builder *t)
{
    CLEANUP(buffer_free) struct buffer area = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ak *ak = NULL;
    tpm_builder_public(t, &area);
    demand_ok(ak_parse(t->hasher, buffer_bytes(&area), &ak, &reasons), "ak_parse");
    demand(ak != NULL, reasons.n_items > 0 ? reason_code_name(reasons.items[0].code) : "ak_parse");
    return ak;
}

struct tpm_builder_quote
tpm_builder_quote_of(const struct tpm_builder *t, const struct selection *s,
                     struct bytes extra_data)
{
    return (struct tpm_builder_quote){
        .magic = TPM_GENERATED_VALUE,
        .type = TPM_ST_ATTEST_QUOTE,
        .extra_data = extra_data,
        .selection = *s,
        .composite_hash = t->hash,
    };
}

static void
append_signer(const struct tpm_builder *t, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer area = {0}, name = {0}, qualified = {0};
    struct tpm_public pub;
    tpm_builder_public(t, &area);
    demand_ok(tpm_public_parse(buffer_bytes(&area), &pub, NULL), "tpm_public_parse");
    demand_ok(tpm_name(t->hasher, &pub, &name), "tpm_name");
    demand_ok(tpm_qualified_name(t->hasher, TPM_RH_ENDORSEMENT, buffer_bytes(&name), &qualified),
              "tpm_qualified_name");
    buffer_append_tpm2b(out, buffer_bytes(&qualified));
}

static void
append_composite(const struct tpm_builder *t, const struct tpm_builder_quote *q, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer values = {0};
    struct digest d;
    tpm_builder_pcrs(t, &q->selection, &values);
    demand_ok(digest_compute(t->hasher, q->composite_hash, buffer_bytes(&values), &d), "digest");
    buffer_append_tpm2b(out, digest_bytes(&d));
}

void
tpm_builder_attest(const struct tpm_builder *t, const struct tpm_builder_quote *q,
                   struct buffer *out)
{
    buffer_append_be32(out, q->magic);
    buffer_append_be16(out, q->type);
    if (q->qualified_signer.data)
        buffer_append_tpm2b(out, q->qualified_signer);
    else
        append_signer(t, out);
    buffer_append_tpm2b(out, q->extra_data);
    buffer_append_be64(out, t->clock_ms);
    buffer_append_be32(out, t->reset_count);
    buffer_append_be32(out, t->restart_count);
    buffer_append_u8(out, t->safe ? 1 : 0);
    buffer_append_be64(out, t->firmware_version);
    selection_encode(&q->selection, out);
    if (q->pcr_digest.data)
        buffer_append_tpm2b(out, q->pcr_digest);
    else
        append_composite(t, q, out);
    buffer_append(out, q->trailing);
    demand_ok(buffer_check(out), "append");
}

static size_t
sign(const struct tpm_builder *t, struct bytes message, uint8_t out[static SIGNATURE_MAX])
{
    EVP_PKEY_CTX *borrowed = NULL;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t size = SIGNATURE_MAX;
    demand(context && EVP_DigestSignInit_ex(context, &borrowed, alg_by_id(t->hash)->evp_name, NULL,
                                            NULL, t->key, NULL) == 1,
           "EVP_DigestSignInit_ex");
    if (t->scheme == TPM_ALG_RSAPSS)
        demand(EVP_PKEY_CTX_set_rsa_padding(borrowed, RSA_PKCS1_PSS_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(borrowed, t->pss_salt) == 1,
               "PSS");
    demand(EVP_DigestSign(context, out, &size, message.data, message.size) == 1, "EVP_DigestSign");
    EVP_MD_CTX_free(context);
    return size;
}

static void
append_scalar(const BIGNUM *scalar, size_t size, struct buffer *out)
{
    uint8_t bytes[COORDINATE_MAX];
    demand(BN_bn2binpad(scalar, bytes, (int)size) == (int)size, "padding");
    buffer_append_tpm2b(out, bytes_of(bytes, size));
}

void
tpm_builder_sign(const struct tpm_builder *t, struct bytes message, struct buffer *out)
{
    uint8_t signature[SIGNATURE_MAX];
    size_t size = sign(t, message, signature);
    buffer_append_be16(out, t->scheme);
    buffer_append_be16(out, t->hash);
    if (t->type == TPM_ALG_RSA) {
        buffer_append_tpm2b(out, bytes_of(signature, size));
    } else {
        const uint8_t *der = signature;
        ECDSA_SIG *ecdsa = d2i_ECDSA_SIG(NULL, &der, (long)size);
        demand(ecdsa != NULL, "d2i_ECDSA_SIG");
        append_scalar(ECDSA_SIG_get0_r(ecdsa), key_field_size(t->key), out);
        append_scalar(ECDSA_SIG_get0_s(ecdsa), key_field_size(t->key), out);
        ECDSA_SIG_free(ecdsa);
    }
    demand_ok(buffer_check(out), "append");
}

void
tpm_builder_pcrs(const struct tpm_builder *t, const struct selection *s, struct buffer *out)
{
    for (size_t i = 0; i < s->n_banks; i++) {
        size_t bank = alg_index(s->banks[i].alg);
        for (uint32_t pcr = 0; bank < ALG_COUNT && pcr < LIMIT_PCRS; pcr++) {
            if (selection_has(s, s->banks[i].alg, pcr))
                buffer_append(out, digest_bytes(&t->pcrs[bank][pcr]));
        }
    }
    demand_ok(buffer_check(out), "append");
}

struct selection
tpm_builder_selection(const char *text)
{
    struct selection s;
    demand_ok(selection_parse_text(text, &s, NULL), text);
    return s;
}

/* The product of the odd primes up to 167. */
static void
make_primorial(BIGNUM *out)
{
    demand(BN_one(out) == 1, "BN_one");
    for (BN_ULONG p = 3; p <= 167; p += 2) {
        bool prime = true;
        for (BN_ULONG q = 3; q < p; q += 2)
            prime = prime && p % q != 0;
        demand(!prime || BN_mul_word(out, p) == 1, "BN_mul_word");
    }
}

void
tpm_builder_roca_modulus(unsigned exponent, uint8_t out[static TPM_BUILDER_MODULUS_SIZE])
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m = BN_new(), *g = BN_new(), *e = BN_new(), *n = BN_new(), *multiple = BN_new();
    demand(ctx && m && g && e && n && multiple, "BN_new");
    make_primorial(m);
    demand(BN_set_word(g, 65537) && BN_set_word(e, exponent) && BN_mod_exp(n, g, e, m, ctx) &&
               BN_lshift(multiple, m, (int)TPM_BUILDER_MODULUS_SIZE * 8 - BN_num_bits(m)) &&
               BN_add(n, n, multiple),
           "modulus");
    if (!BN_is_odd(n))
        demand(BN_add(n, n, m) == 1, "BN_add");
    demand(BN_bn2binpad(n, out, (int)TPM_BUILDER_MODULUS_SIZE) == (int)TPM_BUILDER_MODULUS_SIZE,
           "BN_bn2binpad");
    BN_free(multiple);
    BN_free(n);
    BN_free(e);
    BN_free(g);
    BN_free(m);
    BN_CTX_free(ctx);
}
