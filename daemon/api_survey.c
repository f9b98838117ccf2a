/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to all stored rounds but simulations: who measured a digest, what nothing explains. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/fields_json.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "daemon/search.h"
#include "daemon/unknowns.h"

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
start(struct request *request, struct response *response, const struct survey_options *options)
{
    char id[SURVEY_ID_SIZE] = "";
    enum status s = STATUS_NOMEM;
    if (options->subject)
        s = survey_start(request->verifier->surveys, options, id);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    else
        answer_started(response, options->kind->collection, id);
}

/* Hex of one of the known sizes. */
static enum status
read_digests(const struct field_texts *texts, struct digest *out, struct diag *diag)
{
    for (size_t i = 0; i < texts->n_items; i++) {
        CLEANUP(buffer_free) struct buffer value = {0};
        enum status s = text_parse_hex(texts->items[i], &value);
        bool known = false;
        for (size_t k = 0; s == STATUS_OK && k < ALG_COUNT; k++)
            known = known || value.size == alg_at(k)->size;
        if (s == STATUS_NOMEM)
            return s;
        if (!known)
            return diag_set(diag, STATUS_MALFORMED, "request body", 0,
                            "digests holds digests in hex");
        out[i].size = (uint16_t)value.size;
        for (size_t k = 0; k < value.size; k++)
            out[i].data[k] = value.data[k];
    }
    return STATUS_OK;
}

static void
post_search(struct request *request, struct response *response)
{
    struct field_texts texts = {0};
    const char *boots = NULL;
    const struct field table[] = {{"digests", FIELD_TEXTS, true, &texts},
                                  {"boots", FIELD_TEXT, false, &boots}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    struct digest digests[FIELD_TEXTS_MAX] = {0};
    struct diag diag = {0};
    enum status s = fields_parse(request->body, table, 2, &fields, &diag);
    if (s == STATUS_OK && texts.n_items == 0)
        s = diag_set(&diag, STATUS_MALFORMED, "request body", 0, "digests is empty");
    if (s == STATUS_OK && boots && !text_equal(boots, "last") && !text_equal(boots, "every"))
        s = diag_set(&diag, STATUS_MALFORMED, "request body", 0, "boots is last or every");
    if (s == STATUS_OK)
        s = read_digests(&texts, digests, &diag);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    struct survey_options options = {
        .kind = &search_kind,
        .subject = search_new(digests, texts.n_items),
        .every_boot = boots && text_equal(boots, "every"),
        .access = &request->access,
        .now_s = request_now_s(request),
    };
    start(request, response, &options);
}

static void
post_unknowns(struct request *request, struct response *response)
{
    CLEANUP(fields_freep) struct fields *fields = NULL;
    struct diag diag = {0};
    enum status s = fields_parse(request->body, NULL, 0, &fields, &diag);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    struct survey_options options = {
        .kind = &unknowns_kind,
        .subject = unknowns_new(snapshot_get(request->verifier->snapshot)),
        .access = &request->access,
        .now_s = request_now_s(request),
    };
    start(request, response, &options);
}

static void
get_survey(struct request *request, struct response *response, const char *collection)
{
    enum status s = survey_encode(request->verifier->surveys, collection, request->params[0],
                                  &request->access, &response->body);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    else
        response_json(response, 200);
}

static void
get_search(struct request *request, struct response *response)
{
    get_survey(request, response, SEARCH_COLLECTION);
}

static void
get_unknowns(struct request *request, struct response *response)
{
    get_survey(request, response, UNKNOWNS_COLLECTION);
}

const struct route api_survey_routes[] = {
    {METHOD_POST, "/v1/searches", .roles = ACCESS_VIEWER, .body_cap = 8192,
     .body_type = "application/json", .handle = post_search},
    {METHOD_GET, "/v1/searches/{search}", .roles = ACCESS_VIEWER, .handle = get_search},
    {METHOD_POST, "/v1/unknowns", .roles = ACCESS_VIEWER, .body_cap = 1024,
     .body_type = "application/json", .handle = post_unknowns},
    {METHOD_GET, "/v1/unknowns/{survey}", .roles = ACCESS_VIEWER, .handle = get_unknowns},
};
const size_t api_survey_n_routes = sizeof api_survey_routes / sizeof *api_survey_routes;
