/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refusals as RFC 9457 problems: one shape, a stable code, our own words. A status becomes an HTTP
 * status in one switch.
 */
#pragma once

#include "daemon/request.h"

/* The API's own codes; reason codes are used as they are. */
#define PROBLEM_MALFORMED       "request.malformed"
#define PROBLEM_MEDIA_TYPE      "request.media-type"
#define PROBLEM_TOO_LARGE       "request.too-large"
#define PROBLEM_NOT_FOUND       "request.not-found"
#define PROBLEM_METHOD          "request.method"
#define PROBLEM_UNAUTHENTICATED "request.unauthenticated"
#define PROBLEM_FORBIDDEN       "request.forbidden"
#define PROBLEM_CONFLICT        "request.conflict"
#define PROBLEM_PRECONDITION    "request.precondition"
#define PROBLEM_BUSY            "request.busy"
#define PROBLEM_UNAVAILABLE     "request.unavailable"
#define PROBLEM_ORIGIN          "request.origin"
#define PROBLEM_DOCUMENT        "document.invalid"

/* Replace the response by a problem. detail is our own text or NULL; the title is the code's
 * sentence. */
void problem_set(struct response *r, unsigned http_status, const char *code, const char *detail);
/* 403: what is asked for lies outside of the caller's own scope. */
void problem_set_scope(struct response *r);
/* From a failed operation: HTTP status and code by enum status, detail from diag (may be NULL). */
void problem_from_status(struct response *r, enum status status, const struct diag *diag);
/* From an attempt's reason: the HTTP status belongs to the code. */
void problem_from_reason(struct response *r, const struct reason *reason);
/* Add a fresh challenge to the problem that was set. */
void problem_add_challenge(struct response *r, struct bytes token);
/* HTTP status of a reason code when it is an attempt. */
unsigned problem_http_status(enum reason_code code);
