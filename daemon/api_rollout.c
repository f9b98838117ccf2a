/* SPDX-License-Identifier: Apache-2.0 */
/* How far a generation has got: who waits, who runs it, who went back, who fails, who is silent. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/device_emit.h"
#include "daemon/perspectives.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "daemon/store_place.h"

#define PAGE_ROWS 200u
#define NAME_SIZE 63u  /* a generation's name, as attest-reference(5) has it */
#define NAMED_MAX 500u /* devices named in one group; the rest are counted */

enum rollout_group {
    ROLLOUT_WAITING,   /* runs another generation, and never ran this one */
    ROLLOUT_ON_NEW,    /* runs it, and is not distrusted */
    ROLLOUT_WENT_BACK, /* ran it, and runs another now */
    ROLLOUT_FAILING,   /* distrusted in what it runs now */
    ROLLOUT_SILENT,    /* its last result has long expired, or there is none */
    ROLLOUT_GROUPS
};

static const char *const names[ROLLOUT_GROUPS] = {"waiting", "on-new", "went-back", "failing",
                                                  "silent"};

struct view {
    const char *generation;
    int64_t now_s;
    size_t n[ROLLOUT_GROUPS];
    struct buffer rows[ROLLOUT_GROUPS]; /* JSON, with commas between */
};

static void
clear_view(struct view *v)
{
    for (size_t i = 0; i < ROLLOUT_GROUPS; i++)
        buffer_free(&v->rows[i]);
}

/* A device that is silent is that first: what it ran when it was heard last may be long over. */
static enum rollout_group
group_of(const struct view *v, const struct store_device *d, const struct store_generation_row *row)
{
    const char *liveness = device_liveness(d, v->now_s);
    if (text_equal(liveness, "stale") || text_equal(liveness, "never"))
        return ROLLOUT_SILENT;
    if (perspectives_judged(d->perspectives, d->n_perspectives) == VERDICT_UNTRUSTED)
        return ROLLOUT_FAILING;
    if (text_equal(row->generation, v->generation))
        return ROLLOUT_ON_NEW;
    return row->had ? ROLLOUT_WENT_BACK : ROLLOUT_WAITING;
}

static enum status
put_device(struct view *v, const struct store_device *d, const struct store_generation_row *row)
{
    enum rollout_group group = group_of(v, d, row);
    struct buffer *out = &v->rows[group];
    if (++v->n[group] > NAMED_MAX)
        return STATUS_OK;
    buffer_append_text(out, out->size > 0 ? "," : "");
    struct emit e = emit_of(out);
    emit_object(&e);
    emit_text_member(&e, "device", d->id);
    emit_text_member(&e, "name", d->name);
    emit_text_member(&e, "generation", row->generation[0] != '\0' ? row->generation : NULL);
    emit_time_member(&e, "last_attested_at", d->attested_s);
    emit_end_object(&e);
    return emit_check(&e);
}

static enum status
add_page(struct request *request, struct view *v, const struct store_generation_list *page)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < page->n_items; i++) {
        CLEANUP(store_device_clear) struct store_device d = {0};
        s = store_get_device(request->verifier->store, page->items[i].device, &d);
        if (s == STATUS_OK && access_covers(&request->access, &d))
            s = put_device(v, &d, &page->items[i]);
        else if (s == STATUS_NOT_FOUND)
            s = STATUS_OK;
    }
    return s;
}

static enum status
fill(struct request *request, struct view *v)
{
    char after[DEVICE_ID_SIZE] = "";
    for (bool more = true; more;) {
        CLEANUP(store_generation_list_clear) struct store_generation_list page = {0};
        enum status s = store_list_generation(request->verifier->store, v->generation,
                                              after[0] != '\0' ? after : NULL, PAGE_ROWS, &page);
        if (s == STATUS_OK)
            s = add_page(request, v, &page);
        if (s != STATUS_OK)
            return s;
        more = page.n_items == PAGE_ROWS;
        if (more)
            (void)text_copy(after, sizeof after, page.items[page.n_items - 1].device);
    }
    return STATUS_OK;
}

static void
answer(struct response *response, const struct view *v)
{
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "generation", v->generation);
    emit_key(&e, "counts");
    emit_object(&e);
    for (size_t i = 0; i < ROLLOUT_GROUPS; i++)
        emit_uint_member(&e, names[i], v->n[i]);
    emit_end_object(&e);
    for (size_t i = 0; i < ROLLOUT_GROUPS; i++) {
        emit_key(&e, names[i]);
        emit_array(&e);
        if (v->rows[i].size > 0)
            emit_raw(&e, buffer_bytes(&v->rows[i]));
        emit_end_array(&e);
    }
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

static void
get_rollout(struct request *request, struct response *response)
{
    CLEANUP(clear_view)
    struct view v = {.generation = request->params[0], .now_s = request_now_s(request)};
    struct bytes name = bytes_of_text(v.generation);
    if (name.size == 0 || name.size > NAME_SIZE || !text_is_printable(name)) {
        problem_set(response, 400, PROBLEM_MALFORMED, "not the name of a generation");
        return;
    }
    enum status s = fill(request, &v);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    else
        answer(response, &v);
}

const struct route api_rollout_routes[] = {
    {METHOD_GET, "/v1/rollouts/{generation}", .roles = ACCESS_VIEWER, .handle = get_rollout},
};
const size_t api_rollout_n_routes = sizeof api_rollout_routes / sizeof *api_rollout_routes;
