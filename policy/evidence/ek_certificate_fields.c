/* SPDX-License-Identifier: Apache-2.0 */
/* from: a decoded certificate; to: what it says it is for; never: takes a text for another type. */
#include "evidence/ek_certificate_fields.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <openssl/asn1.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define DAY_S           86400
#define MANUFACTURER_ID "id:"

/* OBJECT IDENTIFIERs of TCG, as their DER content. */
static const uint8_t oid_manufacturer[] = {0x67, 0x81, 0x05, 0x02, 0x01}; /* 2.23.133.2.1 */
static const uint8_t oid_model[] = {0x67, 0x81, 0x05, 0x02, 0x02};
static const uint8_t oid_version[] = {0x67, 0x81, 0x05, 0x02, 0x03};
static const uint8_t oid_ek[] = {0x67, 0x81, 0x05, 0x08, 0x01}; /* 2.23.133.8.1 */
static const uint8_t oid_platform[] = {0x67, 0x81, 0x05, 0x08, 0x02};
static const uint8_t oid_ak[] = {0x67, 0x81, 0x05, 0x08, 0x03};

#define OID(array) bytes_of((array), sizeof(array))

static void
free_names(GENERAL_NAMES **names)
{
    GENERAL_NAMES_free(*names);
}

static void
free_time(ASN1_TIME **t)
{
    ASN1_TIME_free(*t);
}

static bool
is_object(const ASN1_OBJECT *object, struct bytes oid)
{
    return bytes_equal(bytes_of(OBJ_get0_data(object), OBJ_length(object)), oid);
}

/* UTF8String or PrintableString, the two that the profile permits. */
static bool
take_string(const ASN1_STRING *s, struct bytes *out)
{
    int type = ASN1_STRING_type(s);
    int size = ASN1_STRING_length(s);
    if ((type != V_ASN1_UTF8STRING && type != V_ASN1_PRINTABLESTRING) || size < 0)
        return false;
    *out = bytes_of(ASN1_STRING_get0_data(s), (size_t)size);
    return true;
}

/* "id:" and eight hex digits. [EK Credential Profile 2.5 3.1.2] */
static bool
parse_manufacturer(struct bytes text, uint32_t *out)
{
    char id[sizeof MANUFACTURER_ID + 8];
    uint8_t value[4];
    (void)text_escape(text, id, sizeof id);
    if (text.size != sizeof id - 1 || !text_starts(id, MANUFACTURER_ID) ||
        text_parse_hex_exact(id + sizeof MANUFACTURER_ID - 1, value, sizeof value) != STATUS_OK)
        return false;
    *out = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 | (uint32_t)value[2] << 8 | value[3];
    return true;
}

/* Which of the three attributes were seen. */
struct tpm_attributes {
    bool manufacturer, model, version, broken;
};

static void
read_attribute(const X509_NAME_ENTRY *entry, struct ek_certificate *c, struct tpm_attributes *seen)
{
    const ASN1_OBJECT *object = X509_NAME_ENTRY_get_object(entry);
    bool *mine = is_object(object, OID(oid_manufacturer)) ? &seen->manufacturer
                 : is_object(object, OID(oid_model))      ? &seen->model
                 : is_object(object, OID(oid_version))    ? &seen->version
                                                          : NULL;
    struct bytes text = {0};
    if (!mine)
        return;
    if (*mine || !take_string(X509_NAME_ENTRY_get_data(entry), &text)) {
        seen->broken = true;
        return;
    }
    *mine = true;
    if (mine == &seen->model)
        (void)text_escape(text, c->model, sizeof c->model);
    else if (mine == &seen->version)
        (void)text_escape(text, c->version, sizeof c->version);
    else if (!parse_manufacturer(text, &c->manufacturer))
        seen->broken = true;
}

/* One RDN with three values or three RDNs: the entries are the same. */
static void
read_names(const GENERAL_NAMES *names, struct ek_certificate *c, struct tpm_attributes *seen)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_DIRNAME)
            continue;
        for (int j = 0; j < X509_NAME_entry_count(name->d.directoryName); j++)
            read_attribute(X509_NAME_get_entry(name->d.directoryName, j), c, seen);
    }
}

/* False when there is an extension of subject alternative names that cannot be read. */
static bool
read_tpm(struct ek_certificate *c)
{
    int critical = 0;
    struct tpm_attributes seen = {0};
    CLEANUP(free_names)
    GENERAL_NAMES *names = X509_get_ext_d2i(c->x509, NID_subject_alt_name, &critical, NULL);
    if (!names)
        return critical == -1; /* absent, rather than repeated or not decoded */
    read_names(names, c, &seen);
    c->tpm_present = seen.manufacturer && seen.model && seen.version && !seen.broken;
    return !seen.broken;
}

/* The purposes named, as far as they are TCG's. */
struct purposes {
    bool present, ek, platform, ak;
};

static bool
read_purposes(const X509 *x509, struct purposes *out)
{
    int critical = 0;
    EXTENDED_KEY_USAGE *usage = X509_get_ext_d2i(x509, NID_ext_key_usage, &critical, NULL);
    if (!usage)
        return critical == -1;
    out->present = true;
    for (int i = 0; i < sk_ASN1_OBJECT_num(usage); i++) {
        const ASN1_OBJECT *object = sk_ASN1_OBJECT_value(usage, i);
        out->ek |= is_object(object, OID(oid_ek));
        out->platform |= is_object(object, OID(oid_platform));
        out->ak |= is_object(object, OID(oid_ak));
    }
    EXTENDED_KEY_USAGE_free(usage);
    return true;
}

static bool
has_usage(const struct ek_certificate *c, uint32_t bits)
{
    return (c->oddities & EK_ODDITY_NO_KEY_USAGE) == 0 && (X509_get_key_usage(c->x509) & bits) != 0;
}

static bool
only_encrypts(const struct ek_certificate *c)
{
    return has_usage(c, KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT) &&
           !has_usage(c, KU_DIGITAL_SIGNATURE | KU_KEY_CERT_SIGN);
}

/* A vendor's CA may carry the EK's purpose, and an EK's certificate a CA's flag: TPM attributes
 * tell them apart. */
static void
judge_kind(struct ek_certificate *c, const struct purposes *p)
{
    bool ca =
        X509_check_ca(c->x509) != 0 &&
        (X509_get_extension_flags(c->x509) & EXFLAG_KUSAGE ? has_usage(c, KU_KEY_CERT_SIGN) : true);
    bool flagged = (X509_get_extension_flags(c->x509) & EXFLAG_CA) != 0;
    if (p->platform)
        c->kind = EK_CERTIFICATE_PLATFORM;
    else if (p->ak)
        c->kind = EK_CERTIFICATE_AK;
    else if ((ca || flagged) && !c->tpm_present)
        c->kind = EK_CERTIFICATE_CA;
    else if (p->ek || (!p->present && (c->tpm_present || only_encrypts(c))))
        c->kind = EK_CERTIFICATE_EK;
    if (c->kind != EK_CERTIFICATE_EK)
        return;
    if (flagged)
        c->oddities |= EK_ODDITY_CA_FLAG;
    if (!p->ek)
        c->oddities |= EK_ODDITY_MISSING_EKU;
    if (c->key && EVP_PKEY_is_a(c->key, "EC") && has_usage(c, KU_KEY_ENCIPHERMENT) &&
        !has_usage(c, KU_KEY_AGREEMENT))
        c->oddities |= EK_ODDITY_ECC_ENCIPHERMENT;
}

static bool
read_time(const ASN1_TIME *t, int64_t *out)
{
    int days = 0;
    int seconds = 0;
    CLEANUP(free_time) ASN1_TIME *epoch = ASN1_TIME_new();
    if (!epoch || ASN1_TIME_set_string(epoch, "19700101000000Z") != 1 ||
        ASN1_TIME_diff(&days, &seconds, epoch, t) != 1)
        return false;
    *out = (int64_t)days * DAY_S + seconds;
    return true;
}

bool
ek_certificate_read_time(struct bytes generalized, int64_t *out)
{
    char text[sizeof "YYYYMMDDHHMMSSZ"];
    CLEANUP(free_time) ASN1_TIME *t = ASN1_TIME_new();
    *out = 0;
    if (generalized.size != sizeof text - 1 || !t)
        return false;
    (void)text_escape(generalized, text, sizeof text);
    return ASN1_TIME_set_string(t, text) == 1 && read_time(t, out);
}

const char *
ek_certificate_read_fields(struct ek_certificate *c)
{
    struct purposes purposes = {0};
    uint32_t flags = X509_get_extension_flags(c->x509);
    if (flags & EXFLAG_INVALID)
        return "extensions";
    if (!(flags & EXFLAG_KUSAGE))
        c->oddities |= EK_ODDITY_NO_KEY_USAGE;
    if (!read_time(X509_get0_notBefore(c->x509), &c->not_before_s) ||
        !read_time(X509_get0_notAfter(c->x509), &c->not_after_s))
        return "dates";
    if (!read_tpm(c))
        return "subjectAltName";
    if (!read_purposes(c->x509, &purposes))
        return "extKeyUsage";
    judge_kind(c, &purposes);
    return NULL;
}

bool
ek_certificate_usage_fits(const struct ek_certificate *c)
{
    if (c->oddities & EK_ODDITY_NO_KEY_USAGE)
        return true;
    if (c->key && EVP_PKEY_is_a(c->key, "EC"))
        return has_usage(c, KU_KEY_AGREEMENT | KU_KEY_ENCIPHERMENT);
    return has_usage(c, KU_KEY_ENCIPHERMENT);
}
