/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ek_policy.h"
#include "tests/lib/test.h"

/* The profile prints these values; TPMs carry them in their templates. */
static void
gives_the_profiles_sha256_policies(void **state)
{
    struct ek_policy p;
    assert_status(STATUS_OK, ek_policy_compute(*state, ALG_SHA256, &p));
    assert_hex("837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa",
               digest_bytes(&p.a));
    assert_hex("ca3d0a99a2b93906f7a3342414efcfb3a385d44cd1fd459089d19b5071c0b7a0",
               digest_bytes(&p.b));
}

static void
gives_the_profiles_sha384_policy(void **state)
{
    struct ek_policy p;
    assert_status(STATUS_OK, ek_policy_compute(*state, ALG_SHA384, &p));
    assert_hex("b26e7d28d11a50bc53d882bcf5fd3a1a074148bb35d3b4e4cb1c0ad9bde419ca"
               "cb47ba09699646150f9fc000f3f80e12",
               digest_bytes(&p.b));
}

/* No table at hand prints this one: the verifier's table of templates has the same. */
static void
gives_the_sha512_policy_of_template_h4(void **state)
{
    struct ek_policy p;
    assert_status(STATUS_OK, ek_policy_compute(*state, ALG_SHA512, &p));
    assert_hex("b8221ca69e8550a4914de3faa6a18c072cc01208073a928d5d66d59ef79e49a4"
               "29c41a6b269571d57edb25fbdb1838425608b413cd616a5f6db5b6071af99bea",
               digest_bytes(&p.b));
}

static void
refuses_a_hash_without_a_policy_index(void **state)
{
    struct ek_policy p;
    assert_status(STATUS_UNSUPPORTED, ek_policy_compute(*state, ALG_SHA1, &p));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_profiles_sha256_policies),
        cmocka_unit_test(gives_the_profiles_sha384_policy),
        cmocka_unit_test(gives_the_sha512_policy_of_template_h4),
        cmocka_unit_test(refuses_a_hash_without_a_policy_index),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
