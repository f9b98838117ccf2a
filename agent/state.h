/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent remembers between rounds: who it is to the verifier, what the verifier holds of
 * its logs, and how the last round went. Losing it is harmless: the device's name follows from its
 * EK, the logs are sent whole again. Kept as state.json, mode 0600, in state.directory.
 */
#pragma once

#include "agent/collect.h"
#include "agent/outcome.h"

#define STATE_ORIGIN_SIZE 300u
#define STATE_NAME_SIZE   66u /* an AK Name: be16 and up to 64 bytes */

struct state_round {
    int64_t started_s;
    int64_t ended_s;
    struct outcome outcome;
    uint64_t n_failures; /* in a row */
    int64_t next_s;      /* planned; 0: none */
};

struct state {
    /* Of the enrolment; device is "" when it is not known. */
    char device[DEVICE_ID_SIZE];
    char origin[STATE_ORIGIN_SIZE];
    uint8_t ak_name[STATE_NAME_SIZE];
    size_t ak_name_size;
    char enrolled[REPLY_WORD_SIZE]; /* "enrolled", "pending" */
    char genuine[REPLY_WORD_SIZE];
    char member_by[REPLY_WORD_SIZE];
    int64_t enrolled_s;
    /* What the verifier holds of the boot that kernel and TPM name so. */
    char boot_id[COLLECT_BOOT_ID_SIZE];
    uint64_t reset_count;
    bool has_boot_log;
    uint8_t boot_log[DIGEST_SHA256_SIZE];
    uint64_t ima_entries;
    uint64_t ima_size; /* bytes of those entries */
    /* The last round, and the last verdict, which may be of an earlier one. */
    struct state_round round;
    struct reply_verdict *verdict; /* NULL: none yet; its result is not kept here */
    int64_t verdict_s;
    bool kept; /* state.json was written like this; itself not in it */
};

/* Load from directory. No file, or one that cannot be understood, gives the zero value and
 * STATUS_OK, with *lost set when there was one. STATUS_DENIED, STATUS_IO, STATUS_NOMEM. */
MUST_CHECK enum status state_load(const char *directory, struct state *out, bool *lost,
                                  struct diag *diag);
/* STATUS_IO, STATUS_DENIED, STATUS_NOT_FOUND (no such directory), STATUS_NOMEM. */
MUST_CHECK enum status state_save(const char *directory, const struct state *s, struct diag *diag);
/* Keep a signed result beside it, result.jwt, for whoever asks this device for one. */
MUST_CHECK enum status state_save_result(const char *directory, struct bytes result,
                                         struct diag *diag);
void state_free(struct state *s);

/* Forget what the verifier holds, as after a reboot. */
void state_forget_logs(struct state *s);

/* The kept form. STATUS_MALFORMED. */
MUST_CHECK enum status state_encode(const struct state *s, struct buffer *out);
MUST_CHECK enum status state_parse(struct bytes in, struct state *out, struct diag *diag);
