/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tpm_*.c files share: the ESYS context, how a TSS2_RC becomes a status, and release of
 * what a command leaves in the TPM. Included by tpm*.c only.
 */
#pragma once

#include "agent/tpm.h"

#include <tss2/tss2_esys.h>

struct tpm {
    TSS2_TCTI_CONTEXT *tcti;
    ESYS_CONTEXT *esys;
    struct hasher *hasher;
};

/* True when the command is to be sent again, after a wait: `do rc = ...; while (tpm_again(rc, &n))`
 * with n = 0 at first. */
bool tpm_again(TSS2_RC rc, unsigned *n_tries);

/* The status of rc; what: what was being done, in our words. */
enum status tpm_status(TSS2_RC rc, const char *what, struct diag *diag);

/* A session or object in the TPM, flushed at the end of its scope. */
struct tpm_object {
    struct tpm *tpm;
    ESYS_TR handle; /* ESYS_TR_NONE: nothing */
};
void tpm_object_flush(struct tpm_object *o);

/* Free what an Esys function gave: `CLEANUP(tpm_esys_freep) TPM2B_DIGEST *d = NULL;` */
void tpm_esys_freep(void *pointer_to_pointer);

/* A policy session that fulfils the authPolicy of EK template number which. */
MUST_CHECK enum status tpm_ek_session(struct tpm *t, size_t which, struct tpm_object *out,
                                      struct diag *diag);

/* CreatePrimary in the endorsement hierarchy. */
struct tpm_key;
MUST_CHECK enum status tpm_primary_create(struct tpm *t, const TPM2B_PUBLIC *template,
                                          const char *what, struct tpm_key *out, struct diag *diag);
