/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The challenge's wire form: deterministic CBOR map {v, kid, logs, random, exporter, issued_ms,
 * selection} and 16 bytes of HMAC-SHA-256. Opaque to the agent but for what challenge_parse()
 * gives; only freshness.h believes one. Pure. [protocol 3]
 */
#pragma once

#include "evidence/selection.h"

#define CHALLENGE_RANDOM_SIZE 16u
#define CHALLENGE_TAG_SIZE    16u
#define CHALLENGE_VERSION     1u

struct challenge {
    char kid[17]; /* 16 lower-case hex digits of the HMAC key's identifier */
    int64_t issued_ms;
    uint8_t random[CHALLENGE_RANDOM_SIZE];
    struct selection selection;
    bool exporter_required;
    bool full_logs; /* the answer may carry whole growing logs (LIMIT_BODY_LARGE) */
};

/* The signed part, appended to out (tag not included). STATUS_INVALID, with nothing appended: a
 * challenge that challenge_parse() would refuse. STATUS_NOMEM. */
MUST_CHECK enum status challenge_encode(const struct challenge *c, struct buffer *out);
/* token = signed part || tag. Views borrow from token. STATUS_MALFORMED (also for an empty
 * selection, an untrusted or unknown bank, PCR 16 or 23), STATUS_LIMIT, STATUS_UNSUPPORTED (v). */
MUST_CHECK enum status challenge_parse(struct bytes token, struct challenge *out,
                                       struct bytes *signed_part, struct bytes *tag,
                                       struct diag *diag);
