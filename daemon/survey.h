/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A question to all stored rounds: each is opened again on threads of its own, which step back for
 * everything else on the machine, and visited. Reads only. One survey runs at a time; the last
 * ones' answers are kept in memory for who asked. Any thread. [appraisal 4]
 */
#pragma once

#include "appraise/stored_round.h"
#include "base/emit.h"
#include "daemon/access.h"

#define SURVEYS_KEPT   16u
#define SURVEY_ID_SIZE STORE_ID_SIZE

struct surveys;

MUST_CHECK enum status surveys_open(struct store *store, struct surveys **out);
/* Stops a running one after the rounds under way. Safe on NULL. */
void surveys_close(struct surveys *s);

/* One stored round of a device in the asker's scope. */
struct survey_round {
    const struct store_device *device; /* as it is now */
    const char *attestation;
    const struct stored_round *round;
};

/* What a survey asks. subject is shared by the threads and does not change; a tally is one
 * thread's. */
struct survey_kind {
    const char *collection; /* of the API: "simulations" */
    void *(*new_tally)(const void *subject);
    enum status (*visit)(const void *subject, void *tally, struct hasher *h,
                         const struct survey_round *round);
    enum status (*merge)(void *tally, const void *from);
    void (*emit)(const void *subject, void *tally, struct emit *e); /* members of "result" */
    void (*free_tally)(void *tally);
    void (*free_subject)(void *subject);
};

struct survey_options {
    const struct survey_kind *kind;
    void *subject;               /* taken over, also on failure */
    bool every_boot;             /* the last round of each boot, instead of each device's newest */
    const struct access *access; /* who asks: their scope, and theirs is the answer */
    int64_t now_s;
};

/* STATUS_BUSY: another one is running. STATUS_NOMEM, STATUS_IO, STATUS_CRYPTO. */
MUST_CHECK enum status survey_start(struct surveys *s, const struct survey_options *options,
                                    char id[static SURVEY_ID_SIZE]);
/* {"id","state":"running|done|failed","started","rounds","skipped","result":{..}|null}.
 * STATUS_NOT_FOUND: not one of this collection, or not theirs. Appends. */
MUST_CHECK enum status survey_encode(struct surveys *s, const char *collection, const char *id,
                                     const struct access *access, struct buffer *out);
