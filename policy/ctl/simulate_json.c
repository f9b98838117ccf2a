/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl simulate: candidate documents tried on the fleet's stored rounds by the verifier. */
#include "ctl/simulate_json.h"

#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/remote_json.h"
#include "ctl/signed_json.h"
#include "ctl/survey_json.h"

#include <string.h>

#define CELL 512

/* The file, parsed as the verifier will parse it, so that a refusal says its line. */
static int
add_document(const char *path, json_t *list)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(document_freep) struct document *d = NULL;
    struct diag diag = {0};
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = file_load(path, LIMIT_DOCUMENT, &text, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    s = document_parse(h, buffer_bytes(&text), &d, &diag);
    if (s != STATUS_OK)
        return command_fail_in(path, s, &diag);
    json_t *value = NULL;
    s = signed_json_wire(buffer_bytes(&text), &value, &diag);
    if (s != STATUS_OK)
        return command_fail_in(path, s, &diag);
    return json_array_append_new(list, value) == 0 ? EXIT_YES : command_fail(STATUS_NOMEM, NULL);
}

/* "policy/ID". */
static int
add_without(const char *word, json_t *list)
{
    char kind[16];
    enum document_kind parsed;
    const char *slash = strchr(word, '/');
    size_t size = slash ? (size_t)(slash - word) : 0;
    (void)snprintf(kind, sizeof kind, "%.*s", (int)(size < sizeof kind ? size : 0), word);
    if (!slash || !document_kind_parse(kind, &parsed) || !text_is_name(slash + 1))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "--without", .text = "TYPE/ID is expected"});
    return json_array_append_new(list, json_pack("{s:s, s:s}", "type", kind, "id", slash + 1)) == 0
               ? EXIT_YES
               : command_fail(STATUS_NOMEM, NULL);
}

static int
make_body(const struct context *c, json_t *body)
{
    json_t *documents = json_array();
    json_t *without = json_array();
    int rc = EXIT_YES;
    if (json_object_set_new(body, "documents", documents) != 0 ||
        json_object_set_new(body, "without", without) != 0)
        return command_fail(STATUS_NOMEM, NULL);
    if (command_option(c, "predict") && json_object_set_new(body, "predict", json_true()) != 0)
        return command_fail(STATUS_NOMEM, NULL);
    for (size_t i = 0; rc == EXIT_YES && i < c->n_arguments; i++)
        rc = add_document(c->arguments[i], documents);
    const char *word = options_get_nth(c->options, "without", 0);
    for (size_t i = 0; rc == EXIT_YES && word; word = options_get_nth(c->options, "without", ++i))
        rc = add_without(word, without);
    return rc;
}

/* ---- for people ---- */

static void
print_group(const json_t *g)
{
    char perspective[CELL], before[CELL], after[CELL], code[CELL], what[CELL], pcr[CELL], n[CELL];
    char text[CELL];
    const json_t *cause = json_object_get(g, "cause");
    size_t i;
    json_t *example;
    (void)printf("\n%s devices, perspective %s: %s -> %s\n", remote_cell(g, "devices", n, CELL),
                 remote_cell(g, "perspective", perspective, CELL),
                 remote_cell(g, "before", before, CELL), remote_cell(g, "after", after, CELL));
    (void)printf("  %s%s", json_is_true(json_object_get(cause, "gone")) ? "no more: " : "",
                 remote_cell(cause, "code", code, CELL));
    if (json_is_string(json_object_get(cause, "what")))
        (void)printf(" (%s)", remote_cell(cause, "what", what, CELL));
    if (json_is_integer(json_object_get(cause, "pcr")))
        (void)printf(" in PCR %s", remote_cell(cause, "pcr", pcr, CELL));
    (void)printf(": %s\n", remote_cell(cause, "sentence", text, CELL));
    json_array_foreach(json_object_get(g, "examples"), i, example)
    {
        (void)printf("    %s", remote_cell(example, "device", text, CELL));
        if (json_is_string(json_object_get(example, "found")))
            (void)printf("  found %s", remote_cell(example, "found", text, CELL));
        if (json_is_string(json_object_get(example, "expected")))
            (void)printf("  expected %s", remote_cell(example, "expected", text, CELL));
        (void)printf("\n");
    }
}

int
simulate_warn(FILE *out, const json_t *answer)
{
    char id[CELL], n[CELL];
    const json_t *result = json_object_get(answer, "result");
    json_int_t n_devices = json_integer_value(json_object_get(result, "devices"));
    int n_warned = 0;
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(result, "policies"), i, p)
    {
        json_int_t n_selected = json_integer_value(json_object_get(p, "selected"));
        bool all = n_selected > 0 && n_selected == n_devices &&
                   json_integer_value(json_object_get(p, "refused")) == n_selected;
        if (n_selected == 0)
            n_warned += fprintf(out, "warning: policy %s selects no device\n",
                                remote_cell(p, "id", id, CELL)) > 0;
        else if (all)
            n_warned +=
                fprintf(out, "warning: policy %s would refuse the whole fleet: %s devices\n",
                        remote_cell(p, "id", id, CELL), remote_cell(p, "refused", n, CELL)) > 0;
    }
    return n_warned;
}

static void
print_result(const json_t *answer)
{
    char devices[CELL], changed[CELL], skipped[CELL], before[CELL], after[CELL];
    const json_t *result = json_object_get(answer, "result");
    size_t i;
    json_t *row;
    (void)printf("%s devices, %s would change their verdict; %s rounds could not be used\n",
                 remote_cell(result, "devices", devices, CELL),
                 remote_cell(result, "changed", changed, CELL),
                 remote_cell(answer, "skipped", skipped, CELL));
    const json_t *predicted = json_object_get(result, "predicted");
    if (json_is_object(predicted))
        (void)printf("  predicted: %s updated, %s untouched, %s whose components are not known\n",
                     remote_cell(predicted, "updated", devices, CELL),
                     remote_cell(predicted, "untouched", changed, CELL),
                     remote_cell(predicted, "unknown", skipped, CELL));
    json_array_foreach(json_object_get(result, "verdicts"), i, row)(void)
        printf("  %-10s -> %-10s %s\n", remote_cell(row, "before", before, CELL),
               remote_cell(row, "after", after, CELL), remote_cell(row, "devices", devices, CELL));
    (void)simulate_warn(stdout, answer);
    json_array_foreach(json_object_get(result, "groups"), i, row) print_group(row);
}

/* 1 when some device would change. */
static int
exit_of(const json_t *answer)
{
    const json_t *result = json_object_get(answer, "result");
    return json_integer_value(json_object_get(result, "changed")) == 0 ? EXIT_YES : EXIT_NO;
}

static int
run_simulate(struct context *c)
{
    json_auto_t *body = json_object();
    json_auto_t *answer = NULL;
    int rc = body ? make_body(c, body) : command_fail(STATUS_NOMEM, NULL);
    if (rc == EXIT_YES)
        rc = survey_ask(c, "simulations", body, &answer);
    if (rc != EXIT_YES)
        return rc;
    if (c->json)
        rc = remote_print(answer);
    else
        print_result(answer);
    return rc == EXIT_YES ? exit_of(answer) : rc;
}

const struct command simulate_commands[] = {
    {"simulate", "", "[FILE]... [--predict] [--without TYPE/ID]", 0, 64,
     "try documents on the fleet's stored rounds; nothing is stored", run_simulate,
     COMMAND_REMOTE "json predict without"},
};
const size_t simulate_n_commands = sizeof simulate_commands / sizeof *simulate_commands;
