/* SPDX-License-Identifier: Apache-2.0 */
/* from: the DER of a platform certificate; to: which machine and which TPM it names; never: says
 * that they are. */
#include "evidence/platform_certificate.h"

#include "base/text.h"
#include "evidence/der.h"

#define ATTRIBUTE_VERSION_2 1u /* AttCertVersion, RFC 5755 4.1 */
#define DER_OCTETS          0x04u
#define DER_OID             0x06u
#define DER_BOOLEAN         0x01u
#define DER_BITS            0x03u
#define DER_GENERALIZED     0x18u
#define DER_SET             0x31u
#define DIRECTORY_NAME      (DER_CONTEXT + 4u)
#define CLASS_BITS          0xC0u
#define CLASS_CONTEXT       0x80u
#define ITEMS_MAX           256u

static const uint8_t oid_subject_alt_name[] = {0x55, 0x1d, 0x11}; /* 2.5.29.17 */

/* 2.23.133.2.4 to 6 in the first profile; 2.23.133.5.1.1 to 6 from 1.0 revision 16 on. */
static const struct {
    uint8_t oid[6];
    size_t oid_size;
    size_t offset;
} names[] = {
#define FIELD(name) offsetof(struct platform_certificate, name)
    {{0x67, 0x81, 0x05, 0x02, 0x04}, 5, FIELD(manufacturer)},
    {{0x67, 0x81, 0x05, 0x02, 0x05}, 5, FIELD(model)},
    {{0x67, 0x81, 0x05, 0x02, 0x06}, 5, FIELD(version)},
    {{0x67, 0x81, 0x05, 0x05, 0x01, 0x01}, 6, FIELD(manufacturer)},
    {{0x67, 0x81, 0x05, 0x05, 0x01, 0x04}, 6, FIELD(model)},
    {{0x67, 0x81, 0x05, 0x05, 0x01, 0x05}, 6, FIELD(version)},
    {{0x67, 0x81, 0x05, 0x05, 0x01, 0x06}, 6, FIELD(platform_serial)},
#undef FIELD
};

/* The next element when it has this tag; else r fails. */
static struct bytes
take(struct reader *r, uint8_t wanted)
{
    uint8_t tag = 0;
    struct bytes content = der_next(r, &tag);
    if (tag != wanted)
        reader_fail(r);
    return r->failed ? (struct bytes){0} : content;
}

static struct reader
enter(struct reader *r, uint8_t wanted)
{
    struct reader inner = reader_of(take(r, wanted));
    if (r->failed)
        reader_fail(&inner);
    return inner;
}

static uint8_t
peek(const struct reader *r)
{
    return reader_left(r) > 0 ? r->in.data[r->offset] : 0;
}

/* The next element with its tag and length. */
static struct bytes
take_whole(struct reader *r, uint8_t wanted)
{
    size_t start = r->offset;
    (void)take(r, wanted);
    return r->failed ? (struct bytes){0} : bytes_slice(r->in, start, r->offset - start);
}

bool
platform_certificate_is(struct bytes der)
{
    uint8_t tags[5] = {0};
    struct reader r = reader_of(der);
    struct reader certificate = reader_of(der_next(&r, &tags[0]));
    struct reader info = reader_of(der_next(&certificate, &tags[1]));
    struct bytes version = der_next(&info, &tags[2]);
    struct reader holder = reader_of(der_next(&info, &tags[3]));
    (void)der_next(&holder, &tags[4]);
    return !certificate.failed && !info.failed && !holder.failed && tags[1] == DER_SEQUENCE &&
           tags[2] == DER_INTEGER && version.size == 1 && version.data[0] == ATTRIBUTE_VERSION_2 &&
           tags[3] == DER_SEQUENCE && tags[4] >= DER_CONTEXT && tags[4] <= DER_CONTEXT + 2;
}

/* AttributeTypeAndValue. The first value of each kind stands. */
static void
read_attribute(struct reader *r, struct platform_certificate *out)
{
    struct reader attribute = enter(r, DER_SEQUENCE);
    struct bytes oid = take(&attribute, DER_OID);
    uint8_t tag = 0;
    struct bytes value = der_next(&attribute, &tag);
    if (attribute.failed)
        reader_fail(r);
    for (size_t i = 0; !r->failed && i < sizeof names / sizeof names[0]; i++) {
        char *field = (char *)out + names[i].offset;
        if (bytes_equal(oid, bytes_of(names[i].oid, names[i].oid_size)) && field[0] == '\0')
            (void)text_escape(value, field, PLATFORM_TEXT);
    }
}

/* RDNSequence: each SET has one attribute or more. */
static void
read_rdns(struct reader *rdns, struct platform_certificate *out)
{
    for (size_t i = 0; i < ITEMS_MAX && reader_left(rdns) > 0 && !rdns->failed; i++) {
        struct reader rdn = enter(rdns, DER_SET);
        for (size_t k = 0; k < ITEMS_MAX && reader_left(&rdn) > 0 && !rdn.failed; k++)
            read_attribute(&rdn, out);
        if (rdn.failed)
            reader_fail(rdns);
    }
}

bool
platform_certificate_read_names(struct bytes subject_alt_name, struct platform_certificate *out)
{
    struct reader r = reader_of(subject_alt_name);
    struct reader all = enter(&r, DER_SEQUENCE);
    if (peek(&all) == DER_SET) {
        read_rdns(&all, out);
        return !all.failed;
    }
    for (size_t i = 0; i < ITEMS_MAX && reader_left(&all) > 0 && !all.failed; i++) {
        uint8_t tag = 0;
        struct reader name = reader_of(der_next(&all, &tag));
        if ((tag & CLASS_BITS) != CLASS_CONTEXT)
            reader_fail(&all);
        if (all.failed || tag != DIRECTORY_NAME)
            continue;
        struct reader rdns = enter(&name, DER_SEQUENCE);
        read_rdns(&rdns, out);
        if (name.failed || rdns.failed)
            reader_fail(&all);
    }
    return !all.failed && !r.failed;
}

/* GeneralNames: the first directoryName, or nothing. */
static struct bytes
find_name(struct bytes general_names)
{
    struct reader r = reader_of(general_names);
    for (size_t i = 0; i < ITEMS_MAX && reader_left(&r) > 0 && !r.failed; i++) {
        uint8_t tag = 0;
        struct reader name = reader_of(der_next(&r, &tag));
        if (!r.failed && tag == DIRECTORY_NAME)
            return take_whole(&name, DER_SEQUENCE);
    }
    return (struct bytes){0};
}

/* baseCertificateID is the EK certificate's issuer and serial; a holder may be named otherwise. */
static void
read_holder(struct reader *info, struct platform_certificate *out)
{
    struct reader holder = enter(info, DER_SEQUENCE);
    if (peek(&holder) != DER_CONTEXT)
        return;
    struct reader id = enter(&holder, DER_CONTEXT);
    out->holder_issuer = find_name(take(&id, DER_SEQUENCE));
    out->holder_serial = take(&id, DER_INTEGER);
    if (id.failed)
        reader_fail(info);
}

/* AttCertIssuer: v2Form, whose first member is GeneralNames; or v1Form, GeneralNames themselves. */
static void
read_issuer(struct reader *info, struct platform_certificate *out)
{
    if (peek(info) == DER_SEQUENCE) {
        out->issuer = find_name(take(info, DER_SEQUENCE));
        return;
    }
    struct reader form = enter(info, DER_CONTEXT);
    if (peek(&form) == DER_SEQUENCE)
        out->issuer = find_name(take(&form, DER_SEQUENCE));
}

static void
read_extension(struct reader *extensions, struct platform_certificate *out)
{
    struct reader e = enter(extensions, DER_SEQUENCE);
    struct bytes oid = take(&e, DER_OID);
    if (peek(&e) == DER_BOOLEAN)
        (void)take(&e, DER_BOOLEAN);
    struct bytes value = take(&e, DER_OCTETS);
    bool mine = bytes_equal(oid, bytes_of(oid_subject_alt_name, sizeof oid_subject_alt_name));
    if (e.failed || (mine && !platform_certificate_read_names(value, out)))
        reader_fail(extensions);
}

static void
read_extensions(struct reader *info, struct platform_certificate *out)
{
    if (peek(info) == DER_BITS)
        (void)take(info, DER_BITS); /* issuerUniqueID */
    if (reader_left(info) == 0)
        return;
    struct reader all = enter(info, DER_SEQUENCE);
    for (size_t i = 0; i < ITEMS_MAX && reader_left(&all) > 0 && !all.failed; i++)
        read_extension(&all, out);
    if (all.failed)
        reader_fail(info);
}

bool
platform_certificate_parse(struct bytes der, struct platform_certificate *out)
{
    *out = (struct platform_certificate){0};
    if (!platform_certificate_is(der))
        return false;
    struct reader r = reader_of(der);
    struct reader certificate = enter(&r, DER_SEQUENCE);
    struct reader info = enter(&certificate, DER_SEQUENCE);
    (void)take(&info, DER_INTEGER);
    read_holder(&info, out);
    read_issuer(&info, out);
    (void)take(&info, DER_SEQUENCE); /* signature algorithm */
    out->serial = take(&info, DER_INTEGER);
    struct reader validity = enter(&info, DER_SEQUENCE);
    out->not_before = take(&validity, DER_GENERALIZED);
    out->not_after = take(&validity, DER_GENERALIZED);
    (void)take(&info, DER_SEQUENCE); /* attributes */
    read_extensions(&info, out);
    return !info.failed && !validity.failed && !certificate.failed;
}
