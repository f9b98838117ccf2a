/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference set from one device: one component an event, so that the same boot passes under it.
 * From a proven replay, or from a boot log that reproduces given PCR values. What it writes is a
 * proposal that a person reads before it is put: role names say what the device claims of its
 * events. Pure. [appraisal 2; attest-reference(5)]
 */
#pragma once

#include "appraise/subject.h"
#include "evidence/replay.h"

struct profile_options {
    const char *id;          /* a name */
    uint64_t version;        /* from 1 */
    const char *description; /* NULL: none */
    const char *generation;  /* NULL: none */
    uint32_t pcrs;           /* bit n: PCR n; 0: those that a boot rule covers by itself */
    bool files;              /* list the digests of the IMA list's files */
};

/* Append the JSON text to out. STATUS_NOMEM; STATUS_INVALID: id or version, or no event in those
 * PCRs. */
MUST_CHECK enum status profile_from_replay(const struct replay *replay,
                                           const struct selection *selection,
                                           const struct profile_options *options,
                                           struct buffer *out, struct diag *diag);

/* What a machine's own files hold. */
struct profile_source {
    struct bytes boot_log;
    struct bytes ima;                /* empty: none */
    const struct subject_pcrs *pcrs; /* read from the TPM; those that options name must be there */
};

/* The same from a log. STATUS_OK and nothing appended: the log is bad, or does not give the PCRs,
 * and reasons says so (log.*, ima.pcr-mismatch). STATUS_INVALID also: a PCR that is wanted is not
 * given. */
MUST_CHECK enum status profile_from_log(struct hasher *h, const struct profile_source *source,
                                        const struct profile_options *options,
                                        struct reasons *reasons, struct buffer *out,
                                        struct diag *diag);
