/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of a platform certificate, by which a maker names a machine and the EK certificate of
 * the TPM in it: an attribute certificate in the field, an X.509 certificate in newer profiles.
 * Read, never believed: its signature is for platform_signature.h. A part of ek_certificate.c.
 * Pure. [RFC 5755 4.1; TCG Platform Certificate Profile 1.1 3.2]
 */
#pragma once

#include "base/bytes.h"

#define PLATFORM_TEXT 64u

struct platform_certificate {
    struct bytes issuer;     /* Name, DER; empty when it has none */
    struct bytes serial;     /* the certificate's own */
    struct bytes not_before; /* GeneralizedTime */
    struct bytes not_after;
    struct bytes holder_issuer; /* Name of the EK certificate's issuer; empty when not named so */
    struct bytes holder_serial;
    char manufacturer[PLATFORM_TEXT]; /* escaped; "" where absent */
    char model[PLATFORM_TEXT];
    char version[PLATFORM_TEXT];
    char platform_serial[PLATFORM_TEXT];
};

/* AttributeCertificate: its first members are version 1 and a holder, whose members are all tagged.
 * A certificate has a tagged version there, or a serial number and an algorithm. */
bool platform_certificate_is(struct bytes der);
/* Views borrow from der. False when it is not one, whole. */
bool platform_certificate_parse(struct bytes der, struct platform_certificate *out);
/* The four texts from the content of a subjectAltName; those that it has. False when it is not
 * well-formed. Both forms of the field are read: GeneralNames, and a bare Name. */
bool platform_certificate_read_names(struct bytes subject_alt_name,
                                     struct platform_certificate *out);
