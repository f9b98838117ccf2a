/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier remembers, as domain verbs. Written for many nodes: conditional on versions,
 * with conflict and outcome-unknown as answers, and no identifier that a later commit can overtake.
 * One implementation is linked by each engine's file (store_sqlite*.c). Every function may be
 * called from any thread. Strings in results are owned by the result and freed by its _clear().
 * Never reads the clock: times are arguments, unix s unless named _ms. [architecture 5; protocol 3,
 * 4]
 *
 * Statuses of all verbs: STATUS_STORE: refused, nothing was written. STATUS_BUSY: another node held
 * the file too long, nothing was written; try later. STATUS_NOMEM. STATUS_UNCERTAIN: whether the
 * commit took effect is unknown; the store is then closed for good and store_ready() is false.
 * STATUS_LIMIT: more asked for than LIMIT_PAGE or another limit of base/limits.h.
 */
#pragma once

#include "appraise/documents.h"
#include "appraise/subject.h"
#include "appraise/verdict.h"
#include "evidence/enrollment.h"
#include "evidence/replay.h"

#define STORE_SCHEMA       6
#define STORE_REFUSALS_MAX 10000u /* rows of enrolment refusals and attempts together */
#define STORE_ID_SIZE      40u    /* attestation, token, document identifiers as text with NUL */

struct store;

/* Open or create (mode 0600, with FILE-wal and FILE-shm beside it). location: a path for SQLite.
 * STATUS_INVALID: schema newer than ours, or not ours. STATUS_DENIED: the file or its directory may
 * not be written. STATUS_UNSUPPORTED: an engine that is not built in. STATUS_BUSY, STATUS_IO. */
MUST_CHECK enum status store_open(const char *location, struct store **out, struct diag *diag);
/* Tends, waits for running verbs, closes; safe on NULL. No verb may begin any more. A verb that a
 * disk lets hang for seconds leaves the store open: the process is about to end. */
void store_close(struct store *s);
/* Upkeep: write the notes of refusals, write the WAL back. The writer calls it between groups and
 * once a second; it may take as long as a disk does. */
void store_tend(struct store *s);
bool store_ready(struct store *s);
/* Rises with every change of documents; nodes poll it. */
MUST_CHECK enum status store_generation(struct store *s, uint64_t *out);

/* Who did it, for the audit chain: "token:ID", "device:ID", "system". */
struct store_actor {
    const char *name;
    int64_t now_s;
};

/* ---- devices ---- */

struct store_perspective {
    char name[LIMIT_NAME + 1];
    enum verdict verdict;
    int64_t since_s;
    int64_t expires_s; /* until then verdict holds */
    int64_t lapses_s;  /* from then on there is none; between the two a warning at best */
    bool trial;        /* shown, but not part of the device's verdict */
    char attestation[STORE_ID_SIZE];
};

struct store_device {
    char id[DEVICE_ID_SIZE];
    uint8_t ueid[UEID_SIZE];
    uint64_t version; /* of the row: conditional updates */
    char *name;       /* the operator's; NULL */
    struct label *labels;
    size_t n_labels;
    enum life_cycle state;
    enum genuine genuine;
    enum member_by member_by;
    uint8_t ek_sha256[DIGEST_SHA256_SIZE]; /* of the SPKI */
    struct buffer ak_public;               /* TPMT_PUBLIC of the current AK; empty while expected */
    uint64_t ak_serial;                    /* rises with each AK of this device */
    int64_t ak_since_s, enrolled_s, attested_s; /* 0: never */
    char *tpm_json;                   /* claimed TPM properties, as one JSON object; NULL */
    char *announcement_json;          /* announcement_emit()'s form; NULL: none */
    int64_t spent_ms;                 /* issue time of the last challenge spent; 0: none */
    struct subject_counters counters; /* of the last accepted round */
    uint64_t boot;                    /* current boot record; 0: none */
    size_t n_perspectives;
    struct store_perspective perspectives[LIMIT_PERSPECTIVES];
    bool last_good_present;
    struct subject_pcrs last_good; /* PCRs of the last trusted round */
};

MUST_CHECK enum status store_get_device(struct store *s, const char *id, struct store_device *out);
void store_device_clear(struct store_device *d);

struct store_device_filter {
    const char *state;   /* life cycle word or NULL */
    const char *verdict; /* worst verdict's word at now_s, or NULL */
    int64_t now_s;
    int64_t attested_before_s, attested_since_s; /* 0: any; for liveness */
    bool never_attested;
    const struct label *labels; /* all must match */
    size_t n_labels;
    const char *after; /* cursor: the last id of the page before; NULL: from the start */
    size_t limit;      /* 1 to LIMIT_PAGE */
};
struct store_device_list {
    struct store_device *items;
    size_t n_items;
    bool more;
};
MUST_CHECK enum status store_list_devices(struct store *s, const struct store_device_filter *f,
                                          struct store_device_list *out);
void store_device_list_clear(struct store_device_list *l);

/* Announce a device by the SHA-256 of its EK's SPKI (factory list). STATUS_CONFLICT: known already.
 */
MUST_CHECK enum status store_put_expected(struct store *s, const struct store_actor *who,
                                          const uint8_t ek_sha256[static DIGEST_SHA256_SIZE],
                                          const char *name, const struct label *labels,
                                          size_t n_labels);
/* Change state, name and labels at once; NULL name and SIZE_MAX labels keep. A change of state is
 * an event, device.state. STATUS_NOT_FOUND; STATUS_CONFLICT: version. */
struct store_device_change {
    const char *id;
    uint64_t version; /* as it was read, so that nothing is undone unseen; never 0 */
    enum life_cycle state;
    enum member_by member_by;
    const char *name;
    const struct label *labels;
    size_t n_labels;
    const char *reason; /* for the audit; may be NULL */
};
MUST_CHECK enum status store_change_device(struct store *s, const struct store_actor *who,
                                           const struct store_device_change *change);

/* ---- enrolment ---- */

struct store_enrollment {
    char id[DEVICE_ID_SIZE];
    uint8_t ueid[UEID_SIZE];
    const uint8_t (*eks)[DIGEST_SHA256_SIZE]; /* SPKI digests, the activated one first */
    size_t n_eks;
    const struct bytes *ek_certificates; /* DER, may be empty views; n_eks of them */
    struct bytes ak_public;
    enum genuine genuine;
    enum member_by proposed;   /* NONE: wait for approval */
    const uint8_t *join_token; /* SHA-256 of the token to spend, or NULL */
    const char *tpm_json;
    bool pending; /* state to end in when new: pending instead of enrolled */
};
enum store_enrolled { STORE_ENROLLED_NEW, STORE_ENROLLED_AGAIN, STORE_ENROLLED_NEW_AK };

/* In one transaction: spend the token, insert or update the device, retire the old AK, audit. The
 * token is spent, and gives its name and labels, only where it lets a device in (NEW); the same AK
 * again changes nothing but what the verifier found of the EK. STATUS_CONFLICT: an EK or the AK
 * belongs to another device. STATUS_NOT_FOUND: token unknown, used up, expired. STATUS_DENIED: the
 * device is revoked or decommissioned, or quarantined with another AK. STATUS_LIMIT:
 * LIMIT_PENDING_DEVICES, of which those older than LIMIT_PENDING_LIFE_S are forgotten first. */
MUST_CHECK enum status store_put_enrollment(struct store *s, const struct store_actor *who,
                                            const struct store_enrollment *e,
                                            enum store_enrolled *how);
/* Device of an EK. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_find_ek(struct store *s,
                                     const uint8_t ek_sha256[static DIGEST_SHA256_SIZE],
                                     char id[static DEVICE_ID_SIZE]);

/* Bounded, aggregated rows (who, code, hour) of what was refused before anything could be said.
 * device or ek_sha256 may be NULL; a device not known here counts as none. Never fails the caller
 * nor waits for the disk: store_tend() writes, a full table drops. */
void store_note_refusal(struct store *s, const char *address, const uint8_t *ek_sha256,
                        const char *code, int64_t now_s);
void store_note_attempt(struct store *s, const char *device, const char *address, const char *code,
                        int64_t now_s);

/* ---- boots, segments, rounds ---- */

struct store_boot {
    uint64_t id; /* 0: none */
    uint8_t boot_log_sha256[DIGEST_SHA256_SIZE];
    bool boot_log_present;
    struct replay_state state;
    uint64_t ima_size; /* bytes of all its IMA segments */
    uint32_t reset_count, restart_count;
    struct subject_pcrs pcrs;             /* of its last round; alg 0: none that carry trust */
    int64_t opened_s;                     /* when it was first seen */
    char generation[LIMIT_NAME + 1];      /* of its components; "": none has a name */
    char last_generation[LIMIT_NAME + 1]; /* of the boot before it */
};
MUST_CHECK enum status store_get_boot(struct store *s, uint64_t boot, struct store_boot *out);
/* Log bytes by content, decompressed: only logs that this device stored. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_get_log(struct store *s, const char *device,
                                     const uint8_t sha256[static DIGEST_SHA256_SIZE],
                                     struct buffer *out);
/* All IMA segments of a boot in order, concatenated. */
MUST_CHECK enum status store_get_ima(struct store *s, uint64_t boot, struct buffer *out);

/* One appraised round, everything that the verdict came from. Borrowed until the verb returns. */
struct store_round {
    const char *device;
    uint64_t version; /* of the device row that was read */
    uint64_t ak_serial;
    int64_t spent_ms; /* issue time of the challenge: must be above the stored one */
    int64_t time_s;   /* now */
    int64_t evidence_s, expires_s;
    char attestation[STORE_ID_SIZE];
    struct subject_counters counters;
    bool new_boot; /* start a boot record, else continue boot */
    uint64_t boot;
    bool boot_log_present;
    uint8_t boot_log_sha256[DIGEST_SHA256_SIZE];
    struct bytes boot_log;           /* empty when it is held already */
    struct bytes ima_segment;        /* proven entries of this round */
    struct bytes ima_rest;           /* what was sent behind them: kept, since the verdict saw it */
    struct replay_state state;       /* after this round */
    char generation[LIMIT_NAME + 1]; /* of this boot; "": as the record has it */
    char last_generation[LIMIT_NAME + 1]; /* of the boot before a new one */
    struct bytes userspace_log;
    struct bytes evidence;      /* the frame's small members as received, re-encoded without logs */
    const char *appraisal_json; /* perspectives, reasons, facts: the API's attestation document */
    const char
        *inputs_json;   /* documents, labels, ledger and replay state before, AK, versions, time */
    const char *result; /* the signed token */
    size_t n_perspectives;
    struct store_perspective perspectives[LIMIT_PERSPECTIVES];
    bool good;                     /* every perspective trusted: last_good is replaced */
    const char *announcement_json; /* what is held afterwards; NULL: nothing */
    struct subject_pcrs pcrs;      /* for the boot record and last_good */
};
/* Commit n rounds as one group, each under its own savepoint. results[i]: STATUS_OK,
 * STATUS_CONFLICT (the device's version moved: read again), STATUS_STALE (challenge spent),
 * STATUS_NOT_FOUND, STATUS_LIMIT, STATUS_NOMEM, STATUS_STORE. The return value is the commit's:
 * unless STATUS_OK, no round of the group counts. STATUS_CONFLICT is also a boot log by reference
 * that is not held any more. A perspective whose verdict changed is an event, device.verdict, where
 * one on trial counts as none; its since_s is kept while the verdict is. */
MUST_CHECK enum status store_put_rounds(struct store *s, const struct store_round *const *rounds,
                                        size_t n, enum status *results);

struct store_attestation {
    char id[STORE_ID_SIZE];
    char device[DEVICE_ID_SIZE];
    int64_t time_s, evidence_s, expires_s;
    enum verdict verdict; /* worst */
    char *appraisal_json, *inputs_json, *result;
};
struct store_attestation_list {
    struct store_attestation *items; /* newest first; without the JSON texts */
    size_t n_items;
    bool more;
};
MUST_CHECK enum status store_get_attestation(struct store *s, const char *id,
                                             struct store_attestation *out);
/* The newest of a device. STATUS_NOT_FOUND. */
MUST_CHECK enum status store_get_latest(struct store *s, const char *device,
                                        struct store_attestation *out);
/* STATUS_NOT_FOUND, also when its evidence was dropped. */
MUST_CHECK enum status store_get_evidence(struct store *s, const char *attestation,
                                          struct buffer *out);
/* All that a round was appraised from, its logs whole: what stored_round_open() takes. */
struct store_kept {
    struct store_attestation attestation;
    struct buffer evidence, ak_public, boot_log, userspace_log;
    struct buffer ima; /* of its boot up to this round, and what was sent behind it */
};
/* STATUS_NOT_FOUND; STATUS_UNSUPPORTED: stored under schema 1, which did not keep all of it, or its
 * evidence was dropped. */
MUST_CHECK enum status store_get_kept(struct store *s, const char *attestation,
                                      struct store_kept *out);
void store_kept_clear(struct store_kept *k);
MUST_CHECK enum status store_list_attestations(struct store *s, const char *device,
                                               const char *before, size_t limit,
                                               struct store_attestation_list *out);
void store_attestation_clear(struct store_attestation *a);
void store_attestation_list_clear(struct store_attestation_list *l);

/* ---- retention ---- */

/* Which boots' evidence is dropped: those that ended before now_s - age_s, and those after which
 * the device began more than n_boots; 0: no such rule. A current boot is kept whole, and results
 * and what they were appraised to are kept of all. */
struct store_retention {
    int64_t now_s, age_s;
    uint64_t n_boots;
};
/* A step of it in a transaction of its own; *more: there was something to drop. */
MUST_CHECK enum status store_drop_evidence(struct store *s, const struct store_retention *rule,
                                           bool *more);
/* Put the small IMA segments that many rounds left of one boot into one; *more: there was one. */
MUST_CHECK enum status store_join_segments(struct store *s, bool *more);
