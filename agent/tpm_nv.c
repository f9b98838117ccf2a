/* SPDX-License-Identifier: Apache-2.0 */
/* from: an NV index; to: its bytes; never: uses an authorisation that could lock the TPM out. */
#include "agent/tpm_esys.h"
#include "base/cleanup.h"

#define CLAUSE       "tpm"
#define CHUNK_MAX    512u /* every TPM gives as many at once, PC Client PTP 1.05 4.6 */
#define LIST_AT_ONCE 64u

/* The next indices from first on. */
static enum status
list_some(struct tpm *t, uint32_t first, TPML_HANDLE *out, bool *more, struct diag *diag)
{
    TPMI_YES_NO more_data = 0;
    CLEANUP(tpm_esys_freep) TPMS_CAPABILITY_DATA *data = NULL;
    unsigned n_tries = 0;
    TSS2_RC rc = 0;
    do
        rc = Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_CAP_HANDLES,
                                first, LIST_AT_ONCE, &more_data, &data);
    while (tpm_again(rc, &n_tries));
    enum status s = tpm_status(rc, "list NV indices", diag);
    if (s != STATUS_OK)
        return s;
    *out = data->data.handles;
    *more = more_data != 0 && out->count > 0;
    return STATUS_OK;
}

/* Append those up to last; *next moves behind what was seen. */
static enum status
take_handles(const TPML_HANDLE *handles, uint32_t last, uint32_t *next, struct tpm_nv_indices *out,
             struct diag *diag)
{
    for (size_t i = 0; i < handles->count && out->n_items < TPM_NV_MAX; i++) {
        if (handles->handle[i] < *next)
            return diag_set(diag, STATUS_TPM, CLAUSE, 0, "NV indices are not in order");
        *next = handles->handle[i] + 1;
        if (handles->handle[i] <= last)
            out->items[out->n_items++] = handles->handle[i];
    }
    return STATUS_OK;
}

enum status
tpm_nv_list(struct tpm *t, uint32_t first, uint32_t last, struct tpm_nv_indices *out,
            struct diag *diag)
{
    bool more = true;
    uint32_t next = first;
    *out = (struct tpm_nv_indices){0};
    while (more && next <= last && out->n_items < TPM_NV_MAX) {
        TPML_HANDLE handles = {0};
        enum status s = list_some(t, next, &handles, &more, diag);
        if (s == STATUS_OK)
            s = take_handles(&handles, last, &next, out, diag);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

/* Forget an index's handle: ESYS keeps it, the TPM does not. */
static void
close_index(struct tpm_object *o)
{
    if (o->handle != ESYS_TR_NONE)
        (void)Esys_TR_Close(o->tpm->esys, &o->handle);
}

/* Who may read it without any risk: its own empty authorisation when noDA, else the owner. */
static enum status
choose_reader(const TPM2B_NV_PUBLIC *public, ESYS_TR index, ESYS_TR *out, struct diag *diag)
{
    TPMA_NV attributes = public->nvPublic.attributes;
    if ((attributes & TPMA_NV_AUTHREAD) && (attributes & TPMA_NV_NO_DA))
        *out = index;
    else if (attributes & TPMA_NV_OWNERREAD)
        *out = ESYS_TR_RH_OWNER;
    else
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "NV index 0x%x can only be read with a password", public->nvPublic.nvIndex);
    return STATUS_OK;
}

static enum status
read_chunks(struct tpm *t, ESYS_TR reader, ESYS_TR index, uint16_t size, struct buffer *out,
            struct diag *diag)
{
    uint16_t offset = 0;
    while (offset < size) {
        uint16_t left = (uint16_t)(size - offset);
        CLEANUP(tpm_esys_freep) TPM2B_MAX_NV_BUFFER *data = NULL;
        unsigned n_tries = 0;
        TSS2_RC rc = 0;
        do
            rc = Esys_NV_Read(t->esys, reader, index, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                              left < CHUNK_MAX ? left : (uint16_t)CHUNK_MAX, offset, &data);
        while (tpm_again(rc, &n_tries));
        enum status s = tpm_status(rc, "read NV", diag);
        if (s != STATUS_OK)
            return s;
        if (data->size == 0 || data->size > left)
            return diag_set(diag, STATUS_TPM, CLAUSE, 0, "an NV read of a wrong size");
        buffer_append(out, bytes_of(data->buffer, data->size));
        offset = (uint16_t)(offset + data->size);
    }
    return buffer_check(out);
}

static enum status
read_index(struct tpm *t, ESYS_TR index, size_t max, struct buffer *out, struct diag *diag)
{
    CLEANUP(tpm_esys_freep) TPM2B_NV_PUBLIC *public = NULL;
    CLEANUP(tpm_esys_freep) TPM2B_NAME *name = NULL;
    TSS2_RC rc = Esys_NV_ReadPublic(t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                    &public, &name);
    enum status s = tpm_status(rc, "look at an NV index", diag);
    if (s != STATUS_OK)
        return s;
    if (public->nvPublic.dataSize > max)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "NV index 0x%x has %u bytes, more than %zu",
                        public->nvPublic.nvIndex, public->nvPublic.dataSize, max);
    ESYS_TR reader = ESYS_TR_NONE;
    s = choose_reader(public, index, &reader, diag);
    if (s != STATUS_OK)
        return s;
    return read_chunks(t, reader, index, public->nvPublic.dataSize, out, diag);
}

enum status
tpm_nv_get(struct tpm *t, uint32_t index, size_t max, struct buffer *out, struct diag *diag)
{
    CLEANUP(close_index) struct tpm_object o = {.tpm = t, .handle = ESYS_TR_NONE};
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &o.handle);
    enum status s = tpm_status(rc, "find an NV index", diag);
    return s == STATUS_OK ? read_index(t, o.handle, max, out, diag) : s;
}
