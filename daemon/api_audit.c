/* SPDX-License-Identifier: Apache-2.0 */
/* The audit chain and its signed checkpoint, attempts, and the table of reason codes. */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "daemon/jws.h"
#include "daemon/page.h"
#include "daemon/problem.h"
#include "daemon/route.h"

#define ATTEMPT_ROWS 500u

static void
emit_row(struct emit *e, const struct store_audit_row *row)
{
    emit_object(e);
    emit_text_member(e, "node", row->node);
    emit_uint_member(e, "seq", row->seq);
    emit_time_member(e, "time", row->time_s);
    emit_text_member(e, "actor", row->actor);
    emit_text_member(e, "verb", row->verb);
    emit_text_member(e, "object", row->object);
    emit_key(e, "detail");
    if (row->detail)
        emit_raw(e, bytes_of_text(row->detail));
    else
        emit_null(e);
    emit_hex_member(e, "previous", bytes_of(row->previous, sizeof row->previous));
    emit_hex_member(e, "hash", bytes_of(row->hash, sizeof row->hash));
    emit_end_object(e);
}

static void
list_audit(struct request *request, struct response *response)
{
    size_t limit = 0;
    uint64_t after = 0;
    const char *cursor = request_query(request, "cursor");
    if (!page_limit(request, &limit) ||
        (cursor && text_parse_u64(cursor, INT64_MAX, &after) != STATUS_OK)) {
        problem_set(response, 400, PROBLEM_MALFORMED, "cursor or limit is not what it must be");
        return;
    }
    CLEANUP(store_audit_list_clear) struct store_audit_list list = {0};
    enum status s = store_list_audit(request->verifier->store, after, limit, &list);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "rows");
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++)
        emit_row(&e, &list.items[i]);
    emit_end_array(&e);
    emit_key(&e, "next");
    if (list.more)
        emit_uint(&e, list.items[list.n_items - 1].seq);
    else
        emit_null(&e);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

/* What was signed of a whole chain is kept, so that rows cut off its end show from then on. */
static enum status
keep_checkpoint(struct request *request, const struct store_audit_list *tail, struct buffer *token)
{
    const char *text = buffer_text(token);
    if (!text)
        return STATUS_NOMEM;
    return store_put_checkpoint(request->verifier->store, tail->items[0].seq, tail->items[0].hash,
                                text, request_now_s(request));
}

/* Recompute the chain, and sign what it came to. */
static void
get_checkpoint(struct request *request, struct response *response)
{
    uint64_t broken = 0, last = 0;
    CLEANUP(store_audit_list_clear) struct store_audit_list tail = {0};
    enum status s = store_check_audit(request->verifier->store, &broken, &last);
    if (s == STATUS_OK && last > 0)
        s = store_list_audit(request->verifier->store, last - 1, 1, &tail);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    CLEANUP(buffer_free) struct buffer claims = {0};
    struct emit e = emit_of(&claims);
    emit_object(&e);
    emit_int_member(&e, "iat", request_now_s(request));
    emit_text_member(&e, "node", tail.n_items > 0 ? tail.items[0].node : NULL);
    emit_uint_member(&e, "seq", last);
    emit_key(&e, "hash");
    if (tail.n_items > 0)
        emit_hex(&e, bytes_of(tail.items[0].hash, sizeof tail.items[0].hash));
    else
        emit_null(&e);
    emit_bool_member(&e, "whole", broken == 0);
    emit_uint_member(&e, "broken_seq", broken);
    emit_end_object(&e);
    s = emit_check(&e);
    if (s == STATUS_OK)
        s = jws_sign(keyring_current(request->verifier->keyring, KEY_ROLE_AUDIT), "JWT",
                     buffer_bytes(&claims), &response->body);
    if (s == STATUS_OK && broken == 0 && tail.n_items > 0)
        s = keep_checkpoint(request, &tail, &response->body);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    response->type = "application/jwt";
    response->status = 200;
}

/* Attempts at no device are for those alone who see every device. */
static bool
is_covered(const struct request *request, const char *device)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    if (request->access.n_labels == 0)
        return true;
    return device[0] != '\0' &&
           store_get_device(request->verifier->store, device, &d) == STATUS_OK &&
           access_covers(&request->access, &d);
}

static void
list_attempts(struct request *request, struct response *response)
{
    const char *device = request_query(request, "device");
    CLEANUP(store_refusal_list_clear) struct store_refusal_list list = {0};
    enum status s =
        store_list_refusals(request->verifier->store, device ? device : "", ATTEMPT_ROWS, &list);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "attempts");
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++) {
        if (!is_covered(request, list.items[i].device))
            continue;
        emit_object(&e);
        emit_time_member(&e, "hour", list.items[i].hour_s);
        emit_text_member(&e, "device", list.items[i].device);
        emit_text_member(&e, "address", list.items[i].address);
        emit_text_member(&e, "code", list.items[i].code);
        emit_uint_member(&e, "count", list.items[i].count);
        emit_end_object(&e);
    }
    emit_end_array(&e);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

static void
list_reasons(struct request *request, struct response *response)
{
    static const char *const kinds[] = {"attempt", "reason", "fact"};
    (void)request;
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "reasons");
    emit_array(&e);
    for (unsigned code = REASON_NONE + 1; code < REASON_COUNT; code++) {
        emit_object(&e);
        emit_text_member(&e, "code", reason_code_name((enum reason_code)code));
        emit_text_member(&e, "kind", kinds[reason_code_kind((enum reason_code)code)]);
        emit_text_member(&e, "sentence", reason_code_sentence((enum reason_code)code));
        emit_end_object(&e);
    }
    emit_end_array(&e);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

const struct route api_audit_routes[] = {
    {METHOD_GET, "/v1/audit", .roles = ACCESS_AUDITOR, .handle = list_audit},
    {METHOD_GET, "/v1/audit/checkpoint", .roles = ACCESS_AUDITOR, .handle = get_checkpoint},
    {METHOD_GET, "/v1/attempts", .roles = ACCESS_OPERATOR, .handle = list_attempts},
    {METHOD_GET, "/v1/reasons", .roles = ACCESS_VIEWER, .handle = list_reasons},
};
const size_t api_audit_n_routes = sizeof api_audit_routes / sizeof *api_audit_routes;
