/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This device while it enrols or attests: its TPM with the attestation key loaded. Opened for one
 * piece of work and closed after it, so that nothing stays in the TPM between rounds.
 */
#pragma once

#include "agent/settings.h"
#include "agent/tpm_key.h"
#include "evidence/enrollment.h"

struct device {
    struct hasher *hasher;
    struct tpm *tpm;
    struct tpm_key ak;
    struct buffer ak_name;
};

/* Statuses as tpm.h. device_close() is safe after any of them. */
MUST_CHECK enum status device_open(const struct settings *s, struct device *out, struct diag *diag);
void device_close(struct device *d);

/* The name that the verifier gave, or will give, this device: from the EK that it enrols with. */
MUST_CHECK enum status device_id(struct device *d, const char *ek_algorithm,
                                 char out[static DEVICE_ID_SIZE], struct diag *diag);
