/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reference sets and policies are made from: one boot of one machine, with the PCR values that
 * show it.
 */
#pragma once

#include "appraise/subject.h"
#include "ctl/report.h"

struct material {
    struct hasher *h;
    struct buffer boot_log;
    struct buffer ima;        /* empty: none */
    struct subject_pcrs pcrs; /* without boot phases that no log holds */
    struct reasons reasons;
};

void material_clear(struct material *m);
/* All of a device's last attestation: logs and values of one round. EXIT_YES, or the exit code; the
 * person was told. material_clear() after any. */
MUST_CHECK int material_from_device(struct context *c, const char *device, struct material *m);
/* A boot log's file, with the files of --ima and --pcrs. Without --pcrs the values are those that
 * the logs give, and the person is told that no TPM was asked. STATUS_OK with reasons: the evidence
 * is bad. Else the file or option. */
MUST_CHECK enum status material_from_log(const struct context *c, const char *path,
                                         struct material *m, struct diag *diag);
