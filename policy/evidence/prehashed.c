/* SPDX-License-Identifier: Apache-2.0 */
/* from: a digest, a signature and a key; to: whether they belong together; never: lets a key of
 * another type stand in for the scheme. */
#include "evidence/prehashed.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/key.h"
#include "evidence/pem.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

static void
x509_freep(X509 **x)
{
    X509_free(*x);
}

static void
context_freep(EVP_PKEY_CTX **c)
{
    EVP_PKEY_CTX_free(*c);
}

static void
md_freep(EVP_MD **md)
{
    EVP_MD_free(*md);
}

static void
ecdsa_freep(ECDSA_SIG **s)
{
    ECDSA_SIG_free(*s);
}

static void
der_freep(uint8_t **der)
{
    OPENSSL_free(*der);
}

/* ---- keys ---- */

static EVP_PKEY *
decode(const char *label, struct bytes der)
{
    const uint8_t *at = der.data;
    if (text_equal(label, "PUBLIC KEY"))
        return d2i_PUBKEY(NULL, &at, (long)der.size);
    if (!text_equal(label, "CERTIFICATE"))
        return NULL;
    CLEANUP(x509_freep) X509 *x = d2i_X509(NULL, &at, (long)der.size);
    return x ? X509_get_pubkey(x) : NULL;
}

enum status
prehashed_key_parse(struct bytes pem, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer der = {0};
    char label[PEM_LABEL_SIZE];
    enum status s = pem_next(&pem, label, &der);
    if (s != STATUS_OK)
        return s == STATUS_NOMEM ? s : STATUS_MALFORMED;
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = decode(label, buffer_bytes(&der));
    ERR_clear_error();
    if (!key || !key_is_strong(key))
        return STATUS_MALFORMED;
    return key_spki(key, out);
}

/* ---- signatures ---- */

static bool
verify(EVP_PKEY *key, enum prehashed_scheme scheme, const struct digest *digest,
       struct bytes signature)
{
    CLEANUP(context_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    CLEANUP(md_freep) EVP_MD *md = EVP_MD_fetch(NULL, alg_by_id(digest->alg)->evp_name, NULL);
    bool ready = ctx && md && EVP_PKEY_verify_init(ctx) > 0;
    int padding = scheme == PREHASHED_PSS ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (ready && EVP_PKEY_is_a(key, "RSA"))
        ready = EVP_PKEY_CTX_set_rsa_padding(ctx, padding) > 0;
    ready = ready && EVP_PKEY_CTX_set_signature_md(ctx, md) > 0;
    if (ready && scheme == PREHASHED_PSS)
        ready = EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0;
    return ready &&
           EVP_PKEY_verify(ctx, signature.data, signature.size, digest->data, digest->size) == 1;
}

/* r || s to DER. [RFC 7518 3.4] */
static enum status
verify_fixed(EVP_PKEY *key, const struct digest *digest, struct bytes signature, bool *valid)
{
    size_t size = key_field_size(key);
    if (signature.size != 2 * size)
        return STATUS_OK;
    CLEANUP(ecdsa_freep) ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature.data, (int)size, NULL);
    BIGNUM *s = BN_bin2bn(signature.data + size, (int)size, NULL);
    if (!sig || !r || !s || ECDSA_SIG_set0(sig, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return STATUS_NOMEM;
    }
    CLEANUP(der_freep) uint8_t *der = NULL;
    int der_size = i2d_ECDSA_SIG(sig, &der);
    if (der_size <= 0)
        return STATUS_NOMEM;
    *valid = verify(key, PREHASHED_ASN1, digest, bytes_of(der, (size_t)der_size));
    return STATUS_OK;
}

enum status
prehashed_verify(struct bytes spki, enum prehashed_scheme scheme, const struct digest *digest,
                 struct bytes signature, bool *valid)
{
    *valid = false;
    const uint8_t *at = spki.data;
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.size);
    if (!key)
        return STATUS_NOMEM;
    enum status s = STATUS_OK;
    if (EVP_PKEY_is_a(key, "RSA"))
        *valid = scheme != PREHASHED_FIXED && verify(key, scheme, digest, signature);
    else if (scheme == PREHASHED_FIXED)
        s = verify_fixed(key, digest, signature, valid);
    else
        *valid = scheme == PREHASHED_ASN1 && verify(key, scheme, digest, signature);
    ERR_clear_error();
    return s;
}
