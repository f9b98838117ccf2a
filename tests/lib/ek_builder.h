/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An EK with its private half, and the certificates of a maker's CA around it, for tests, fuzzers
 * and benchmarks: honest by default, each field to be made wrong. Ends the program when anything
 * fails. Never part of an installed program.
 */
#pragma once

#include "base/digest.h"
#include "evidence/tpm_wire.h"

#include <openssl/types.h>

#define EK_BUILDER_NOW_S INT64_C(1893456000) /* 2030-01-01: all certificates are valid then */

/* What a certificate says. ek_builder_spec_*() give honest ones. Texts: NULL leaves it out. */
struct ek_builder_spec {
    const char *subject; /* CN; NULL: an empty subject */
    int64_t not_before_s, not_after_s;
    long serial;
    const char *basic_constraints; /* as openssl x509v3_config(5) writes them */
    const char *key_usage;
    const char *extended_usage;
    const char *manufacturer; /* "id:53544D20" */
    const char *model, *version;
    bool one_rdn;     /* the three attributes in one RDN */
    bool twice;       /* the model twice */
    const char *oaep; /* any text: SPKI algorithm RSAES-OAEP */
    int critical_nid; /* a critical extension of this kind without meaning; 0: none */
    bool sha1;        /* signed with SHA-1 */
};

struct ek_builder_ca {
    EVP_PKEY *key;
    X509 *x509;
    struct buffer der;
};

struct ek_builder {
    const char *template; /* "L-1", ... */
    EVP_PKEY *ek;         /* with its private key */
    struct ek_builder_ca root, intermediate;
    uint32_t attributes; /* of the public area */
};

/* Two of one template have CAs of the same names and of other keys. */
struct ek_builder *ek_builder_new(const char *template);
void ek_builder_free(struct ek_builder *b);
void ek_builder_freep(struct ek_builder **b);

/* TPMT_PUBLIC of the EK, appended. */
void ek_builder_public(const struct ek_builder *b, struct buffer *out);
struct ek_builder_spec ek_builder_spec_ek(const struct ek_builder *b);
struct ek_builder_spec ek_builder_spec_ca(const char *subject);
/* The EK's certificate by the intermediate, or by issuer when not NULL; DER appended. */
void ek_builder_certificate(const struct ek_builder *b, const struct ek_builder_spec *spec,
                            const struct ek_builder_ca *issuer, struct buffer *out);
/* A CA by issuer, or by itself when NULL; for ek_builder_ca_clear(). */
void ek_builder_ca_init(struct ek_builder_ca *ca, const struct ek_builder_spec *spec,
                        const struct ek_builder_ca *issuer);
void ek_builder_ca_clear(struct ek_builder_ca *ca);
/* A CRL of ca; revoked: a serial number, 0 for none. DER appended. */
void ek_builder_crl(const struct ek_builder_ca *ca, long revoked, int64_t next_update_s,
                    struct buffer *out);
/* TPM2_ActivateCredential by this EK for the key of that Name: false when the blob's integrity does
 * not hold, else the credential is appended. blob and secret with their sizes. */
bool ek_builder_activate(const struct ek_builder *b, struct bytes blob, struct bytes secret,
                         struct bytes name, struct buffer *out);
/* der as PEM with this label, appended. */
void ek_builder_pem(const char *label, struct bytes der, struct buffer *out);
