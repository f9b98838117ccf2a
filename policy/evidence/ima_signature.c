/* SPDX-License-Identifier: Apache-2.0 */
/* from: a signature field of an IMA entry and a key; to: whether the file's digest was signed by
 * it; never: lets the field choose a weaker digest than the entry's. */
#include "evidence/ima_signature.h"

#include "base/cleanup.h"
#include "base/reader.h"
#include "base/text.h"
#include "evidence/key.h"
#include "evidence/pem.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define XATTR_SIGNATURE   0x03u /* EVM_IMA_XATTR_DIGSIG */
#define SIGNATURE_VERSION 2u

/* Numbers of enum hash_algo. [kernel include/uapi/linux/hash_info.h] */
static const struct hash_number {
    uint8_t number;
    uint16_t alg;
} hash_numbers[] = {
    {4, ALG_SHA256},    {5, ALG_SHA384},    {6, ALG_SHA512},    {17, ALG_SM3_256},
    {20, ALG_SHA3_256}, {21, ALG_SHA3_384}, {22, ALG_SHA3_512},
};

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
ima_signer_parse(struct bytes pem, struct buffer *out)
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

static uint16_t
alg_of(uint8_t number)
{
    for (size_t i = 0; i < sizeof hash_numbers / sizeof hash_numbers[0]; i++) {
        if (hash_numbers[i].number == number)
            return hash_numbers[i].alg;
    }
    return 0;
}

/* The signature proper; an empty view when the field is none that counts. */
static struct bytes
read_field(const struct ima_entry *e)
{
    struct reader r = reader_of(e->signature);
    uint8_t type = reader_u8(&r);
    uint8_t version = reader_u8(&r);
    uint8_t hash = reader_u8(&r);
    (void)reader_be32(&r); /* a key's short name: every key is tried */
    uint16_t size = reader_be16(&r);
    struct bytes signature = reader_bytes(&r, size);
    bool ours = type == XATTR_SIGNATURE && version == SIGNATURE_VERSION && !e->verity &&
                e->file_alg != 0 && alg_of(hash) == e->file_alg;
    return reader_end(&r, "ima signature", NULL) == STATUS_OK && ours ? signature
                                                                      : (struct bytes){0};
}

static bool
verify(EVP_PKEY *key, const struct alg *alg, struct bytes digest, struct bytes signature)
{
    CLEANUP(context_freep) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    CLEANUP(md_freep) EVP_MD *md = EVP_MD_fetch(NULL, alg->evp_name, NULL);
    bool ready = ctx && md && EVP_PKEY_verify_init(ctx) > 0;
    if (ready && EVP_PKEY_is_a(key, "RSA"))
        ready = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) > 0;
    ready = ready && EVP_PKEY_CTX_set_signature_md(ctx, md) > 0;
    return ready &&
           EVP_PKEY_verify(ctx, signature.data, signature.size, digest.data, digest.size) == 1;
}

enum status
ima_signature_verify(struct bytes spki, const struct ima_entry *e, bool *valid)
{
    *valid = false;
    struct bytes signature = read_field(e);
    const struct alg *alg = alg_by_id(e->file_alg);
    if (signature.size == 0 || !alg || !alg->trusted || e->file_digest.size != alg->size)
        return STATUS_OK;
    const uint8_t *at = spki.data;
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)spki.size);
    if (!key)
        return STATUS_NOMEM;
    *valid = verify(key, alg, e->file_digest, signature);
    ERR_clear_error();
    return STATUS_OK;
}
