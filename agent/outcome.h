/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an enrolment or a round ended: in a word for programs, a sentence for people and the exit
 * code of the process. Statuses say how an operation failed; an outcome says what that means here.
 * Pure.
 */
#pragma once

#include "agent/reply.h"

enum outcome_kind {
    OUTCOME_NONE = 0,    /* not tried */
    OUTCOME_DONE,        /* enrolled */
    OUTCOME_TRUSTED,     /* the verifier judged: trusted */
    OUTCOME_NOT_TRUSTED, /* the verifier judged, otherwise */
    OUTCOME_REFUSED,     /* the verifier refused what was sent: nothing was judged */
    OUTCOME_FAILED,      /* this device could not do its part */
    OUTCOME_USAGE,       /* the configuration is wrong */
    OUTCOME_UNAVAILABLE, /* the verifier cannot be reached, or is not the right one */
    OUTCOME_LATER,       /* verifier or TPM busy, or an operator must approve */
    OUTCOME_DENIED, /* this process may not use the TPM or a file, or the device not the verifier */
    OUTCOME_COUNT
};

#define OUTCOME_MESSAGE_SIZE 320u

struct outcome {
    enum outcome_kind kind;
    char code[REPLY_CODE_SIZE]; /* the verifier's reason code, or "" */
    char message[OUTCOME_MESSAGE_SIZE];
    int64_t retry_after_s; /* asked for by the verifier; 0: not */
    bool enroll_helps;     /* the verifier does not know this device, or not with this key */
};

/* "trusted", "refused", ...; OUTCOME_NONE for an unknown name. */
const char *outcome_name(enum outcome_kind kind);
enum outcome_kind outcome_parse(const char *name);
/* 0 yes, 1 no evidence or refused, 2 configuration, 3 not trusted, 69 verifier unavailable, 75 try
 * later, 77 not permitted. [architecture 8] */
int outcome_exit_code(enum outcome_kind kind);

void outcome_set(struct outcome *o, enum outcome_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* A status of this device's own work, or of the exchange with the verifier. */
void outcome_of_device(struct outcome *o, const char *what, enum status s, const struct diag *diag);
void outcome_of_exchange(struct outcome *o, const char *what, enum status s,
                         const struct diag *diag);
/* An HTTP status that is not the wanted one, with its problem: what it means and what to do. */
void outcome_of_problem(struct outcome *o, unsigned http_code, const struct reply_problem *problem,
                        int64_t retry_after_s);
/* What became of an announcement: taken until when, or why not. */
void outcome_of_announcement(struct outcome *o, const struct reply_verdict *v);
/* A verdict: "trusted (owner trusted)", or what the worst perspective says first. */
void outcome_of_verdict(struct outcome *o, const struct reply_verdict *v);
