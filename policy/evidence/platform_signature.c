/* SPDX-License-Identifier: Apache-2.0 */
/* from: an attribute certificate and those who may have issued it; to: the one whose key signed it;
 * never: believes that one. */
#include "evidence/platform_signature.h"

#include "base/cleanup.h"
#include "evidence/der.h"
#include "evidence/platform_certificate.h"

#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>

#define HASH_SIZE_MIN 32
#define DER_BITS      0x03u

/* What was signed, the algorithm, and the signature: each whole. */
struct parts {
    struct bytes info, algorithm, signature;
};

static void
free_any(ASN1_TYPE **t)
{
    ASN1_TYPE_free(*t);
}

static void
free_algorithm(X509_ALGOR **a)
{
    X509_ALGOR_free(*a);
}

static void
free_bits(ASN1_BIT_STRING **b)
{
    ASN1_BIT_STRING_free(*b);
}

static void
free_name(X509_NAME **n)
{
    X509_NAME_free(*n);
}

static struct bytes
take_whole(struct reader *r, uint8_t wanted)
{
    size_t start = r->offset;
    uint8_t tag = 0;
    (void)der_next(r, &tag);
    if (tag != wanted)
        reader_fail(r);
    return r->failed ? (struct bytes){0} : bytes_slice(r->in, start, r->offset - start);
}

static bool
split(struct bytes der, struct parts *out)
{
    uint8_t tag = 0;
    struct reader r = reader_of(der);
    struct reader certificate = reader_of(der_next(&r, &tag));
    out->info = take_whole(&certificate, DER_SEQUENCE);
    out->algorithm = take_whole(&certificate, DER_SEQUENCE);
    out->signature = take_whole(&certificate, DER_BITS);
    return !r.failed && !certificate.failed && reader_left(&certificate) == 0;
}

static bool
is_strong(const X509_ALGOR *algorithm)
{
    const ASN1_OBJECT *oid = NULL;
    int hash = NID_undef;
    X509_ALGOR_get0(&oid, NULL, NULL, algorithm);
    (void)OBJ_find_sigid_algs(OBJ_obj2nid(oid), &hash, NULL);
    const EVP_MD *md = EVP_get_digestbynid(hash); /* NULL when none was found */
    return md && EVP_MD_get_size(md) >= HASH_SIZE_MIN;
}

bool
platform_signature_is_by(struct bytes der, EVP_PKEY *key)
{
    struct parts p;
    if (!split(der, &p))
        return false;
    const uint8_t *info_at = p.info.data, *algorithm_at = p.algorithm.data;
    const uint8_t *signature_at = p.signature.data;
    CLEANUP(free_any) ASN1_TYPE *info = d2i_ASN1_TYPE(NULL, &info_at, (long)p.info.size);
    CLEANUP(free_algorithm)
    X509_ALGOR *algorithm = d2i_X509_ALGOR(NULL, &algorithm_at, (long)p.algorithm.size);
    CLEANUP(free_bits)
    ASN1_BIT_STRING *signature = d2i_ASN1_BIT_STRING(NULL, &signature_at, (long)p.signature.size);
    bool good = info && algorithm && signature && is_strong(algorithm) &&
                ASN1_item_verify(ASN1_ITEM_rptr(ASN1_ANY), algorithm, signature, info, key) == 1;
    ERR_clear_error();
    return good;
}

static X509 *
try(struct bytes der, const X509_NAME *issuer, X509 *x, bool *named)
{
    if (!x || X509_NAME_cmp(X509_get_subject_name(x), issuer) != 0)
        return NULL;
    *named = true;
    return platform_signature_is_by(der, X509_get0_pubkey(x)) ? x : NULL;
}

X509 *
platform_signature_issuer(struct bytes der, X509_STORE *store, const STACK_OF(X509) * others,
                          bool *named)
{
    struct platform_certificate p;
    *named = false;
    if (!platform_certificate_parse(der, &p))
        return NULL;
    const uint8_t *at = p.issuer.data;
    CLEANUP(free_name) X509_NAME *issuer = d2i_X509_NAME(NULL, &at, (long)p.issuer.size);
    ERR_clear_error();
    X509 *found = NULL;
    const STACK_OF(X509_OBJECT) *anchors = X509_STORE_get0_objects(store);
    for (int i = 0; issuer && !found && i < sk_X509_OBJECT_num(anchors); i++)
        found = try(der, issuer, X509_OBJECT_get0_X509(sk_X509_OBJECT_value(anchors, i)), named);
    for (int i = 0; issuer && !found && i < sk_X509_num(others); i++)
        found = try(der, issuer, sk_X509_value(others, i), named);
    return found;
}
