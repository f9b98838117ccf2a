/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl explain: why a device's last round, or a stored one, came out as it did, and how many
 * others show the same. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/remote_json.h"
#include "ctl/survey_json.h"

#include <string.h>

#define CELL      512
#define DEVICE_ID 32u
#define DIGESTS   16u

static bool
is_device_id(const char *text)
{
    return strlen(text) == DEVICE_ID && strspn(text, "0123456789abcdef") == DEVICE_ID;
}

/* A device stands for its newest attestation. */
static int
find_attestation(struct context *c, char *out, size_t out_size)
{
    json_auto_t *answer = NULL;
    char path[160];
    if (!is_device_id(c->arguments[0])) {
        (void)text_copy(out, out_size, c->arguments[0]);
        return EXIT_YES;
    }
    (void)snprintf(path, sizeof path, "/v1/devices/%s/attestations?limit=1", c->arguments[0]);
    int rc = remote_call(c, "GET", path, NULL, &answer);
    const json_t *newest = json_array_get(json_object_get(answer, "attestations"), 0);
    if (rc == EXIT_YES && !newest) {
        (void)fprintf(stderr, "attestctl: the device has never attested\n");
        return EXIT_NO;
    }
    if (rc == EXIT_YES)
        (void)remote_cell(newest, "id", out, out_size);
    return rc;
}

/* Digests that reasons found, each once. */
static json_t *
collect_digests(const json_t *explanation)
{
    json_t *list = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(explanation, "reasons"), i, row)
    {
        const char *found =
            json_string_value(json_object_get(json_object_get(row, "reason"), "found"));
        size_t k;
        json_t *known;
        bool fresh = found && (strlen(found) == 64 || strlen(found) == 96) &&
                     strspn(found, "0123456789abcdef") == strlen(found);
        json_array_foreach(list, k, known) fresh =
            fresh && !text_equal(json_string_value(known), found);
        if (fresh && json_array_size(list) < DIGESTS)
            (void)json_array_append_new(list, json_string(found));
    }
    return list;
}

/* "fleet": how many devices show each digest that was found, and since when. A verifier that is
 * busy with another survey leaves it null. */
static void
add_fleet(struct context *c, json_t *explanation)
{
    json_auto_t *answer = NULL;
    json_t *digests = collect_digests(explanation);
    (void)json_object_set_new(explanation, "fleet", json_null());
    if (json_array_size(digests) == 0) {
        json_decref(digests);
        (void)json_object_set_new(explanation, "fleet", json_array());
        return;
    }
    json_auto_t *body = json_pack("{s:o}", "digests", digests);
    if (!body || survey_ask(c, "searches", body, &answer) != EXIT_YES)
        return;
    json_t *rows = json_array();
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(json_object_get(answer, "result"), "digests"), i, one)(void)
        json_array_append_new(rows,
                              json_pack("{s:O, s:O, s:O}", "digest", json_object_get(one, "digest"),
                                        "devices", json_object_get(one, "devices"), "since",
                                        json_object_get(one, "since")));
    (void)json_object_set_new(explanation, "fleet", rows);
}

static const json_t *
find_in_fleet(const json_t *explanation, const char *digest)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(explanation, "fleet"), i, one)
    {
        if (text_equal(json_string_value(json_object_get(one, "digest")), digest))
            return one;
    }
    return NULL;
}

static void
print_changes(const json_t *x)
{
    char component[CELL], change[CELL], pcr[CELL], event[CELL], was[CELL], is[CELL];
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(x, "changes"), i, one)
    {
        (void)printf("  %s %s in PCR %s, event %s\n",
                     remote_cell(one, "component", component, CELL),
                     remote_cell(one, "change", change, CELL), remote_cell(one, "pcr", pcr, CELL),
                     remote_cell(one, "event", event, CELL));
        if (json_is_string(json_object_get(one, "was")))
            (void)printf("    was %s\n", remote_cell(one, "was", was, CELL));
        if (json_is_string(json_object_get(one, "is")))
            (void)printf("    is  %s\n", remote_cell(one, "is", is, CELL));
    }
}

static void
print_reason(const json_t *x, const json_t *row)
{
    char perspective[CELL], code[CELL], sentence[CELL], what[CELL], text[CELL], since[CELL];
    const json_t *r = json_object_get(row, "reason");
    (void)printf("\n%s (%s): %s\n", remote_cell(r, "code", code, CELL),
                 remote_cell(row, "perspective", perspective, CELL),
                 remote_cell(r, "sentence", sentence, CELL));
    if (json_is_string(json_object_get(r, "what")))
        (void)printf("  of       %s\n", remote_cell(r, "what", what, CELL));
    if (json_is_string(json_object_get(r, "expected")))
        (void)printf("  expected %s\n", remote_cell(r, "expected", text, CELL));
    if (json_is_string(json_object_get(r, "found")))
        (void)printf("  found    %s\n", remote_cell(r, "found", text, CELL));
    const json_t *fleet = find_in_fleet(x, json_string_value(json_object_get(r, "found")));
    if (fleet)
        (void)printf("  shown by %s devices since %s\n", remote_cell(fleet, "devices", text, CELL),
                     remote_cell(fleet, "since", since, CELL));
    (void)printf("  accept:  %s\n", remote_cell(row, "accept", text, CELL));
    (void)printf("  act:     %s\n", remote_cell(row, "act", text, CELL));
}

static int
print_people(const json_t *x)
{
    char text[2048], at[CELL];
    const json_t *good = json_object_get(x, "last_good");
    size_t i;
    json_t *row;
    (void)printf("%s\n", remote_cell(x, "summary", text, sizeof text));
    if (json_is_object(good))
        (void)printf("last good: %s at %s\n", remote_cell(good, "attestation", text, CELL),
                     remote_cell(good, "time", at, CELL));
    print_changes(x);
    json_array_foreach(json_object_get(x, "reasons"), i, row) print_reason(x, row);
    return EXIT_YES;
}

static int
run_explain(struct context *c)
{
    json_auto_t *x = NULL;
    char path[192], id[64];
    int rc = find_attestation(c, id, sizeof id);
    if (rc != EXIT_YES)
        return rc;
    if (!text_is_name(id))
        return command_fail(STATUS_INVALID, &(struct diag){.clause = "explain",
                                                           .text = "not a device or attestation"});
    (void)snprintf(path, sizeof path, "/v1/attestations/%s/explanation", id);
    rc = remote_call(c, "GET", path, NULL, &x);
    if (rc != EXIT_YES)
        return rc;
    add_fleet(c, x);
    return c->json ? remote_print(x) : print_people(x);
}

const struct command explain_commands[] = {
    {"explain", "", "DEVICE|ATTESTATION", 1, 1,
     "what changed since the last good boot, what was expected, and what can be done", run_explain,
     COMMAND_REMOTE "json"},
};
const size_t explain_n_commands = sizeof explain_commands / sizeof *explain_commands;
