/* SPDX-License-Identifier: Apache-2.0 */
#include "base/alg.h"
#include "tests/lib/test.h"

static void
finds_each_row_by_identifier_and_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALG_COUNT; i++) {
        const struct alg *alg = alg_at(i);
        assert_non_null(alg);
        assert_ptr_equal(alg, alg_by_id(alg->id));
        assert_ptr_equal(alg, alg_by_name(alg->name));
        assert_int_equal(i, alg_index(alg->id));
        assert_true(alg->size > 0 && alg->size <= ALG_MAX_SIZE);
    }
}

static void
knows_no_other(void **state)
{
    (void)state;
    assert_null(alg_by_id(0));
    assert_null(alg_by_id(ALG_NULL));
    assert_null(alg_by_id(0xffff));
    assert_null(alg_by_name("SHA256"));
    assert_null(alg_by_name(""));
    assert_null(alg_by_name(NULL));
    assert_null(alg_at(ALG_COUNT));
    assert_int_equal(ALG_COUNT, alg_index(ALG_NULL));
    assert_string_equal("unknown", alg_name(ALG_NULL));
    assert_int_equal(0, alg_size(ALG_NULL));
}

/* TPM2 P2 6.3 and TCG Algorithm Registry, table 3. */
static void
has_the_registry_s_identifiers_and_sizes(void **state)
{
    (void)state;
    assert_string_equal("sha1", alg_name(0x0004));
    assert_string_equal("sha256", alg_name(0x000b));
    assert_string_equal("sha384", alg_name(0x000c));
    assert_string_equal("sha512", alg_name(0x000d));
    assert_string_equal("sm3_256", alg_name(0x0012));
    assert_string_equal("sha3_256", alg_name(0x0027));
    assert_string_equal("sha3_384", alg_name(0x0028));
    assert_string_equal("sha3_512", alg_name(0x0029));
    assert_int_equal(20, alg_size(ALG_SHA1));
    assert_int_equal(32, alg_size(ALG_SHA256));
    assert_int_equal(48, alg_size(ALG_SHA384));
    assert_int_equal(64, alg_size(ALG_SHA512));
    assert_int_equal(32, alg_size(ALG_SM3_256));
}

static void
lets_no_trust_rest_on_sha1(void **state)
{
    (void)state;
    for (size_t i = 0; i < ALG_COUNT; i++)
        assert_int_equal(alg_at(i)->id != ALG_SHA1, alg_at(i)->trusted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_row_by_identifier_and_name),
        cmocka_unit_test(knows_no_other),
        cmocka_unit_test(has_the_registry_s_identifiers_and_sizes),
        cmocka_unit_test(lets_no_trust_rest_on_sha1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
