/* SPDX-License-Identifier: Apache-2.0 */
/* Simulations: candidate documents tried on the fleet's stored rounds. Nothing is stored. */
#include "base/cleanup.h"
#include "daemon/draft.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "daemon/simulation.h"
#include "daemon/simulation_json.h"

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
        s = draft_compile(v->store, request->hasher, &body, &candidates, &diag);
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
