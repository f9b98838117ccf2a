/* SPDX-License-Identifier: Apache-2.0 */
/* from: the standard templates; to: endorsement keys and sessions that fulfil their policies;
 * never: authorises an EK by its empty password, which a power cut would count as a failure. [EK
 * Credential Profile 2.5 B.3, B.4] */
#include "agent/ek_policy.h"
#include "agent/tpm_esys.h"
#include "agent/tpm_key.h"
#include "base/cleanup.h"

#include <string.h>

#define EK_ATTRIBUTES                                                                              \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |            \
     TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)

#define EK_RSA_BITS 2048u

/* What tells the templates apart. */
struct recipe {
    struct tpm_ek_template public;
    uint16_t name_alg;
    uint16_t aes_bits;
    TPM2_ECC_CURVE curve; /* TPM2_ECC_NONE: RSA-2048 */
    bool high;            /* PolicyB and userWithAuth; unique is empty */
};

static const struct recipe recipes[TPM_EK_COUNT] = {
    {{"p384-h3", "p384", 0x01C00016}, ALG_SHA384, 256, TPM2_ECC_NIST_P384, true},
    {{"p256-h2", "p256", 0x01C00014}, ALG_SHA256, 128, TPM2_ECC_NIST_P256, true},
    {{"p256-l2", "p256", 0x01C0000A}, ALG_SHA256, 128, TPM2_ECC_NIST_P256, false},
    {{"rsa2048-h1", "rsa2048", 0x01C00012}, ALG_SHA256, 128, TPM2_ECC_NONE, true},
    {{"rsa2048-l1", "rsa2048", 0x01C00002}, ALG_SHA256, 128, TPM2_ECC_NONE, false},
};

const struct tpm_ek_template *
tpm_ek_template(size_t which)
{
    return which < TPM_EK_COUNT ? &recipes[which].public : NULL;
}

static TPMT_SYM_DEF_OBJECT
aes_of(uint16_t bits)
{
    return (TPMT_SYM_DEF_OBJECT){
        .algorithm = TPM2_ALG_AES,
        .keyBits.aes = bits,
        .mode.aes = TPM2_ALG_CFB,
    };
}

static void
fill_ecc(const struct recipe *r, TPMT_PUBLIC *out)
{
    out->type = TPM2_ALG_ECC;
    out->parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric = aes_of(r->aes_bits),
        .scheme.scheme = TPM2_ALG_NULL,
        .curveID = r->curve,
        .kdf.scheme = TPM2_ALG_NULL,
    };
    out->unique.ecc.x.size = r->high ? 0 : 32;
    out->unique.ecc.y.size = r->high ? 0 : 32;
}

static void
fill_rsa(const struct recipe *r, TPMT_PUBLIC *out)
{
    out->type = TPM2_ALG_RSA;
    out->parameters.rsaDetail = (TPMS_RSA_PARMS){
        .symmetric = aes_of(r->aes_bits),
        .scheme.scheme = TPM2_ALG_NULL,
        .keyBits = EK_RSA_BITS,
    };
    out->unique.rsa.size = r->high ? 0 : EK_RSA_BITS / 8;
}

static enum status
fill_template(struct tpm *t, const struct recipe *r, TPMT_PUBLIC *out)
{
    struct ek_policy policy = {0};
    enum status s = ek_policy_compute(t->hasher, r->name_alg, &policy);
    if (s != STATUS_OK)
        return s;
    const struct digest *wanted = r->high ? &policy.b : &policy.a;
    out->nameAlg = r->name_alg;
    out->objectAttributes = EK_ATTRIBUTES | (r->high ? TPMA_OBJECT_USERWITHAUTH : 0);
    out->authPolicy.size = wanted->size;
    memcpy(out->authPolicy.buffer, wanted->data, wanted->size);
    if (r->curve == TPM2_ECC_NONE)
        fill_rsa(r, out);
    else
        fill_ecc(r, out);
    return STATUS_OK;
}

enum status
tpm_ek_create(struct tpm *t, size_t which, struct tpm_key *out, struct diag *diag)
{
    *out = (struct tpm_key){0};
    if (which >= TPM_EK_COUNT)
        return STATUS_INVALID;
    TPM2B_PUBLIC template = {0};
    enum status s = fill_template(t, &recipes[which], &template.publicArea);
    if (s != STATUS_OK)
        return s;
    return tpm_primary_create(t, &template, "make the endorsement key", out, diag);
}

static enum status
fulfil_secret(struct tpm *t, ESYS_TR session, struct diag *diag)
{
    TPM2B_NONCE nonce = {0};
    TPM2B_DIGEST cp_hash = {0};
    TPM2B_NONCE policy_ref = {0};
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, session, ESYS_TR_PASSWORD,
                               ESYS_TR_NONE, ESYS_TR_NONE, &nonce, &cp_hash, &policy_ref, 0, NULL,
                               NULL);
    while (tpm_again(rc, &n_tries));
    return tpm_status(rc, "authorise the endorsement key", diag);
}

static void
put_digest(const struct digest *d, TPM2B_DIGEST *out)
{
    out->size = d->size;
    memcpy(out->buffer, d->data, d->size);
}

/* From A to B. [TPM2 P3 23.6] */
static enum status
fulfil_or(struct tpm *t, ESYS_TR session, uint16_t alg, struct diag *diag)
{
    struct ek_policy policy = {0};
    enum status s = ek_policy_compute(t->hasher, alg, &policy);
    if (s != STATUS_OK)
        return s;
    TPML_DIGEST branches = {.count = 2};
    put_digest(&policy.a, &branches.digests[0]);
    put_digest(&policy.c, &branches.digests[1]);
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_PolicyOR(t->esys, session, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &branches);
    while (tpm_again(rc, &n_tries));
    return tpm_status(rc, "authorise the endorsement key", diag);
}

enum status
tpm_ek_session(struct tpm *t, size_t which, struct tpm_object *out, struct diag *diag)
{
    *out = (struct tpm_object){.tpm = t, .handle = ESYS_TR_NONE};
    if (which >= TPM_EK_COUNT)
        return STATUS_INVALID;
    const struct recipe *r = &recipes[which];
    TPMT_SYM_DEF none = {.algorithm = TPM2_ALG_NULL};
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_StartAuthSession(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                   ESYS_TR_NONE, NULL, TPM2_SE_POLICY, &none, r->name_alg,
                                   &out->handle);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "start a policy session", diag);
    if (s != STATUS_OK) {
        out->handle = ESYS_TR_NONE;
        return s;
    }
    s = fulfil_secret(t, out->handle, diag);
    if (s == STATUS_OK && r->high)
        s = fulfil_or(t, out->handle, r->name_alg, diag);
    return s;
}
