/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl policy, reference and generations: check offline, put, activate, deactivate, get, list.
 */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/remote_json.h"
#include "ctl/signed_json.h"
#include "ctl/simulate_json.h"
#include "ctl/survey_json.h"

#define CELL 256

/* The file, parsed as the verifier will parse it. */
static enum status
load_document(const char *path, enum document_kind kind, struct buffer *text, struct document **out,
              struct diag *diag)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = file_load(path, LIMIT_DOCUMENT, text, diag);
    if (s == STATUS_OK)
        s = document_parse(h, buffer_bytes(text), out, diag);
    if (s == STATUS_OK && document_info(*out)->kind != kind)
        s = diag_set(diag, STATUS_INVALID, "document", 0, "the document is of the other type");
    return s;
}

/* What the fleet's stored rounds say of it, on standard error; 1 when it selects nobody or refuses
 * everybody. */
static int
check_fleet(struct context *c, const struct buffer *text)
{
    json_auto_t *answer = NULL;
    json_t *document = NULL;
    struct diag diag = {0};
    enum status s = signed_json_wire(buffer_bytes(text), &document, &diag);
    if (s != STATUS_OK)
        return command_fail_in(c->arguments[0], s, &diag);
    json_auto_t *body = json_pack("{s:[o]}", "documents", document);
    int rc = body ? survey_ask(c, "simulations", body, &answer) : command_fail(STATUS_NOMEM, NULL);
    if (rc != EXIT_YES)
        return rc;
    return simulate_warn(stderr, answer) > 0 ? EXIT_NO : EXIT_YES;
}

static int
check_document(struct context *c, enum document_kind kind)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    enum status s = load_document(c->arguments[0], kind, &text, &d, &diag);
    if (s != STATUS_OK)
        return command_fail_in(c->arguments[0], s, &diag);
    const struct document_info *info = document_info(d);
    (void)printf("%s %s version %llu is well-formed\n", document_kind_name(kind), info->id,
                 (unsigned long long)info->version);
    return command_option(c, "fleet") ? check_fleet(c, &text) : EXIT_YES;
}

static int
put_document(struct context *c, enum document_kind kind)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(document_freep) struct document *d = NULL;
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    struct diag diag = {0};
    char path[64];
    enum status s = load_document(c->arguments[0], kind, &text, &d, &diag);
    if (s != STATUS_OK)
        return command_fail_in(c->arguments[0], s, &diag);
    (void)snprintf(path, sizeof path, "/v1/%s", document_kind_collection(kind));
    struct client_request request = {
        .method = "POST", .path = path, .type = "application/json", .body = buffer_bytes(&text)};
    int rc = remote_bytes(c, &request, &answer);
    if (rc != EXIT_YES)
        return rc;
    (void)printf("%s %s version %llu: %s\n", document_kind_collection(kind), document_info(d)->id,
                 (unsigned long long)document_info(d)->version,
                 answer.http_status == 200 ? "was there already" : "put");
    json_auto_t *said =
        json_loadb((const char *)answer.body.data, answer.body.size, JSON_REJECT_DUPLICATES, NULL);
    remote_warn(said);
    return rc;
}

static int
post_activation(struct context *c, enum document_kind kind, const char *verb, json_t *body)
{
    char path[160], id[CELL];
    json_auto_t *owned = body;
    json_auto_t *answer = NULL;
    if (!text_is_name(c->arguments[0]))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "document", .text = "not a document's id"});
    (void)snprintf(path, sizeof path, "/v1/%s/%s/%s", document_kind_collection(kind),
                   c->arguments[0], verb);
    int rc = remote_call(c, "POST", path, owned, &answer);
    if (rc == EXIT_YES && answer)
        (void)printf("%s is active\n", remote_cell(answer, "id", id, CELL));
    remote_warn(answer);
    return rc;
}

static int
activate_document(struct context *c, enum document_kind kind)
{
    uint64_t version = 0;
    if (text_parse_u64(c->arguments[1], INT64_MAX, &version) != STATUS_OK || version == 0)
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "version", .text = "a number above 0"});
    return post_activation(c, kind, "activation",
                           json_pack("{s:I}", "version", (json_int_t)version));
}

static int
get_document(struct context *c, enum document_kind kind)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    char path[160];
    uint64_t version = 0;
    if (!text_is_name(c->arguments[0]) ||
        (c->n_arguments > 1 && text_parse_u64(c->arguments[1], INT64_MAX, &version) != STATUS_OK))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "document", .text = "ID [VERSION] expected"});
    if (version > 0)
        (void)snprintf(path, sizeof path, "/v1/%s/%s?version=%llu", document_kind_collection(kind),
                       c->arguments[0], (unsigned long long)version);
    else
        (void)snprintf(path, sizeof path, "/v1/%s/%s", document_kind_collection(kind),
                       c->arguments[0]);
    struct client_request request = {.method = "GET", .path = path};
    int rc = remote_bytes(c, &request, &answer);
    if (rc == EXIT_YES)
        (void)fwrite(answer.body.data, 1, answer.body.size, stdout);
    return rc;
}

static int
list_documents(struct context *c, enum document_kind kind)
{
    char path[64], id[CELL], version[CELL], state[CELL], perspective[CELL], at[CELL];
    json_auto_t *answer = NULL;
    size_t i;
    json_t *d;
    (void)snprintf(path, sizeof path, "/v1/%s?limit=500", document_kind_collection(kind));
    int rc = remote_call(c, "GET", path, NULL, &answer);
    json_t *list = json_object_get(answer, document_kind_collection(kind));
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(list) : rc;
    json_array_foreach(list, i, d)(void) printf(
        "%-32s  %-8s  %-8s  %-12s  %s\n", remote_cell(d, "id", id, CELL),
        remote_cell(d, "version", version, CELL), remote_cell(d, "state", state, CELL),
        remote_cell(d, "perspective", perspective, CELL), remote_cell(d, "put_at", at, CELL));
    return rc;
}

#define COLLECTION(name, kind)                                                                     \
    static int check_##name(struct context *c)                                                     \
    {                                                                                              \
        return check_document(c, kind);                                                            \
    }                                                                                              \
    static int put_##name(struct context *c)                                                       \
    {                                                                                              \
        return put_document(c, kind);                                                              \
    }                                                                                              \
    static int activate_##name(struct context *c)                                                  \
    {                                                                                              \
        return activate_document(c, kind);                                                         \
    }                                                                                              \
    static int deactivate_##name(struct context *c)                                                \
    {                                                                                              \
        return post_activation(c, kind, "deactivation", json_object());                            \
    }                                                                                              \
    static int get_##name(struct context *c)                                                       \
    {                                                                                              \
        return get_document(c, kind);                                                              \
    }                                                                                              \
    static int list_##name(struct context *c)                                                      \
    {                                                                                              \
        return list_documents(c, kind);                                                            \
    }

COLLECTION(policy, DOCUMENT_POLICY)
COLLECTION(reference, DOCUMENT_REFERENCE)
COLLECTION(generations, DOCUMENT_GENERATIONS)
COLLECTION(perspective, DOCUMENT_PERSPECTIVE)

const struct command document_commands[] = {
    {"policy", "check", "FILE [--fleet]", 1, 1, "check a policy offline, or on the fleet",
     check_policy, COMMAND_REMOTE "fleet"},
    {"policy", "put", "FILE", 1, 1, "store a new version of a policy", put_policy, COMMAND_REMOTE},
    {"policy", "activate", "ID VERSION", 2, 2, "bring a version into force", activate_policy,
     COMMAND_REMOTE},
    {"policy", "deactivate", "ID", 1, 1, "take a policy out of force", deactivate_policy,
     COMMAND_REMOTE},
    {"policy", "get", "ID [VERSION]", 1, 2, "print a policy", get_policy, COMMAND_REMOTE},
    {"policy", "list", "", 0, 0, "list policies", list_policy, COMMAND_REMOTE "json"},
    {"reference", "check", "FILE", 1, 1, "check a reference set offline", check_reference, ""},
    {"reference", "put", "FILE", 1, 1, "store a new version of a reference set", put_reference,
     COMMAND_REMOTE},
    {"reference", "activate", "ID VERSION", 2, 2, "bring a version into force", activate_reference,
     COMMAND_REMOTE},
    {"reference", "deactivate", "ID", 1, 1, "take a reference set out of force",
     deactivate_reference, COMMAND_REMOTE},
    {"reference", "get", "ID [VERSION]", 1, 2, "print a reference set", get_reference,
     COMMAND_REMOTE},
    {"reference", "list", "", 0, 0, "list reference sets", list_reference, COMMAND_REMOTE "json"},
    {"generations", "check", "FILE", 1, 1, "check states of generations offline", check_generations,
     ""},
    {"generations", "put", "FILE", 1, 1, "store a new version of states of generations",
     put_generations, COMMAND_REMOTE},
    {"generations", "activate", "ID VERSION", 2, 2, "bring a version into force",
     activate_generations, COMMAND_REMOTE},
    {"generations", "deactivate", "ID", 1, 1, "take states of generations out of force",
     deactivate_generations, COMMAND_REMOTE},
    {"generations", "get", "ID [VERSION]", 1, 2, "print states of generations", get_generations,
     COMMAND_REMOTE},
    {"generations", "list", "", 0, 0, "list states of generations", list_generations,
     COMMAND_REMOTE "json"},
    {"perspective", "check", "FILE", 1, 1, "check a perspective offline", check_perspective, ""},
    {"perspective", "put", "FILE", 1, 1, "store a new version of a perspective", put_perspective,
     COMMAND_REMOTE},
    {"perspective", "activate", "ID VERSION", 2, 2, "bring a version into force",
     activate_perspective, COMMAND_REMOTE},
    {"perspective", "deactivate", "ID", 1, 1, "take a perspective out of force",
     deactivate_perspective, COMMAND_REMOTE},
    {"perspective", "get", "ID [VERSION]", 1, 2, "print a perspective", get_perspective,
     COMMAND_REMOTE},
    {"perspective", "list", "", 0, 0, "list perspectives", list_perspective, COMMAND_REMOTE "json"},
};
const size_t document_n_commands = sizeof document_commands / sizeof *document_commands;
