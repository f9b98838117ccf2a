/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl: questions about the whole fleet: who measured a digest, what nothing explains, how far
 * a generation has got. Nothing becomes active by any of them. */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "ctl/remote_json.h"
#include "ctl/signed_json.h"
#include "ctl/survey_json.h"

#include <string.h>

#define CELL            256
#define GENERATION_SIZE 63u

static int
usage(const char *clause, const char *text)
{
    struct diag diag = {.clause = clause};
    (void)text_copy(diag.text, sizeof diag.text, text);
    return command_fail(STATUS_INVALID, &diag);
}

/* ---- device find ---- */

static int
run_find(struct context *c)
{
    const char *digest = command_option(c, "measured");
    json_auto_t *answer = NULL;
    char id[CELL], since[CELL], log[CELL], pcr[CELL];
    if (!digest)
        return usage("--measured", "a digest in hex is expected");
    json_auto_t *body = json_pack("{s:[s], s:s}", "digests", digest, "boots",
                                  command_option(c, "ever") ? "every" : "last");
    int rc = body ? survey_ask(c, "searches", body, &answer) : command_fail(STATUS_NOMEM, NULL);
    if (rc != EXIT_YES)
        return rc;
    const json_t *list = json_object_get(json_object_get(answer, "result"), "digests");
    const json_t *one = json_array_get(list, 0);
    bool any = json_integer_value(json_object_get(one, "devices")) > 0;
    if (c->json)
        rc = remote_print(one);
    size_t i;
    json_t *f;
    json_array_foreach(c->json ? NULL : json_object_get(one, "found"), i, f)(void)
        printf("%-32s  since %-20s  %-9s PCR %s\n", remote_cell(f, "device", id, CELL),
               remote_cell(f, "since", since, CELL), remote_cell(f, "log", log, CELL),
               remote_cell(f, "pcr", pcr, CELL));
    return rc == EXIT_YES && !any ? EXIT_NO : rc;
}

/* ---- unknown ---- */

static int
ask_unknown(struct context *c, json_t **answer)
{
    json_auto_t *body = json_object();
    return body ? survey_ask(c, "unknowns", body, answer) : command_fail(STATUS_NOMEM, NULL);
}

static int
run_list(struct context *c)
{
    json_auto_t *answer = NULL;
    char digest[CELL], code[CELL], what[CELL], devices[CELL], since[CELL];
    int rc = ask_unknown(c, &answer);
    const json_t *result = json_object_get(answer, "result");
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(result) : rc;
    size_t i;
    json_t *u;
    json_array_foreach(json_object_get(result, "unknown"), i, u)(void)
        printf("%s\n  %s devices since %s: %s %s\n", remote_cell(u, "digest", digest, CELL),
               remote_cell(u, "devices", devices, CELL), remote_cell(u, "since", since, CELL),
               remote_cell(u, "code", code, CELL), remote_cell(u, "what", what, CELL));
    return EXIT_YES;
}

static const char *
algorithm_of(const char *digest)
{
    switch (strlen(digest)) {
    case 40:
        return "sha1";
    case 64:
        return "sha256";
    case 96:
        return "sha384";
    case 128:
        return "sha512";
    default:
        return NULL;
    }
}

static json_t *
find_unknown(const json_t *answer, const char *digest)
{
    size_t i;
    json_t *u;
    const json_t *list = json_object_get(json_object_get(answer, "result"), "unknown");
    json_array_foreach(list, i, u)
    {
        if (text_equal(json_string_value(json_object_get(u, "digest")), digest))
            return u;
    }
    return NULL;
}

/* The component that the digest was held against. */
static json_t *
find_component(const json_t *reference, const json_t *unknown)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(reference, "components"), i, one)
    {
        if (text_equal(json_string_value(json_object_get(one, "role")),
                       json_string_value(json_object_get(unknown, "what"))) &&
            json_integer_value(json_object_get(one, "pcr")) ==
                json_integer_value(json_object_get(unknown, "pcr")))
            return one;
    }
    return NULL;
}

static int
add_file(json_t *reference, const char *digest)
{
    char text[CELL];
    json_t *files = json_object_get(reference, "files");
    if (!files) {
        files = json_array();
        if (json_object_set_new(reference, "files", files) != 0)
            return command_fail(STATUS_NOMEM, NULL);
    }
    (void)snprintf(text, sizeof text, "%s:%s", algorithm_of(digest), digest);
    return json_array_append_new(files, json_string(text)) == 0 ? EXIT_YES
                                                                : command_fail(STATUS_NOMEM, NULL);
}

static bool
is_file(const json_t *unknown)
{
    return text_equal(json_string_value(json_object_get(unknown, "log")), "ima");
}

/* One more on the policy's list of files that nobody may run, whoever allows them. */
static int
forbid_file(json_t *policy, const json_t *unknown, const char *digest)
{
    char text[CELL];
    size_t i;
    json_t *one;
    json_t *ima = json_object_get(policy, "ima");
    if (!is_file(unknown))
        return usage("unknown", "the digest is no file's: --reference ID, in which it shall be "
                                "revoked");
    if (!ima)
        return usage("--policy", "the policy has no rule on IMA");
    json_t *list = json_object_get(ima, "forbidden");
    if (!list) {
        list = json_array();
        if (json_object_set_new(ima, "forbidden", list) != 0)
            return command_fail(STATUS_NOMEM, NULL);
    }
    (void)snprintf(text, sizeof text, "%s:%s", algorithm_of(digest), digest);
    json_array_foreach(list, i, one)
    {
        if (text_equal(json_string_value(one), text))
            return usage("unknown", "the policy forbids it already");
    }
    return json_array_append_new(list, json_string(text)) == 0 ? EXIT_YES
                                                               : command_fail(STATUS_NOMEM, NULL);
}

/* A value more of the component, or a file more. */
static int
add_value(json_t *reference, const json_t *unknown, const char *digest, bool accept)
{
    if (text_equal(algorithm_of(digest), "sha1"))
        return usage("unknown", "SHA-1 carries no trust: a set cannot have it");
    if (is_file(unknown))
        return accept ? add_file(reference, digest)
                      : usage("unknown", "the digest is a file's: --policy ID, whose list of "
                                         "forbidden files it shall be on");
    json_t *component = find_component(reference, unknown);
    if (!component)
        return usage("unknown", "the set has no component of that role and PCR: edit it by hand");
    json_t *value =
        accept ? json_pack("{s:s}", algorithm_of(digest), digest)
               : json_pack("{s:s, s:s}", algorithm_of(digest), digest, "status", "revoked");
    return json_array_append_new(json_object_get(component, "values"), value) == 0
               ? EXIT_YES
               : command_fail(STATUS_NOMEM, NULL);
}

static int
save(const struct context *c, const json_t *document)
{
    CLEANUP(free_charp) char *text = json_dumps(document, JSON_INDENT(2));
    struct diag diag = {0};
    const char *output = command_option(c, "output");
    if (!text)
        return command_fail(STATUS_NOMEM, NULL);
    if (!output)
        return printf("%s\n", text) > 0 ? EXIT_YES : command_fail(STATUS_IO, NULL);
    enum status s = file_save(output, bytes_of_text(text), 0644, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    (void)fprintf(stderr, "attestctl: %s is a candidate: simulate it, then put and activate it\n",
                  output);
    return EXIT_YES;
}

enum decision { ACCEPT, REJECT };

/* A candidate is for its signer to sign anew. */
static int
load_document(struct context *c, const char *path, json_t **out)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    const struct client_request request = {.method = "GET", .path = path};
    struct diag diag = {0};
    bool is_signed = false;
    int rc = remote_bytes(c, &request, &answer);
    if (rc != EXIT_YES)
        return rc;
    enum status s = signed_json_content(buffer_bytes(&answer.body), out, &is_signed, &diag);
    if (s != STATUS_OK) {
        (void)command_fail(s, &diag);
        return s == STATUS_NOMEM ? EXIT_USAGE : EXIT_UNAVAILABLE;
    }
    if (is_signed)
        (void)fprintf(stderr, "attestctl: what is kept is signed: sign the candidate as well\n");
    return EXIT_YES;
}

/* The document that is to say it: what its option names. */
static int
load_target(struct context *c, enum decision decision, bool *policy, json_t **out)
{
    const char *reference = command_option(c, "reference");
    const char *named = decision == REJECT ? command_option(c, "policy") : NULL;
    const char *id = reference ? reference : named;
    char path[160];
    if (reference && named)
        return usage("unknown", "--reference or --policy, not both");
    if (!id || !text_is_name(id))
        return usage("--reference", decision == REJECT
                                        ? "the reference set, or with --policy the policy, to make "
                                          "a new version of is expected"
                                        : "the reference set to make a new version of is expected");
    *policy = named != NULL;
    (void)snprintf(path, sizeof path, "/v1/%s/%s", *policy ? "policies" : "references", id);
    return load_document(c, path, out);
}

static int
decide(struct context *c, enum decision decision)
{
    json_auto_t *answer = NULL;
    json_auto_t *target = NULL;
    bool policy = false;
    const char *digest = c->arguments[0];
    if (!algorithm_of(digest))
        return usage("unknown", "a digest in hex is expected");
    int rc = load_target(c, decision, &policy, &target);
    if (rc == EXIT_YES)
        rc = ask_unknown(c, &answer);
    if (rc != EXIT_YES)
        return rc;
    const json_t *unknown = find_unknown(answer, digest);
    if (!unknown)
        return usage("unknown", "no device shows this digest unexplained now");
    json_int_t version = json_integer_value(json_object_get(target, "version"));
    (void)json_object_set_new(target, "version", json_integer(version + 1));
    rc = policy ? forbid_file(target, unknown, digest)
                : add_value(target, unknown, digest, decision == ACCEPT);
    return rc == EXIT_YES ? save(c, target) : rc;
}

static int
run_accept(struct context *c)
{
    return decide(c, ACCEPT);
}

static int
run_reject(struct context *c)
{
    return decide(c, REJECT);
}

/* ---- rollout ---- */

static const char *const groups[] = {"waiting", "on-new", "went-back", "failing", "silent"};

/* A generation's name may have blanks and more. [RFC 3986 2.1] */
static bool
append_segment(char *path, size_t size, const char *name)
{
    static const char plain[] =
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._~";
    size_t n = strlen(path);
    for (; *name && n + 4 < size; name++) {
        if (strchr(plain, *name))
            n += (size_t)snprintf(path + n, size - n, "%c", *name);
        else
            n += (size_t)snprintf(path + n, size - n, "%%%02X", (unsigned)(unsigned char)*name);
    }
    return *name == '\0';
}

static int
run_rollout(struct context *c)
{
    json_auto_t *answer = NULL;
    const char *wanted = c->arguments[0];
    char path[256] = "/v1/rollouts/", n[CELL], id[CELL], name[CELL], generation[CELL], at[CELL];
    if (wanted[0] == '\0' || strlen(wanted) > GENERATION_SIZE ||
        !text_is_printable(bytes_of_text(wanted)) || !append_segment(path, sizeof path, wanted))
        return usage("rollout", "not the name of a generation");
    int rc = remote_call(c, "GET", path, NULL, &answer);
    if (rc != EXIT_YES || c->json)
        return rc == EXIT_YES ? remote_print(answer) : rc;
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++) {
        size_t i;
        json_t *d;
        (void)printf("%-10s %s\n", groups[g],
                     remote_cell(json_object_get(answer, "counts"), groups[g], n, CELL));
        json_array_foreach(json_object_get(answer, groups[g]), i, d)(void) printf(
            "    %s  %-20s on %-16s last attested %s\n", remote_cell(d, "device", id, CELL),
            remote_cell(d, "name", name, CELL), remote_cell(d, "generation", generation, CELL),
            remote_cell(d, "last_attested_at", at, CELL));
    }
    return EXIT_YES;
}

const struct command fleet_commands[] = {
    {"device", "find", "--measured DIGEST [--ever]", 0, 0, "devices that measured a digest",
     run_find, COMMAND_REMOTE "json measured ever"},
    {"unknown", "list", "", 0, 0, "digests that nothing explains, over the fleet", run_list,
     COMMAND_REMOTE "json"},
    {"unknown", "accept", "DIGEST --reference ID [--output FILE]", 1, 1,
     "write a version of a reference set that has the digest", run_accept,
     COMMAND_REMOTE "reference output"},
    {"unknown", "reject", "DIGEST --reference ID | --policy ID [--output FILE]", 1, 1,
     "write a version of a reference set that revokes the digest, or of a policy that forbids the "
     "file",
     run_reject, COMMAND_REMOTE "reference policy output"},
    {"rollout", "show", "GENERATION", 1, 1, "how far a generation has got", run_rollout,
     COMMAND_REMOTE "json"},
};
const size_t fleet_n_commands = sizeof fleet_commands / sizeof *fleet_commands;
