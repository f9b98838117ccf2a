/* SPDX-License-Identifier: Apache-2.0 */
/* Stored rounds: one as a file with everything it was appraised from, and appraised again. */
#include "appraise/reappraisal.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/device_emit.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "daemon/store_admin.h"

#include <stdlib.h>
#include <string.h>

/* A round of a device in the caller's scope, with the documents of then. */
struct kept_round {
    struct store_kept kept;
    struct round_file file;
    char **texts;
    size_t n_texts;
};

static void
clear_kept_round(struct kept_round *k)
{
    for (size_t i = 0; i < k->n_texts; i++)
        free(k->texts[i]);
    free(k->texts);
    store_kept_clear(&k->kept);
}

static enum status
load_text(struct store *store, const struct stored_document *named, char **out)
{
    CLEANUP(store_document_clear) struct store_document d = {0};
    enum status s = store_get_document(store, named->kind, named->id, named->version, &d);
    if (s != STATUS_OK)
        return s;
    char *text = buffer_text(&d.text);
    *out = text ? strdup(text) : NULL;
    return *out ? STATUS_OK : STATUS_NOMEM;
}

static enum status
load_documents(struct store *store, struct kept_round *k, struct diag *diag)
{
    CLEANUP(stored_inputs_clear) struct stored_inputs in = {0};
    enum status s = stored_inputs_parse(bytes_of_text(k->kept.attestation.inputs_json), &in, diag);
    if (s != STATUS_OK)
        return s;
    k->texts = calloc(in.n_listed + 1, sizeof *k->texts);
    if (!k->texts)
        return STATUS_NOMEM;
    for (; s == STATUS_OK && k->n_texts < in.n_listed; k->n_texts++)
        s = load_text(store, &in.listed[k->n_texts], &k->texts[k->n_texts]);
    return s;
}

static void
fill_file(struct kept_round *k)
{
    const struct store_kept *kept = &k->kept;
    k->file = (struct round_file){
        .attestation = k->kept.attestation.id,
        .appraisal = k->kept.attestation.appraisal_json,
        .result = k->kept.attestation.result,
        .inputs = k->kept.attestation.inputs_json,
        .parts = {.evidence = buffer_bytes(&kept->evidence),
                  .ak_public = buffer_bytes(&kept->ak_public),
                  .boot_log = buffer_bytes(&kept->boot_log),
                  .ima = buffer_bytes(&kept->ima),
                  .userspace_log = buffer_bytes(&kept->userspace_log),
                  .inputs = bytes_of_text(k->kept.attestation.inputs_json)},
        .documents = {.items = k->texts, .n = k->n_texts},
    };
}

static bool
is_covered(struct request *request, const char *device)
{
    CLEANUP(store_device_clear) struct store_device d = {0};
    return store_get_device(request->verifier->store, device, &d) == STATUS_OK &&
           access_covers(&request->access, &d);
}

static bool
load_round(struct request *request, struct response *response, struct kept_round *out)
{
    struct diag diag = {0};
    struct store *store = request->verifier->store;
    enum status s = store_get_kept(store, request->params[0], &out->kept);
    if (s == STATUS_OK && !is_covered(request, out->kept.attestation.device))
        s = STATUS_NOT_FOUND;
    if (s == STATUS_OK)
        s = load_documents(store, out, &diag);
    if (s == STATUS_OK) {
        fill_file(out);
        return true;
    }
    if (s == STATUS_UNSUPPORTED || s == STATUS_INVALID)
        problem_set(response, 409, PROBLEM_CONFLICT,
                    "not all inputs of this round are kept: it is too old");
    else
        problem_from_status(response, s, &diag);
    return false;
}

static void
answer(struct response *response, enum status s)
{
    if (s == STATUS_OK && buffer_check(&response->body) == STATUS_OK) {
        response_json(response, 200);
        return;
    }
    buffer_reset(&response->body);
    if (s == STATUS_LIMIT)
        problem_set(response, 413, PROBLEM_TOO_LARGE, "the round is larger than a round file");
    else
        problem_from_status(response, s == STATUS_OK ? STATUS_NOMEM : s, NULL);
}

static void
get_round(struct request *request, struct response *response)
{
    CLEANUP(clear_kept_round) struct kept_round k = {0};
    if (load_round(request, response, &k))
        answer(response, round_file_encode(&k.file, &response->body));
}

static void
get_reappraisal(struct request *request, struct response *response)
{
    CLEANUP(clear_kept_round) struct kept_round k = {0};
    CLEANUP(reappraisal_clear) struct reappraisal r = {0};
    struct diag diag = {0};
    if (!load_round(request, response, &k))
        return;
    enum status s = reappraisal_run(request->hasher, &k.file, &r, &diag);
    /* What does not fit together in the store is ours, not the caller's. */
    if (s == STATUS_MALFORMED || s == STATUS_INVALID)
        s = STATUS_STORE;
    if (s == STATUS_OK)
        s = reappraisal_encode(&r, k.kept.attestation.id, &response->body);
    answer(response, s);
}

const struct route api_round_routes[] = {
    {METHOD_GET, "/v1/attestations/{attestation}/round", .roles = ACCESS_AUDITOR,
     .handle = get_round},
    {METHOD_GET, "/v1/attestations/{attestation}/reappraisal", .roles = ACCESS_VIEWER,
     .handle = get_reappraisal},
};
const size_t api_round_n_routes = sizeof api_round_routes / sizeof *api_round_routes;
