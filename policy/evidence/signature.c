/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TPMT_SIGNATURE; to: one reason why it is not this key's, or none; never: tries another
 * scheme, hash or padding than the key's. */
#include "evidence/signature.h"

#include "base/cleanup.h"
#include "evidence/der.h"
#include "evidence/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_MAX_SIZE  66u                   /* P-521 */
#define DER_SCALAR_SIZE (3u + FIELD_MAX_SIZE) /* tag, length, a zero before the sign bit */
#define DER_MAX_SIZE    (3u + 2u * DER_SCALAR_SIZE)
#define DER_LONG        0x80u

struct signature_key {
    EVP_PKEY *key;
    uint16_t type;     /* TPM_ALG_RSA or TPM_ALG_ECC */
    uint16_t scheme;   /* TPM_ALG_NULL: any of the type's */
    uint16_t hash;     /* ALG_NULL: any trusted one */
    size_t field_size; /* bytes of the modulus or of a coordinate */
    EVP_MD_CTX *ready; /* set up for scheme and hash, copied for each signature; NULL when any */
};

static void
free_context(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

void
signature_key_free(struct signature_key *k)
{
    if (!k)
        return;
    EVP_MD_CTX_free(k->ready);
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

/* Type and sizes; what a fixed scheme needs is fetched now, since fetching costs several
 * microseconds and copying less than one. */
static enum status
prepare(struct signature_key *k)
{
    bool is_rsa = EVP_PKEY_is_a(k->key, "RSA");
    if (!is_rsa && !EVP_PKEY_is_a(k->key, "EC"))
        return STATUS_UNSUPPORTED;
    k->type = is_rsa ? TPM_ALG_RSA : TPM_ALG_ECC;
    k->field_size = key_field_size(k->key);
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

/* A DER INTEGER of at most FIELD_MAX_SIZE bytes; returns its size. [X.690 8.3] */
static size_t
put_scalar(struct bytes scalar, uint8_t *out)
{
    while (scalar.size > 0 && scalar.data[0] == 0)
        scalar = bytes_slice(scalar, 1, scalar.size - 1);
    size_t zero = scalar.size == 0 || (scalar.data[0] & 0x80) != 0;
    out[0] = DER_INTEGER;
    out[1] = (uint8_t)(zero + scalar.size);
    out[2] = 0;
    if (scalar.size > 0)
        memcpy(out + 2 + zero, scalar.data, scalar.size);
    return 2 + zero + scalar.size;
}

/* r and s as libcrypto wants them; it refuses what is not in 1..n-1. Written here since its own
 * encoder takes 6 us. [RFC 3279 2.2.3; FIPS 186-5 6.4.2] */
static struct bytes
put_ecdsa(const struct tpm_signature *sig, uint8_t out[static DER_MAX_SIZE])
{
    uint8_t scalars[2 * DER_SCALAR_SIZE];
    size_t size = put_scalar(sig->r, scalars);
    size += put_scalar(sig->s, scalars + size);
    size_t head = 0;
    out[head++] = DER_SEQUENCE;
    if (size >= DER_LONG)
        out[head++] = DER_LONG | 1; /* one byte of length follows */
    out[head++] = (uint8_t)size;
    memcpy(out + head, scalars, size);
    return bytes_of(out, head + size);
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
    struct bytes signature = k->type == TPM_ALG_RSA ? sig->rsa : put_ecdsa(sig, der);
    CLEANUP(free_context) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return STATUS_NOMEM;
    enum status s = copy_context(k, sig, context);
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
