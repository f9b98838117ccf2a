/* SPDX-License-Identifier: Apache-2.0 */
/* from: a template; to: a loaded primary key with its public area; never: leaves one behind. */
#include "agent/tpm_key.h"

#include "agent/tpm_esys.h"
#include "base/cleanup.h"

#include <tss2/tss2_mu.h>

void
tpm_key_close(struct tpm_key *key)
{
    if (key->tpm)
        tpm_object_flush(&(struct tpm_object){.tpm = key->tpm, .handle = key->handle});
    buffer_free(&key->public_area);
    *key = (struct tpm_key){0};
}

static enum status
keep_public(const TPM2B_PUBLIC *public, struct buffer *out, struct diag *diag)
{
    uint8_t area[sizeof(TPMT_PUBLIC)];
    size_t size = 0;
    TSS2_RC rc = Tss2_MU_TPMT_PUBLIC_Marshal(&public->publicArea, area, sizeof area, &size);
    enum status s = tpm_status(rc, "encode a public area", diag);
    if (s != STATUS_OK)
        return s;
    buffer_append(out, bytes_of(area, size));
    return buffer_check(out);
}

enum status
tpm_primary_create(struct tpm *t, const TPM2B_PUBLIC *template, const char *what,
                   struct tpm_key *out, struct diag *diag)
{
    *out = (struct tpm_key){0};
    TPM2B_SENSITIVE_CREATE sensitive = {0};
    TPM2B_DATA outside = {0};
    TPML_PCR_SELECTION creation_pcrs = {0};
    ESYS_TR handle = ESYS_TR_NONE;
    CLEANUP(tpm_esys_freep) TPM2B_PUBLIC *public = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_CreatePrimary(t->esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, &sensitive, template, &outside, &creation_pcrs,
                                &handle, &public, NULL, NULL, NULL);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, what, diag);
    if (s != STATUS_OK)
        return s;
    *out = (struct tpm_key){.tpm = t, .handle = handle};
    s = keep_public(public, &out->public_area, diag);
    if (s != STATUS_OK)
        tpm_key_close(out);
    return s;
}
