/* SPDX-License-Identifier: Apache-2.0 */
/* Policies, reference sets, states of generations: put a version, activate, get, list. Immutable;
 * activation is its own verb. */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/draft.h"
#include "daemon/fields_json.h"
#include "daemon/fleet_check.h"
#include "daemon/page.h"
#include "daemon/problem.h"
#include "daemon/route.h"

#include <string.h>

static void
emit_document(struct emit *e, const struct store_document *d)
{
    emit_object(e);
    emit_text_member(e, "id", d->id);
    emit_uint_member(e, "version", d->version);
    emit_text_member(e, "state", d->active ? "active" : "inactive");
    emit_text_member(e, "perspective", d->perspective[0] ? d->perspective : NULL);
    emit_hex_member(e, "sha256", bytes_of(d->sha256, sizeof d->sha256));
    emit_time_member(e, "put_at", d->put_s);
    emit_text_member(e, "put_by", d->put_by);
    emit_end_object(e);
}

static struct store_actor
actor_of(const struct request *request)
{
    return (struct store_actor){.name = request->access.actor, .now_s = request_now_s(request)};
}

static void
answer_put(struct response *response, const struct document_info *info, bool again,
           const struct fleet_check *check)
{
    char location[LIMIT_NAME + 64];
    (void)snprintf(location, sizeof location, "/v1/%s/%s?version=%llu",
                   document_kind_collection(info->kind), info->id,
                   (unsigned long long)info->version);
    response_header(response, "Location", location);
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "id", info->id);
    emit_uint_member(&e, "version", info->version);
    emit_hex_member(&e, "sha256", digest_bytes(&info->sha256));
    fleet_check_emit(&e, check);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? (again ? 200 : 201) : 500);
}

/* What a policy would do to the fleet. What was put or activated stands, whether this could be
 * found out or not; NULL: not a policy, or not found out. */
static const struct fleet_check *
try_on_fleet(struct request *request, enum document_kind kind, struct bytes text,
             struct fleet_check *out)
{
    if (kind != DOCUMENT_POLICY)
        return NULL;
    enum status s = fleet_check(request->verifier, request->hasher, &request->access, text, out);
    if (s != STATUS_OK)
        log_line(LOG_LEVEL_WARNING, "trying a policy on the fleet: %s", status_name(s));
    return s == STATUS_OK ? out : NULL;
}

static enum status
refuse_owner(const char *perspective, struct diag *diag)
{
    return diag_set(diag, STATUS_DENIED, "document", 0, "the perspective %s has other owners",
                    perspective);
}

/* Sets and states of generations: under these documents, no verdict of others rests on them. */
static enum status
check_part(const struct request *request, enum document_kind kind, const char *id,
           const struct documents *documents, struct diag *diag)
{
    if (kind != DOCUMENT_REFERENCE && kind != DOCUMENT_GENERATIONS)
        return STATUS_OK;
    const char *others = documents_owned_by_others(documents, kind, id, request->access.actor);
    return others ? refuse_owner(others, diag) : STATUS_OK;
}

/* Where a perspective has owners, its policies are theirs, and so is what is said of it: but for
 * the administrator of the first start, since tokens of owners end. perspective: a policy's. */
static enum status
check_owner(struct request *request, enum document_kind kind, const char *id,
            const char *perspective, struct diag *diag)
{
    if (kind == DOCUMENT_PERSPECTIVE)
        perspective = text_equal(request->access.actor, ACCESS_FIRST_ADMIN) ? NULL : id;
    CLEANUP(documents_unrefp) struct documents *now = snapshot_get(request->verifier->snapshot);
    if (!perspective || !perspective[0])
        return check_part(request, kind, id, now, diag);
    return documents_may_put(now, perspective, request->access.actor)
               ? STATUS_OK
               : refuse_owner(perspective, diag);
}

/* The version that is kept of that id (0: the one in force, else the highest) is the caller's too:
 * a policy does not change hands by a version in another perspective. */
static enum status
check_kept_owner(struct request *request, enum document_kind kind, const char *id, uint64_t version,
                 struct diag *diag)
{
    CLEANUP(store_document_clear) struct store_document kept = {0};
    enum status s = store_get_document(request->verifier->store, kind, id, version, &kept);
    if (s == STATUS_NOT_FOUND)
        return check_owner(request, kind, id, NULL, diag);
    return s == STATUS_OK ? check_owner(request, kind, id, kept.perspective, diag) : s;
}

static void
put_document(struct request *request, struct response *response, enum document_kind kind)
{
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    struct fleet_check check;
    struct store_actor who = actor_of(request);
    bool again = false;
    enum status s = document_parse(request->hasher, request->body, &d, &diag);
    if (s == STATUS_OK && document_info(d)->kind != kind)
        s = diag_set(&diag, STATUS_INVALID, "document", 0, "the document is of another type");
    if (s == STATUS_OK)
        s = check_owner(request, kind, document_info(d)->id, document_info(d)->perspective, &diag);
    if (s == STATUS_OK)
        s = check_kept_owner(request, kind, document_info(d)->id, 0, &diag);
    if (s == STATUS_OK)
        s = store_put_document(request->verifier->store, &who, document_info(d), request->body,
                               &again);
    if (s == STATUS_CONFLICT)
        problem_set(response, 409, PROBLEM_CONFLICT,
                    "this version exists with other content, or a higher one does");
    else if (s != STATUS_OK)
        problem_from_status(response, s, &diag);
    else
        answer_put(response, document_info(d), again,
                   try_on_fleet(request, kind, request->body, &check));
}

/* "ID:VERSION" of the last row, null at the end. */
static void
emit_cursor(struct emit *e, const struct store_document_list *list)
{
    if (!list->more) {
        emit_null(e);
        return;
    }
    const struct store_document *last = &list->items[list->n_items - 1];
    char cursor[LIMIT_NAME + 24];
    (void)snprintf(cursor, sizeof cursor, "%s:%llu", last->id, (unsigned long long)last->version);
    emit_text(e, cursor);
}

static void
list_documents(struct request *request, struct response *response, enum document_kind kind)
{
    size_t limit = 0;
    const char *after = request_query(request, "cursor");
    if (!page_limit(request, &limit)) {
        problem_set(response, 400, PROBLEM_MALFORMED, "limit is not what it must be");
        return;
    }
    CLEANUP(store_document_list_clear) struct store_document_list list = {0};
    enum status s = store_list_documents(request->verifier->store, kind, after, limit, &list);
    if (s == STATUS_INVALID) {
        problem_set(response, 400, PROBLEM_MALFORMED, "cursor is not one of ours");
        return;
    }
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, document_kind_collection(kind));
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++)
        emit_document(&e, &list.items[i]);
    emit_end_array(&e);
    emit_key(&e, "next");
    emit_cursor(&e, &list);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

static void
get_document(struct request *request, struct response *response, enum document_kind kind)
{
    const char *text = request_query(request, "version");
    uint64_t version = 0;
    if (!text_is_name(request->params[0]) ||
        (text && text_parse_u64(text, INT64_MAX, &version) != STATUS_OK)) {
        problem_set(response, 400, PROBLEM_MALFORMED, "id or version is not what it must be");
        return;
    }
    CLEANUP(store_document_clear) struct store_document d = {0};
    enum status s =
        store_get_document(request->verifier->store, kind, request->params[0], version, &d);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    char etag[2 * DIGEST_SHA256_SIZE + 3] = "\"";
    (void)text_hex(bytes_of(d.sha256, sizeof d.sha256), etag + 1, sizeof etag - 1);
    etag[sizeof etag - 2] = '"';
    response_header(response, "ETag", etag);
    buffer_append(&response->body, buffer_bytes(&d.text));
    response_json(response, buffer_check(&response->body) == STATUS_OK ? 200 : 500);
}

/* What would be in force, compiled before the store says so: a verifier that was stopped in between
 * would not start on documents that do not go together. version 0: without the one of that id. */
static enum status
try_out(struct request *request, enum document_kind kind, uint64_t version, struct diag *diag)
{
    CLEANUP(store_document_clear) struct store_document d = {0};
    CLEANUP(simulation_body_clear) struct simulation_body body = {0};
    CLEANUP(documents_unrefp) struct documents *next = NULL;
    struct verifier *v = request->verifier;
    const char *id = request->params[0];
    if (version == 0) {
        body.without[body.n_without].kind = kind;
        (void)text_copy(body.without[body.n_without++].id, sizeof body.without[0].id, id);
        return draft_compile(v->store, request->hasher, &body, &next, diag);
    }
    enum status s = store_get_document(v->store, kind, id, version, &d);
    if (s != STATUS_OK)
        return s;
    body.documents[0] = strndup((const char *)d.text.data, d.text.size);
    body.n_documents = body.documents[0] != NULL;
    s = body.documents[0] ? draft_compile(v->store, request->hasher, &body, &next, diag)
                          : STATUS_NOMEM;
    return s == STATUS_OK ? check_part(request, kind, id, next, diag) : s;
}

/* Another node may have brought in what does not go with it meanwhile: then it is taken back. */
static enum status
switch_active(struct request *request, enum document_kind kind, uint64_t old, uint64_t version,
              struct diag *diag)
{
    struct verifier *v = request->verifier;
    struct store_actor who = actor_of(request);
    enum status s = store_activate_document(v->store, &who, kind, request->params[0], version);
    if (s != STATUS_OK)
        return s;
    s = snapshot_refresh(v->snapshot, false, diag);
    if (s == STATUS_OK)
        return s;
    enum status undone = store_activate_document(v->store, &who, kind, request->params[0], old);
    if (undone != STATUS_OK)
        log_line(LOG_LEVEL_ERROR, "taking back an activation: %s", status_name(undone));
    return s;
}

/* A set of documents that does not compile together never comes into force. */
static enum status
activate(struct request *request, enum document_kind kind, uint64_t version, struct diag *diag)
{
    CLEANUP(store_document_clear) struct store_document before = {0};
    uint64_t old = 0;
    if (store_get_document(request->verifier->store, kind, request->params[0], 0, &before) ==
            STATUS_OK &&
        before.active)
        old = before.version;
    enum status s = check_kept_owner(request, kind, request->params[0], 0, diag);
    if (s == STATUS_OK)
        s = check_kept_owner(request, kind, request->params[0], version, diag);
    if (s == STATUS_OK && old == 0 && version == 0)
        s = STATUS_NOT_FOUND;
    if (s == STATUS_OK)
        s = try_out(request, kind, version, diag);
    return s == STATUS_OK ? switch_active(request, kind, old, version, diag) : s;
}

static void
activate_document(struct request *request, struct response *response, enum document_kind kind)
{
    uint64_t version = 0;
    const struct field table[] = {{"version", FIELD_UINT, true, &version}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    struct diag diag = {0};
    enum status s = fields_parse(request->body, table, 1, &fields, &diag);
    if (s == STATUS_OK && version == 0)
        s = diag_set(&diag, STATUS_MALFORMED, "request body", 0, "version is above 0");
    if (s == STATUS_OK)
        s = activate(request, kind, version, &diag);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    CLEANUP(store_document_clear) struct store_document now = {0};
    struct fleet_check check;
    const struct fleet_check *checked = NULL;
    if (store_get_document(request->verifier->store, kind, request->params[0], version, &now) ==
        STATUS_OK)
        checked = try_on_fleet(request, kind, buffer_bytes(&now.text), &check);
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "id", request->params[0]);
    emit_uint_member(&e, "active", version);
    fleet_check_emit(&e, checked);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

static void
deactivate_document(struct request *request, struct response *response, enum document_kind kind)
{
    struct diag diag = {0};
    enum status s = activate(request, kind, 0, &diag);
    if (s != STATUS_OK)
        problem_from_status(response, s, &diag);
    else
        response->status = 204;
}

/* One set of handlers for each collection. */
#define COLLECTION(name, kind)                                                                     \
    static void post_##name(struct request *q, struct response *r)                                 \
    {                                                                                              \
        put_document(q, r, kind);                                                                  \
    }                                                                                              \
    static void list_##name(struct request *q, struct response *r)                                 \
    {                                                                                              \
        list_documents(q, r, kind);                                                                \
    }                                                                                              \
    static void get_##name(struct request *q, struct response *r)                                  \
    {                                                                                              \
        get_document(q, r, kind);                                                                  \
    }                                                                                              \
    static void activate_##name(struct request *q, struct response *r)                             \
    {                                                                                              \
        activate_document(q, r, kind);                                                             \
    }                                                                                              \
    static void deactivate_##name(struct request *q, struct response *r)                           \
    {                                                                                              \
        deactivate_document(q, r, kind);                                                           \
    }

COLLECTION(policy, DOCUMENT_POLICY)
COLLECTION(reference, DOCUMENT_REFERENCE)
COLLECTION(generations, DOCUMENT_GENERATIONS)
COLLECTION(perspective, DOCUMENT_PERSPECTIVE)

#define JSON_TYPE .body_type = "application/json"

#define ROUTES(path, name)                                                                         \
    {METHOD_POST,          path, .roles = ACCESS_ADMIN, .body_cap = LIMIT_DOCUMENT, JSON_TYPE,     \
     .handle = post_##name},                                                                       \
        {METHOD_GET, path, .roles = ACCESS_VIEWER, .handle = list_##name},                         \
        {METHOD_GET, path "/{id}", .roles = ACCESS_VIEWER, .handle = get_##name},                  \
        {METHOD_POST, path "/{id}/activation",  .roles = ACCESS_ADMIN, .body_cap = 1024,           \
         JSON_TYPE,   .handle = activate_##name},                                                  \
    {                                                                                              \
        METHOD_POST, path "/{id}/deactivation", .roles = ACCESS_ADMIN, .body_cap = 1024,           \
                                                JSON_TYPE, .handle = deactivate_##name             \
    }

const struct route api_document_routes[] = {
    ROUTES("/v1/policies", policy),
    ROUTES("/v1/references", reference),
    ROUTES("/v1/generations", generations),
    ROUTES("/v1/perspectives", perspective),
};
const size_t api_document_n_routes = sizeof api_document_routes / sizeof *api_document_routes;
