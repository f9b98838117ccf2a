/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What U-Boot measures when it boots one configuration of a FIT (flat image tree) with its measured
 * boot: the kernel as it lies in the file in PCR 8, the ramdisk in PCR 9; and the boot arguments in
 * PCR 1. The device tree is changed before it is measured, so no file gives its digest. Hashes that
 * the FIT holds are checked, signatures are not. Hostile input: read through libfdt after its whole
 * check. Pure. [U-Boot boot/bootm.c bootm_measure(); FIT source file format]
 */
#pragma once

#include "image/measurement.h"

#define FIT_PCR_ARGUMENTS 1u
#define FIT_PCR_KERNEL    8u
#define FIT_PCR_RAMDISK   9u

struct fit_found {
    char configuration[MEASUREMENT_NAME_SIZE]; /* escaped */
    bool device_tree;                          /* the configuration names one */
    bool loadables;                            /* and others, which U-Boot does not measure */
};

/* Append what configuration (NULL: the default one) measures. STATUS_MALFORMED: no FIT, a node or
 * data is missing or outside the file, a hash is not that of its data; STATUS_NOT_FOUND: no such
 * configuration; STATUS_UNSUPPORTED: a ramdisk that U-Boot unpacks first; STATUS_NOMEM,
 * STATUS_CRYPTO. */
MUST_CHECK enum status fit_measure(struct hasher *h, struct bytes file, const char *configuration,
                                   struct measurements *out, struct fit_found *found,
                                   struct diag *diag);
/* Append the measurement of the boot arguments: the text with its NUL. */
MUST_CHECK enum status fit_measure_arguments(struct hasher *h, const char *arguments,
                                             struct measurements *out);
