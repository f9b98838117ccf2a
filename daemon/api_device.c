/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: list, show, announce, rename, and the operator's verbs on their life cycle. */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "daemon/device_emit.h"
#include "daemon/fields_json.h"
#include "daemon/page.h"
#include "daemon/problem.h"
#include "daemon/route.h"

#include <string.h>

static void
answer_device(struct request *request, struct response *response, const struct store_device *d,
              unsigned status)
{
    char etag[32];
    (void)snprintf(etag, sizeof etag, "\"%llu\"", (unsigned long long)d->version);
    response_header(response, "ETag", etag);
    struct emit e = emit_of(&response->body);
    device_emit(&e, request->hasher, d, request_now_s(request));
    response_json(response, emit_check(&e) == STATUS_OK ? status : 500);
}

/* The device of the path, when it exists and lies in the caller's scope. */
static bool
get_covered(struct request *request, struct response *response, struct store_device *out)
{
    enum status s = STATUS_NOT_FOUND;
    if (enrollment_is_device_id(request->params[0]))
        s = store_get_device(request->verifier->store, request->params[0], out);
    if (s == STATUS_OK && access_covers(&request->access, out))
        return true;
    problem_from_status(response, s == STATUS_OK ? STATUS_NOT_FOUND : s, NULL);
    return false;
}

static void
get_device(struct request *request, struct response *response)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    if (get_covered(request, response, &d))
        answer_device(request, response, &d, 200);
}

/* ---- list ---- */

/* "key=value" of ?label=, and the caller's own scope. */
static bool
fill_labels(const struct request *request, struct label *labels, size_t *n, char *storage,
            size_t size)
{
    *n = request->access.n_labels;
    for (size_t i = 0; i < *n; i++)
        labels[i] = request->access.labels[i];
    const char *wanted = request_query(request, "label");
    if (!wanted)
        return true;
    if (*n == LIMIT_LABELS || !text_copy(storage, size, wanted))
        return false;
    char *equals = strchr(storage, '=');
    if (!equals)
        return false;
    *equals = '\0';
    labels[(*n)++] = (struct label){.key = storage, .value = equals + 1};
    return true;
}

static bool
fill_filter(const struct request *request, struct store_device_filter *f)
{
    enum life_cycle state;
    enum verdict verdict;
    f->state = request_query(request, "state");
    f->verdict = request_query(request, "verdict");
    f->after = request_query(request, "cursor");
    if ((f->state && !life_cycle_parse(f->state, &state)) ||
        (f->verdict && !verdict_parse(f->verdict, &verdict)) ||
        (f->after && !enrollment_is_device_id(f->after)))
        return false;
    return page_limit(request, &f->limit);
}

static void
list_devices(struct request *request, struct response *response)
{
    struct label labels[LIMIT_LABELS];
    char storage[512];
    struct store_device_filter f = {.labels = labels, .now_s = request_now_s(request)};
    if (!fill_filter(request, &f) ||
        !fill_labels(request, labels, &f.n_labels, storage, sizeof storage)) {
        problem_set(response, 400, PROBLEM_MALFORMED,
                    "state, verdict, label=KEY=VALUE, cursor or limit is not what it must be");
        return;
    }
    CLEANUP(store_device_list_clear) struct store_device_list list = {0};
    enum status s = store_list_devices(request->verifier->store, &f, &list);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "devices");
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++)
        device_emit(&e, request->hasher, &list.items[i], request_now_s(request));
    emit_end_array(&e);
    emit_text_member(&e, "next", list.more ? list.items[list.n_items - 1].id : NULL);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

/* ---- announce ---- */

static void
post_device(struct request *request, struct response *response)
{
    const char *ek = NULL, *name = NULL;
    struct field_labels labels = {0};
    const struct field table[] = {{"ek_sha256", FIELD_TEXT, true, &ek},
                                  {"name", FIELD_TEXT, false, &name},
                                  {"labels", FIELD_LABELS, false, &labels}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    struct diag diag = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = fields_parse(request->body, table, 3, &fields, &diag);
    if (s == STATUS_OK && text_parse_hex_exact(ek, sha256, sizeof sha256) != STATUS_OK)
        s = diag_set(&diag, STATUS_MALFORMED, "request body", 0, "ek_sha256 is 64 hex digits");
    if (s == STATUS_OK && !access_covers_labels(&request->access, labels.items, labels.n_items)) {
        problem_set_scope(response);
        return;
    }
    struct store_actor who = {.name = request->access.actor, .now_s = request_now_s(request)};
    if (s == STATUS_OK)
        s = store_put_expected(request->verifier->store, &who, sha256, name, labels.items,
                               labels.n_items);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "id", text_hex(bytes_of(sha256, 16), (char[33]){0}, 33));
    emit_text_member(&e, "state", life_cycle_name(LIFE_CYCLE_EXPECTED));
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 201 : 500);
}

/* ---- change ---- */

static bool
matches_version(const struct request *request, const struct store_device *d)
{
    const char *wanted = request_header(request, "If-Match");
    char etag[32];
    (void)snprintf(etag, sizeof etag, "\"%llu\"", (unsigned long long)d->version);
    return !wanted || text_equal(wanted, "*") || text_equal(wanted, etag);
}

static void
change(struct request *request, struct response *response, const struct store_device *d,
       struct store_device_change *c)
{
    if (!matches_version(request, d)) {
        problem_set(response, 412, PROBLEM_PRECONDITION, NULL);
        return;
    }
    struct store_actor who = {.name = request->access.actor, .now_s = request_now_s(request)};
    c->id = d->id;
    c->version = d->version;
    enum status s = store_change_device(request->verifier->store, &who, c);
    CLEANUP(store_device_clear) struct store_device after = {0};
    if (s == STATUS_OK)
        s = store_get_device(request->verifier->store, d->id, &after);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    else
        answer_device(request, response, &after, 200);
}

static void
patch_device(struct request *request, struct response *response)
{
    const char *name = NULL;
    struct field_labels labels = {0};
    const struct field table[] = {{"name", FIELD_TEXT, false, &name},
                                  {"labels", FIELD_LABELS, false, &labels}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    CLEANUP(store_device_clear) struct store_device d = {0};
    struct diag diag = {0};
    enum status s = fields_parse(request->body, table, 2, &fields, &diag);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    if (!get_covered(request, response, &d))
        return;
    if (labels.present && !access_covers_labels(&request->access, labels.items, labels.n_items)) {
        problem_set_scope(response);
        return;
    }
    struct store_device_change c = {
        .state = d.state,
        .member_by = d.member_by,
        .name = name,
        .labels = labels.items,
        .n_labels = labels.present ? labels.n_items : SIZE_MAX,
    };
    change(request, response, &d, &c);
}

/* An operator compares the fingerprint with what `attest-agent identity` shows on the device. */
static void
post_approval(struct request *request, struct response *response)
{
    const char *ek = NULL;
    const struct field table[] = {{"ek_sha256", FIELD_TEXT, true, &ek}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    CLEANUP(store_device_clear) struct store_device d = {0};
    struct diag diag = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    enum status s = fields_parse(request->body, table, 1, &fields, &diag);
    if (s == STATUS_OK && text_parse_hex_exact(ek, sha256, sizeof sha256) != STATUS_OK)
        s = diag_set(&diag, STATUS_MALFORMED, "request body", 0, "ek_sha256 is 64 hex digits");
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    if (!get_covered(request, response, &d))
        return;
    if (d.state != LIFE_CYCLE_PENDING) {
        problem_set(response, 409, PROBLEM_CONFLICT, "only a pending device can be approved");
        return;
    }
    if (!digest_bytes_equal(bytes_of(sha256, sizeof sha256),
                            bytes_of(d.ek_sha256, sizeof d.ek_sha256))) {
        problem_set(response, 409, PROBLEM_CONFLICT, "this device's EK has another fingerprint");
        return;
    }
    struct store_device_change c = {.state = LIFE_CYCLE_ENROLLED,
                                    .member_by = MEMBER_BY_APPROVAL,
                                    .n_labels = SIZE_MAX,
                                    .reason = "approved by fingerprint"};
    change(request, response, &d, &c);
}

/* From which states a verb may leave, as bits of enum life_cycle. */
static void
move_state(struct request *request, struct response *response, unsigned from, enum life_cycle to)
{
    const char *reason = NULL;
    const struct field table[] = {{"reason", FIELD_TEXT, false, &reason}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    CLEANUP(store_device_clear) struct store_device d = {0};
    struct diag diag = {0};
    enum status s = fields_parse(request->body, table, 1, &fields, &diag);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    if (!get_covered(request, response, &d))
        return;
    if (!(from & (1u << d.state))) {
        problem_set(response, 409, PROBLEM_CONFLICT, "the device's state does not permit this");
        return;
    }
    struct store_device_change c = {
        .state = to, .member_by = d.member_by, .n_labels = SIZE_MAX, .reason = reason};
    change(request, response, &d, &c);
}

#define FROM(state) (1u << LIFE_CYCLE_##state)

static void
post_revocation(struct request *request, struct response *response)
{
    move_state(request, response,
               FROM(EXPECTED) | FROM(PENDING) | FROM(ENROLLED) | FROM(QUARANTINED),
               LIFE_CYCLE_REVOKED);
}

static void
post_quarantine(struct request *request, struct response *response)
{
    move_state(request, response, FROM(ENROLLED), LIFE_CYCLE_QUARANTINED);
}

static void
post_release(struct request *request, struct response *response)
{
    move_state(request, response, FROM(QUARANTINED), LIFE_CYCLE_ENROLLED);
}

static void
post_decommission(struct request *request, struct response *response)
{
    move_state(request, response,
               FROM(EXPECTED) | FROM(PENDING) | FROM(ENROLLED) | FROM(QUARANTINED) | FROM(REVOKED),
               LIFE_CYCLE_DECOMMISSIONED);
}

#define JSON_BODY .body_cap = 16384, .body_type = "application/json"

const struct route api_device_routes[] = {
    {METHOD_GET, "/v1/devices", .roles = ACCESS_VIEWER, .handle = list_devices},
    {METHOD_POST, "/v1/devices", .roles = ACCESS_OPERATOR, JSON_BODY, .handle = post_device},
    {METHOD_GET, "/v1/devices/{device}", .roles = ACCESS_VIEWER, .handle = get_device},
    {METHOD_PATCH, "/v1/devices/{device}", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = patch_device},
    {METHOD_POST, "/v1/devices/{device}/approval", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = post_approval},
    {METHOD_POST, "/v1/devices/{device}/revocation", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = post_revocation},
    {METHOD_POST, "/v1/devices/{device}/quarantine", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = post_quarantine},
    {METHOD_POST, "/v1/devices/{device}/release", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = post_release},
    {METHOD_POST, "/v1/devices/{device}/decommission", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = post_decommission},
};
const size_t api_device_n_routes = sizeof api_device_routes / sizeof *api_device_routes;
