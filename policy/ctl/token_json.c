/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl token: create (for operators, or --join for devices), list, remove. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/remote_json.h"

#define CELL 256

static const char *
collection(const struct context *c)
{
    return command_option(c, "join") ? "/v1/join-tokens" : "/v1/tokens";
}

static json_t *
all_of(const struct context *c, const char *option)
{
    json_t *all = json_array();
    const char *text = options_get_nth(c->options, option, 0);
    for (size_t i = 0; text; text = options_get_nth(c->options, option, ++i))
        (void)json_array_append_new(all, json_string(text));
    return all;
}

static int
run_create(struct context *c)
{
    bool join = command_option(c, "join") != NULL;
    uint64_t uses = 1;
    json_auto_t *labels = remote_labels(c);
    json_auto_t *body = json_object();
    json_auto_t *answer = NULL;
    const char *text = command_option(c, "uses");
    if (!labels || (text && text_parse_u64(text, INT32_MAX, &uses) != STATUS_OK))
        return command_fail(STATUS_INVALID, &(struct diag){.clause = "token create",
                                                           .text = "--label is KEY=VALUE, --uses "
                                                                   "a number"});
    (void)json_object_set(body, "labels", labels);
    if (join)
        (void)json_object_set_new(body, "uses", json_integer((json_int_t)uses));
    else
        (void)json_object_set_new(body, "roles", all_of(c, "role"));
    if (!join && command_option(c, "perspective"))
        (void)json_object_set_new(body, "perspectives", all_of(c, "perspective"));
    if (command_option(c, "expires"))
        (void)json_object_set_new(body, "expires", json_string(command_option(c, "expires")));
    if (command_option(c, "name"))
        (void)json_object_set_new(body, join ? "name" : "description",
                                  json_string(command_option(c, "name")));
    int rc = remote_call(c, "POST", collection(c), body, &answer);
    if (rc != EXIT_YES)
        return rc;
    if (!json_is_string(json_object_get(answer, "token"))) {
        (void)fprintf(stderr, "attestctl: the verifier's answer holds no token\n");
        return EXIT_UNAVAILABLE;
    }
    if (c->json)
        return remote_print(answer);
    /* The secret alone on standard output, so that a script can keep it. */
    char cell[CELL];
    (void)printf("%s\n", remote_cell(answer, "token", cell, sizeof cell));
    return EXIT_YES;
}

static int
run_list(struct context *c)
{
    char id[CELL], by[CELL], until[CELL];
    json_auto_t *answer = NULL;
    size_t i;
    json_t *t;
    int rc = remote_call(c, "GET", collection(c), NULL, &answer);
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(json_object_get(answer, "tokens")) : rc;
    json_array_foreach(json_object_get(answer, "tokens"), i, t)(void)
        printf("%-26s  by %-32s  until %s\n", remote_cell(t, "id", id, CELL),
               remote_cell(t, "created_by", by, CELL), remote_cell(t, "expires_at", until, CELL));
    return EXIT_YES;
}

static int
run_remove(struct context *c)
{
    char path[160];
    json_auto_t *answer = NULL;
    if (!text_is_name(c->arguments[0]))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "token", .text = "not a token id"});
    (void)snprintf(path, sizeof path, "%s/%s", collection(c), c->arguments[0]);
    return remote_call(c, "DELETE", path, NULL, &answer);
}

const struct command token_commands[] = {
    {"token", "create",
     "--role ROLE... [--perspective NAME...] | --join [--uses N] [--expires 1d] [--label K=V] "
     "[--name N]",
     0, 0, "create a token and print its secret once", run_create,
     COMMAND_REMOTE "json join uses expires name label role perspective"},
    {"token", "list", "[--join]", 0, 0, "list tokens", run_list, COMMAND_REMOTE "json join"},
    {"token", "remove", "[--join] TOKEN", 1, 1, "remove a token", run_remove,
     COMMAND_REMOTE "join"},
};
const size_t token_n_commands = sizeof token_commands / sizeof *token_commands;
