/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TPMT_SIGNATURE; to: one reason why it is not this key's, or none; never: tries another
 * scheme, hash or padding than the key's. */
#include "evidence/signature.h"

#include "base/cleanup.h"
#include "evidence/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define FIELD_MAX_SIZE 66u                               /* P-521 */
#define DER_MAX_SIZE   (4u + 2u * (4u + FIELD_MAX_SIZE)) /* SEQUENCE of two INTEGERs */

struct signature_key {
    EVP_PKEY *key;
    uint16_t type;     /* TPM_ALG_RSA or TPM_ALG_ECC */
    uint16_t scheme;   /* TPM_ALG_NULL: any of the type's */
    uint16_t hash;     /* ALG_NULL: any trusted one */
    size_t field_size; /* bytes of the modulus or of a coordinate */
    BIGNUM *order;     /* EC: n */
    EVP_MD_CTX *ready; /* set up for scheme and hash, copied for each signature; NULL when any */
};

static void
free_bignum(BIGNUM **number)
{
    BN_free(*number);
}

static void
free_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static void
free_ecdsa(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

void
signature_key_free(struct signature_key *k)
{
    if (!k)
        return;
    EVP_MD_CTX_free(k->ready);
    BN_free(k->order);
    EVP_PKEY_free(k->key);
    free(k);
}

void
signature_key_freep(struct signature_key **k)
{
    signature_key_free(*k);
}

bool
signature_scheme_fits(uint16_t scheme, uint16_t type)
{
    if (type == TPM_ALG_RSA)
        return scheme == TPM_ALG_RSASSA || scheme == TPM_ALG_RSAPSS;
    return type == TPM_ALG_ECC && scheme == TPM_ALG_ECDSA;
}

/* Set context up. TPMs differ in the salt length of PSS: the digest's size, or as much as fits.
 * [TPM2 P1 B.7] */
static enum status
start_context(const struct signature_key *k, uint16_t scheme, uint16_t hash, EVP_MD_CTX *context)
{
    const struct alg *alg = alg_by_id(hash);
    EVP_PKEY_CTX *borrowed = NULL;
    if (!alg)
        return STATUS_UNSUPPORTED;
    if (EVP_DigestVerifyInit_ex(context, &borrowed, alg->evp_name, NULL, NULL, k->key, NULL) != 1) {
        ERR_clear_error();
        return STATUS_UNSUPPORTED;
    }
    if (scheme != TPM_ALG_RSAPSS)
        return STATUS_OK;
    if (EVP_PKEY_CTX_set_rsa_padding(borrowed, RSA_PKCS1_PSS_PADDING) != 1 ||
        EVP_PKEY_CTX_set_rsa_pss_saltlen(borrowed, RSA_PSS_SALTLEN_AUTO) != 1)
        return STATUS_CRYPTO;
    return STATUS_OK;
}

/* Type, sizes and order; what a fixed scheme needs is fetched now, since fetching costs several
 * microseconds and copying less than one. */
static enum status
prepare(struct signature_key *k)
{
    bool is_rsa = EVP_PKEY_is_a(k->key, "RSA");
    if (!is_rsa && !EVP_PKEY_is_a(k->key, "EC"))
        return STATUS_UNSUPPORTED;
    k->type = is_rsa ? TPM_ALG_RSA : TPM_ALG_ECC;
    k->field_size = key_field_size(k->key);
    if (!is_rsa && EVP_PKEY_get_bn_param(k->key, OSSL_PKEY_PARAM_EC_ORDER, &k->order) != 1)
        return STATUS_CRYPTO;
    if (k->scheme == TPM_ALG_NULL || k->hash == ALG_NULL)
        return STATUS_OK;
    if (!signature_scheme_fits(k->scheme, k->type))
        return STATUS_UNSUPPORTED;
    k->ready = EVP_MD_CTX_new();
    return k->ready ? start_context(k, k->scheme, k->hash, k->ready) : STATUS_NOMEM;
}

enum status
signature_key_new(EVP_PKEY *key, uint16_t scheme, uint16_t hash, struct signature_key **out)
{
    *out = NULL;
    CLEANUP(signature_key_freep) struct signature_key *k = calloc(1, sizeof *k);
    if (!k)
        return STATUS_NOMEM;
    if (EVP_PKEY_up_ref(key) != 1)
        return STATUS_CRYPTO;
    *k = (struct signature_key){.key = key, .scheme = scheme, .hash = hash};
    enum status s = prepare(k);
    if (s != STATUS_OK)
        return s;
    *out = k;
    k = NULL;
    return STATUS_OK;
}

/* Why the signature cannot be one of this key's, by its form alone. */
static enum reason_code
check_form(const struct signature_key *k, const struct tpm_signature *sig)
{
    const struct alg *alg = alg_by_id(sig->hash);
    bool scheme_fits = k->scheme == TPM_ALG_NULL ? signature_scheme_fits(sig->scheme, k->type)
                                                 : sig->scheme == k->scheme;
    bool hash_fits = k->hash == ALG_NULL ? alg && alg->trusted : sig->hash == k->hash;
    if (!scheme_fits || !hash_fits)
        return REASON_QUOTE_ALGORITHM;
    bool size_fits = k->type == TPM_ALG_RSA
                         ? sig->rsa.size == k->field_size
                         : sig->r.size <= k->field_size && sig->s.size <= k->field_size;
    return size_fits ? REASON_NONE : REASON_QUOTE_MALFORMED;
}

static BIGNUM *
parse_scalar(struct bytes in)
{
    return BN_bin2bn(in.data, (int)in.size, NULL);
}

static bool
is_in_range(const BIGNUM *scalar, const BIGNUM *order)
{
    return !BN_is_zero(scalar) && BN_cmp(scalar, order) < 0;
}

/* r and s as libcrypto wants them. *size is 0 when they are not in 1..n-1. [FIPS 186-5 6.4.2] */
static enum status
encode_ecdsa(const struct signature_key *k, const struct tpm_signature *sig,
             uint8_t out[static DER_MAX_SIZE], size_t *size)
{
    *size = 0;
    CLEANUP(free_bignum) BIGNUM *r = parse_scalar(sig->r);
    CLEANUP(free_bignum) BIGNUM *s = parse_scalar(sig->s);
    CLEANUP(free_ecdsa) ECDSA_SIG *der = ECDSA_SIG_new();
    if (!r || !s || !der)
        return STATUS_NOMEM;
    if (!is_in_range(r, k->order) || !is_in_range(s, k->order))
        return STATUS_OK;
    if (ECDSA_SIG_set0(der, r, s) != 1)
        return STATUS_CRYPTO;
    r = NULL; /* der's now */
    s = NULL;
    int n = i2d_ECDSA_SIG(der, NULL);
    if (n <= 0 || (size_t)n > DER_MAX_SIZE || i2d_ECDSA_SIG(der, &out) != n)
        return STATUS_CRYPTO;
    *size = (size_t)n;
    return STATUS_OK;
}

/* The signature in libcrypto's form, in place (RSA) or in der; empty when it cannot be valid. */
static enum status
convert(const struct signature_key *k, const struct tpm_signature *sig,
        uint8_t der[static DER_MAX_SIZE], struct bytes *out)
{
    *out = sig->rsa;
    if (k->type == TPM_ALG_RSA)
        return STATUS_OK;
    size_t size = 0;
    enum status s = encode_ecdsa(k, sig, der, &size);
    *out = bytes_of(der, size);
    return s;
}

static enum status
copy_context(const struct signature_key *k, const struct tpm_signature *sig, EVP_MD_CTX *context)
{
    if (!k->ready)
        return start_context(k, sig->scheme, sig->hash, context);
    return EVP_MD_CTX_copy_ex(context, k->ready) == 1 ? STATUS_OK : STATUS_CRYPTO;
}

/* The mathematics, on a signature whose form fits. */
static enum status
verify(const struct signature_key *k, struct bytes message, const struct tpm_signature *sig,
       enum reason_code *fault)
{
    uint8_t der[DER_MAX_SIZE];
    struct bytes signature;
    enum status s = convert(k, sig, der, &signature);
    if (s != STATUS_OK || signature.size == 0)
        return s;
    CLEANUP(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return STATUS_NOMEM;
    s = copy_context(k, sig, context);
    if (s != STATUS_OK)
        return s;
    if (EVP_DigestVerify(context, signature.data, signature.size, message.data, message.size) == 1)
        *fault = REASON_NONE;
    else
        ERR_clear_error();
    return STATUS_OK;
}

enum status
signature_verify(const struct signature_key *k, struct bytes message, struct bytes signature,
                 enum reason_code *fault)
{
    struct tpm_signature sig;
    *fault = REASON_QUOTE_SIGNATURE;
    enum status s = tpm_signature_parse(signature, &sig, NULL);
    if (s == STATUS_OK) {
        enum reason_code form = check_form(k, &sig);
        if (form == REASON_NONE)
            s = verify(k, message, &sig, fault);
        else
            *fault = form;
    }
    if (s == STATUS_MALFORMED)
        *fault = REASON_QUOTE_MALFORMED;
    else if (s == STATUS_UNSUPPORTED)
        *fault = REASON_QUOTE_UNSUPPORTED;
    else
        return s;
    return STATUS_OK;
}
