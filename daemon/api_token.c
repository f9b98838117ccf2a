/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens: of operators (roles, scope) and for joining the fleet (uses, labels). A secret is shown
 * once. */
#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"
#include "daemon/fields_json.h"
#include "daemon/problem.h"
#include "daemon/route.h"

#include <openssl/crypto.h>
#include <string.h>

#define DEFAULT_API_LIFE  "90d"
#define DEFAULT_JOIN_LIFE "1d"
#define MAX_LIFE_S        (3650L * 86400L)
#define MAX_USES          100000u
#define SECRET_SIZE       128u
#define ID_RANDOM         12u

struct order {
    struct field_texts roles, perspectives;
    struct field_labels labels;
    const char *expires, *description;
    uint64_t uses;
};

static void
emit_roles(struct emit *e, uint32_t roles)
{
    emit_key(e, "roles");
    emit_array(e);
    for (uint32_t bit = ACCESS_VIEWER; bit <= ACCESS_RELYING_PARTY; bit <<= 1) {
        if (roles & bit)
            emit_text(e, access_role_name(bit));
    }
    emit_end_array(e);
}

static void
emit_grants(struct emit *e, const struct store_grants *granted)
{
    emit_key(e, "perspectives");
    emit_array(e);
    for (size_t i = 0; i < granted->n; i++)
        emit_text(e, granted->names[i]);
    emit_end_array(e);
}

static void
emit_token(struct emit *e, const struct store_token *t)
{
    emit_object(e);
    emit_text_member(e, "id", t->id);
    if (t->kind == STORE_TOKEN_API)
        emit_roles(e, t->roles);
    if (t->granted.n > 0)
        emit_grants(e, &t->granted);
    if (t->kind == STORE_TOKEN_JOIN)
        emit_uint_member(e, "uses_left", t->uses_left);
    emit_key(e, "labels");
    emit_object(e);
    for (size_t i = 0; i < t->n_labels; i++)
        emit_text_member(e, t->labels[i].key, t->labels[i].value);
    emit_end_object(e);
    emit_text_member(e, t->kind == STORE_TOKEN_API ? "description" : "name", t->description);
    emit_time_member(e, "created_at", t->created_s);
    emit_text_member(e, "created_by", t->created_by);
    emit_time_member(e, "expires_at", t->expires_s);
    emit_end_object(e);
}

static enum status
parse_roles(const struct field_texts *names, uint32_t *out, struct diag *diag)
{
    for (size_t i = 0; i < names->n_items; i++) {
        uint32_t role = access_role_parse(names->items[i]);
        if (role == 0)
            return diag_set(diag, STATUS_MALFORMED, "request body", 0,
                            "roles are viewer, operator, admin, auditor, relying-party");
        *out |= role;
    }
    return *out ? STATUS_OK : diag_set(diag, STATUS_MALFORMED, "request body", 0, "roles is empty");
}

/* A relying party must be told of what; nobody else is limited. [protocol 5] */
static enum status
parse_grants(const struct field_texts *names, uint32_t roles, struct store_grants *out,
             struct diag *diag)
{
    if ((names->n_items > 0) != ((roles & ACCESS_RELYING_PARTY) != 0))
        return diag_set(diag, STATUS_MALFORMED, "request body", 0,
                        "perspectives go with the role relying-party, and it needs them");
    for (size_t i = 0; i < names->n_items; i++) {
        const char *name = names->items[i];
        if (i == LIMIT_PERSPECTIVES || (!text_is_name(name) && !text_equal(name, ACCESS_GRANT_ALL)))
            return diag_set(diag, STATUS_MALFORMED, "request body", 0,
                            "perspectives are at most %u names, or \"*\" for all",
                            LIMIT_PERSPECTIVES);
        (void)text_copy(out->names[out->n++], sizeof out->names[0], name);
    }
    return STATUS_OK;
}

static enum status
parse_life(const char *text, const char *fallback, int64_t *out, struct diag *diag)
{
    if (text_parse_duration_s(text ? text : fallback, out) != STATUS_OK || *out <= 0 ||
        *out > MAX_LIFE_S)
        return diag_set(diag, STATUS_MALFORMED, "request body", 0,
                        "expires is a duration such as 12h or 30d, at most 3650d");
    return STATUS_OK;
}

static enum status
name_token(struct store_token *t)
{
    uint8_t random[ID_RANDOM];
    enum status s = digest_random(random, sizeof random);
    if (s == STATUS_OK)
        (void)text_hex(bytes_of(random, sizeof random), t->id, sizeof t->id);
    return s;
}

/* Fill, store, and answer with the secret. */
static void
make_token(struct request *request, struct response *response, struct store_token *t,
           const struct order *order)
{
    char secret[SECRET_SIZE] = "";
    struct diag diag = {0};
    struct store_actor who = {.name = request->access.actor, .now_s = request_now_s(request)};
    bool api = t->kind == STORE_TOKEN_API;
    int64_t life_s = 0;
    if (!access_covers_labels(&request->access, order->labels.items, order->labels.n_items)) {
        problem_set_scope(response);
        return;
    }
    /* The store copies; these are borrowed from the request. */
    struct label labels[LIMIT_LABELS];
    for (size_t i = 0; i < order->labels.n_items; i++)
        labels[i] = order->labels.items[i];
    t->labels = labels;
    t->n_labels = order->labels.n_items;
    CLEANUP(free_charp) char *description = order->description ? strdup(order->description) : NULL;
    t->description = description;
    t->created_by = request->access.actor;
    t->created_s = who.now_s;
    enum status s =
        parse_life(order->expires, api ? DEFAULT_API_LIFE : DEFAULT_JOIN_LIFE, &life_s, &diag);
    t->expires_s = who.now_s + life_s;
    if (s == STATUS_OK)
        s = name_token(t);
    if (s == STATUS_OK)
        s = access_new_secret(request->hasher, api ? "api" : "join", secret, sizeof secret,
                              t->sha256);
    if (s == STATUS_OK)
        s = store_put_token(request->verifier->store, &who, t);
    if (s != STATUS_OK) {
        problem_from_status(response, s, &diag);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_text_member(&e, "id", t->id);
    emit_text_member(&e, "token", secret);
    emit_time_member(&e, "expires_at", t->expires_s);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 201 : 500);
    OPENSSL_cleanse(secret, sizeof secret);
}

static void
post_api_token(struct request *request, struct response *response)
{
    struct order order = {0};
    const struct field table[] = {{"roles", FIELD_TEXTS, true, &order.roles},
                                  {"perspectives", FIELD_TEXTS, false, &order.perspectives},
                                  {"labels", FIELD_LABELS, false, &order.labels},
                                  {"expires", FIELD_TEXT, false, &order.expires},
                                  {"description", FIELD_TEXT, false, &order.description}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    struct diag diag = {0};
    struct store_token t = {.kind = STORE_TOKEN_API};
    enum status s = fields_parse(request->body, table, 5, &fields, &diag);
    if (s == STATUS_OK)
        s = parse_roles(&order.roles, &t.roles, &diag);
    if (s == STATUS_OK)
        s = parse_grants(&order.perspectives, t.roles, &t.granted, &diag);
    if (s != STATUS_OK)
        problem_from_status(response, s, &diag);
    else
        make_token(request, response, &t, &order);
}

static void
post_join_token(struct request *request, struct response *response)
{
    struct order order = {.uses = 1};
    const struct field table[] = {{"uses", FIELD_UINT, false, &order.uses},
                                  {"labels", FIELD_LABELS, false, &order.labels},
                                  {"expires", FIELD_TEXT, false, &order.expires},
                                  {"name", FIELD_TEXT, false, &order.description}};
    CLEANUP(fields_freep) struct fields *fields = NULL;
    struct diag diag = {0};
    struct store_token t = {.kind = STORE_TOKEN_JOIN};
    enum status s = fields_parse(request->body, table, 4, &fields, &diag);
    if (s == STATUS_OK && (order.uses == 0 || order.uses > MAX_USES))
        s = diag_set(&diag, STATUS_MALFORMED, "request body", 0, "uses is 1 to %u", MAX_USES);
    t.uses_left = (uint32_t)order.uses;
    if (s != STATUS_OK)
        problem_from_status(response, s, &diag);
    else
        make_token(request, response, &t, &order);
}

static bool
is_covered(const struct request *request, const struct store_token *t)
{
    return access_covers_labels(&request->access, t->labels, t->n_labels);
}

static void
list_tokens(struct request *request, struct response *response, enum store_token_kind kind)
{
    CLEANUP(store_token_list_clear) struct store_token_list list = {0};
    enum status s = store_list_tokens(request->verifier->store, kind, &list);
    if (s != STATUS_OK) {
        problem_from_status(response, s, NULL);
        return;
    }
    struct emit e = emit_of(&response->body);
    emit_object(&e);
    emit_key(&e, "tokens");
    emit_array(&e);
    for (size_t i = 0; i < list.n_items; i++) {
        if (is_covered(request, &list.items[i]))
            emit_token(&e, &list.items[i]);
    }
    emit_end_array(&e);
    emit_end_object(&e);
    response_json(response, emit_check(&e) == STATUS_OK ? 200 : 500);
}

/* STATUS_NOT_FOUND: there is none of that name in the caller's scope. */
static enum status
check_covered(const struct request *request, enum store_token_kind kind, const char *id)
{
    CLEANUP(store_token_list_clear) struct store_token_list list = {0};
    if (request->access.n_labels == 0)
        return STATUS_OK;
    enum status s = store_list_tokens(request->verifier->store, kind, &list);
    for (size_t i = 0; s == STATUS_OK && i < list.n_items; i++) {
        if (text_equal(list.items[i].id, id) && is_covered(request, &list.items[i]))
            return STATUS_OK;
    }
    return s == STATUS_OK ? STATUS_NOT_FOUND : s;
}

static void
remove_token(struct request *request, struct response *response, enum store_token_kind kind)
{
    struct store_actor who = {.name = request->access.actor, .now_s = request_now_s(request)};
    enum status s = check_covered(request, kind, request->params[0]);
    if (s == STATUS_OK)
        s = store_remove_token(request->verifier->store, &who, kind, request->params[0]);
    if (s != STATUS_OK)
        problem_from_status(response, s, NULL);
    else
        response->status = 204;
}

static void
list_api_tokens(struct request *request, struct response *response)
{
    list_tokens(request, response, STORE_TOKEN_API);
}

static void
list_join_tokens(struct request *request, struct response *response)
{
    list_tokens(request, response, STORE_TOKEN_JOIN);
}

static void
remove_api_token(struct request *request, struct response *response)
{
    remove_token(request, response, STORE_TOKEN_API);
}

static void
remove_join_token(struct request *request, struct response *response)
{
    remove_token(request, response, STORE_TOKEN_JOIN);
}

#define JSON_BODY .body_cap = 16384, .body_type = "application/json"

const struct route api_token_routes[] = {
    {METHOD_POST, "/v1/tokens", .roles = ACCESS_ADMIN, JSON_BODY, .handle = post_api_token},
    {METHOD_GET, "/v1/tokens", .roles = ACCESS_ADMIN, .handle = list_api_tokens},
    {METHOD_DELETE, "/v1/tokens/{token}", .roles = ACCESS_ADMIN, .handle = remove_api_token},
    {METHOD_POST, "/v1/join-tokens", .roles = ACCESS_OPERATOR, JSON_BODY,
     .handle = post_join_token},
    {METHOD_GET, "/v1/join-tokens", .roles = ACCESS_OPERATOR, .handle = list_join_tokens},
    {METHOD_DELETE, "/v1/join-tokens/{token}", .roles = ACCESS_OPERATOR,
     .handle = remove_join_token},
};
const size_t api_token_n_routes = sizeof api_token_routes / sizeof *api_token_routes;
