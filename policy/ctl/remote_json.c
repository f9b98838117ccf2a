/* SPDX-License-Identifier: Apache-2.0 */
/* from: API answers; to: values and exit codes; never: prints peer bytes unescaped. */
#include "ctl/remote_json.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <string.h>

static int
exit_of_http(long status)
{
    if (status == 401 || status == 403)
        return EXIT_DENIED;
    if (status == 503 || status == 429)
        return EXIT_TRY_LATER;
    /* Below 400 it sends elsewhere, and no redirect is followed: this is no verifier. */
    if (status >= 500 || status < 400)
        return EXIT_UNAVAILABLE;
    return status == 400 || status == 404 || status == 405 || status == 421 ? EXIT_USAGE : EXIT_NO;
}

static void
print_member(const json_t *problem, const char *name, const char *between)
{
    char text[512];
    if (json_is_string(json_object_get(problem, name)))
        (void)fprintf(stderr, "%s%s", between, remote_cell(problem, name, text, sizeof text));
}

static int
tell_problem(const struct client_answer *answer)
{
    json_auto_t *problem = json_loadb((const char *)answer->body.data, answer->body.size, 0, NULL);
    (void)fprintf(stderr, "attestctl: the verifier answered %ld", answer->http_status);
    print_member(problem, "code", ": ");
    print_member(problem, "title", ": ");
    print_member(problem, "detail", ": ");
    (void)fprintf(stderr, "\n");
    return exit_of_http(answer->http_status);
}

int
remote_bytes(struct context *c, const struct client_request *request, struct client_answer *out)
{
    struct diag diag = {0};
    enum status s = client_call(&c->client, request, out, &diag);
    if (s != STATUS_OK)
        return s == STATUS_BUSY ? (void)command_fail(s, &diag),
               EXIT_UNAVAILABLE : command_fail(s, &diag);
    return out->http_status >= 200 && out->http_status < 300 ? EXIT_YES : tell_problem(out);
}

int
remote_call(struct context *c, const char *method, const char *path, const json_t *body,
            json_t **out)
{
    CLEANUP(client_answer_clear) struct client_answer answer = {0};
    CLEANUP(free_charp) char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    struct client_request request = {
        .method = method, .path = path, .type = body ? "application/json" : NULL};
    *out = NULL;
    if (body && !text)
        return command_fail(STATUS_NOMEM, NULL);
    if (text)
        request.body = bytes_of_text(text);
    int rc = remote_bytes(c, &request, &answer);
    if (rc != EXIT_YES || answer.http_status == 204)
        return rc;
    json_error_t error;
    *out = json_loadb((const char *)answer.body.data, answer.body.size, JSON_REJECT_DUPLICATES,
                      &error);
    if (*out)
        return EXIT_YES;
    (void)fprintf(stderr, "attestctl: the verifier's answer is not JSON\n");
    return EXIT_UNAVAILABLE;
}

const char *
remote_cell(const json_t *object, const char *name, char *out, size_t out_size)
{
    const json_t *value = json_object_get(object, name);
    if (json_is_string(value))
        return text_escape(bytes_of(json_string_value(value), json_string_length(value)), out,
                           out_size);
    if (json_is_integer(value))
        (void)snprintf(out, out_size, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        (void)snprintf(out, out_size, "%s", json_is_true(value) ? "yes" : "no");
    else
        (void)snprintf(out, out_size, "-");
    return out;
}

void
remote_warn(const json_t *answer)
{
    char text[512];
    size_t i;
    json_t *w;
    json_array_foreach(json_object_get(answer, "warnings"), i, w)(void)
        fprintf(stderr, "attestctl: warning: %s\n", remote_cell(w, "text", text, sizeof text));
}

int
remote_print(const json_t *value)
{
    if (json_dumpf(value, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII) != 0)
        return command_fail(STATUS_IO, NULL);
    (void)printf("\n");
    return EXIT_YES;
}

json_t *
remote_labels(const struct context *c)
{
    json_auto_t *labels = json_object();
    const char *label = options_get_nth(c->options, "label", 0);
    for (size_t i = 0; label; label = options_get_nth(c->options, "label", ++i)) {
        const char *equals = strchr(label, '=');
        char key[65];
        if (!equals || (size_t)(equals - label) >= sizeof key)
            return NULL;
        (void)snprintf(key, sizeof key, "%.*s", (int)(equals - label), label);
        (void)json_object_set_new(labels, key, json_string(equals + 1));
    }
    return json_incref(labels);
}
