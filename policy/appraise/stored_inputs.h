/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every input of a stored round's verdict but its bytes: which documents, what the verifier knew of
 * the device, ledger and replay state before it, the challenge and its channel, what advisories
 * said, the quirk table, the program and the time. from: values; to: the JSON that the store keeps,
 * and back. A new input of appraise() gets a member here, in both directions. Pure. [appraisal 1]
 */
#pragma once

#include "appraise/announcement.h"
#include "appraise/arena.h"
#include "evidence/replay.h"

#define STORED_INPUTS_QUIRKS 1u /* of the quirk table: rises when a quirk's meaning changes */

struct stored_document {
    enum document_kind kind;
    char *id;
    uint64_t version;
    struct digest sha256;
};

struct stored_inputs {
    struct arena arena; /* of what was parsed */
    char *program;      /* "attestd 0.1.0" */
    uint64_t quirk_table;
    int64_t now_s;
    const struct documents *documents; /* in force then; NULL once parsed */
    size_t n_listed;
    struct stored_document *listed; /* the same by name, once parsed */
    struct subject subject;
    const struct announcement *announcement;  /* NULL: none */
    struct announcement announced;            /* what it points at, once parsed */
    struct subject_pcrs last_good;            /* what subject.last_good points at, once parsed */
    uint64_t device_version, ak_serial, boot; /* boot 0: a new record */
    struct bytes ak_name;
    int64_t spent_before_ms;
    struct bytes challenge; /* the token as the device sent it */
    char *origin;
    struct bytes exporter; /* empty: off */
    struct bytes ek_trust; /* SHA-256 that names the roots, CRLs and advisories in force */
    struct reasons tpm;    /* what these said of the TPM in this round */
    /* Of the replay's input all but the bytes; ima_older_size of the boot's list came before. */
    bool boot_log_present, ima_present, userspace_present, userspace_incomplete;
    bool ima_starts_over;
    uint64_t ima_older_size;
    struct replay_state state;
};

/* Appends. STATUS_NOMEM. */
MUST_CHECK enum status stored_inputs_encode(const struct stored_inputs *in, struct buffer *out);
/* stored_inputs_clear() after any status. STATUS_INVALID: a member is missing, unknown or no value
 * of its kind; diag says which. STATUS_NOMEM. */
MUST_CHECK enum status stored_inputs_parse(struct bytes json, struct stored_inputs *out,
                                           struct diag *diag);
void stored_inputs_clear(struct stored_inputs *in);
