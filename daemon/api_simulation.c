/* SPDX-License-Identifier: Apache-2.0 */
/* Simulations: candidate documents tried on the fleet's stored rounds. Nothing is stored. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "daemon/simulation.h"
#include "daemon/simulation_json.h"

#include <stdlib.h>

/* The documents that would be in force. */
struct draft {
    struct document **list;
    size_t n, room;
};

static void
clear_draft(struct draft *d)
{
    for (size_t i = 0; i < d->n; i++)
        document_free(d->list[i]);
    free(d->list);
}

static bool
is_named(const struct document *d, enum document_kind kind, const char *id)
{
    return document_info(d)->kind == kind && text_equal(document_info(d)->id, id);
}

/* In the place of the one of its kind and id, which goes. */
static void
put(struct draft *draft, struct document *d)
{
    const struct document_info *info = document_info(d);
    for (size_t i = 0; i < draft->n; i++) {
        if (!is_named(draft->list[i], info->kind, info->id))
            continue;
        document_free(draft->list[i]);
        draft->list[i] = d;
        return;
    }
    draft->list[draft->n++] = d;
}

static bool
take_out(struct draft *draft, enum document_kind kind, const char *id)
{
    for (size_t i = 0; i < draft->n; i++) {
        if (!is_named(draft->list[i], kind, id))
            continue;
        document_free(draft->list[i]);
        draft->list[i] = draft->list[--draft->n];
        return true;
    }
    return false;
}

static enum status
load_active(struct request *request, struct draft *draft, size_t n_more, struct diag *diag)
{
    CLEANUP(store_document_list_clear) struct store_document_list texts = {0};
    uint64_t generation = 0;
    enum status s = store_get_active(request->verifier->store, &texts, &generation);
    if (s != STATUS_OK)
        return s;
    draft->room = texts.n_items + n_more + 1;
    draft->list = calloc(draft->room, sizeof(struct document *));
    if (!draft->list)
        return STATUS_NOMEM;
    for (size_t i = 0; s == STATUS_OK && i < texts.n_items; i++) {
        s = document_parse(request->hasher, buffer_bytes(&texts.items[i].text),
                           &draft->list[draft->n], diag);
        draft->n += s == STATUS_OK;
    }
    return s;
}

static enum status
change(struct request *request, struct draft *draft, const struct simulation_body *body,
       struct diag *diag)
{
    for (size_t i = 0; i < body->n_without; i++) {
        if (!take_out(draft, body->without[i].kind, body->without[i].id))
            return diag_set(diag, STATUS_INVALID, "without", 0, "%s %s is not in force",
                            document_kind_name(body->without[i].kind), body->without[i].id);
    }
    for (size_t i = 0; i < body->n_documents; i++) {
        struct document *d = NULL;
        enum status s =
            document_parse(request->hasher, bytes_of_text(body->documents[i]), &d, diag);
        if (s != STATUS_OK)
            return s;
        put(draft, d);
    }
    return STATUS_OK;
}

static enum status
compile_candidates(struct request *request, const struct simulation_body *body,
                   struct documents **out, struct diag *diag)
{
    CLEANUP(clear_draft) struct draft draft = {0};
    enum status s = load_active(request, &draft, body->n_documents, diag);
    if (s == STATUS_OK)
        s = change(request, &draft, body, diag);
    if (s != STATUS_OK)
        return s;
    size_t n = draft.n;
    draft.n = 0; /* taken over, also on failure */
    return documents_new(draft.list, n, 0, out, diag);
}

static void
answer_started(struct response *response, const char *collection, const char *id)
{
    char location[STORE_ID_SIZE + 64];
    (void)snprintf(location, sizeof location, "/v1/%s/%s", collection, id);
    response_header(response, "Location", location);
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "id", id);
    emit_text_member(&e, "state", "running");
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 202 : 500);
}

static void
post_simulation(struct request *request, struct response *response)
{
    CLEANUP(simulation_body_clear) struct simulation_body body = {0};
    struct verifier *v = request->verifier;
    struct documents *candidates = NULL;
    struct diag diag = {0};
    char id[SURVEY_ID_SIZE] = "";
    enum status s = simulation_body_parse(request->body, &body, &diag);
    if (s == STATUS_OK)
        s = compile_candidates(request, &body, &candidates, &diag);
    if (s == STATUS_OK) {
        struct survey_options options = {
            .kind = &simulation_kind,
            .subject = simulation_new(snapshot_get(v->snapshot), candidates, body.predict),
            .access = &request->access,
            .now_s = request_now_s(request),
        };
        s = options.subject ? survey_start(v->surveys, &options, id) : STATUS_NOMEM;
    }
    if (s != STATUS_OK)
        problem_from_status(response, s, &diag);
    else
        answer_started(response, SIMULATION_COLLECTION, id);
}

static void
get_simulation(struct request *request, struct response *response)
{
    enum status s = survey_encode(request->verifier->surveys, SIMULATION_COLLECTION,
                                  request->params[0], &request->access, &response->body);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    else
        response_json(response, 200);
}

const struct route api_simulation_routes[] = {
    {METHOD_POST, "/v1/simulations", .roles = ACCESS_VIEWER, .body_cap = LIMIT_DOCUMENT,
     .body_type = "application/json", .handle = post_simulation},
    {METHOD_GET, "/v1/simulations/{simulation}", .roles = ACCESS_VIEWER, .handle = get_simulation},
};
const size_t api_simulation_n_routes = sizeof api_simulation_routes / sizeof *api_simulation_routes;
