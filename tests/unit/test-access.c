/* SPDX-License-Identifier: Apache-2.0 */
/* Who a bearer token makes of somebody, and what that one may see. */
#include "base/text.h"
#include "daemon/access.h"
#include "tests/lib/verifier_case.h"

#include <string.h>
#include <time.h>

#define PREFIX "Authorization: "

static enum status
check(struct verifier_case *c, const char *authorization, int64_t now_s, struct access *a)
{
    return access_check(c->verifier.store, c->h, authorization, now_s, a);
}

/* A token's header value, without the field's name and its line's end. */
static char *
value_of(char *header)
{
    header[strcspn(header, "\r")] = '\0';
    return header + sizeof PREFIX - 1;
}

static void
knows_a_token_until_it_expires(void **state)
{
    struct verifier_case *c = *state;
    struct label scope[] = {{"site", "tokyo"}};
    char header[256];
    struct access a = {0};
    int64_t now_s = (int64_t)time(NULL);
    verifier_case_token(c, ACCESS_AUDITOR, scope, 1, header, sizeof header);
    const char *value = value_of(header);
    assert_status(STATUS_OK, check(c, value, now_s, &a));
    assert_int_equal(ACCESS_AUDITOR, a.roles);
    assert_int_equal(1, a.n_labels);
    assert_true(text_starts(a.actor, "token:t"));
    access_clear(&a);
    assert_status(STATUS_DENIED, check(c, value, now_s + 7200, &a));
    assert_int_equal(0, a.roles);
}

static void
refuses_what_is_no_token_of_ours(void **state)
{
    struct verifier_case *c = *state;
    char header[256], longer[512];
    struct access a = {0};
    int64_t now_s = (int64_t)time(NULL);
    verifier_case_token(c, ACCESS_VIEWER, NULL, 0, header, sizeof header);
    char *value = value_of(header);
    assert_status(STATUS_NOT_FOUND, check(c, NULL, now_s, &a));
    assert_status(STATUS_DENIED, check(c, "", now_s, &a));
    assert_status(STATUS_DENIED, check(c, "Bearer ", now_s, &a));
    assert_status(STATUS_DENIED, check(c, "Basic YTpi", now_s, &a));
    assert_status(STATUS_DENIED, check(c, value + strlen("Bearer "), now_s, &a));
    memset(longer, 'a', sizeof longer);
    memcpy(longer, "Bearer ", strlen("Bearer "));
    longer[sizeof longer - 1] = '\0';
    assert_status(STATUS_DENIED, check(c, longer, now_s, &a));
    value[strlen(value) - 1] ^= 1;
    assert_status(STATUS_DENIED, check(c, value, now_s, &a));
    assert_int_equal(0, a.roles);
}

static void
covers_devices_that_have_every_label(void **state)
{
    (void)state;
    struct label all[] = {{"site", "tokyo"}, {"role", "gateway"}};
    struct label other[] = {{"site", "oslo"}};
    struct label wrong_key[] = {{"role", "tokyo"}};
    const struct store_device d = {.labels = all, .n_labels = 2};
    assert_true(access_covers(&(struct access){0}, &d));
    assert_true(access_covers(&(struct access){.labels = all, .n_labels = 2}, &d));
    assert_false(access_covers(&(struct access){.labels = other, .n_labels = 1}, &d));
    assert_false(access_covers(&(struct access){.labels = wrong_key, .n_labels = 1}, &d));
    const struct store_device bare = {0};
    assert_false(access_covers(&(struct access){.labels = all, .n_labels = 2}, &bare));
}

static void
covers_labels_that_hold_its_own(void **state)
{
    (void)state;
    struct label mine[] = {{"site", "tokyo"}};
    struct label both[] = {{"role", "gateway"}, {"site", "tokyo"}};
    struct label other[] = {{"site", "oslo"}};
    const struct access a = {.labels = mine, .n_labels = 1};
    assert_true(access_covers_labels(&(struct access){0}, NULL, 0));
    assert_true(access_covers_labels(&a, both, 2));
    assert_false(access_covers_labels(&a, both, 1));
    assert_false(access_covers_labels(&a, other, 1));
    assert_false(access_covers_labels(&a, NULL, 0));
}

static void
auditor_and_relying_party_stand_apart(void **state)
{
    (void)state;
    const struct access admin = {.roles = ACCESS_ADMIN}, party = {.roles = ACCESS_RELYING_PARTY};
    assert_true(access_permits(&admin, ACCESS_VIEWER));
    assert_true(access_permits(&admin, ACCESS_OPERATOR));
    assert_false(access_permits(&admin, ACCESS_AUDITOR));
    assert_false(access_permits(&admin, ACCESS_RELYING_PARTY));
    assert_false(access_permits(&party, ACCESS_VIEWER));
    assert_false(access_permits(&(struct access){0}, UINT32_MAX));
}

/* protocol 5 */
static void
limits_a_relying_party_to_what_it_was_granted(void **state)
{
    (void)state;
    const struct access none = {.roles = ACCESS_RELYING_PARTY};
    const struct access owner = {.roles = ACCESS_RELYING_PARTY, .granted = {1, {"owner"}}};
    const struct access all = {.roles = ACCESS_RELYING_PARTY, .granted = {2, {"owner", "*"}}};
    const struct access both = {.roles = ACCESS_RELYING_PARTY | ACCESS_OPERATOR,
                                .granted = {1, {"owner"}}};
    assert_non_null(access_grants(&none));
    assert_int_equal(0, access_grants(&none)->n);
    assert_string_equal("owner", access_grants(&owner)->names[0]);
    assert_null(access_grants(&all));
    assert_null(access_grants(&both));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        VERIFIER_CASE(knows_a_token_until_it_expires),
        VERIFIER_CASE(refuses_what_is_no_token_of_ours),
        cmocka_unit_test(covers_devices_that_have_every_label),
        cmocka_unit_test(covers_labels_that_hold_its_own),
        cmocka_unit_test(auditor_and_relying_party_stand_apart),
        cmocka_unit_test(limits_a_relying_party_to_what_it_was_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
