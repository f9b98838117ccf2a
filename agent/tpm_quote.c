/* SPDX-License-Identifier: Apache-2.0 */
/* from: extra data and a selection; to: a quote with the PCR values that it covers; never: hands
 * out values that are not the quote's. [TPM2 P3 18.4] */
#include "agent/tpm_esys.h"
#include "agent/tpm_key.h"
#include "base/cleanup.h"
#include "evidence/tpm_wire.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#define CLAUSE    "TPM2 P3 18.4"
#define TRIES_MAX 10u /* a booting system extends PCR 10 many times a second */

void
tpm_quote_free(struct tpm_quote *q)
{
    buffer_free(&q->attest);
    buffer_free(&q->signature);
    buffer_free(&q->pcrs);
}

static enum status
encode_selection(const struct selection *s, TPML_PCR_SELECTION *out)
{
    *out = (TPML_PCR_SELECTION){0};
    for (size_t i = 0; i < s->n_banks && i < TPM2_NUM_PCR_BANKS; i++) {
        TPMS_PCR_SELECTION *bank = &out->pcrSelections[out->count++];
        bank->hash = s->banks[i].alg;
        bank->sizeofSelect = 3;
        for (size_t j = 0; j < 3; j++)
            bank->pcrSelect[j] = (BYTE)(s->banks[i].mask >> (8 * j));
    }
    return out->count == s->n_banks ? STATUS_OK : STATUS_LIMIT;
}

static enum status
keep_quote(const TPM2B_ATTEST *attest, const TPMT_SIGNATURE *signature, struct tpm_quote *out,
           struct diag *diag)
{
    uint8_t encoded[sizeof(TPMT_SIGNATURE)];
    size_t size = 0;
    TSS2_RC rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, encoded, sizeof encoded, &size);
    enum status s = tpm_status(rc, "encode a signature", diag);
    if (s != STATUS_OK)
        return s;
    buffer_append(&out->attest, bytes_of(attest->attestationData, attest->size));
    buffer_append(&out->signature, bytes_of(encoded, size));
    s = buffer_check(&out->attest);
    return s == STATUS_OK ? buffer_check(&out->signature) : s;
}

static enum status
quote_once(const struct tpm_key *ak, struct bytes extra_data, const TPML_PCR_SELECTION *selection,
           struct tpm_quote *out, struct diag *diag)
{
    TPM2B_DATA qualifying = {.size = (UINT16)extra_data.size};
    if (extra_data.size > sizeof qualifying.buffer)
        return STATUS_LIMIT;
    memcpy(qualifying.buffer, extra_data.data, extra_data.size);
    TPMT_SIG_SCHEME of_key = {.scheme = TPM2_ALG_NULL};
    CLEANUP(tpm_esys_freep) TPM2B_ATTEST *attest = NULL;
    CLEANUP(tpm_esys_freep) TPMT_SIGNATURE *signature = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_Quote(ak->tpm->esys, ak->handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                        &qualifying, &of_key, selection, &attest, &signature);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "quote", diag);
    return s == STATUS_OK ? keep_quote(attest, signature, out, diag) : s;
}

/* Whether pcrs give the quoted digest. It is made with the hash of the signing scheme.
 * [TPM2 P2 10.12.1, P3 18.4] */
static enum status
check_composite(struct hasher *h, const struct tpm_quote *q, const struct tpm_attest *attest,
                bool *agree, struct diag *diag)
{
    struct tpm_signature signature = {0};
    struct digest composite = {0};
    *agree = false;
    enum status s = tpm_signature_parse(buffer_bytes(&q->signature), &signature, diag);
    if (s == STATUS_OK)
        s = digest_compute(h, signature.hash, buffer_bytes(&q->pcrs), &composite);
    if (s == STATUS_OK)
        *agree = digest_equal_bytes(&composite, attest->pcr_digest);
    return s;
}

/* One quote, and the PCRs read after it. */
static enum status
try_quote(const struct tpm_key *ak, struct bytes extra_data, const TPML_PCR_SELECTION *selection,
          struct tpm_quote *out, bool *agree, struct diag *diag)
{
    buffer_reset(&out->attest);
    buffer_reset(&out->signature);
    buffer_reset(&out->pcrs);
    enum status s = quote_once(ak, extra_data, selection, out, diag);
    if (s != STATUS_OK)
        return s;
    struct tpm_attest attest = {0};
    s = tpm_attest_parse(buffer_bytes(&out->attest), &attest, diag);
    if (s != STATUS_OK)
        return s;
    out->selection = attest.selection;
    s = tpm_pcrs_get(ak->tpm, &attest.selection, &out->pcrs, diag);
    return s == STATUS_OK ? check_composite(ak->tpm->hasher, out, &attest, agree, diag) : s;
}

enum status
tpm_quote_get(const struct tpm_key *ak, struct bytes extra_data, const struct selection *selection,
              struct tpm_quote *out, struct diag *diag)
{
    TPML_PCR_SELECTION wanted = {0};
    enum status s = encode_selection(selection, &wanted);
    bool agree = false;
    for (unsigned i = 0; s == STATUS_OK && !agree && i < TRIES_MAX; i++)
        s = try_quote(ak, extra_data, &wanted, out, &agree, diag);
    if (s == STATUS_OK && !agree)
        s = diag_set(diag, STATUS_CONFLICT, CLAUSE, 0,
                     "the PCRs changed between quote and reading, %u times in a row", TRIES_MAX);
    return s;
}
