/* SPDX-License-Identifier: Apache-2.0 */
/* Documents coming into force and going out of it, as HTTP sees it: what does not go together never
 * stands in the store as active, since a verifier would not start on it. */
#include "base/cleanup.h"
#include "base/text.h"
#include "daemon/problem.h"
#include "daemon/route.h"
#include "tests/lib/verifier_case.h"

#include <stdlib.h>
#include <string.h>

static const struct route *
route_of(const char *pattern)
{
    for (size_t i = 0; i < api_document_n_routes; i++) {
        if (api_document_routes[i].method == METHOD_POST &&
            text_equal(api_document_routes[i].pattern, pattern))
            return &api_document_routes[i];
    }
    fail_msg("no route %s", pattern);
    abort();
}

static const char *actor; /* who asks */

/* The status of the answer; its body into out, unless NULL. */
static unsigned
post(struct verifier_case *c, const char *pattern, const char *id, const char *body,
     struct buffer *out)
{
    CLEANUP(response_clear) struct response response = {0};
    struct request request = {.verifier = &c->verifier,
                              .hasher = c->h,
                              .params = {id},
                              .now_ms = c->now_ms,
                              .body = bytes_of_text(body),
                              .access = {.roles = ACCESS_ADMIN}};
    (void)text_copy(request.access.actor, sizeof request.access.actor, actor ? actor : "operator");
    route_of(pattern)->handle(&request, &response);
    if (out)
        buffer_append(out, buffer_bytes(&response.body));
    return response.status;
}

static void
put_policy(struct verifier_case *c, const char *id, const char *rule)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&text,
                         "{\"type\":\"policy\",\"id\":\"%s\",\"version\":1,\"perspective\":\"%s\","
                         "\"select\":{\"all\":true}%s}",
                         id, id, rule);
    assert_int_equal(201, post(c, "/v1/policies", NULL, buffer_text(&text), NULL));
}

static bool
is_active(struct verifier_case *c, enum document_kind kind, const char *id)
{
    CLEANUP(store_document_clear) struct store_document d = {0};
    assert_status(STATUS_OK, store_get_document(c->verifier.store, kind, id, 0, &d));
    return d.active;
}

static unsigned
activate(struct verifier_case *c, const char *id, struct buffer *out)
{
    return post(c, "/v1/policies/{id}/activation", id, "{\"version\":1}", out);
}

static void
brings_into_force_and_takes_out_of_it(void **state)
{
    struct verifier_case *c = *state;
    put_policy(c, "one", "");
    assert_false(is_active(c, DOCUMENT_POLICY, "one"));
    assert_int_equal(200, activate(c, "one", NULL));
    assert_true(is_active(c, DOCUMENT_POLICY, "one"));
    assert_int_equal(204, post(c, "/v1/policies/{id}/deactivation", "one", "", NULL));
    assert_false(is_active(c, DOCUMENT_POLICY, "one"));
    assert_int_equal(404, post(c, "/v1/policies/{id}/deactivation", "one", "", NULL));
    assert_int_equal(404, activate(c, "two", NULL));
    assert_int_equal(400, post(c, "/v1/policies/{id}/activation", "one", "{\"version\":0}", NULL));
}

static void
leaves_nothing_active_that_is_more_than_a_limit(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer answer = {0};
    char id[8];
    for (unsigned i = 0; i <= LIMIT_PERSPECTIVES; i++) {
        (void)snprintf(id, sizeof id, "p%u", i);
        put_policy(c, id, "");
        if (i < LIMIT_PERSPECTIVES)
            assert_int_equal(200, activate(c, id, NULL));
    }
    assert_int_equal(413, activate(c, id, &answer));
    assert_non_null(strstr(buffer_text(&answer), "more than 8 perspectives"));
    assert_false(is_active(c, DOCUMENT_POLICY, id));
    verifier_case_close(c);
    verifier_case_open(c); /* it starts again */
    assert_int_equal(204, post(c, "/v1/policies/{id}/deactivation", "p0", "", NULL));
    assert_int_equal(200, activate(c, id, NULL));
}

/* Neither by what comes nor by what goes. */
static void
leaves_nothing_active_that_does_not_go_together(void **state)
{
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer answer = {0};
    verifier_case_documents(c);
    put_policy(c, "unfit", ",\"boot\":{\"references\":[\"absent\"]}");
    assert_int_equal(422, activate(c, "unfit", &answer));
    assert_non_null(strstr(buffer_text(&answer), "absent"));
    assert_false(is_active(c, DOCUMENT_POLICY, "unfit"));
    assert_int_equal(422, post(c, "/v1/references/{id}/deactivation", "boot", "", NULL));
    assert_true(is_active(c, DOCUMENT_REFERENCE, "boot"));
    verifier_case_close(c);
    verifier_case_open(c);
}

/* Sets that its policies name, and the states of their generations, make a perspective's verdicts
 * as the policies do. */
static void
threat_55_leaves_what_a_policy_rests_on_to_its_owners(void **state)
{
    static const char owned[] = "{\"type\":\"perspective\",\"id\":\"owner\",\"version\":1,"
                                "\"owners\":[\"ann\"]}";
    static const char states[] = "{\"type\":\"generations\",\"id\":\"line\",\"version\":1,"
                                 "\"generations\":[{\"name\":\"boot\",\"status\":\"active\"}]}";
    static const char other[] = "{\"type\":\"reference\",\"id\":\"%s\",\"version\":2,"
                                "\"generation\":\"boot\",\"components\":[{\"role\":\"x\","
                                "\"pcr\":0,\"values\":[{\"any\":true}]}],"
                                "\"command_lines\":[\"x\"],\"files\":[\"sha256:%s\"]}";
    static const char digest[] = "abababababababababababababababababababababababababababababababab";
    struct verifier_case *c = *state;
    CLEANUP(buffer_free) struct buffer set = {0};
    CLEANUP(buffer_free) struct buffer free_set = {0};
    CLEANUP(buffer_free) struct buffer answer = {0};
    buffer_append_format(&set, other, "boot", digest);
    buffer_append_format(&free_set, other, "unused", digest);
    verifier_case_activate(c, owned);
    verifier_case_documents(c);
    actor = "eve";
    assert_int_equal(403, post(c, "/v1/references", NULL, buffer_text(&set), &answer));
    assert_non_null(strstr(buffer_text(&answer), "the perspective owner has other owners"));
    assert_int_equal(201, post(c, "/v1/references", NULL, buffer_text(&free_set), NULL));
    assert_int_equal(403, post(c, "/v1/references/{id}/deactivation", "boot", "", NULL));
    assert_int_equal(201, post(c, "/v1/generations", NULL, states, NULL)); /* nobody's yet */
    assert_int_equal(403,
                     post(c, "/v1/generations/{id}/activation", "line", "{\"version\":1}", NULL));
    assert_false(is_active(c, DOCUMENT_GENERATIONS, "line"));
    actor = "ann";
    assert_int_equal(201, post(c, "/v1/references", NULL, buffer_text(&set), NULL));
    assert_int_equal(200,
                     post(c, "/v1/generations/{id}/activation", "line", "{\"version\":1}", NULL));
    actor = "eve";
    assert_int_equal(403,
                     post(c, "/v1/references/{id}/activation", "boot", "{\"version\":2}", NULL));
    assert_int_equal(403, post(c, "/v1/generations/{id}/deactivation", "line", "", NULL));
    actor = "ann";
    assert_int_equal(200,
                     post(c, "/v1/references/{id}/activation", "boot", "{\"version\":2}", NULL));
    assert_int_equal(204, post(c, "/v1/generations/{id}/deactivation", "line", "", NULL));
    actor = NULL;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(brings_into_force_and_takes_out_of_it),
        VERIFIER_CASE(leaves_nothing_active_that_is_more_than_a_limit),
        VERIFIER_CASE(leaves_nothing_active_that_does_not_go_together),
        VERIFIER_CASE(threat_55_leaves_what_a_policy_rests_on_to_its_owners),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
