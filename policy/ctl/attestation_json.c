/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl attestation: list, show. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/remote_json.h"

#define CELL 512

static void
print_reason(const json_t *r)
{
    char code[CELL], what[CELL], pcr[CELL], event[CELL], expected[CELL], found[CELL], text[CELL];
    (void)printf("    %s: %s\n", remote_cell(r, "code", code, CELL),
                 remote_cell(r, "sentence", text, CELL));
    (void)printf("      what %s, PCR %s, event %s, expected %s, found %s (%s)\n",
                 remote_cell(r, "what", what, CELL), remote_cell(r, "pcr", pcr, CELL),
                 remote_cell(r, "event", event, CELL), remote_cell(r, "expected", expected, CELL),
                 remote_cell(r, "found", found, CELL),
                 json_is_true(json_object_get(r, "bound")) ? "bound" : "claimed");
}

static void
print_reasons(const json_t *list)
{
    size_t i;
    json_t *r;
    json_array_foreach(list, i, r) print_reason(r);
}

static int
run_show(struct context *c)
{
    char path[128], text[CELL];
    json_auto_t *a = NULL;
    static const char *const rows[] = {"id",      "device",  "time",        "evidence_time",
                                       "expires", "verdict", "secure_boot", "command_line",
                                       "exporter"};
    if (!text_is_name(c->arguments[0]))
        return command_fail(STATUS_INVALID, &(struct diag){.clause = "attestation",
                                                           .text = "not an attestation id"});
    (void)snprintf(path, sizeof path, "/v1/attestations/%s", c->arguments[0]);
    int rc = remote_call(c, "GET", path, NULL, &a);
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(a) : rc;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        (void)printf("%-14s %s\n", rows[i], remote_cell(a, rows[i], text, sizeof text));
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(a, "perspectives"), i, p)
    {
        char verdict[CELL];
        (void)printf("  perspective %s: %s\n", remote_cell(p, "name", text, CELL),
                     remote_cell(p, "verdict", verdict, CELL));
        print_reasons(json_object_get(p, "reasons"));
    }
    (void)printf("  facts\n");
    print_reasons(json_object_get(a, "facts"));
    return EXIT_YES;
}

static int
run_list(struct context *c)
{
    char path[160], id[CELL], time[CELL], verdict[CELL];
    json_auto_t *answer = NULL;
    size_t i;
    json_t *a;
    if (!text_is_name(c->arguments[0]))
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "attestation", .text = "not a device id"});
    (void)snprintf(path, sizeof path, "/v1/devices/%s/attestations", c->arguments[0]);
    int rc = remote_call(c, "GET", path, NULL, &answer);
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(json_object_get(answer, "attestations")) : rc;
    json_array_foreach(json_object_get(answer, "attestations"), i, a)(void)
        printf("%-34s  %-20s  %s\n", remote_cell(a, "id", id, CELL),
               remote_cell(a, "time", time, CELL), remote_cell(a, "verdict", verdict, CELL));
    return EXIT_YES;
}

const struct command attestation_commands[] = {
    {"attestation", "list", "DEVICE", 1, 1, "list a device's newest attestations", run_list,
     COMMAND_REMOTE "json"},
    {"attestation", "show", "ATTESTATION", 1, 1, "show one with its reasons and facts", run_show,
     COMMAND_REMOTE "json"},
};
const size_t attestation_n_commands = sizeof attestation_commands / sizeof *attestation_commands;
