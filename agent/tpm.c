/* SPDX-License-Identifier: Apache-2.0 */
/* from: a TCTI string; to: an ESYS context, and statuses of what it answers; never: a TCTI that is
 * not of our table. */
#include "agent/tpm_esys.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#define CLAUSE        "tpm"
#define TRIES_MAX     20u
#define TRY_DELAY_NS  (50L * 1000 * 1000)
#define FORMAT_ONE    0x80u /* TPM2 P2 6.6.2 */
#define DEVICE_PREFIX "device:"
#define SWTPM_PREFIX  "swtpm:"

/* What a TPM's answer means here. [TPM2 P2 6.6.3] */
static const struct {
    TSS2_RC rc;
    enum status status;
    const char *advice;
} answers[] = {
    {TPM2_RC_LOCKOUT, STATUS_BUSY, "the TPM is locked out; wait, or tpm2_dictionarylockout -c"},
    {TPM2_RC_RETRY, STATUS_BUSY, "the TPM is busy; try again"},
    {TPM2_RC_YIELDED, STATUS_BUSY, "the TPM is busy; try again"},
    {TPM2_RC_TESTING, STATUS_BUSY, "the TPM is testing itself; try again"},
    {TPM2_RC_OBJECT_MEMORY, STATUS_BUSY,
     "the TPM's object slots are taken by others; use device:/dev/tpmrm0"},
    {TPM2_RC_SESSION_MEMORY, STATUS_BUSY,
     "the TPM's session slots are taken by others; use device:/dev/tpmrm0"},
    {TPM2_RC_INITIALIZE, STATUS_TPM, "the firmware did not start the TPM"},
    {TPM2_RC_FAILURE, STATUS_TPM, "the TPM is in failure mode; power the machine off and on"},
    {TPM2_RC_HIERARCHY, STATUS_DENIED, "the endorsement hierarchy is disabled in the firmware"},
    {TPM2_RC_AUTH_FAIL, STATUS_DENIED, "the hierarchy has a password; the agent needs it empty"},
    {TPM2_RC_BAD_AUTH, STATUS_DENIED, "the hierarchy has a password; the agent needs it empty"},
    {TPM2_RC_POLICY_FAIL, STATUS_DENIED, "the TPM refused the key's policy"},
    {TPM2_RC_INTEGRITY, STATUS_DENIED, "the blob was made for another key"},
    {TPM2_RC_NV_UNINITIALIZED, STATUS_NOT_FOUND, "nothing was ever written there"},
    {TPM2_RC_NV_AUTHORIZATION, STATUS_DENIED, "it may not be read so"},
    {TPM2_RC_NV_LOCKED, STATUS_DENIED, "it is locked until the machine is started again"},
    {TPM2_RC_HANDLE, STATUS_NOT_FOUND, "the TPM has no such thing"},
    {TPM2_RC_ASYMMETRIC, STATUS_UNSUPPORTED, "this TPM has no such algorithm"},
    {TPM2_RC_CURVE, STATUS_UNSUPPORTED, "this TPM has no such curve"},
    {TPM2_RC_HASH, STATUS_UNSUPPORTED, "this TPM has no such hash"},
    {TPM2_RC_KEY_SIZE, STATUS_UNSUPPORTED, "this TPM has no keys of that size"},
    {TPM2_RC_SCHEME, STATUS_UNSUPPORTED, "this TPM has no such scheme"},
    {TPM2_RC_SYMMETRIC, STATUS_UNSUPPORTED, "this TPM has no such cipher"},
    {TPM2_RC_TYPE, STATUS_UNSUPPORTED, "this TPM has no such type of key"},
    {TPM2_RC_VALUE, STATUS_UNSUPPORTED, "the TPM refused a value"},
};

/* rc without its layer, and without the number of the parameter, handle or session at fault. */
static TSS2_RC
bare_code(TSS2_RC rc)
{
    TSS2_RC code = rc & ~TSS2_RC_LAYER_MASK;
    return code & FORMAT_ONE ? code & (FORMAT_ONE | 0x3Fu) : code;
}

/* Made by the TPM, the kernel's or another resource manager; not by the TSS itself. */
static bool
is_tpm_answer(TSS2_RC rc)
{
    TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    return layer == TSS2_TPM_RC_LAYER || layer == TSS2_RESMGR_TPM_RC_LAYER;
}

bool
tpm_again(TSS2_RC rc, unsigned *n_tries)
{
    if (rc == TSS2_RC_SUCCESS || !is_tpm_answer(rc))
        return false;
    TSS2_RC code = bare_code(rc);
    if (code != TPM2_RC_RETRY && code != TPM2_RC_YIELDED && code != TPM2_RC_TESTING)
        return false;
    if (++*n_tries > TRIES_MAX)
        return false;
    (void)nanosleep(&(struct timespec){.tv_nsec = TRY_DELAY_NS}, NULL);
    return true;
}

enum status
tpm_status(TSS2_RC rc, const char *what, struct diag *diag)
{
    if (rc == TSS2_RC_SUCCESS)
        return STATUS_OK;
    if ((rc & ~TSS2_RC_LAYER_MASK) == TSS2_BASE_RC_MEMORY && !is_tpm_answer(rc))
        return STATUS_NOMEM;
    for (size_t i = 0; is_tpm_answer(rc) && i < sizeof answers / sizeof answers[0]; i++) {
        if (bare_code(answers[i].rc) == bare_code(rc))
            return diag_set(diag, answers[i].status, CLAUSE, 0, "%s: %s (0x%x)", what,
                            answers[i].advice, rc);
    }
    return diag_set(diag, STATUS_TPM, CLAUSE, 0, "%s: %s (0x%x)", what, Tss2_RC_Decode(rc), rc);
}

void
tpm_object_flush(struct tpm_object *o)
{
    if (o->tpm && o->handle != ESYS_TR_NONE)
        (void)Esys_FlushContext(o->tpm->esys, o->handle);
    o->handle = ESYS_TR_NONE;
}

void
tpm_esys_freep(void *pointer_to_pointer)
{
    void **p = pointer_to_pointer;
    Esys_Free(*p);
    *p = NULL;
}

/* Say what is wrong with a device node before the TCTI says only that something is. */
static enum status
check_device(const char *path, struct diag *diag)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        return STATUS_OK;
    }
    switch (errno) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
        return diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0,
                        "%.60s: no TPM; switch it on in the firmware's setup, or set tpm.tcti",
                        path);
    case EACCES:
    case EPERM:
        return diag_set(diag, STATUS_DENIED, CLAUSE, 0,
                        "%.60s: not permitted; run as root or as a member of its group (tss)",
                        path);
    case EBUSY:
        return diag_set(diag, STATUS_BUSY, CLAUSE, 0,
                        "%.60s: another program has the TPM open; use device:/dev/tpmrm0", path);
    default:
        return diag_set(diag, STATUS_TPM, CLAUSE, 0, "%.60s: %s", path, strerror(errno));
    }
}

static enum status
check_tcti(const char *tcti, struct diag *diag)
{
    if (text_starts(tcti, DEVICE_PREFIX "/"))
        return check_device(tcti + sizeof DEVICE_PREFIX - 1, diag);
    if (text_starts(tcti, SWTPM_PREFIX "path=/") || text_starts(tcti, SWTPM_PREFIX "host="))
        return STATUS_OK;
    return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                    "tpm.tcti: neither device:/PATH nor swtpm:host=H,port=P nor swtpm:path=/PATH");
}

static enum status
open_contexts(const char *tcti, struct tpm *t, struct diag *diag)
{
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti, &t->tcti);
    if (rc != TSS2_RC_SUCCESS)
        return diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0,
                        "%.60s: no TPM answers there, or its libtss2-tcti library is missing "
                        "(0x%x)",
                        tcti, rc);
    return tpm_status(Esys_Initialize(&t->esys, t->tcti, NULL), "open", diag);
}

enum status
tpm_open(const char *tcti, struct tpm **out, struct diag *diag)
{
    *out = NULL;
    enum status s = check_tcti(tcti, diag);
    if (s != STATUS_OK)
        return s;
    if (setenv("TSS2_LOG", "all+none", 0) != 0)
        return STATUS_NOMEM;
    struct tpm *t = calloc(1, sizeof *t);
    if (!t)
        return STATUS_NOMEM;
    s = hasher_new(&t->hasher);
    if (s == STATUS_OK)
        s = open_contexts(tcti, t, diag);
    if (s != STATUS_OK) {
        tpm_close(t);
        return s;
    }
    *out = t;
    return STATUS_OK;
}

void
tpm_close(struct tpm *t)
{
    if (!t)
        return;
    if (t->esys)
        Esys_Finalize(&t->esys);
    if (t->tcti)
        Tss2_TctiLdr_Finalize(&t->tcti);
    hasher_free(t->hasher);
    free(t);
}

void
tpm_closep(struct tpm **t)
{
    tpm_close(*t);
    *t = NULL;
}
