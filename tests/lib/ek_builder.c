/* SPDX-License-Identifier: Apache-2.0 */
/* from: a template and a specification; to: an EK and certificates; never: judges them. */
#include "tests/lib/ek_builder.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/rsa_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CURVE_BYTES    66u
#define CRL_THIS_S     (EK_BUILDER_NOW_S - 86400)
#define YEAR_S         (INT64_C(366) * 86400)
#define OID_TPM_PREFIX "2.23.133.2."

static const struct {
    const char *name;
    const char *type; /* for EVP_PKEY_Q_keygen() */
    unsigned rsa_bits;
    const char *curve;
    uint16_t curve_id, name_alg, symmetric_bits;
    uint32_t attributes;
    const char *policy;
} templates[] = {
    {"L-1", "RSA", 2048, NULL, 0, ALG_SHA256, 128, 0x000300B2u,
     "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"},
    {"L-2", "EC", 0, "P-256", TPM_ECC_P256, ALG_SHA256, 128, 0x000300B2u,
     "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"},
    {"H-1", "RSA", 2048, NULL, 0, ALG_SHA256, 128, 0x000300F2u,
     "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0"},
    {"H-2", "EC", 0, "P-256", TPM_ECC_P256, ALG_SHA256, 128, 0x000300F2u,
     "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0"},
    {"H-3", "EC", 0, "P-384", TPM_ECC_P384, ALG_SHA384, 256, 0x000300F2u,
     "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
     "cb47ba09699646150f9fc000f3f80e12"},
    {"H-4", "EC", 0, "P-521", TPM_ECC_P521, ALG_SHA512, 256, 0x000300F2u,
     "b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a4"
     "29c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea"},
    {"H-6", "RSA", 3072, NULL, 0, ALG_SHA384, 256, 0x000300F2u,
     "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
     "cb47ba09699646150f9fc000f3f80e12"},
    {"H-7", "RSA", 4096, NULL, 0, ALG_SHA384, 256, 0x000300F2u,
     "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
     "cb47ba09699646150f9fc000f3f80e12"},
};

#define N_TEMPLATES (sizeof templates / sizeof templates[0])

static void
demand(bool good, const char *what)
{
    if (good)
        return;
    (void)fprintf(stderr, "ek_builder: %s\n", what);
    abort();
}

static size_t
template_index(const char *name)
{
    size_t i = 0;
    while (i < N_TEMPLATES && !text_equal(templates[i].name, name))
        i++;
    demand(i < N_TEMPLATES, "no such template");
    return i;
}

static EVP_PKEY *
make_key(size_t row)
{
    EVP_PKEY *key = templates[row].curve ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", templates[row].curve)
                                         : rsa_key_next(templates[row].rsa_bits);
    demand(key != NULL, "key");
    return key;
}

struct ek_builder *
ek_builder_new(const char *template)
{
    size_t row = template_index(template);
    struct ek_builder *b = calloc(1, sizeof *b);
    demand(b != NULL, "memory");
    *b = (struct ek_builder){
        .template = template, .ek = make_key(row), .attributes = templates[row].attributes};
    char names[2][32];
    (void)snprintf(names[0], sizeof names[0], "Test %s Root CA", template);
    (void)snprintf(names[1], sizeof names[1], "Test %s Manufacturing CA", template);
    struct ek_builder_spec root = ek_builder_spec_ca(names[0]);
    struct ek_builder_spec intermediate = ek_builder_spec_ca(names[1]);
    intermediate.basic_constraints = "critical,CA:TRUE,pathlen:0";
    intermediate.serial = 2;
    ek_builder_ca_init(&b->root, &root, NULL);
    ek_builder_ca_init(&b->intermediate, &intermediate, &b->root);
    return b;
}

void
ek_builder_free(struct ek_builder *b)
{
    if (!b)
        return;
    EVP_PKEY_free(b->ek);
    ek_builder_ca_clear(&b->root);
    ek_builder_ca_clear(&b->intermediate);
    free(b);
}

void
ek_builder_freep(struct ek_builder **b)
{
    ek_builder_free(*b);
}

static void
put_number(const EVP_PKEY *key, const char *name, size_t size, struct buffer *out)
{
    uint8_t bytes[512];
    BIGNUM *n = NULL;
    demand(EVP_PKEY_get_bn_param(key, name, &n) == 1, name);
    demand(size <= sizeof bytes && BN_bn2binpad(n, bytes, (int)size) == (int)size, "number");
    buffer_append_tpm2b(out, bytes_of(bytes, size));
    BN_free(n);
}

void
ek_builder_public(const struct ek_builder *b, struct buffer *out)
{
    size_t row = template_index(b->template);
    CLEANUP(buffer_free) struct buffer policy = {0};
    demand(text_parse_hex(templates[row].policy, &policy) == STATUS_OK, "policy");
    buffer_append_be16(out, templates[row].curve ? TPM_ALG_ECC : TPM_ALG_RSA);
    buffer_append_be16(out, templates[row].name_alg);
    buffer_append_be32(out, b->attributes);
    buffer_append_tpm2b(out, buffer_bytes(&policy));
    buffer_append_be16(out, TPM_ALG_AES);
    buffer_append_be16(out, templates[row].symmetric_bits);
    buffer_append_be16(out, TPM_ALG_CFB);
    buffer_append_be16(out, TPM_ALG_NULL); /* scheme */
    if (templates[row].curve) {
        size_t size = ((size_t)EVP_PKEY_get_bits(b->ek) + 7) / 8;
        buffer_append_be16(out, templates[row].curve_id);
        buffer_append_be16(out, TPM_ALG_NULL); /* kdf */
        put_number(b->ek, OSSL_PKEY_PARAM_EC_PUB_X, size, out);
        put_number(b->ek, OSSL_PKEY_PARAM_EC_PUB_Y, size, out);
    } else {
        buffer_append_be16(out, (uint16_t)templates[row].rsa_bits);
        buffer_append_be32(out, 0); /* 65537 */
        put_number(b->ek, OSSL_PKEY_PARAM_RSA_N, templates[row].rsa_bits / 8, out);
    }
    demand(buffer_check(out) == STATUS_OK, "memory");
}

struct ek_builder_spec
ek_builder_spec_ek(const struct ek_builder *b)
{
    return (struct ek_builder_spec){
        .not_before_s = EK_BUILDER_NOW_S - YEAR_S,
        .not_after_s = EK_BUILDER_NOW_S + YEAR_S,
        .serial = 77,
        .basic_constraints = "critical,CA:FALSE",
        .key_usage =
            EVP_PKEY_is_a(b->ek, "RSA") ? "critical,keyEncipherment" : "critical,keyAgreement",
        .extended_usage = "2.23.133.8.1",
        .manufacturer = "id:53544D20",
        .model = "ST33HTPHAHD4",
        .version = "id:00010102",
    };
}

struct ek_builder_spec
ek_builder_spec_ca(const char *subject)
{
    return (struct ek_builder_spec){
        .subject = subject,
        .not_before_s = EK_BUILDER_NOW_S - YEAR_S,
        .not_after_s = EK_BUILDER_NOW_S + YEAR_S,
        .serial = 1,
        .basic_constraints = "critical,CA:TRUE",
        .key_usage = "critical,keyCertSign,cRLSign",
    };
}

static void
add_extension(X509 *x, const X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    if (!value)
        return;
    X509V3_set_ctx(&context, (X509 *)(uintptr_t)issuer, x, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    demand(e != NULL && X509_add_ext(x, e, -1) == 1, value);
    X509_EXTENSION_free(e);
}

/* set: 0 begins an RDN, -1 joins the one before. */
static void
add_attribute(X509_NAME *name, char last, const char *value, int set)
{
    char oid[] = OID_TPM_PREFIX "0";
    oid[sizeof oid - 2] = last;
    if (!value)
        return;
    demand(X509_NAME_add_entry_by_txt(name, oid, MBSTRING_UTF8, (const unsigned char *)value, -1,
                                      -1, set) == 1,
           value);
}

static void
add_tpm_names(X509 *x, const struct ek_builder_spec *spec)
{
    if (!spec->manufacturer && !spec->model && !spec->version)
        return;
    X509_NAME *directory = X509_NAME_new();
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    demand(directory && names && name, "memory");
    add_attribute(directory, '1', spec->manufacturer, 0);
    add_attribute(directory, '2', spec->model, spec->one_rdn ? -1 : 0);
    if (spec->twice)
        add_attribute(directory, '2', spec->model, 0);
    add_attribute(directory, '3', spec->version, spec->one_rdn ? -1 : 0);
    GENERAL_NAME_set0_value(name, GEN_DIRNAME, directory);
    demand(sk_GENERAL_NAME_push(names, name) > 0, "memory");
    demand(X509_add1_ext_i2d(x, NID_subject_alt_name, names, spec->subject == NULL,
                             X509V3_ADD_DEFAULT) == 1,
           "subjectAltName");
    GENERAL_NAMES_free(names);
}

static void
add_meaningless(X509 *x, int nid)
{
    static const unsigned char null[] = {0x05, 0x00};
    if (nid == 0)
        return;
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    demand(value && ASN1_OCTET_STRING_set(value, null, sizeof null) == 1, "memory");
    X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, nid, 1, value);
    demand(e && X509_add_ext(x, e, -1) == 1, "critical extension");
    X509_EXTENSION_free(e);
    ASN1_OCTET_STRING_free(value);
}

/* The key's bits under the name that early vendors gave them. */
static void
set_oaep(X509 *x)
{
    X509_PUBKEY *spki = X509_get_X509_PUBKEY(x);
    const unsigned char *bits = NULL;
    int size = 0;
    demand(X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, spki) == 1, "SPKI");
    unsigned char *copy = OPENSSL_memdup(bits, (size_t)size);
    demand(X509_PUBKEY_set0_param(spki, OBJ_nid2obj(NID_rsaesOaep), V_ASN1_NULL, NULL, copy,
                                  size) == 1,
           "SPKI");
}

static X509 *
make_certificate(const struct ek_builder_spec *spec, EVP_PKEY *key, const X509 *issuer,
                 EVP_PKEY *issuer_key)
{
    X509 *x = X509_new();
    X509_NAME *subject = X509_NAME_new();
    demand(x && subject, "memory");
    if (spec->subject)
        demand(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                          (const unsigned char *)spec->subject, -1, -1, 0) == 1,
               "subject");
    demand(X509_set_version(x, X509_VERSION_3) == 1 &&
               ASN1_INTEGER_set(X509_get_serialNumber(x), spec->serial) == 1 &&
               ASN1_TIME_set(X509_getm_notBefore(x), spec->not_before_s) &&
               ASN1_TIME_set(X509_getm_notAfter(x), spec->not_after_s) &&
               X509_set_subject_name(x, subject) == 1 &&
               X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : subject) == 1 &&
               X509_set_pubkey(x, key) == 1,
           "certificate");
    add_extension(x, issuer ? issuer : x, NID_basic_constraints, spec->basic_constraints);
    add_extension(x, issuer ? issuer : x, NID_key_usage, spec->key_usage);
    add_extension(x, issuer ? issuer : x, NID_ext_key_usage, spec->extended_usage);
    add_tpm_names(x, spec);
    add_meaningless(x, spec->critical_nid);
    if (spec->oaep)
        set_oaep(x);
    demand(X509_sign(x, issuer_key, spec->sha1 ? EVP_sha1() : EVP_sha256()) > 0, "signature");
    X509_NAME_free(subject);
    return x;
}

static void
put_der(const X509 *x, struct buffer *out)
{
    unsigned char *der = NULL;
    int size = i2d_X509(x, &der);
    demand(size > 0, "DER");
    buffer_append(out, bytes_of(der, (size_t)size));
    demand(buffer_check(out) == STATUS_OK, "memory");
    OPENSSL_free(der);
}

void
ek_builder_certificate(const struct ek_builder *b, const struct ek_builder_spec *spec,
                       const struct ek_builder_ca *issuer, struct buffer *out)
{
    if (!issuer)
        issuer = &b->intermediate;
    X509 *x = make_certificate(spec, b->ek, issuer->x509, issuer->key);
    put_der(x, out);
    X509_free(x);
}

void
ek_builder_ca_init(struct ek_builder_ca *ca, const struct ek_builder_spec *spec,
                   const struct ek_builder_ca *issuer)
{
    *ca = (struct ek_builder_ca){0};
    ca->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    demand(ca->key != NULL, "key");
    ca->x509 = make_certificate(spec, ca->key, issuer ? issuer->x509 : NULL,
                                issuer ? issuer->key : ca->key);
    put_der(ca->x509, &ca->der);
}

void
ek_builder_ca_clear(struct ek_builder_ca *ca)
{
    EVP_PKEY_free(ca->key);
    X509_free(ca->x509);
    buffer_free(&ca->der);
    *ca = (struct ek_builder_ca){0};
}

static void
add_revoked(X509_CRL *crl, long serial, const ASN1_TIME *when)
{
    X509_REVOKED *row = X509_REVOKED_new();
    ASN1_INTEGER *number = ASN1_INTEGER_new();
    demand(row && number && ASN1_INTEGER_set(number, serial) == 1 &&
               X509_REVOKED_set_serialNumber(row, number) == 1 &&
               X509_REVOKED_set_revocationDate(row, (ASN1_TIME *)(uintptr_t)when) == 1 &&
               X509_CRL_add0_revoked(crl, row) == 1,
           "revocation");
    ASN1_INTEGER_free(number);
}

void
ek_builder_crl(const struct ek_builder_ca *ca, long revoked, int64_t next_update_s,
               struct buffer *out)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *this_update = ASN1_TIME_set(NULL, CRL_THIS_S);
    ASN1_TIME *next_update = ASN1_TIME_set(NULL, next_update_s);
    demand(crl && this_update && next_update &&
               X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
               X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->x509)) == 1 &&
               X509_CRL_set1_lastUpdate(crl, this_update) == 1 &&
               X509_CRL_set1_nextUpdate(crl, next_update) == 1,
           "CRL");
    if (revoked != 0)
        add_revoked(crl, revoked, this_update);
    unsigned char *der = NULL;
    demand(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0, "signature");
    int size = i2d_X509_CRL(crl, &der);
    demand(size > 0, "DER");
    buffer_append(out, bytes_of(der, (size_t)size));
    OPENSSL_free(der);
    ASN1_TIME_free(this_update);
    ASN1_TIME_free(next_update);
    X509_CRL_free(crl);
}

void
ek_builder_pem(const char *label, struct bytes der, struct buffer *out)
{
    unsigned char *text = OPENSSL_malloc(der.size / 3 * 4 + 8);
    demand(text != NULL, "memory");
    (void)EVP_EncodeBlock(text, der.data, (int)der.size);
    buffer_append_format(out, "-----BEGIN %s-----\n%s\n-----END %s-----\n", label,
                         (const char *)text, label);
    OPENSSL_free(text);
    demand(buffer_check(out) == STATUS_OK, "memory");
}
