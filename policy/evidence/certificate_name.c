/* SPDX-License-Identifier: Apache-2.0 */
/* from: a DER certificate; to: its subject's common name; never: believes a length that does not
 * fit. */
#include "evidence/certificate_name.h"

#include "evidence/der.h"

#define DER_SET  0x31u
#define DER_OID  0x06u
#define RDNS_MAX 32u

static const uint8_t common_name[] = {0x55, 0x04, 0x03}; /* 2.5.4.3 */

/* Enter a constructed element of this tag. */
static struct reader
enter(struct reader *r, uint8_t wanted)
{
    uint8_t tag = 0;
    struct bytes content = der_next(r, &tag);
    struct reader inner = reader_of(content);
    if (r->failed || tag != wanted)
        reader_fail(&inner);
    return inner;
}

/* RelativeDistinguishedName with one attribute; a common name's value. */
static struct bytes
read_rdn(struct reader *rdn)
{
    struct reader attribute = enter(rdn, DER_SEQUENCE);
    uint8_t tag = 0;
    struct bytes oid = der_next(&attribute, &tag);
    bool is_name = tag == DER_OID && bytes_equal(oid, bytes_of(common_name, sizeof common_name));
    struct bytes value = der_next(&attribute, &tag);
    return is_name && !attribute.failed ? value : (struct bytes){0};
}

struct bytes
certificate_name(struct bytes der)
{
    struct reader outer = reader_of(der);
    struct reader certificate = enter(&outer, DER_SEQUENCE);
    struct reader tbs = enter(&certificate, DER_SEQUENCE);
    uint8_t tag = 0;
    (void)der_next(&tbs, &tag);
    if (tag == DER_CONTEXT) /* version, then the serial number */
        (void)der_next(&tbs, &tag);
    for (unsigned i = 0; i < 3; i++) /* signature, issuer, validity */
        (void)der_next(&tbs, &tag);
    struct reader subject = enter(&tbs, DER_SEQUENCE);
    struct bytes name = {0};
    for (unsigned i = 0; i < RDNS_MAX && reader_left(&subject) > 0; i++) {
        struct reader rdn = enter(&subject, DER_SET);
        struct bytes found = read_rdn(&rdn);
        if (found.size > 0)
            name = found;
    }
    return subject.failed ? (struct bytes){0} : name;
}
