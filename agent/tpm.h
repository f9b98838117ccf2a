/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The TPM, over a TCTI of our choosing: open and close, what it is, its PCRs and its NV. With
 * tpm_key.h the agent's only user of ESYS; bytes and base types go in and out. Every command waits
 * for a TPM that says RETRY, YIELDED or TESTING, within limits. One thread at a time.
 *
 * Statuses of every function here: STATUS_NOT_FOUND (no TPM, or no such index), STATUS_DENIED (not
 * permitted), STATUS_BUSY (somebody else has it, or it is testing itself), STATUS_UNSUPPORTED (this
 * TPM has no such algorithm), STATUS_TPM (any other error of the TPM or of the way to it),
 * STATUS_NOMEM. diag->text says what to do.
 */
#pragma once

#include "base/bytes.h"
#include "base/digest.h"
#include "evidence/selection.h"

struct tpm;

/* tcti: "device:/dev/tpmrm0", "swtpm:host=H,port=P" or "swtpm:path=P"; STATUS_INVALID for any
 * other: a TCTI is code that is loaded, so the set is closed. */
MUST_CHECK enum status tpm_open(const char *tcti, struct tpm **out, struct diag *diag);
/* Let go of it. Objects and sessions are flushed by their own release before. */
void tpm_close(struct tpm *t);
void tpm_closep(struct tpm **t);

/* Its own word about itself. Texts have no control characters. [TPM2 P2 6.13] */
struct tpm_info {
    char manufacturer[5];
    char model[17];
    uint64_t firmware_version;
    char family[5];    /* "2.0" */
    char revision[16]; /* "1.64" */
    bool in_lockout;
    uint32_t lockout_counter;
    uint32_t lockout_limit; /* authorisation failures until lock-out */
};
MUST_CHECK enum status tpm_info_get(struct tpm *t, struct tpm_info *out, struct diag *diag);

/* The allocated banks, each with its PCRs; banks of no PCR are left out. */
MUST_CHECK enum status tpm_banks_get(struct tpm *t, struct selection *out, struct diag *diag);

/* Values of the selected PCRs, in its order, appended one after the other. STATUS_UNSUPPORTED: a
 * bank is not allocated. Read in several commands: only a quote says that they are of one moment.
 */
MUST_CHECK enum status tpm_pcrs_get(struct tpm *t, const struct selection *s, struct buffer *out,
                                    struct diag *diag);

#define TPM_NV_MAX 256u

struct tpm_nv_indices {
    size_t n_items;
    uint32_t items[TPM_NV_MAX];
};

/* NV indices in [first, last], ascending, the first TPM_NV_MAX of them. */
MUST_CHECK enum status tpm_nv_list(struct tpm *t, uint32_t first, uint32_t last,
                                   struct tpm_nv_indices *out, struct diag *diag);
/* The whole content of an index, appended, with the empty authorisation: the index's own where it
 * cannot lock the TPM out, else the owner's. STATUS_LIMIT above max bytes. */
MUST_CHECK enum status tpm_nv_get(struct tpm *t, uint32_t index, size_t max, struct buffer *out,
                                  struct diag *diag);
