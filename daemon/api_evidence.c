/* SPDX-License-Identifier: Apache-2.0 */
/* Challenges and evidence: guard, call, reply. Authenticated by the device's TPM. [protocol 3] */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/attest.h"
#include "daemon/challenge_json.h"
#include "daemon/problem.h"
#include "daemon/route.h"

#include <openssl/crypto.h>
#include <string.h>

#define CHALLENGE_HEADER "Attestation-Challenge"

/* ---- challenges ---- */

static enum status
issue(struct request *request, const char *device, bool full_logs, struct buffer *token)
{
    struct verifier *v = request->verifier;
    struct freshness_key keys[2];
    struct documents *documents = snapshot_get(v->snapshot);
    struct challenge c = {
        .issued_ms = request->now_ms,
        .selection = *documents_selection(documents),
        .exporter_required = v->exporter_required,
        .full_logs = full_logs,
    };
    documents_unref(documents);
    enum status s = digest_random(c.random, sizeof c.random);
    if (s == STATUS_OK)
        s = keyring_challenge_keys(v->keyring, request->now_ms, keys);
    if (s == STATUS_OK)
        s = freshness_issue(&keys[0], device, &c, token);
    OPENSSL_cleanse(keys, sizeof keys);
    return s;
}

static void
post_challenge(struct request *request, struct response *response)
{
    bool full_logs = false;
    struct diag diag = {0};
    if (!enrollment_is_device_id(request->params[0])) {
        problem_set(response, 400, PROBLEM_MALFORMED, "the device id is 32 lower-case hex digits");
        return;
    }
    enum status s = challenge_request_parse(request->body, &full_logs, &diag);
    CLEANUP(buffer_free) struct buffer token = {0};
    if (s == STATUS_OK)
        s = issue(request, request->params[0], full_logs, &token);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_base64url_member(&e, "challenge", buffer_bytes(&token));
    emit_int_member(&e, "expires_in_s", LIMIT_CHALLENGE_LIFE_S);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 201 : 500);
}

/* ---- evidence ---- */

/* Of no device: nobody has shown to be one. The note waits for no disk. */
static void
refuse(struct request *request, struct response *response, enum reason_code code)
{
    struct reason reason = {.code = code};
    store_note_attempt(request->verifier->store, NULL, request->address, reason_code_name(code),
                       request_now_s(request));
    problem_from_reason(response, &reason);
}

/* The header's HMAC, age and device, before the first body byte is taken. */
static bool
begin_evidence(struct request *request, struct response *response, size_t *body_cap)
{
    const char *header = request_header(request, CHALLENGE_HEADER);
    if (!header) {
        refuse(request, response, REASON_CHALLENGE_MISSING);
        return false;
    }
    if (!request_has_type(request, EVIDENCE_TYPE_CBOR) &&
        !request_has_type(request, EVIDENCE_TYPE_JSON)) {
        refuse(request, response, REASON_EVIDENCE_MEDIA_TYPE);
        return false;
    }
    CLEANUP(buffer_free) struct buffer token = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct freshness_key keys[2];
    struct freshness_context context = {
        .device_id = request->params[0],
        .origin = request->origin,
        .exporter = bytes_of(request->exporter, request->exporter_present ? 32 : 0),
        .now_ms = request->now_ms,
    };
    enum status s = STATUS_MALFORMED;
    if (strlen(header) <= 2 * LIMIT_CHALLENGE)
        s = text_parse_base64url(bytes_of_text(header), &token);
    if (s == STATUS_OK)
        s = keyring_challenge_keys(request->verifier->keyring, request->now_ms, keys);
    if (s == STATUS_OK)
        s = freshness_verify(keys, 2, buffer_bytes(&token), &context, &request->freshness,
                             &reasons);
    OPENSSL_cleanse(keys, sizeof keys);
    if (s == STATUS_OK && request->freshness) {
        if (freshness_challenge(request->freshness)->full_logs)
            *body_cap = LIMIT_BODY_LARGE;
        return true;
    }
    if (s == STATUS_OK || s == STATUS_MALFORMED)
        refuse(request, response,
               reasons.n_items > 0 ? reasons.items[0].code : REASON_CHALLENGE_MALFORMED);
    else
        problem_from_status(response, s, NULL);
    return false;
}

/* A spent or superseded challenge is answered with a fresh one, so that nothing is lost. */
static void
answer_attempt(struct request *request, struct response *response,
               const struct attest_answer *answer)
{
    const struct reason bare = {.code = answer->attempt};
    const struct reason *reason = reasons_find(&answer->reasons, answer->attempt);
    const char *device = answer->attempt == REASON_DEVICE_UNKNOWN ? NULL : request->params[0];
    store_note_attempt(request->verifier->store, device, request->address,
                       reason_code_name(answer->attempt), request_now_s(request));
    problem_from_reason(response, reason ? reason : &bare);
    if (answer->attempt != REASON_CHALLENGE_SPENT &&
        answer->attempt != REASON_CHALLENGE_SUPERSEDED && answer->attempt != REASON_LOG_WANTED)
        return;
    CLEANUP(buffer_free) struct buffer token = {0};
    bool full = answer->attempt == REASON_LOG_WANTED;
    if (issue(request, request->params[0], full, &token) == STATUS_OK)
        problem_add_challenge(response, buffer_bytes(&token));
}

static void
log_verdict(const struct request *request, const struct attest_answer *answer)
{
    const struct log_field fields[] = {
        {"ATTESTD_DEVICE", request->params[0]},
        {"ATTESTD_VERDICT", verdict_name(answer->verdict)},
        {"ATTESTD_ATTESTATION", answer->attestation},
    };
    log_fields(LOG_LEVEL_INFO, "verdict", fields, sizeof fields / sizeof *fields);
}

static void
answer_round(struct request *request, struct response *response, struct attest_answer *answer)
{
    char location[64];
    if (answer->announcement_refused != REASON_NONE)
        store_note_attempt(request->verifier->store, request->params[0], request->address,
                           reason_code_name(answer->announcement_refused), request_now_s(request));
    (void)snprintf(location, sizeof location, "/v1/attestations/%s", answer->attestation);
    response_header(response, "Location", location);
    const char *accept = request_header(request, "Accept");
    if (accept && text_starts(accept, RESULT_MEDIA_TYPE)) {
        buffer_append_text(&response->body, answer->token);
        response->type = RESULT_MEDIA_TYPE;
        response->status = 201;
    } else {
        buffer_append(&response->body, buffer_bytes(&answer->body));
        response_json(response, 201);
    }
    log_verdict(request, answer);
}

static bool
help(void *request)
{
    struct request *r = request;
    return r->help(r);
}

static void
post_evidence(struct request *request, struct response *response)
{
    const struct writer_meanwhile meanwhile = {
        .run = help, .context = request, .bell = request->bell};
    struct attest_request round = {
        .meanwhile = request->bell ? &meanwhile : NULL,
        .device_id = request->params[0],
        .body = request->body,
        .json = request_has_type(request, EVIDENCE_TYPE_JSON),
        .freshness = request->freshness,
        .origin = request->origin,
        .now_ms = request->now_ms,
    };
    if (!result_negotiate(request_header(request, "Accept"), &round.dialect)) {
        problem_set(response, 406, PROBLEM_MEDIA_TYPE, "no dialect of results fits Accept");
        return;
    }
    CLEANUP(attest_answer_clear) struct attest_answer answer = {0};
    enum status s = attest_round(request->verifier, request->hasher, &round, &answer);
    if (s != STATUS_OK) {
        log_line(LOG_LEVEL_WARNING, "round of %s: %s", request->params[0], status_name(s));
        problem_from_status(response, s, NULL);
    } else if (answer.attempt != REASON_NONE) {
        answer_attempt(request, response, &answer);
    } else {
        answer_round(request, response, &answer);
    }
}

const struct route api_evidence_routes[] = {
    {.method = METHOD_POST,
     .pattern = "/v1/devices/{device}/challenges",
     .roles = ACCESS_DEVICE,
     .body_cap = 1024,
     .handle = post_challenge,
     .at_once = true},
    {.method = METHOD_POST,
     .pattern = "/v1/devices/{device}/evidence",
     .roles = ACCESS_DEVICE,
     .body_cap = LIMIT_BODY_SMALL,
     .begin = begin_evidence,
     .handle = post_evidence,
     .nests = true,
     .one_at_a_time = true},
};
const size_t api_evidence_n_routes = sizeof api_evidence_routes / sizeof *api_evidence_routes;
