/* SPDX-License-Identifier: Apache-2.0 */
/* from: settings; to: an open TPM with the attestation key; never: leaves either open. */
#include "agent/device.h"

#include "agent/ek_list.h"
#include "base/cleanup.h"
#include "evidence/tpm_wire.h"

static enum status
name_ak(struct device *d, struct diag *diag)
{
    struct tpm_public public = {0};
    enum status s = tpm_public_parse(buffer_bytes(&d->ak.public_area), &public, diag);
    return s == STATUS_OK ? tpm_name(d->hasher, &public, &d->ak_name) : s;
}

enum status
device_open(const struct settings *settings, struct device *out, struct diag *diag)
{
    *out = (struct device){0};
    enum status s = hasher_new(&out->hasher);
    if (s == STATUS_OK)
        s = tpm_open(settings->tcti, &out->tpm, diag);
    if (s == STATUS_OK)
        s = tpm_ak_create(out->tpm, settings->ak_algorithm, settings->ak_counter, &out->ak, diag);
    return s == STATUS_OK ? name_ak(out, diag) : s;
}

void
device_close(struct device *d)
{
    buffer_free(&d->ak_name);
    tpm_key_close(&d->ak);
    tpm_close(d->tpm);
    hasher_free(d->hasher);
    *d = (struct device){0};
}

enum status
device_id(struct device *d, const char *ek_algorithm, char out[static DEVICE_ID_SIZE],
          struct diag *diag)
{
    CLEANUP(ek_list_free) struct ek_list eks = {0};
    enum status s = ek_list_load(d->tpm, ek_algorithm, &eks, diag);
    if (s != STATUS_OK)
        return s;
    return enrollment_device_id(d->hasher, buffer_bytes(&eks.items[0].spki), out);
}
