/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl: stored rounds taken home as a file, and appraised again, by the verifier or here. */
#include "appraise/reappraisal.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/remote_json.h"

#define CELL 256

static bool
path_of(const struct context *c, const char *part, char *out, size_t out_size)
{
    if (!text_is_name(c->arguments[0])) {
        (void)command_fail(STATUS_INVALID, &(struct diag){.clause = "attestation",
                                                          .text = "not an attestation id"});
        return false;
    }
    (void)snprintf(out, out_size, "/v1/attestations/%s/%s", c->arguments[0], part);
    return true;
}

static int
run_export(struct context *c)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    struct diag diag = {0};
    char path[160];
    const char *output = command_option(c, "output");
    if (!path_of(c, "round", path, sizeof path))
        return EXIT_USAGE;
    struct client_request request = {.method = "GET", .path = path};
    int rc = remote_bytes(c, &request, &answer);
    if (rc != EXIT_YES)
        return rc;
    enum status s = STATUS_OK;
    if (output)
        s = file_save(output, buffer_bytes(&answer.body), 0600, &diag);
    else if (fwrite(answer.body.data, 1, answer.body.size, stdout) != answer.body.size)
        s = STATUS_IO;
    return s == STATUS_OK ? EXIT_YES : command_fail(s, &diag);
}

/* What came of it, for people; 1 when the result is another. */
static int
tell(const json_t *r)
{
    char id[CELL], verdict[CELL], program[CELL];
    bool same = json_is_true(json_object_get(r, "same"));
    (void)printf("%s: %s, %s; then appraised by %s%s\n", remote_cell(r, "attestation", id, CELL),
                 same ? "the same result" : "DIFFERENT", remote_cell(r, "verdict", verdict, CELL),
                 remote_cell(r, "program", program, CELL),
                 json_is_true(json_object_get(r, "quirk_table_differs"))
                     ? ", with another table of quirks"
                     : "");
    return same ? EXIT_YES : EXIT_NO;
}

static int
report(struct context *c, const json_t *r)
{
    if (!c->json)
        return tell(r);
    int rc = remote_print(r);
    return rc == EXIT_YES && !json_is_true(json_object_get(r, "same")) ? EXIT_NO : rc;
}

static int
run_reappraise(struct context *c)
{
    json_auto_t *answer = NULL;
    char path[160];
    if (!path_of(c, "reappraisal", path, sizeof path))
        return EXIT_USAGE;
    int rc = remote_call(c, "GET", path, NULL, &answer);
    return rc == EXIT_YES ? report(c, answer) : rc;
}

static enum status
reappraise_file(const char *path, struct buffer *out, struct diag *diag)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(round_file_clear) struct round_file f = {0};
    CLEANUP(reappraisal_clear) struct reappraisal r = {0};
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = file_load(path, ROUND_FILE_MAX, &text, diag);
    if (s == STATUS_OK)
        s = round_file_parse(buffer_bytes(&text), &f, diag);
    if (s == STATUS_OK)
        s = reappraisal_run(h, &f, &r, diag);
    return s == STATUS_OK ? reappraisal_encode(&r, f.attestation, out) : s;
}

static int
run_round(struct context *c)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag diag = {0};
    enum status s = reappraise_file(c->arguments[0], &text, &diag);
    if (s == STATUS_MALFORMED || s == STATUS_INVALID || s == STATUS_LIMIT) {
        (void)command_fail(s, &diag);
        return EXIT_NO;
    }
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    json_auto_t *r = json_loadb((const char *)text.data, text.size, 0, NULL);
    return r ? report(c, r) : command_fail(STATUS_NOMEM, NULL);
}

const struct command round_commands[] = {
    {"attestation", "export", "ATTESTATION [--output FILE]", 1, 1,
     "write a stored round with everything it was appraised from", run_export,
     COMMAND_REMOTE "output"},
    {"attestation", "reappraise", "ATTESTATION", 1, 1,
     "have the verifier appraise a stored round again with its own inputs", run_reappraise,
     COMMAND_REMOTE "json"},
    {"inspect", "round", "FILE", 1, 1, "appraise an exported round again, offline", run_round,
     "json"},
};
const size_t round_n_commands = sizeof round_commands / sizeof *round_commands;
