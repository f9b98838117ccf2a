/* SPDX-License-Identifier: Apache-2.0 */
/* from: a status or a reason; to: an RFC 9457 body; never: echoes what the peer sent. */
#include "daemon/problem.h"

#include "base/emit.h"
#include "base/text.h"

#define TYPE_PREFIX "tag:attestd.example,2026:problem:"
#define BUSY_AFTER  "5"

static const struct {
    const char *code;
    const char *title;
} titles[] = {
    {PROBLEM_MALFORMED, "the request is not well-formed"},
    {PROBLEM_MEDIA_TYPE, "the body's media type is not accepted here"},
    {PROBLEM_TOO_LARGE, "the body is larger than permitted"},
    {PROBLEM_NOT_FOUND, "there is no such thing"},
    {PROBLEM_METHOD, "the method is not defined for this resource"},
    {PROBLEM_UNAUTHENTICATED, "credentials are missing, unknown or expired"},
    {PROBLEM_FORBIDDEN, "the credentials do not permit this"},
    {PROBLEM_CONFLICT, "the resource is not in a state that permits this"},
    {PROBLEM_PRECONDITION, "the resource has changed since it was read"},
    {PROBLEM_BUSY, "too much is going on; try again later"},
    {PROBLEM_UNAVAILABLE, "the verifier cannot answer now"},
    {PROBLEM_ORIGIN, "the Host is not an origin of this verifier"},
    {PROBLEM_DOCUMENT, "the document breaks a rule"},
};

static const char *
title_of(const char *code)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++) {
        if (text_equal(code, titles[i].code))
            return titles[i].title;
    }
    enum reason_code reason = reason_code_parse(code);
    return reason == REASON_NONE ? "the request was refused" : reason_code_sentence(reason);
}

void
problem_set(struct response *r, unsigned http_status, const char *code, const char *detail)
{
    buffer_reset(&r->body);
    struct emit e = emit_of(&r->body);
    char type[sizeof TYPE_PREFIX + LIMIT_NAME] = "";
    (void)snprintf(type, sizeof type, "%s%s", TYPE_PREFIX, code);
    emit_object(&e);
    emit_text_member(&e, "type", type);
    emit_text_member(&e, "title", title_of(code));
    emit_uint_member(&e, "status", http_status);
    if (detail && detail[0] != '\0')
        emit_text_member(&e, "detail", detail);
    emit_text_member(&e, "code", code);
    emit_end_object(&e);
    r->status = emit_check(&e) == STATUS_OK ? http_status : 500;
    r->type = "application/problem+json";
    if (http_status == 503)
        response_header(r, "Retry-After", BUSY_AFTER);
    if (http_status == 401)
        response_header(r, "WWW-Authenticate", "Bearer");
}

struct answer {
    unsigned http_status;
    const char *code;
};

static struct answer
answer_of(enum status status)
{
    switch (status) {
    case STATUS_MALFORMED:
        return (struct answer){400, PROBLEM_MALFORMED};
    case STATUS_LIMIT:
        return (struct answer){413, PROBLEM_TOO_LARGE};
    case STATUS_UNSUPPORTED:
        return (struct answer){422, PROBLEM_MALFORMED};
    case STATUS_INVALID:
        return (struct answer){422, PROBLEM_DOCUMENT};
    case STATUS_NOT_FOUND:
        return (struct answer){404, PROBLEM_NOT_FOUND};
    case STATUS_CONFLICT:
    case STATUS_STALE:
        return (struct answer){409, PROBLEM_CONFLICT};
    case STATUS_DENIED:
        return (struct answer){403, PROBLEM_FORBIDDEN};
    case STATUS_BUSY:
        return (struct answer){503, PROBLEM_BUSY};
    case STATUS_OK:
    case STATUS_NOMEM:
    case STATUS_IO:
    case STATUS_CRYPTO:
    case STATUS_TPM:
    case STATUS_STORE:
    case STATUS_UNCERTAIN:
        break;
    }
    return (struct answer){503, PROBLEM_UNAVAILABLE};
}

void
problem_set_scope(struct response *r)
{
    problem_set(r, 403, PROBLEM_FORBIDDEN,
                "the labels must hold those that this token is limited to");
}

void
problem_from_status(struct response *r, enum status status, const struct diag *diag)
{
    struct answer a = answer_of(status);
    problem_set(r, a.http_status, a.code, diag ? diag->text : NULL);
}

/* Codes that are not 422, the rest of the attempts: well-formed, but refused. */
static const struct {
    enum reason_code code;
    unsigned http_status;
} http_statuses[] = {
    {REASON_CHALLENGE_MISSING, 401},
    {REASON_CHALLENGE_MALFORMED, 401},
    {REASON_CHALLENGE_FOREIGN, 401},
    {REASON_CHALLENGE_EXPIRED, 401},
    {REASON_CHALLENGE_SPENT, 409},
    {REASON_CHALLENGE_SUPERSEDED, 409},
    {REASON_DEVICE_UNKNOWN, 404},
    {REASON_DEVICE_NOT_ENROLLED, 403},
    {REASON_EVIDENCE_MEDIA_TYPE, 415},
    {REASON_EVIDENCE_MALFORMED, 400},
    {REASON_EVIDENCE_MEMBER_MISSING, 400},
    {REASON_EVIDENCE_MEMBER_UNKNOWN, 400},
    {REASON_EVIDENCE_LIMIT, 413},
    {REASON_EVIDENCE_EXPORTER, 403},
    {REASON_QUOTE_MALFORMED, 400},
    {REASON_EK_MALFORMED, 400},
    {REASON_AK_MALFORMED, 400},
    {REASON_ENROLL_MALFORMED, 400},
    {REASON_EK_SAME_TPM, 409},
    {REASON_ENROLL_FULL, 503},
    {REASON_EK_CHAIN, 403},
    {REASON_EK_DATES, 403},
    {REASON_EK_REVOKED, 403},
    {REASON_EK_SOFTWARE, 403},
    {REASON_EK_ADVISORY, 403},
    {REASON_ENROLL_EXPIRED, 403},
    {REASON_ENROLL_FOREIGN, 403},
    {REASON_ENROLL_PROOF, 403},
    {REASON_ENROLL_TOKEN, 403},
    {REASON_ENROLL_NOT_MEMBER, 403},
    {REASON_ENROLL_REVOKED, 403},
};

unsigned
problem_http_status(enum reason_code code)
{
    for (size_t i = 0; i < sizeof http_statuses / sizeof *http_statuses; i++) {
        if (http_statuses[i].code == code)
            return http_statuses[i].http_status;
    }
    return 422;
}

void
problem_from_reason(struct response *r, const struct reason *reason)
{
    char detail[sizeof reason->what + 16] = "";
    if (reason->what[0] != '\0')
        (void)snprintf(detail, sizeof detail, "in: %s", reason->what);
    problem_set(r, problem_http_status(reason->code), reason_code_name(reason->code), detail);
}

/* The body ends in its one closing brace: the members go before it. */
void
problem_add_challenge(struct response *r, struct bytes token)
{
    if (r->body.size == 0 || r->body.failed)
        return;
    r->body.size--;
    buffer_append_text(&r->body, ",\"challenge\":\"");
    text_append_base64url(&r->body, token);
    buffer_append_format(&r->body, "\",\"expires_in_s\":%d}", LIMIT_CHALLENGE_LIFE_S);
}
