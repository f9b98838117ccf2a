/* SPDX-License-Identifier: Apache-2.0 */
/* Enrolment: guard, call, reply. Public: a device has no credentials yet, its TPM is what speaks.
 * [protocol 2] */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/log.h"
#include "daemon/enroll.h"
#include "daemon/page.h"
#include "daemon/problem.h"
#include "daemon/route.h"

#include <inttypes.h>

#define PROOF_BODY 1024u

static struct enroll_caller
caller_of(const struct request *request)
{
    return (struct enroll_caller){
        .address = request->address,
        .origin = request->origin,
        .now_s = request_now_s(request),
    };
}

/* MakeCredential is a private-key holder's work asked for by anybody: few a minute each. */
static bool
begin_enrollment(struct request *request, struct response *response, size_t *body_cap)
{
    unsigned wait_s = 0;
    char text[16];
    (void)body_cap;
    if (enroll_permits(request->verifier->enroll, request->address, request->now_ms, &wait_s))
        return true;
    (void)snprintf(text, sizeof text, "%u", wait_s);
    problem_set(response, 429, PROBLEM_BUSY, "too many enrolments begin from this address");
    response_header(response, "Retry-After", text);
    return false;
}

/* A body that cannot be read is told with our words for its member, and counted. */
static void
refuse_body(struct request *request, struct response *response, enum status s,
            const struct diag *diag)
{
    const char *code = reason_code_name(REASON_ENROLL_MALFORMED);
    if (s != STATUS_MALFORMED && s != STATUS_LIMIT) {
        problem_from_status(response, s, diag);
        return;
    }
    store_note_refusal(request->verifier->store, request->address, NULL, code,
                       request_now_s(request));
    problem_set(response, problem_http_status(REASON_ENROLL_MALFORMED), code, diag->text);
}

static void
reply_offer(struct response *response, const struct enroll_offer *offer)
{
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_base64url_member(&e, "enrollment", buffer_bytes(&offer->sealed));
    emit_text_member(&e, "device", offer->device);
    emit_key(&e, "credential");
    emit_object(&e);
    emit_base64url_member(&e, "blob", buffer_bytes(&offer->credential.blob));
    emit_base64url_member(&e, "secret", buffer_bytes(&offer->credential.secret));
    emit_end_object(&e);
    emit_int_member(&e, "expires_in_s", LIMIT_ENROLL_LIFE_S);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 201 : 500);
}

static void
post_enrollment(struct request *request, struct response *response)
{
    struct diag diag = {0};
    struct enroll_caller who = caller_of(request);
    CLEANUP(enrollment_body_free) struct enrollment_body body = {0};
    CLEANUP(enroll_offer_clear) struct enroll_offer offer = {0};
    enum status s = enrollment_body_parse(request->body, &body, &diag);
    if (s != STATUS_OK) {
        refuse_body(request, response, s, &diag);
        return;
    }
    s = enroll_begin(request->verifier, request->hasher, &who, &body, &offer);
    if (s != STATUS_OK) {
        log_line(LOG_LEVEL_WARNING, "enrolment: %s", status_name(s));
        problem_from_status(response, s, NULL);
    } else if (offer.reasons.n_items > 0) {
        problem_from_reason(response, &offer.reasons.items[0]);
    } else {
        reply_offer(response, &offer);
    }
}

static const char *
activated_name(enum store_enrolled how)
{
    switch (how) {
    case STORE_ENROLLED_NEW:
        return "new";
    case STORE_ENROLLED_NEW_AK:
        return "new-ak";
    case STORE_ENROLLED_AGAIN:
        break;
    }
    return "again";
}

static void
reply_outcome(struct response *response, const struct enroll_outcome *outcome)
{
    const struct store_device *d = &outcome->device;
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "device", d->id);
    emit_base64url_member(&e, "ueid", bytes_of(d->ueid, sizeof d->ueid));
    emit_text_member(&e, "state", life_cycle_name(d->state));
    emit_text_member(&e, "genuine", genuine_name(d->genuine));
    emit_text_member(&e, "member_by", member_by_name(d->member_by));
    emit_text_member(&e, "activated", activated_name(outcome->how));
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
    const struct log_field fields[] = {
        {"ATTESTD_DEVICE", d->id},
        {"ATTESTD_STATE", life_cycle_name(d->state)},
        {"ATTESTD_MEMBER_BY", member_by_name(d->member_by)},
    };
    log_fields(LOG_LEVEL_NOTICE, "device activated", fields, sizeof fields / sizeof *fields);
}

static void
post_activation(struct request *request, struct response *response)
{
    struct diag diag = {0};
    uint8_t proof[DIGEST_SHA256_SIZE];
    struct enroll_caller who = caller_of(request);
    CLEANUP(enroll_outcome_clear) struct enroll_outcome outcome = {0};
    enum status s = enrollment_proof_parse(request->body, proof, &diag);
    if (s != STATUS_OK) {
        refuse_body(request, response, s, &diag);
        return;
    }
    s = enroll_activate(request->verifier, request->hasher, &who, request->params[0], proof,
                        &outcome);
    if (s != STATUS_OK) {
        log_line(LOG_LEVEL_WARNING, "activation: %s", status_name(s));
        problem_from_status(response, s, NULL);
    } else if (outcome.reasons.n_items > 0) {
        problem_from_reason(response, &outcome.reasons.items[0]);
    } else {
        reply_outcome(response, &outcome);
    }
}

static void
get_refusals(struct request *request, struct response *response)
{
    size_t limit = 0;
    CLEANUP(store_refusal_list_clear) struct store_refusal_list list = {0};
    if (!page_limit(request, &limit)) {
        problem_set(response, 400, PROBLEM_MALFORMED, "limit is not what it must be");
        return;
    }
    enum status s = store_list_refusals(request->verifier->store, NULL, limit, &list);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "refusals");
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++) {
        const struct store_refusal *r = &list.items[i];
        emit_object(&e);
        emit_time_member(&e, "hour", r->hour_s);
        emit_text_member(&e, "address", r->address);
        emit_text_member(&e, "ek_sha256", r->ek_sha256[0] ? r->ek_sha256 : NULL);
        emit_text_member(&e, "code", r->code);
        emit_text_member(&e, "sentence", reason_code_sentence(reason_code_parse(r->code)));
        emit_uint_member(&e, "count", r->count);
        emit_end_object(&e);
    }
    emit_end_array(&e);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

const struct route api_enrollment_routes[] = {
    {.method = METHOD_POST,
     .pattern = "/v1/enrollments",
     .roles = ACCESS_PUBLIC,
     .body_cap = LIMIT_ENROLL_BODY,
     .body_type = "application/json",
     .begin = begin_enrollment,
     .handle = post_enrollment},
    {.method = METHOD_POST,
     .pattern = "/v1/enrollments/{enrollment}/activation",
     .roles = ACCESS_PUBLIC,
     .body_cap = PROOF_BODY,
     .body_type = "application/json",
     .handle = post_activation,
     .one_at_a_time = true},
    {.method = METHOD_GET,
     .pattern = "/v1/enrollment-refusals",
     .roles = ACCESS_OPERATOR,
     .handle = get_refusals},
};
const size_t api_enrollment_n_routes = sizeof api_enrollment_routes / sizeof *api_enrollment_routes;
