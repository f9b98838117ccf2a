/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a committed round leaves in memory of its device, so that the next one need not ask the
 * store for it, nor parse its AK again. Bounded. Who takes a device from here has it alone; nobody
 * relies on it but a round whose commit is conditional on its version: any other outcome is worth
 * nothing, and the round runs again on what the store says. Any thread. [architecture 4; protocol
 * 3, 4]
 */
#pragma once

#include "daemon/enrollment_json.h"
#include "daemon/store.h"
#include "evidence/ak.h"

struct device_memory;

struct device_remembered {
    struct store_device device; /* as store_get_device() gives it, but without its perspectives */
    struct store_boot boot;     /* as store_get_boot() gives the current one */
    struct enrollment_tpm tpm;  /* as enrollment_tpm_parse() gives it from device.tpm_json */
    struct ak *ak;              /* as ak_parse() gives it from device.ak_public */
    uint8_t ak_thumbprint[DIGEST_SHA256_SIZE]; /* SHA-256 of its SPKI */
};

/* For at most n_devices, rounded up; 0: the default of 4096, some 10 KiB each. STATUS_NOMEM. */
MUST_CHECK enum status device_memory_new(size_t n_devices, struct device_memory **out);
/* The device, which is then the caller's and no longer here; false: not here. m may be NULL. */
bool device_memory_take(struct device_memory *m, const char *id, struct device_remembered *out);
/* Move what *r owns here, in the place of an older one of it, or of the one of those nearby that
 * was put first. *r is then empty. m may be NULL: it is freed. */
void device_memory_put(struct device_memory *m, struct device_remembered *r);
void device_remembered_clear(struct device_remembered *r);
size_t device_memory_count(struct device_memory *m);
void device_memory_free(struct device_memory *m);
