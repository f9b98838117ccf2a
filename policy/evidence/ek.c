/* SPDX-License-Identifier: Apache-2.0 */
/* from: a claimed public area; to: an EK of a standard template; never: accepts a template that a
 * vendor or a device chose. */
#include "evidence/ek.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* fixedTPM, fixedParent, sensitiveDataOrigin, adminWithPolicy, restricted, decrypt; the high range
 * adds userWithAuth. [EK Credential Profile 2.5 B.4.3, B.4.5] */
#define LOW_ATTRIBUTES  0x000300B2u
#define HIGH_ATTRIBUTES 0x000300F2u

#define POLICY_A_SHA256 "837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa"
#define POLICY_B_SHA256 "ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0"
#define POLICY_B_SHA384                                                                            \
    "b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"                             \
    "cb47ba09699646150f9fc000f3f80e12"
#define POLICY_B_SHA512                                                                            \
    "b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a4"                             \
    "29c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea"

#define RSA_EXPONENT 65537u

/* H-5 (SM2) is not supported. The tools in the field do not agree on the nameAlg of H-7: both are
 * taken, each with its own policy. [EK Credential Profile 2.5 B.4.3 to B.4.6] */
static const struct template
{
    const char *name;
    uint16_t type;
    uint16_t key_bits;
    uint16_t curve;
    uint16_t name_alg;
    uint16_t symmetric_bits;
    uint32_t attributes;
    const char *policy;
}
templates[] = {
    {"L-1", TPM_ALG_RSA, 2048, 0, ALG_SHA256, 128, LOW_ATTRIBUTES, POLICY_A_SHA256},
    {"L-2", TPM_ALG_ECC, 256, TPM_ECC_P256, ALG_SHA256, 128, LOW_ATTRIBUTES, POLICY_A_SHA256},
    {"H-1", TPM_ALG_RSA, 2048, 0, ALG_SHA256, 128, HIGH_ATTRIBUTES, POLICY_B_SHA256},
    {"H-2", TPM_ALG_ECC, 256, TPM_ECC_P256, ALG_SHA256, 128, HIGH_ATTRIBUTES, POLICY_B_SHA256},
    {"H-3", TPM_ALG_ECC, 384, TPM_ECC_P384, ALG_SHA384, 256, HIGH_ATTRIBUTES, POLICY_B_SHA384},
    {"H-4", TPM_ALG_ECC, 521, TPM_ECC_P521, ALG_SHA512, 256, HIGH_ATTRIBUTES, POLICY_B_SHA512},
    {"H-6", TPM_ALG_RSA, 3072, 0, ALG_SHA384, 256, HIGH_ATTRIBUTES, POLICY_B_SHA384},
    {"H-7", TPM_ALG_RSA, 4096, 0, ALG_SHA384, 256, HIGH_ATTRIBUTES, POLICY_B_SHA384},
    {"H-7", TPM_ALG_RSA, 4096, 0, ALG_SHA512, 256, HIGH_ATTRIBUTES, POLICY_B_SHA512},
};

struct ek {
    const struct template *template;
    EVP_PKEY *key;
    struct buffer spki;
    uint8_t sha256[DIGEST_SHA256_SIZE];
};

static bool
fits(const struct template *t, const struct tpm_public *pub)
{
    uint8_t policy[ALG_MAX_SIZE];
    size_t policy_size = strlen(t->policy) / 2;
    return pub->type == t->type && pub->key_bits == t->key_bits && pub->curve == t->curve &&
           pub->name_alg == t->name_alg && pub->attributes == t->attributes &&
           pub->symmetric == TPM_ALG_AES && pub->symmetric_bits == t->symmetric_bits &&
           pub->symmetric_mode == TPM_ALG_CFB && pub->scheme == TPM_ALG_NULL &&
           text_parse_hex_exact(t->policy, policy, policy_size) == STATUS_OK &&
           bytes_equal(pub->auth_policy, bytes_of(policy, policy_size));
}

static const struct template *
find_template(const struct tpm_public *pub)
{
    for (size_t i = 0; i < sizeof templates / sizeof templates[0]; i++) {
        if (fits(&templates[i], pub))
            return &templates[i];
    }
    return NULL;
}

/* A key that the template permits and that is weak all the same. [CVE-2017-15361] */
static bool
is_weak(const struct tpm_public *pub)
{
    return pub->type == TPM_ALG_RSA && (pub->exponent != RSA_EXPONENT || rsa_is_roca(pub->modulus));
}

/* REASON_NONE, or why the public area is no EK. */
static enum reason_code
judge(const struct tpm_public *pub, const struct template **template)
{
    *template = find_template(pub);
    if (!*template)
        return REASON_EK_TEMPLATE;
    return is_weak(pub) ? REASON_EK_WEAK : REASON_NONE;
}

static enum status
fill(struct hasher *h, const struct tpm_public *pub, struct ek *ek)
{
    enum status s = tpm_public_key(h, pub, &ek->key);
    if (s == STATUS_OK)
        s = key_spki(ek->key, &ek->spki);
    if (s == STATUS_OK)
        s = digest_sha256(h, buffer_bytes(&ek->spki), ek->sha256);
    return s;
}

/* What the peer got wrong is a reason; the rest stays a status. */
static enum status
refuse(enum status s, struct reasons *reasons)
{
    if (s == STATUS_MALFORMED || s == STATUS_UNSUPPORTED) {
        struct reason *r = reasons_add(reasons, s == STATUS_MALFORMED ? REASON_EK_MALFORMED
                                                                      : REASON_EK_UNSUPPORTED);
        reason_set_what(r, "public area");
        return STATUS_OK;
    }
    return s;
}

enum status
ek_parse(struct hasher *h, struct bytes public_area, struct ek **out, struct reasons *reasons)
{
    struct tpm_public pub;
    *out = NULL;
    enum status s = tpm_public_parse(public_area, &pub, NULL);
    if (s != STATUS_OK)
        return refuse(s, reasons);
    const struct template *template = NULL;
    enum reason_code code = judge(&pub, &template);
    if (code != REASON_NONE) {
        (void)reasons_add(reasons, code);
        return STATUS_OK;
    }
    CLEANUP(ek_freep) struct ek *ek = calloc(1, sizeof *ek);
    if (!ek)
        return STATUS_NOMEM;
    ek->template = template;
    s = fill(h, &pub, ek);
    if (s != STATUS_OK)
        return refuse(s, reasons);
    *out = ek;
    ek = NULL;
    return STATUS_OK;
}

const char *
ek_template(const struct ek *ek)
{
    return ek->template->name;
}

struct bytes
ek_spki(const struct ek *ek)
{
    return buffer_bytes(&ek->spki);
}

const uint8_t *
ek_sha256(const struct ek *ek)
{
    return ek->sha256;
}

EVP_PKEY *
ek_key(const struct ek *ek)
{
    return ek->key;
}

uint16_t
ek_name_alg(const struct ek *ek)
{
    return ek->template->name_alg;
}

uint16_t
ek_symmetric_bits(const struct ek *ek)
{
    return ek->template->symmetric_bits;
}

void
ek_free(struct ek *ek)
{
    if (!ek)
        return;
    evp_pkey_freep(&ek->key);
    buffer_free(&ek->spki);
    free(ek);
}

void
ek_freep(struct ek **ek)
{
    ek_free(*ek);
}
