/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TPM public area, or a bare public key offline; to: the one key that may sign quotes, and
 * whether it did; never: lets a signature choose its scheme or hash. */
#include "evidence/ak.h"

#include "base/cleanup.h"
#include "evidence/signature.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#define CLAUSE_SPKI "RFC 5280 4.1.2.7"
#define DER_FIRST   0x30u /* SEQUENCE: begins any DER key, and no PEM text */

#define ATTRIBUTES_SET                                                                             \
    (TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT | TPM_OBJECT_SENSITIVE_DATA_ORIGIN |           \
     TPM_OBJECT_RESTRICTED | TPM_OBJECT_SIGN)
#define ATTRIBUTES_CLEAR (TPM_OBJECT_DECRYPT | TPM_OBJECT_ENCRYPTED_DUPLICATION)

struct ak {
    struct buffer area; /* TPMT_PUBLIC */
    struct buffer name;
    struct buffer qualified_name;
    bool attributes_known;
    uint16_t type;   /* TPM_ALG_RSA or TPM_ALG_ECC */
    uint16_t scheme; /* TPM_ALG_NULL: any of the type's */
    uint16_t hash;   /* ALG_NULL: any trusted one */
    EVP_PKEY *key;
    struct signature_key *verifier;
};

static void
free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
}

void
ak_free(struct ak *ak)
{
    if (!ak)
        return;
    buffer_free(&ak->area);
    buffer_free(&ak->name);
    buffer_free(&ak->qualified_name);
    signature_key_free(ak->verifier);
    EVP_PKEY_free(ak->key);
    free(ak);
}

void
ak_freep(struct ak **ak)
{
    ak_free(*ak);
}

static bool
is_trusted_hash(uint16_t hash)
{
    const struct alg *alg = alg_by_id(hash);
    return alg && alg->trusted;
}

/* The rule that pub breaks, or REASON_NONE. [TPM2 P1 27.3; protocol 2] */
static enum reason_code
find_fault(const struct tpm_public *pub)
{
    if ((pub->attributes & ATTRIBUTES_SET) != ATTRIBUTES_SET ||
        (pub->attributes & ATTRIBUTES_CLEAR) != 0 || !is_trusted_hash(pub->name_alg))
        return REASON_AK_ATTRIBUTES;
    if (pub->scheme == TPM_ALG_ECDAA)
        return REASON_AK_UNSUPPORTED;
    if (!signature_scheme_fits(pub->scheme, pub->type) || !is_trusted_hash(pub->scheme_hash))
        return REASON_AK_SCHEME;
    return REASON_NONE;
}

/* A status that is the key's own fault becomes its reason, and STATUS_OK. */
static enum status
blame(enum status status, struct reasons *reasons)
{
    if (status == STATUS_MALFORMED)
        (void)reasons_add(reasons, REASON_AK_MALFORMED);
    else if (status == STATUS_UNSUPPORTED)
        (void)reasons_add(reasons, REASON_AK_UNSUPPORTED);
    else
        return status;
    return STATUS_OK;
}

static enum status
copy_names(struct hasher *h, const struct tpm_public *pub, struct ak *ak)
{
    buffer_append(&ak->area, pub->area);
    enum status s = buffer_check(&ak->area);
    if (s != STATUS_OK)
        return s;
    s = tpm_name(h, pub, &ak->name);
    if (s != STATUS_OK)
        return s;
    return tpm_qualified_name(h, TPM_RH_ENDORSEMENT, buffer_bytes(&ak->name), &ak->qualified_name);
}

/* What of ak follows from pub, which is restricted, signing and of a fixed scheme. */
static enum status
derive(struct hasher *h, const struct tpm_public *pub, struct ak *ak, bool *strong)
{
    ak->attributes_known = true;
    ak->type = pub->type;
    ak->scheme = pub->scheme;
    ak->hash = pub->scheme_hash;
    enum status s = tpm_public_key(h, pub, &ak->key);
    if (s != STATUS_OK)
        return s;
    *strong = key_is_strong(ak->key);
    if (!*strong)
        return STATUS_OK;
    s = copy_names(h, pub, ak);
    if (s != STATUS_OK)
        return s;
    return signature_key_new(ak->key, ak->scheme, ak->hash, &ak->verifier);
}

enum status
ak_parse(struct hasher *h, struct bytes public_area, struct ak **out, struct reasons *reasons)
{
    *out = NULL;
    struct tpm_public pub;
    enum status s = tpm_public_parse(public_area, &pub, NULL);
    if (s != STATUS_OK)
        return blame(s, reasons);
    enum reason_code fault = find_fault(&pub);
    if (fault != REASON_NONE) {
        (void)reasons_add(reasons, fault);
        return STATUS_OK;
    }
    CLEANUP(ak_freep) struct ak *ak = calloc(1, sizeof *ak);
    if (!ak)
        return STATUS_NOMEM;
    bool strong = false;
    s = derive(h, &pub, ak, &strong);
    if (s != STATUS_OK)
        return blame(s, reasons);
    if (!strong) {
        (void)reasons_add(reasons, REASON_AK_WEAK);
        return STATUS_OK;
    }
    *out = ak;
    ak = NULL;
    return STATUS_OK;
}

/* No terminal is asked for a passphrase. */
static int
refuse_passphrase(char *out, int out_size, int for_writing, void *unused)
{
    (void)for_writing;
    (void)unused;
    if (out_size > 0)
        out[0] = '\0';
    return -1;
}

static EVP_PKEY *
parse_pem(struct bytes pem)
{
    CLEANUP(free_bio)
    BIO *bio = pem.size <= LIMIT_CERT ? BIO_new_mem_buf(pem.data, (int)pem.size) : NULL;
    return bio ? PEM_read_bio_PUBKEY(bio, NULL, refuse_passphrase, NULL) : NULL;
}

static EVP_PKEY *
parse_der(struct bytes der)
{
    const unsigned char *end = der.data;
    CLEANUP(evp_pkey_freep) EVP_PKEY *key = d2i_PUBKEY(NULL, &end, (long)der.size);
    if (!key || end != der.data + der.size)
        return NULL;
    EVP_PKEY *parsed = key;
    key = NULL;
    return parsed;
}

enum status
ak_parse_spki(struct bytes spki, struct ak **out, struct diag *diag)
{
    *out = NULL;
    CLEANUP(ak_freep) struct ak *ak = calloc(1, sizeof *ak);
    if (!ak)
        return STATUS_NOMEM;
    bool is_der = spki.size > 0 && spki.data[0] == DER_FIRST;
    ak->key = is_der ? parse_der(spki) : parse_pem(spki);
    if (!ak->key) {
        ERR_clear_error();
        return diag_set(diag, STATUS_MALFORMED, CLAUSE_SPKI, 0, "not a public key in PEM or DER");
    }
    if (!key_is_strong(ak->key))
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE_SPKI, 0,
                        "not P-256, P-384 or a sound RSA key of 2048 bits or more");
    ak->type = EVP_PKEY_is_a(ak->key, "RSA") ? TPM_ALG_RSA : TPM_ALG_ECC;
    ak->scheme = TPM_ALG_NULL;
    ak->hash = ALG_NULL;
    enum status s = signature_key_new(ak->key, ak->scheme, ak->hash, &ak->verifier);
    if (s != STATUS_OK)
        return s;
    *out = ak;
    ak = NULL;
    return STATUS_OK;
}

struct bytes
ak_public_area(const struct ak *ak)
{
    return buffer_bytes(&ak->area);
}

struct bytes
ak_name(const struct ak *ak)
{
    return buffer_bytes(&ak->name);
}

struct bytes
ak_qualified_name(const struct ak *ak)
{
    return buffer_bytes(&ak->qualified_name);
}

bool
ak_attributes_known(const struct ak *ak)
{
    return ak->attributes_known;
}

uint16_t
ak_scheme(const struct ak *ak)
{
    return ak->scheme;
}

uint16_t
ak_hash(const struct ak *ak)
{
    return ak->hash;
}

EVP_PKEY *
ak_key(const struct ak *ak)
{
    return ak->key;
}

static const char *
scheme_name(const struct ak *ak)
{
    switch (ak->scheme) {
    case TPM_ALG_RSASSA:
        return "rsassa";
    case TPM_ALG_RSAPSS:
        return "rsapss";
    case TPM_ALG_ECDSA:
        return "ecdsa";
    default:
        return ak->type == TPM_ALG_RSA ? "rsa" : "ecc";
    }
}

const char *
ak_describe(const struct ak *ak, char *out, size_t out_size)
{
    bool any_hash = ak->hash == ALG_NULL;
    int n = snprintf(out, out_size, "%s-%s%zu%s%s", scheme_name(ak),
                     ak->type == TPM_ALG_ECC ? "p" : "", key_field_size(ak->key) * 8,
                     any_hash ? "" : "-", any_hash ? "" : alg_name(ak->hash));
    if (n < 0 && out_size > 0)
        out[0] = '\0';
    return out;
}

enum status
ak_verify(const struct ak *ak, struct bytes message, struct bytes signature, bool *valid,
          struct reasons *reasons)
{
    enum reason_code fault = REASON_QUOTE_SIGNATURE;
    *valid = false;
    enum status s = signature_verify(ak->verifier, message, signature, &fault);
    if (s != STATUS_OK)
        return s;
    *valid = fault == REASON_NONE;
    if (!*valid)
        (void)reasons_add(reasons, fault);
    return STATUS_OK;
}
