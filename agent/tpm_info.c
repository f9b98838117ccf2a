/* SPDX-License-Identifier: Apache-2.0 */
/* from: an open TPM; to: what it says of itself, and its PCRs; never: believes any of it. */
#include "agent/tpm_esys.h"
#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

#define CLAUSE        "tpm"
#define PCRS_PER_READ 8u /* TPML_DIGEST has that many, TPM2 P2 10.9.3 */

/* One property; 0 when the TPM has not got it. */
static enum status
get_property(struct tpm *t, uint32_t property, uint32_t *out, struct diag *diag)
{
    TPMI_YES_NO more = 0;
    CLEANUP(tpm_esys_freep) TPMS_CAPABILITY_DATA *data = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    *out = 0;
    do
        rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                TPM2_CAP_TPM_PROPERTIES, property, 1, &more, &data);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "read a property", diag);
    if (s != STATUS_OK)
        return s;
    const TPML_TAGGED_TPM_PROPERTY *list = &data->data.tpmProperties;
    if (list->count > 0 && list->tpmProperty[0].property == property)
        *out = list->tpmProperty[0].value;
    return STATUS_OK;
}

/* Four characters of a text property; what is not printable becomes a blank, NULs end it. */
static void
put_characters(uint32_t value, char out[static 5])
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)(value >> (24 - 8 * i));
        out[i] = (char)(c == 0 || (c >= 0x20 && c < 0x7F) ? c : ' ');
    }
    out[4] = '\0';
}

struct properties {
    uint32_t manufacturer, vendor[4], firmware[2], family, revision;
    uint32_t permanent, lockout_counter, lockout_limit;
};

static enum status
get_properties(struct tpm *t, struct properties *p, struct diag *diag)
{
    const struct {
        uint32_t property;
        uint32_t *value;
    } wanted[] = {
        {TPM2_PT_MANUFACTURER, &p->manufacturer},
        {TPM2_PT_VENDOR_STRING_1, &p->vendor[0]},
        {TPM2_PT_VENDOR_STRING_2, &p->vendor[1]},
        {TPM2_PT_VENDOR_STRING_3, &p->vendor[2]},
        {TPM2_PT_VENDOR_STRING_4, &p->vendor[3]},
        {TPM2_PT_FIRMWARE_VERSION_1, &p->firmware[0]},
        {TPM2_PT_FIRMWARE_VERSION_2, &p->firmware[1]},
        {TPM2_PT_FAMILY_INDICATOR, &p->family},
        {TPM2_PT_REVISION, &p->revision},
        {TPM2_PT_PERMANENT, &p->permanent},
        {TPM2_PT_LOCKOUT_COUNTER, &p->lockout_counter},
        {TPM2_PT_MAX_AUTH_FAIL, &p->lockout_limit},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        enum status s = get_property(t, wanted[i].property, wanted[i].value, diag);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

enum status
tpm_info_get(struct tpm *t, struct tpm_info *out, struct diag *diag)
{
    struct properties p = {0};
    *out = (struct tpm_info){0};
    enum status s = get_properties(t, &p, diag);
    if (s != STATUS_OK)
        return s;
    put_characters(p.manufacturer, out->manufacturer);
    for (size_t i = 0; i < 4; i++) {
        char part[5];
        put_characters(p.vendor[i], part);
        memcpy(out->model + strlen(out->model), part, strlen(part) + 1);
    }
    put_characters(p.family, out->family);
    out->firmware_version = ((uint64_t)p.firmware[0] << 32) | p.firmware[1];
    /* TPM_PT_REVISION is the revision times 100. [TPM2 P2 6.13] */
    (void)snprintf(out->revision, sizeof out->revision, "%u.%02u", p.revision / 100,
                   p.revision % 100);
    out->in_lockout = (p.permanent & TPMA_PERMANENT_INLOCKOUT) != 0;
    out->lockout_counter = p.lockout_counter;
    out->lockout_limit = p.lockout_limit;
    return STATUS_OK;
}

static uint32_t
mask_of(const TPMS_PCR_SELECTION *s)
{
    uint32_t mask = 0;
    for (size_t i = 0; i < s->sizeofSelect && i < 3; i++)
        mask |= (uint32_t)s->pcrSelect[i] << (8 * i);
    return mask;
}

enum status
tpm_banks_get(struct tpm *t, struct selection *out, struct diag *diag)
{
    TPMI_YES_NO more = 0;
    CLEANUP(tpm_esys_freep) TPMS_CAPABILITY_DATA *data = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    *out = (struct selection){0};
    do
        rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_PCRS, 0,
                                1, &more, &data);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "read the PCR banks", diag);
    if (s != STATUS_OK)
        return s;
    const TPML_PCR_SELECTION *list = &data->data.assignedPCR;
    for (size_t i = 0; i < list->count && out->n_banks < LIMIT_BANKS; i++) {
        uint32_t mask = mask_of(&list->pcrSelections[i]);
        if (mask != 0)
            out->banks[out->n_banks++] =
                (struct selection_bank){.alg = list->pcrSelections[i].hash, .mask = mask};
    }
    return STATUS_OK;
}

/* The lowest PCRs of mask, as many as one command gives. */
static uint32_t
take_some(uint32_t mask)
{
    uint32_t some = 0;
    for (unsigned n = 0; n < PCRS_PER_READ && mask != 0; n++) {
        some |= mask & (~mask + 1);
        mask &= mask - 1;
    }
    return some;
}

/* Read up to PCRS_PER_READ PCRs of one bank. */
static enum status
read_some(struct tpm *t, uint16_t alg, uint32_t mask, struct buffer *out, struct diag *diag)
{
    TPML_PCR_SELECTION in = {.count = 1};
    in.pcrSelections[0] = (TPMS_PCR_SELECTION){.hash = alg, .sizeofSelect = 3};
    for (size_t i = 0; i < 3; i++)
        in.pcrSelections[0].pcrSelect[i] = (BYTE)(mask >> (8 * i));
    UINT32 counter = 0;
    CLEANUP(tpm_esys_freep) TPML_PCR_SELECTION *read = NULL;
    CLEANUP(tpm_esys_freep) TPML_DIGEST *values = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &in, &counter, &read,
                           &values);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "read PCRs", diag);
    if (s != STATUS_OK)
        return s;
    if (read->count != 1 || mask_of(&read->pcrSelections[0]) != mask ||
        values->count != (UINT32)__builtin_popcount(mask))
        return diag_set(diag, STATUS_UNSUPPORTED, CLAUSE, 0, "this TPM has no PCR bank %s",
                        alg_name(alg));
    for (size_t i = 0; i < values->count; i++)
        buffer_append(out, bytes_of(values->digests[i].buffer, values->digests[i].size));
    return STATUS_OK;
}

enum status
tpm_pcrs_get(struct tpm *t, const struct selection *s, struct buffer *out, struct diag *diag)
{
    for (size_t i = 0; i < s->n_banks; i++) {
        uint32_t left = s->banks[i].mask;
        while (left != 0) {
            uint32_t some = take_some(left);
            enum status status = read_some(t, s->banks[i].alg, some, out, diag);
            if (status != STATUS_OK)
                return status;
            left &= ~some;
        }
    }
    return buffer_check(out);
}
