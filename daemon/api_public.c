/* SPDX-License-Identifier: Apache-2.0 */
/* What needs no credentials: health, readiness, the keys that results are checked with. */
#include "base/emit.h"
#include "daemon/problem.h"
#include "daemon/route.h"

static void
get_health(struct request *request, struct response *response)
{
    (void)request;
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "status", "ok");
    emit_text_member(&e, "version", ATTESTD_VERSION);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

static void
get_readiness(struct request *request, struct response *response)
{
    if (!store_ready(request->verifier->store)) {
        problem_set(response, 503, PROBLEM_UNAVAILABLE, "the store is closed");
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "status", "ready");
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

static void
get_keys(struct request *request, struct response *response)
{
    keyring_append_jwks(request->verifier->keyring, &response->body);
    response->status = buffer_check(&response->body) == STATUS_OK ? 200 : 500;
    response->type = "application/jwk-set+json";
}

const struct route api_public_routes[] = {
    {.method = METHOD_GET, .pattern = "/healthz", .roles = ACCESS_PUBLIC, .handle = get_health},
    {.method = METHOD_GET, .pattern = "/readyz", .roles = ACCESS_PUBLIC, .handle = get_readiness},
    {.method = METHOD_GET,
     .pattern = "/.well-known/attestd/jwks.json",
     .roles = ACCESS_PUBLIC,
     .handle = get_keys},
};
const size_t api_public_n_routes = sizeof api_public_routes / sizeof *api_public_routes;
