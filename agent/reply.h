/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the verifier answers, from JSON to values. The verifier is trusted to decide, not to send
 * well-formed or short texts: all are bounded here and escaped when shown. Pure.
 */
#pragma once

#include "base/bytes.h"
#include "base/digest.h"
#include "base/limits.h"
#include "evidence/enrollment.h"

#define REPLY_WORD_SIZE    32u /* verdicts, states */
#define REPLY_CODE_SIZE    64u
#define REPLY_TEXT_SIZE    200u
#define REPLY_REASONS      16u   /* kept a perspective; the rest are counted */
#define REPLY_PATH_ID_SIZE 4096u /* of an enrolment id, base64url */

/* An RFC 9457 problem. */
struct reply_problem {
    char code[REPLY_CODE_SIZE]; /* "challenge.spent"; "" when the body is none of ours */
    char title[REPLY_TEXT_SIZE];
    char detail[REPLY_TEXT_SIZE];
    struct buffer challenge; /* a fresh token; empty: none */
};
void reply_problem_parse(struct bytes body, struct reply_problem *out);
void reply_problem_free(struct reply_problem *p);

/* The token of a challenge. STATUS_MALFORMED. */
MUST_CHECK enum status reply_challenge_parse(struct bytes body, struct buffer *token,
                                             struct diag *diag);

struct reply_enrollment {
    char id[REPLY_PATH_ID_SIZE]; /* base64url, as it goes into the path */
    struct buffer sealed;        /* the same, decoded */
    char device[DEVICE_ID_SIZE];
    struct buffer blob;
    struct buffer seed;
};
MUST_CHECK enum status reply_enrollment_parse(struct bytes body, struct reply_enrollment *out,
                                              struct diag *diag);
void reply_enrollment_free(struct reply_enrollment *e);

struct reply_activation {
    char device[DEVICE_ID_SIZE];
    char state[REPLY_WORD_SIZE]; /* "enrolled" or "pending" */
    char genuine[REPLY_WORD_SIZE];
    char member_by[REPLY_WORD_SIZE];
    char activated[REPLY_WORD_SIZE];
};
MUST_CHECK enum status reply_activation_parse(struct bytes body, struct reply_activation *out,
                                              struct diag *diag);

struct reply_reason {
    char code[REPLY_CODE_SIZE];
    char what[REPLY_CODE_SIZE];
    char sentence[REPLY_TEXT_SIZE];
};

struct reply_perspective {
    char name[LIMIT_NAME + 1];
    char verdict[REPLY_WORD_SIZE];
    size_t n_reasons; /* told; the first REPLY_REASONS are kept */
    struct reply_reason reasons[REPLY_REASONS];
};

/* The answer to evidence. Too large for the stack. */
struct reply_verdict {
    char attestation[REPLY_CODE_SIZE];
    char verdict[REPLY_WORD_SIZE];
    char expires[REPLY_WORD_SIZE];
    size_t n_perspectives;
    struct reply_perspective perspectives[LIMIT_PERSPECTIVES];
    bool has_boot_log;
    uint8_t boot_log[DIGEST_SHA256_SIZE]; /* SHA-256 of the one that the verifier holds */
    uint64_t held_ima;
    uint64_t unattested_ima;
    struct buffer result; /* the signed token */
    /* What became of an announcement; not kept. */
    bool announced;
    bool announcement_accepted;
    char announcement_expires[REPLY_WORD_SIZE];
    struct reply_reason announcement_reason; /* the first, of a refusal */
};
MUST_CHECK enum status reply_verdict_parse(struct bytes body, struct reply_verdict *out,
                                           struct diag *diag);
/* The same form again, without the result. STATUS_NOMEM. */
MUST_CHECK enum status reply_verdict_encode(const struct reply_verdict *v, struct buffer *out);
void reply_verdict_free(struct reply_verdict *v);
