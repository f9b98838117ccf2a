/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes of an NV index or a file; to: a certificate with its oddities named; never: decides
 * who may be believed. */
#include "evidence/ek_certificate.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/der.h"
#include "evidence/ek_certificate_fields.h"
#include "evidence/key.h"
#include "evidence/pem.h"
#include "evidence/platform_certificate.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#define OID_TEXT 80u

/* TCG_PCCLIENT_STORED_CERT and TCG_PCCLIENT_STORED_FULL_CERT of the TPM 1.2 age.
 * [PC Client Implementation 1.21 7.4] */
#define STORED_CERTIFICATE 0x1001u
#define FULL_CERTIFICATE   0x1002u

static const struct {
    uint32_t oddity;
    const char *name;
} oddities[] = {
    {EK_ODDITY_HEADER, "header"},
    {EK_ODDITY_PADDING, "padding"},
    {EK_ODDITY_OAEP_KEY, "oaep-key"},
    {EK_ODDITY_CA_FLAG, "ca-flag"},
    {EK_ODDITY_NO_KEY_USAGE, "no-key-usage"},
    {EK_ODDITY_MISSING_EKU, "missing-eku"},
    {EK_ODDITY_ECC_ENCIPHERMENT, "ecc-encipherment"},
};

#define N_ODDITIES (sizeof oddities / sizeof oddities[0])

static void
refuse(struct reasons *reasons, const char *what)
{
    reason_set_what(reasons_add(reasons, REASON_EK_MALFORMED), what);
}

/* The header says its own size: stamp, kind of store, size, and as a rule a second stamp, which the
 * size counts in. */
struct bytes
ek_certificate_body(struct bytes in, uint32_t *found)
{
    struct reader r = reader_of(in);
    bool stamped = reader_be16(&r) == STORED_CERTIFICATE && reader_u8(&r) == 0;
    size_t size = reader_be16(&r);
    if (r.failed || !stamped || size > reader_left(&r))
        return in;
    struct reader inner = reader_of(reader_rest(&r));
    struct bytes rest = inner.in;
    if (reader_be16(&inner) == FULL_CERTIFICATE)
        rest = reader_rest(&inner);
    *found |= EK_ODDITY_HEADER;
    return rest;
}

void
ek_certificate_name(const X509_NAME *name, char out[static EK_CERTIFICATE_TEXT])
{
    size_t used = 0;
    out[0] = '\0';
    for (int i = 0; i < X509_NAME_entry_count(name) && used + 1 < EK_CERTIFICATE_TEXT; i++) {
        const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
        char oid[OID_TEXT] = "", value[EK_CERTIFICATE_TEXT];
        unsigned char *utf8 = NULL;
        int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
        int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
        if (nid == NID_undef)
            (void)OBJ_obj2txt(oid, sizeof oid, X509_NAME_ENTRY_get_object(entry), 1);
        (void)text_escape(bytes_of(utf8, size > 0 ? (size_t)size : 0), value, sizeof value);
        int n = snprintf(out + used, EK_CERTIFICATE_TEXT - used, "/%s=%s",
                         nid == NID_undef ? oid : OBJ_nid2sn(nid), value);
        used += n > 0 ? (size_t)n : 0;
        OPENSSL_free(utf8);
    }
    ERR_clear_error();
}

static void
set_serial(const ASN1_INTEGER *serial, char *out, size_t out_size)
{
    int size = ASN1_STRING_length(serial);
    (void)text_hex(bytes_of(ASN1_STRING_get0_data(serial), size > 0 ? (size_t)size : 0), out,
                   out_size);
}

/* Decoded anew, since libcrypto looks for the key only when it decodes. */
static EVP_PKEY *
decode_key(const X509_PUBKEY *spki)
{
    unsigned char *der = NULL;
    int size = i2d_X509_PUBKEY(spki, &der);
    const unsigned char *at = der;
    EVP_PKEY *key = size > 0 ? d2i_PUBKEY(NULL, &at, size) : NULL;
    OPENSSL_free(der);
    return key;
}

/* RFC 4055 calls rsaEncryption what early vendors called RSAES-OAEP: the key's bits are the same.
 */
static EVP_PKEY *
normalise_oaep(const X509_PUBKEY *spki)
{
    const unsigned char *bits = NULL;
    int size = 0;
    if (X509_PUBKEY_get0_param(NULL, &bits, &size, NULL, spki) != 1 || size <= 0)
        return NULL;
    X509_PUBKEY *plain = X509_PUBKEY_new();
    unsigned char *copy = OPENSSL_memdup(bits, (size_t)size);
    EVP_PKEY *key = NULL;
    if (plain && copy &&
        X509_PUBKEY_set0_param(plain, OBJ_nid2obj(NID_rsaEncryption), V_ASN1_NULL, NULL, copy,
                               size) == 1) {
        copy = NULL;
        key = decode_key(plain);
    }
    OPENSSL_free(copy);
    X509_PUBKEY_free(plain);
    return key;
}

static enum status
fill_key(struct ek_certificate *c)
{
    const X509_PUBKEY *spki = X509_get_X509_PUBKEY(c->x509);
    ASN1_OBJECT *algorithm = NULL;
    if (X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL, spki) == 1 &&
        OBJ_obj2nid(algorithm) == NID_rsaesOaep) {
        c->oddities |= EK_ODDITY_OAEP_KEY;
        c->key = normalise_oaep(spki);
    } else {
        c->key = X509_PUBKEY_get(spki);
    }
    ERR_clear_error();
    return c->key ? key_spki(c->key, &c->spki) : STATUS_OK;
}

static enum status
fill_x509(struct ek_certificate *c, struct reasons *reasons, bool *good)
{
    const unsigned char *at = c->der.data;
    c->x509 = d2i_X509(NULL, &at, (long)c->der.size);
    ERR_clear_error();
    *good = false;
    if (!c->x509 || at != c->der.data + c->der.size) {
        refuse(reasons, "certificate");
        return STATUS_OK;
    }
    enum status s = fill_key(c);
    if (s != STATUS_OK)
        return s;
    ek_certificate_name(X509_get_subject_name(c->x509), c->subject);
    ek_certificate_name(X509_get_issuer_name(c->x509), c->issuer);
    set_serial(X509_get0_serialNumber(c->x509), c->serial, sizeof c->serial);
    const char *wrong = ek_certificate_read_fields(c);
    ERR_clear_error();
    if (wrong)
        refuse(reasons, wrong);
    *good = !wrong;
    return STATUS_OK;
}

static void
set_hex(struct bytes in, char *out, size_t out_size)
{
    (void)text_hex(in, out, out_size);
}

/* A Name in DER as a line; "" when it cannot be read. */
static void
set_name(struct bytes der, char out[static EK_CERTIFICATE_TEXT])
{
    const unsigned char *at = der.data;
    X509_NAME *name = der.size > 0 ? d2i_X509_NAME(NULL, &at, (long)der.size) : NULL;
    if (name)
        ek_certificate_name(name, out);
    X509_NAME_free(name);
    ERR_clear_error();
}

static struct ek_platform *
make_platform(const struct platform_certificate *p)
{
    struct ek_platform *out = calloc(1, sizeof *out);
    if (!out)
        return NULL;
    (void)text_copy(out->manufacturer, sizeof out->manufacturer, p->manufacturer);
    (void)text_copy(out->model, sizeof out->model, p->model);
    (void)text_copy(out->version, sizeof out->version, p->version);
    (void)text_copy(out->serial, sizeof out->serial, p->platform_serial);
    set_name(p->holder_issuer, out->holder_issuer);
    set_hex(p->holder_serial, out->holder_serial, sizeof out->holder_serial);
    return out;
}

static enum status
fill_attributes(struct ek_certificate *c, struct reasons *reasons, bool *good)
{
    struct platform_certificate p;
    *good = platform_certificate_parse(buffer_bytes(&c->der), &p) &&
            ek_certificate_read_time(p.not_before, &c->not_before_s) &&
            ek_certificate_read_time(p.not_after, &c->not_after_s);
    if (!*good) {
        refuse(reasons, "platform certificate");
        return STATUS_OK;
    }
    c->kind = EK_CERTIFICATE_PLATFORM;
    set_name(p.issuer, c->issuer);
    set_hex(p.serial, c->serial, sizeof c->serial);
    c->platform = make_platform(&p);
    if (!c->platform)
        return STATUS_NOMEM;
    c->platform->attribute_certificate = true;
    return STATUS_OK;
}

/* A certificate of the newer profile names the machine in its subjectAltName. */
static enum status
fill_platform(struct ek_certificate *c)
{
    struct platform_certificate p = {0};
    int at = X509_get_ext_by_NID(c->x509, NID_subject_alt_name, -1);
    const ASN1_OCTET_STRING *san = X509_EXTENSION_get_data(X509_get_ext(c->x509, at));
    int size = san ? ASN1_STRING_length(san) : 0;
    if (size > 0)
        (void)platform_certificate_read_names(bytes_of(ASN1_STRING_get0_data(san), (size_t)size),
                                              &p);
    c->platform = make_platform(&p);
    return c->platform ? STATUS_OK : STATUS_NOMEM;
}

enum status
ek_certificate_parse(struct hasher *h, struct bytes in, struct ek_certificate **out,
                     struct reasons *reasons)
{
    *out = NULL;
    CLEANUP(ek_certificate_freep) struct ek_certificate *c = calloc(1, sizeof *c);
    if (!c)
        return STATUS_NOMEM;
    struct bytes body = ek_certificate_body(in, &c->oddities);
    struct bytes der = in.size > LIMIT_CERT ? (struct bytes){0} : der_outer(body);
    if (der.size == 0) {
        refuse(reasons, in.size > LIMIT_CERT ? "size" : "DER");
        return STATUS_OK;
    }
    if (der.size < body.size)
        c->oddities |= EK_ODDITY_PADDING;
    buffer_append(&c->der, der);
    enum status s = buffer_check(&c->der);
    if (s == STATUS_OK)
        s = digest_sha256(h, der, c->sha256);
    bool good = true;
    if (s == STATUS_OK && platform_certificate_is(der))
        s = fill_attributes(c, reasons, &good);
    else if (s == STATUS_OK)
        s = fill_x509(c, reasons, &good);
    if (s == STATUS_OK && good && c->kind == EK_CERTIFICATE_PLATFORM && c->x509)
        s = fill_platform(c);
    if (s != STATUS_OK || !good)
        return s;
    *out = c;
    c = NULL;
    return STATUS_OK;
}

enum status
ek_certificate_parse_file(struct hasher *h, struct bytes in, struct ek_certificate **out,
                          struct reasons *reasons)
{
    if (!pem_is(in))
        return ek_certificate_parse(h, in, out, reasons);
    char label[PEM_LABEL_SIZE];
    CLEANUP(buffer_free) struct buffer der = {0};
    *out = NULL;
    enum status s = pem_next(&in, label, &der);
    if (s == STATUS_OK)
        return ek_certificate_parse(h, buffer_bytes(&der), out, reasons);
    if (s != STATUS_MALFORMED)
        return s;
    refuse(reasons, "PEM");
    return STATUS_OK;
}

static void
refuse_usage(struct reasons *reasons, const char *what)
{
    reason_set_what(reasons_add(reasons, REASON_EK_USAGE), what);
}

bool
ek_certificate_check(const struct ek_certificate *c, uint32_t permitted, struct reasons *reasons)
{
    uint32_t left = c->oddities & ~(EK_ODDITIES_ACCEPTED | permitted);
    if (c->kind != EK_CERTIFICATE_EK) {
        struct reason *r = reasons_add(reasons, REASON_EK_USAGE);
        reason_set_what(r, "certificate kind");
        reason_set_expected(r, ek_certificate_kind_name(EK_CERTIFICATE_EK));
        reason_set_found(r, ek_certificate_kind_name(c->kind));
    } else if (!c->tpm_present) {
        refuse_usage(reasons, "TPM attributes");
    } else if (!ek_certificate_usage_fits(c)) {
        refuse_usage(reasons, "key usage");
    } else if (left != 0) {
        refuse_usage(reasons, ek_oddity_name(left & (~left + 1)));
    } else {
        return true;
    }
    return false;
}

bool
ek_certificate_check_key(const struct ek_certificate *c, struct bytes ek_spki,
                         struct reasons *reasons)
{
    if (c->key && digest_bytes_equal(buffer_bytes(&c->spki), ek_spki))
        return true;
    (void)reasons_add(reasons, REASON_EK_CERTIFICATE_KEY);
    return false;
}

void
ek_certificate_free(struct ek_certificate *c)
{
    if (!c)
        return;
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    free(c->platform);
    buffer_free(&c->der);
    buffer_free(&c->spki);
    free(c);
}

void
ek_certificate_freep(struct ek_certificate **c)
{
    ek_certificate_free(*c);
}

const char *
ek_certificate_kind_name(enum ek_certificate_kind kind)
{
    switch (kind) {
    case EK_CERTIFICATE_EK:
        return "ek";
    case EK_CERTIFICATE_AK:
        return "ak";
    case EK_CERTIFICATE_CA:
        return "ca";
    case EK_CERTIFICATE_PLATFORM:
        return "platform";
    case EK_CERTIFICATE_OTHER:
        break;
    }
    return "other";
}

const char *
ek_oddity_name(uint32_t oddity)
{
    for (size_t i = 0; i < N_ODDITIES; i++) {
        if (oddities[i].oddity == oddity)
            return oddities[i].name;
    }
    return "unknown";
}

uint32_t
ek_oddity_parse(const char *name)
{
    for (size_t i = 0; i < N_ODDITIES; i++) {
        if (text_equal(name, oddities[i].name))
            return oddities[i].oddity;
    }
    return 0;
}
