/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One certificate as a TPM, a vendor or an operator gives it: read, its TPM attributes taken out,
 * and what is odd about it named. Read is not believed: ek_chain.h does that. Certificates from the
 * field break their profile in known ways; each is an oddity with a name, and anything else that is
 * wrong is refused. Pure. [EK Credential Profile 2.5 3; RFC 5280; RFC 5755; threats 17]
 */
#pragma once

#include "base/digest.h"
#include "evidence/reason.h"
#include "evidence/tpm_kind.h"

#include <openssl/types.h>

enum ek_certificate_kind {
    EK_CERTIFICATE_OTHER = 0, /* none of these: a signing key's, a server's */
    EK_CERTIFICATE_EK,        /* says it is an EK's, by EKU or by TPM attributes and key usage */
    EK_CERTIFICATE_AK,        /* EKU 2.23.133.8.3 */
    EK_CERTIFICATE_CA,
    EK_CERTIFICATE_PLATFORM /* an attribute certificate, or EKU 2.23.133.8.2 */
};

/* Bits of oddities. An empty subject and a critical subjectAltName are the profile, no oddity. */
#define EK_ODDITY_HEADER           (1u << 0) /* a TCG header before the DER */
#define EK_ODDITY_PADDING          (1u << 1) /* bytes behind the DER */
#define EK_ODDITY_OAEP_KEY         (1u << 2) /* SPKI says RSAES-OAEP instead of rsaEncryption */
#define EK_ODDITY_CA_FLAG          (1u << 3) /* an EK's certificate that calls itself a CA's */
#define EK_ODDITY_NO_KEY_USAGE     (1u << 4)
#define EK_ODDITY_MISSING_EKU      (1u << 5) /* accepted only where policy names it */
#define EK_ODDITY_ECC_ENCIPHERMENT (1u << 6) /* keyEncipherment for an ECC key; likewise */
/* Those that are accepted without being named by policy. */
#define EK_ODDITIES_ACCEPTED                                                                       \
    (EK_ODDITY_HEADER | EK_ODDITY_PADDING | EK_ODDITY_OAEP_KEY | EK_ODDITY_CA_FLAG |               \
     EK_ODDITY_NO_KEY_USAGE)

#define EK_CERTIFICATE_TEXT 192u

/* Owned; views into it live as long. */
struct ek_certificate {
    enum ek_certificate_kind kind;
    uint32_t oddities;
    struct buffer der;                  /* without header and padding */
    uint8_t sha256[DIGEST_SHA256_SIZE]; /* of der */
    X509 *x509;                         /* NULL for an attribute certificate */
    EVP_PKEY *key;                      /* likewise, and for a key that is not supported */
    struct buffer spki;                 /* of key, normalised */
    bool tpm_present;                   /* the three TPM attributes were found */
    uint32_t manufacturer;              /* TPM_PT_MANUFACTURER */
    char model[64], version[64];        /* escaped */
    int64_t not_before_s, not_after_s;
    char subject[EK_CERTIFICATE_TEXT]; /* escaped, for people */
    char issuer[EK_CERTIFICATE_TEXT];
    char serial[48];              /* hex */
    struct ek_platform *platform; /* of a platform certificate; else NULL */
};

/* What a platform certificate names, by its maker's word. All escaped, "" where absent. */
struct ek_platform {
    bool attribute_certificate; /* else X.509 */
    char manufacturer[64], model[64], version[64], serial[64];
    char holder_issuer[EK_CERTIFICATE_TEXT]; /* of the EK certificate of the machine's TPM */
    char holder_serial[80];                  /* hex */
};

/* What lies behind a TCG header, and EK_ODDITY_HEADER added to oddities; all of in without one. */
struct bytes ek_certificate_body(struct bytes in, uint32_t *oddities);
/* From DER or a dump of an NV index that begins with it, at most LIMIT_CERT. What cannot be read:
 * *out is NULL, STATUS_OK, and reasons has ek.malformed. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status ek_certificate_parse(struct hasher *h, struct bytes in,
                                            struct ek_certificate **out, struct reasons *reasons);
/* From a file's bytes: DER as above, or the first PEM block. */
MUST_CHECK enum status ek_certificate_parse_file(struct hasher *h, struct bytes in,
                                                 struct ek_certificate **out,
                                                 struct reasons *reasons);
/* May it stand for an EK: kind, extended and plain key usage, TPM attributes, and every oddity of
 * it accepted or in permitted. False adds ek.usage, with what is wrong. */
bool ek_certificate_check(const struct ek_certificate *c, uint32_t permitted,
                          struct reasons *reasons);
/* The key is the one with this SubjectPublicKeyInfo. False adds ek.certificate-key. */
bool ek_certificate_check_key(const struct ek_certificate *c, struct bytes ek_spki,
                              struct reasons *reasons);
/* A name as one escaped line. */
void ek_certificate_name(const X509_NAME *name, char out[static EK_CERTIFICATE_TEXT]);
void ek_certificate_free(struct ek_certificate *c);
void ek_certificate_freep(struct ek_certificate **c);

/* "ek", "ak", "ca", "platform", "other". */
const char *ek_certificate_kind_name(enum ek_certificate_kind kind);
/* "header", "padding", "oaep-key", "ca-flag", "no-key-usage", "missing-eku", "ecc-encipherment" of
 * one bit; the parser gives 0 when unknown. */
const char *ek_oddity_name(uint32_t oddity);
uint32_t ek_oddity_parse(const char *name);
