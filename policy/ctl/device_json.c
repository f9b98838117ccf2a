/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl device: list, show, check, add, approve, revoke, quarantine, release, decommission. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/remote_json.h"

#include <string.h>

#define CELL 256

static void
print_row(const json_t *d)
{
    char id[CELL], name[CELL], state[CELL], verdict[CELL], liveness[CELL], at[CELL];
    (void)printf("%-32s  %-20s  %-12s  %-9s  %-6s  %s\n", remote_cell(d, "id", id, CELL),
                 remote_cell(d, "name", name, CELL), remote_cell(d, "state", state, CELL),
                 remote_cell(d, "verdict", verdict, CELL),
                 remote_cell(d, "liveness", liveness, CELL),
                 remote_cell(d, "last_attested_at", at, CELL));
}

/* Query of the list, without cursor. Values are checked by the verifier; only URL-safe ones are
 * sent. */
static bool
append_query(const struct context *c, struct buffer *path)
{
    static const char *const names[] = {"state", "verdict", "limit"};
    buffer_append_text(path, "/v1/devices?");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = command_option(c, names[i]);
        if (value && !text_is_name(value))
            return false;
        if (value)
            buffer_append_format(path, "%s=%s&", names[i], value);
    }
    const char *label = command_option(c, "label");
    if (label && strpbrk(label, "&#% \"<>"))
        return false;
    if (label)
        buffer_append_format(path, "label=%s&", label);
    return true;
}

static int
list_page(struct context *c, const struct buffer *query, const char *cursor, json_t *all,
          json_t **answer)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append(&path, buffer_bytes(query));
    if (cursor)
        buffer_append_format(&path, "cursor=%s", cursor);
    if (!buffer_text(&path))
        return command_fail(STATUS_NOMEM, NULL);
    int rc = remote_call(c, "GET", (const char *)path.data, NULL, answer);
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(*answer, "devices"), i, d)
    {
        if (c->json)
            (void)json_array_append(all, d);
        else
            print_row(d);
    }
    return rc;
}

static int
run_list(struct context *c)
{
    CLEANUP(buffer_free) struct buffer query = {0};
    json_auto_t *all = json_array();
    json_auto_t *page = NULL;
    if (!append_query(c, &query))
        return command_fail(STATUS_INVALID, &(struct diag){.clause = "device list",
                                                           .text = "an option has a character "
                                                                   "that it cannot have"});
    if (!c->json)
        (void)printf("%-32s  %-20s  %-12s  %-9s  %-6s  %s\n", "DEVICE", "NAME", "STATE", "VERDICT",
                     "SEEN", "LAST ATTESTED");
    int rc = list_page(c, &query, NULL, all, &page);
    const char *next = json_string_value(json_object_get(page, "next"));
    while (rc == EXIT_YES && next) {
        json_t *following = NULL;
        rc = list_page(c, &query, next, all, &following);
        json_decref(page);
        page = following;
        next = json_string_value(json_object_get(page, "next"));
    }
    return rc == EXIT_YES && c->json ? remote_print(all) : rc;
}

static int
get_device(struct context *c, json_t **out)
{
    char path[128];
    if (!text_is_name(c->arguments[0]))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "device", .text = "not a device id"});
    (void)snprintf(path, sizeof path, "/v1/devices/%s", c->arguments[0]);
    return remote_call(c, "GET", path, NULL, out);
}

static void
print_perspectives(const json_t *d)
{
    size_t i;
    json_t *p;
    char name[CELL], verdict[CELL], since[CELL], expires[CELL];
    json_array_foreach(json_object_get(d, "perspectives"), i, p)
    {
        (void)printf("  %-18s %s since %s, until %s\n", remote_cell(p, "name", name, CELL),
                     remote_cell(p, "verdict", verdict, CELL), remote_cell(p, "since", since, CELL),
                     remote_cell(p, "expires", expires, CELL));
    }
}

static int
run_show(struct context *c)
{
    static const char *const rows[] = {
        "id",        "name",      "state",       "verdict",          "liveness", "genuine",
        "member_by", "ek_sha256", "enrolled_at", "last_attested_at", "version"};
    json_auto_t *d = NULL;
    int rc = get_device(c, &d);
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(d) : rc;
    char text[CELL];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        (void)printf("%-20s %s\n", rows[i], remote_cell(d, rows[i], text, sizeof text));
    (void)printf("perspectives\n");
    print_perspectives(d);
    return EXIT_YES;
}

/* For scripts: the exit code is the answer. */
static int
run_check(struct context *c)
{
    json_auto_t *d = NULL;
    char verdict[CELL];
    int rc = get_device(c, &d);
    if (rc != EXIT_YES)
        return rc;
    (void)printf("%s\n", remote_cell(d, "verdict", verdict, sizeof verdict));
    return text_equal(verdict, "trusted") ? EXIT_YES : EXIT_NOT_TRUSTED;
}

static int
finish(struct context *c, int rc, const json_t *d)
{
    char id[CELL], state[CELL];
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(d) : rc;
    (void)printf("%s %s\n", remote_cell(d, "id", id, CELL), remote_cell(d, "state", state, CELL));
    return EXIT_YES;
}

static int
post_verb(struct context *c, const char *verb, json_t *body)
{
    char path[160];
    json_auto_t *owned = body;
    json_auto_t *answer = NULL;
    if (!text_is_name(c->arguments[0]))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "device", .text = "not a device id"});
    (void)snprintf(path, sizeof path, "/v1/devices/%s/%s", c->arguments[0], verb);
    int rc = remote_call(c, "POST", path, owned, &answer);
    return finish(c, rc, answer);
}

static json_t *
reason_body(const struct context *c)
{
    const char *reason = command_option(c, "reason");
    return reason ? json_pack("{s:s}", "reason", reason) : json_object();
}

static int
run_add(struct context *c)
{
    const char *name = command_option(c, "name");
    json_auto_t *labels = remote_labels(c);
    json_auto_t *answer = NULL;
    if (!labels)
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "--label", .text = "expected KEY=VALUE"});
    json_auto_t *body =
        json_pack("{s:s, s:s*, s:O}", "ek_sha256", c->arguments[0], "name", name, "labels", labels);
    int rc = remote_call(c, "POST", "/v1/devices", body, &answer);
    return finish(c, rc, answer);
}

static int
run_approve(struct context *c)
{
    return post_verb(c, "approval", json_pack("{s:s}", "ek_sha256", c->arguments[1]));
}

static int
run_revoke(struct context *c)
{
    return post_verb(c, "revocation", reason_body(c));
}

static int
run_quarantine(struct context *c)
{
    return post_verb(c, "quarantine", reason_body(c));
}

static int
run_release(struct context *c)
{
    return post_verb(c, "release", reason_body(c));
}

static int
run_decommission(struct context *c)
{
    return post_verb(c, "decommission", reason_body(c));
}

const struct command device_commands[] = {
    {"device", "list", "[--state S] [--verdict V] [--label K=V]", 0, 0, "list devices", run_list,
     COMMAND_REMOTE "json state verdict limit label"},
    {"device", "show", "DEVICE", 1, 1, "show one device", run_show, COMMAND_REMOTE "json"},
    {"device", "check", "DEVICE", 1, 1, "exit 0 when trusted now, else 3", run_check,
     COMMAND_REMOTE},
    {"device", "add", "EK-SHA256 [--name N] [--label K=V]", 1, 1,
     "announce a device by its EK's fingerprint", run_add, COMMAND_REMOTE "json name label"},
    {"device", "approve", "DEVICE EK-SHA256", 2, 2,
     "approve a pending device by the fingerprint that it shows", run_approve,
     COMMAND_REMOTE "json"},
    {"device", "revoke", "DEVICE [--reason TEXT]", 1, 1, "revoke a device", run_revoke,
     COMMAND_REMOTE "json reason"},
    {"device", "quarantine", "DEVICE [--reason TEXT]", 1, 1, "quarantine a device", run_quarantine,
     COMMAND_REMOTE "json reason"},
    {"device", "release", "DEVICE [--reason TEXT]", 1, 1, "end a quarantine", run_release,
     COMMAND_REMOTE "json reason"},
    {"device", "decommission", "DEVICE [--reason TEXT]", 1, 1, "take a device out for good",
     run_decommission, COMMAND_REMOTE "json reason"},
};
const size_t device_n_commands = sizeof device_commands / sizeof *device_commands;
