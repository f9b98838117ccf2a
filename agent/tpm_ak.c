/* SPDX-License-Identifier: Apache-2.0 */
/* from: an algorithm and a counter; to: the attestation key that they name in this TPM; never:
 * keeps anything outside the TPM's own seed. [protocol 1] */
#include "agent/tpm_esys.h"
#include "agent/tpm_key.h"

#include <string.h>

#define AK_LABEL    "attestd ak 1" /* with the counter: what makes the key ours, in unique */
#define AK_RSA_BITS 2048u
#define AK_ECC_SIZE 32u

#define AK_ATTRIBUTES                                                                              \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |            \
     TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |                        \
     TPMA_OBJECT_SIGN_ENCRYPT)

/* label || be32 counter, zeros after. */
static void
put_unique(uint32_t counter, uint8_t *out)
{
    static const char label[] = AK_LABEL;
    size_t size = sizeof label - 1;
    memcpy(out, label, size);
    for (unsigned i = 0; i < 4; i++)
        out[size + i] = (uint8_t)(counter >> (24 - 8 * i));
}

static void
fill_p256(uint32_t counter, TPMT_PUBLIC *out)
{
    out->type = TPM2_ALG_ECC;
    out->parameters.eccDetail = (TPMS_ECC_PARMS){
        .symmetric.algorithm = TPM2_ALG_NULL,
        .scheme = {.scheme = TPM2_ALG_ECDSA, .details.ecdsa.hashAlg = TPM2_ALG_SHA256},
        .curveID = TPM2_ECC_NIST_P256,
        .kdf.scheme = TPM2_ALG_NULL,
    };
    out->unique.ecc.x.size = AK_ECC_SIZE;
    out->unique.ecc.y.size = AK_ECC_SIZE;
    put_unique(counter, out->unique.ecc.x.buffer);
}

static void
fill_rsa2048(uint32_t counter, TPMT_PUBLIC *out)
{
    out->type = TPM2_ALG_RSA;
    out->parameters.rsaDetail = (TPMS_RSA_PARMS){
        .symmetric.algorithm = TPM2_ALG_NULL,
        .scheme = {.scheme = TPM2_ALG_RSASSA, .details.rsassa.hashAlg = TPM2_ALG_SHA256},
        .keyBits = AK_RSA_BITS,
    };
    out->unique.rsa.size = AK_RSA_BITS / 8;
    put_unique(counter, out->unique.rsa.buffer);
}

enum status
tpm_ak_create(struct tpm *t, enum tpm_ak_algorithm algorithm, uint32_t counter, struct tpm_key *out,
              struct diag *diag)
{
    TPM2B_PUBLIC template = {0};
    template.publicArea.nameAlg = TPM2_ALG_SHA256;
    template.publicArea.objectAttributes = AK_ATTRIBUTES;
    if (algorithm == TPM_AK_RSA2048)
        fill_rsa2048(counter, &template.publicArea);
    else
        fill_p256(counter, &template.publicArea);
    return tpm_primary_create(t, &template, "make the attestation key", out, diag);
}
