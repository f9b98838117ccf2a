/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round while it runs: the values that its stages hand on, each owned here and freed by
 * round_clear(). Every function is one stage of attest.c. [architecture 2]
 */
#pragma once

#include "daemon/announce.h"
#include "daemon/attest.h"
#include "daemon/device_memory.h"
#include "daemon/enrollment_json.h"
#include "daemon/replay_memory.h"

struct round {
    bool remembered; /* device, boot and ak are those that its last round left in memory */
    struct store_device device; /* without its perspectives */
    struct documents *documents;
    struct buffer decoded; /* members of a JSON body */
    struct evidence evidence;
    struct ak *ak;
    uint8_t ak_thumbprint[DIGEST_SHA256_SIZE]; /* set with ak */
    struct quote *quote;
    struct store_boot boot; /* the device's current boot record, id 0 when none */
    bool new_boot;
    bool restarted;            /* goes on with boot only if its IMA list does */
    struct buffer held_log;    /* a boot log sent by reference */
    struct buffer held_ima;    /* entries proven by earlier rounds of this boot, where needed */
    struct standing *standing; /* what they came to; NULL when it is not remembered */
    uint8_t boot_log_sha256[DIGEST_SHA256_SIZE];
    struct replay_input input;
    struct replay_kept *kept;             /* shared */
    const struct replay *replay;          /* of kept */
    struct enrollment_tpm tpm_kept;       /* what enrolment showed of its TPM */
    struct reasons tpm;                   /* what advisories say of its TPM */
    uint8_t ek_trust[DIGEST_SHA256_SIZE]; /* which roots, CRLs and advisories say so */
    struct reasons found;                 /* by replay and of the TPM: for the appraisal */
    struct subject subject;
    struct announce announce;
    struct appraisal *appraisal;
    char attestation[STORE_ID_SIZE];
    struct result *result;
    /* texts of the row */
    struct buffer appraisal_text, inputs_text, kept_evidence;
};

/* Frame, AK, quote. round->quote stays NULL for an attempt; reasons then has its reason. */
MUST_CHECK enum status round_quote(struct round *round, struct hasher *h,
                                   const struct attest_request *request, struct reasons *reasons);
/* Which boot this is, and what is held of it here. log.wanted in reasons: an attempt. */
MUST_CHECK enum status round_resolve(struct round *round, struct verifier *v, struct hasher *h,
                                     int64_t now_s, struct reasons *reasons);
/* log.wanted in reasons: an attempt, and round->replay is NULL. */
MUST_CHECK enum status round_replay(struct round *round, struct verifier *v, struct hasher *h,
                                    struct reasons *reasons);
/* A boot log sent by reference, read from the store unless it is here already. log.wanted in
 * reasons. */
MUST_CHECK enum status round_load_log(struct round *round, struct store *store,
                                      struct reasons *reasons);
/* The round begins a boot record after all; false, with log.wanted in reasons, when its IMA list
 * was not sent from its start. */
bool round_begin_boot(struct round *round, struct reasons *reasons);
/* What the appraiser is told of the device; borrows from round. */
void round_subject(const struct round *round, struct subject *out);
MUST_CHECK enum status round_appraise(struct round *round, struct hasher *h, int64_t now_s);
/* After the verdict: what the device says that its next boot will show. */
MUST_CHECK enum status round_announce(struct round *round, const struct attest_request *request);
MUST_CHECK enum status round_sign(struct round *round, const struct attest_request *request,
                                  const struct key *key);
/* The row to commit; borrows from round. */
MUST_CHECK enum status round_row(struct round *round, const struct attest_request *request,
                                 struct store_round *row);
/* After the commit: what the IMA entries came to is kept for the next round. */
void round_remember(const struct round *round, struct verifier *v, struct hasher *h);
/* Digest of a replay state: it stands for the list that led to it. */
MUST_CHECK enum status round_state_sha256(struct hasher *h, const struct replay_state *state,
                                          uint8_t out[static DIGEST_SHA256_SIZE]);
/* What the device's last round left in memory; false: nothing, so ask the store. */
bool round_memory_take(struct round *round, struct device_memory *m, const char *device_id);
/* After the commit of row: leave it to the next round. round is good for nothing but round_clear()
 * then. */
void round_memory_put(struct round *round, struct device_memory *m, const struct store_round *row);
void round_clear(struct round *round);
