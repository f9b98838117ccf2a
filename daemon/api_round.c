/* SPDX-License-Identifier: Apache-2.0 */
/* Stored rounds: one as a file with everything it was appraised from, and appraised again. */
#include "appraise/explanation.h"
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

static enum status
load_kept_round(struct store *store, const char *attestation, struct kept_round *out,
                struct diag *diag)
{
    enum status s = store_get_kept(store, attestation, &out->kept);
    if (s == STATUS_OK)
        s = load_documents(store, out, diag);
    if (s == STATUS_OK)
        fill_file(out);
    return s;
}

static bool
load_round(struct request *request, struct response *response, struct kept_round *out)
{
    struct diag diag = {0};
    enum status s = load_kept_round(request->verifier->store, request->params[0], out, &diag);
    if (s == STATUS_OK && !is_covered(request, out->kept.attestation.device))
        s = STATUS_NOT_FOUND;
    if (s == STATUS_OK)
        return true;
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

/* ---- explanations ---- */

/* One round with its stages, for an explanation. */
struct explained {
    struct kept_round kept;
    struct stored_round *round;
    struct appraisal *appraisal;
    struct explanation_side side;
};

static void
clear_explained(struct explained *x)
{
    appraisal_free(x->appraisal);
    stored_round_free(x->round);
    clear_kept_round(&x->kept);
}

static enum status
open_explained(struct request *request, struct explained *x)
{
    enum status s =
        reappraisal_open(request->hasher, &x->kept.file, &x->round, &x->appraisal, NULL);
    x->side = (struct explanation_side){
        .attestation = x->kept.kept.attestation.id, .round = x->round, .appraisal = x->appraisal};
    return s == STATUS_MALFORMED || s == STATUS_INVALID ? STATUS_STORE : s;
}

/* The newest trusted round of the device before this one, among the last ones. */
static enum status
find_good(struct store *store, const struct store_attestation *now, char *out, size_t out_size)
{
    char before[STORE_ID_SIZE];
    (void)text_copy(before, sizeof before, now->id);
    out[0] = '\0';
    for (int page = 0; page < 4; page++) {
        CLEANUP(store_attestation_list_clear) struct store_attestation_list list = {0};
        enum status s = store_list_attestations(store, now->device, before, LIMIT_PAGE, &list);
        if (s != STATUS_OK)
            return s;
        for (size_t i = 0; i < list.n_items; i++) {
            if (list.items[i].verdict == VERDICT_TRUSTED) {
                (void)text_copy(out, out_size, list.items[i].id);
                return STATUS_OK;
            }
        }
        if (!list.more)
            return STATUS_OK;
        (void)text_copy(before, sizeof before, list.items[list.n_items - 1].id);
    }
    return STATUS_OK;
}

/* A good round that is not kept whole any more is none to compare with. */
static enum status
load_good(struct request *request, const struct explained *now, struct explained *good, bool *any)
{
    char id[STORE_ID_SIZE];
    struct store *store = request->verifier->store;
    enum status s = find_good(store, &now->kept.kept.attestation, id, sizeof id);
    *any = false;
    if (s != STATUS_OK || id[0] == '\0')
        return s;
    s = load_kept_round(store, id, &good->kept, NULL);
    if (s == STATUS_UNSUPPORTED || s == STATUS_INVALID || s == STATUS_NOT_FOUND)
        return STATUS_OK;
    if (s == STATUS_OK)
        s = open_explained(request, good);
    *any = s == STATUS_OK;
    return s;
}

static void
get_explanation(struct request *request, struct response *response)
{
    CLEANUP(clear_explained) struct explained now = {0};
    CLEANUP(clear_explained) struct explained good = {0};
    bool any = false;
    if (!load_round(request, response, &now.kept))
        return;
    enum status s = open_explained(request, &now);
    if (s == STATUS_OK)
        s = load_good(request, &now, &good, &any);
    if (s == STATUS_OK)
        s = explanation_encode(&now.side, any ? &good.side : NULL, &response->body);
    answer(response, s);
}

const struct route api_round_routes[] = {
    {METHOD_GET, "/v1/attestations/{attestation}/round", .roles = ACCESS_AUDITOR,
     .handle = get_round},
    {METHOD_GET, "/v1/attestations/{attestation}/reappraisal", .roles = ACCESS_VIEWER,
     .handle = get_reappraisal},
    {METHOD_GET, "/v1/attestations/{attestation}/explanation", .roles = ACCESS_VIEWER,
     .handle = get_explanation},
};
const size_t api_round_n_routes = sizeof api_round_routes / sizeof *api_round_routes;
