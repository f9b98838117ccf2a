/* SPDX-License-Identifier: Apache-2.0 */
/* Attestations: a device's list, one with reasons and facts, its evidence, and the result for
 * relying parties. */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "daemon/device_emit.h"
#include "daemon/page.h"
#include "daemon/problem.h"
#include "daemon/result.h"
#include "daemon/route.h"

#include <string.h>

static bool
get_covered(struct request *request, struct response *response, const char *id,
            struct store_device *out)
{
    enum status s = STATUS_NOT_FOUND;
    if (enrollment_is_device_id(id))
        s = store_get_device(request->verifier->store, id, out);
    if (s == STATUS_OK && access_covers(&request->access, out))
        return true;
    problem_from_status(response, s == STATUS_OK ? STATUS_NOT_FOUND : s, NULL);
    return false;
}

static void
emit_row(struct emit *e, const struct store_attestation *a)
{
    emit_object(e);
    emit_text_member(e, "id", a->id);
    emit_time_member(e, "time", a->time_s);
    emit_time_member(e, "evidence_time", a->evidence_s);
    emit_time_member(e, "expires", a->expires_s);
    emit_text_member(e, "verdict", verdict_name(a->verdict));
    emit_end_object(e);
}

static void
list_attestations(struct request *request, struct response *response)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    size_t limit = 0;
    if (!page_limit(request, &limit)) {
        problem_set(response, 400, PROBLEM_MALFORMED, "limit is not what it must be");
        return;
    }
    if (!get_covered(request, response, request->params[0], &d))
        return;
    CLEANUP(store_attestation_list_clear) struct store_attestation_list list = {0};
    enum status s = store_list_attestations(request->verifier->store, d.id,
                                            request_query(request, "cursor"), limit, &list);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "attestations");
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++)
        emit_row(&e, &list.items[i]);
    emit_end_array(&e);
    emit_text_member(&e, "next", list.more ? list.items[list.n_items - 1].id : NULL);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

/* An attestation of a device in the caller's scope. */
static bool
load_attestation(struct request *request, struct response *response, struct store_attestation *out)
{
    enum status s = store_get_attestation(request->verifier->store, request->params[0], out);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return false;
    }
    CLEANUP(store_device_clear) struct store_device d = {0};
    return get_covered(request, response, out->device, &d);
}

/* The stored document is one object: inputs and result go in before its closing brace. */
static void
get_attestation(struct request *request, struct response *response)
{
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    if (!load_attestation(request, response, &a))
        return;
    size_t size = a.appraisal_json ? strlen(a.appraisal_json) : 0;
    if (size < 2 || a.appraisal_json[size - 1] != '}') {
        problem_from_status(response, STATUS_STORE, NULL);
        return;
    }
    buffer_append(&response->body, bytes_of(a.appraisal_json, size - 1));
    buffer_append_text(&response->body, ",\"inputs\":");
    buffer_append_text(&response->body, a.inputs_json ? a.inputs_json : "null");
    buffer_append_format(&response->body, ",\"result\":\"%s\"}", a.result ? a.result : "");
    response_json(response, buffer_check(&response->body) == STATUS_OK ? 200 : 500);
}

static void
get_evidence(struct request *request, struct response *response)
{
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    if (!load_attestation(request, response, &a))
        return;
    enum status s = store_get_evidence(request->verifier->store, a.id, &response->body);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    response->type = EVIDENCE_TYPE_CBOR;
    response->status = 200;
}

/* The logs of the current boot, as the quote proved them: what a boot profile is made from. */
static bool
load_boot(struct request *request, struct response *response, struct store_device *d,
          struct store_boot *boot)
{
    if (!get_covered(request, response, request->params[0], d))
        return false;
    enum status s = STATUS_NOT_FOUND;
    if (d->boot != 0)
        s = store_get_boot(request->verifier->store, d->boot, boot);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    return s == STATUS_OK;
}

static void
answer_log(struct response *response, enum status s)
{
    if (s != STATUS_OK) {
        buffer_reset(&response->body);
        problem_from_status(response, s, NULL);
        return;
    }
    response->type = "application/octet-stream";
    response->status = 200;
}

static void
get_boot_log(struct request *request, struct response *response)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    struct store_boot boot = {0};
    if (!load_boot(request, response, &d, &boot))
        return;
    enum status s = STATUS_NOT_FOUND;
    if (boot.boot_log_present)
        s = store_get_log(request->verifier->store, d.id, boot.boot_log_sha256, &response->body);
    answer_log(response, s);
}

static void
get_ima(struct request *request, struct response *response)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    struct store_boot boot = {0};
    if (load_boot(request, response, &d, &boot))
        answer_log(response, store_get_ima(request->verifier->store, boot.id, &response->body));
}

/* A round of a quarantined device is untrusted to everybody; one from before says what no longer
 * holds. */
static bool
is_before_quarantine(const struct store_device *d)
{
    if (d->state != LIFE_CYCLE_QUARANTINED)
        return false;
    for (size_t i = 0; i < d->n_perspectives; i++) {
        if (d->perspectives[i].verdict != VERDICT_UNTRUSTED)
            return true;
    }
    return false;
}

/* A result holds only for a device that is enrolled now, whatever its evidence said then. */
static void
get_result(struct request *request, struct response *response)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    struct result_request wanted = {
        .audience = request_query(request, "aud"),
        .nonce = request_query(request, "nonce"),
        .now_s = request_now_s(request),
        .granted = access_grants(&request->access),
    };
    if (!get_covered(request, response, request->params[0], &d))
        return;
    if (d.state != LIFE_CYCLE_ENROLLED && d.state != LIFE_CYCLE_QUARANTINED) {
        problem_set(response, 409, PROBLEM_CONFLICT, "the device is not enrolled");
        return;
    }
    if (is_before_quarantine(&d)) {
        problem_set(response, 409, PROBLEM_CONFLICT,
                    "the device was quarantined after its last result");
        return;
    }
    if (!result_negotiate(request_header(request, "Accept"), &wanted.dialect)) {
        problem_set(response, 406, PROBLEM_MEDIA_TYPE, "no dialect of results fits Accept");
        return;
    }
    CLEANUP(store_attestation_clear) struct store_attestation a = {0};
    CLEANUP(result_freep) struct result *result = NULL;
    enum status s = store_get_latest(request->verifier->store, d.id, &a);
    if (s == STATUS_OK)
        s = result_reissue(a.result, &wanted,
                           keyring_current(request->verifier->keyring, KEY_ROLE_RESULT), &result);
    if (s == STATUS_STALE)
        problem_set(response, 404, PROBLEM_NOT_FOUND, "the last result has expired");
    else if (s == STATUS_NOT_FOUND && a.result)
        problem_set(response, 404, PROBLEM_NOT_FOUND,
                    "the last result has no perspective that this token was granted");
    else if (s == STATUS_INVALID)
        problem_set(response, 400, PROBLEM_MALFORMED, "nonce is 8 to 88 printable characters");
    else if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    if (s != STATUS_OK)
        return;
    buffer_append_text(&response->body, result_token(result));
    response->type = RESULT_MEDIA_TYPE;
    response->status = 200;
}

const struct route api_attestation_routes[] = {
    {METHOD_GET, "/v1/devices/{device}/attestations", .roles = ACCESS_VIEWER,
     .handle = list_attestations},
    {METHOD_GET, "/v1/devices/{device}/result", .roles = ACCESS_VIEWER | ACCESS_RELYING_PARTY,
     .handle = get_result},
    {METHOD_GET, "/v1/devices/{device}/boot-log", .roles = ACCESS_OPERATOR | ACCESS_AUDITOR,
     .handle = get_boot_log},
    {METHOD_GET, "/v1/devices/{device}/ima", .roles = ACCESS_OPERATOR | ACCESS_AUDITOR,
     .handle = get_ima},
    {METHOD_GET, "/v1/attestations/{attestation}", .roles = ACCESS_VIEWER,
     .handle = get_attestation},
    {METHOD_GET, "/v1/attestations/{attestation}/evidence", .roles = ACCESS_AUDITOR,
     .handle = get_evidence},
};
const size_t api_attestation_n_routes =
    sizeof api_attestation_routes / sizeof *api_attestation_routes;
