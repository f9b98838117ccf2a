/* SPDX-License-Identifier: Apache-2.0 */
/* from: a credential made for this TPM's EK and our AK; to: its secret; never: lets the secret
 * cross the bus in clear. [TPM2 P1 24, P3 12.5] */
#include "agent/tpm_esys.h"
#include "agent/tpm_key.h"
#include "base/cleanup.h"
#include "base/reader.h"

#include <string.h>

#define CLAUSE "TPM2 P3 12.5"

/* An HMAC session salted with key, whose answers are encrypted. [TPM2 P1 19.6.7, 21] */
static enum status
start_salted(struct tpm *t, ESYS_TR key, struct tpm_object *out, struct diag *diag)
{
    *out = (struct tpm_object){.tpm = t, .handle = ESYS_TR_NONE};
    TPMT_SYM_DEF aes = {
        .algorithm = TPM2_ALG_AES,
        .keyBits.aes = 128,
        .mode.aes = TPM2_ALG_CFB,
    };
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_StartAuthSession(t->esys, key, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                   ESYS_TR_NONE, NULL, TPM2_SE_HMAC, &aes, TPM2_ALG_SHA256,
                                   &out->handle);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "start a salted session", diag);
    if (s != STATUS_OK) {
        out->handle = ESYS_TR_NONE;
        return s;
    }
    TPMA_SESSION attributes = TPMA_SESSION_ENCRYPT | TPMA_SESSION_CONTINUESESSION;
    return tpm_status(Esys_TRSess_SetAttributes(t->esys, out->handle, attributes, 0xFF),
                      "encrypt a session", diag);
}

/* Take one TPM2B that fills in whole into out of max bytes; its size, 0 when it does not. */
static uint16_t
take_tpm2b(struct bytes in, uint8_t *out, size_t max)
{
    struct reader r = reader_of(in);
    struct bytes content = reader_tpm2b(&r, max);
    if (reader_end(&r, CLAUSE, NULL) != STATUS_OK || content.size == 0)
        return 0;
    memcpy(out, content.data, content.size);
    return (uint16_t)content.size;
}

struct sessions {
    ESYS_TR policy;
    ESYS_TR salted;
};

static enum status
activate(const struct tpm_key *ek, const struct tpm_key *ak, const struct sessions *with,
         const struct tpm_credential *made, struct buffer *secret, struct diag *diag)
{
    TPM2B_ID_OBJECT blob = {0};
    TPM2B_ENCRYPTED_SECRET seed = {0};
    blob.size = take_tpm2b(made->blob, blob.credential, sizeof blob.credential);
    seed.size = take_tpm2b(made->seed, seed.secret, sizeof seed.secret);
    if (blob.size == 0 || seed.size == 0)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the credential is not one");
    CLEANUP(tpm_esys_freep) TPM2B_DIGEST *info = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_ActivateCredential(ek->tpm->esys, ak->handle, ek->handle, ESYS_TR_PASSWORD,
                                     with->policy, with->salted, &blob, &seed, &info);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "activate the credential", diag);
    if (s != STATUS_OK)
        return s;
    buffer_append(secret, bytes_of(info->buffer, info->size));
    explicit_bzero(info->buffer, info->size);
    return buffer_check(secret);
}

enum status
tpm_activate(const struct tpm_key *ek, size_t which, const struct tpm_key *ak,
             const struct tpm_credential *made, struct buffer *secret, struct diag *diag)
{
    CLEANUP(tpm_object_flush) struct tpm_object salted = {.handle = ESYS_TR_NONE};
    CLEANUP(tpm_object_flush) struct tpm_object policy = {.handle = ESYS_TR_NONE};
    enum status s = start_salted(ek->tpm, ek->handle, &salted, diag);
    if (s == STATUS_OK)
        s = tpm_ek_session(ek->tpm, which, &policy, diag);
    if (s != STATUS_OK)
        return s;
    struct sessions with = {.policy = policy.handle, .salted = salted.handle};
    return activate(ek, ak, &with, made, secret, diag);
}
