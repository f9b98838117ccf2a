/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM room against a software TPM. */
#include "agent/tpm.h"
#include "agent/tpm_key.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/tpm_wire.h"
#include "tests/lib/test.h"
#include "tests/tpm/swtpm.h"

#include <string.h>

#define POWER_CUTS   10
#define RSA_EK_WHICH 4u
#define P384_WHICH   0u

static struct swtpm machine;

static int
setup(void **state)
{
    (void)state;
    swtpm_open(&machine, "sha256,sha384");
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    swtpm_close(&machine);
    return 0;
}

static struct tpm *
open_tpm(void)
{
    struct tpm *t = NULL;
    struct diag diag = {0};
    enum status s = tpm_open(machine.tcti, &t, &diag);
    if (s != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, s);
    return t;
}

static void
tells_what_it_is(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    struct tpm_info info;
    assert_status(STATUS_OK, tpm_info_get(t, &info, NULL));
    assert_string_equal("IBM", info.manufacturer);
    assert_string_equal("2.0", info.family);
    assert_string_equal("1.64", info.revision);
    assert_false(info.in_lockout);
    assert_int_equal(0, info.lockout_counter);
}

static void
lists_only_the_allocated_banks(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    struct selection banks;
    assert_status(STATUS_OK, tpm_banks_get(t, &banks, NULL));
    assert_int_equal(2, banks.n_banks);
    assert_true(selection_has(&banks, ALG_SHA256, 23));
    assert_true(selection_has(&banks, ALG_SHA384, 0));
    assert_false(selection_has(&banks, ALG_SHA1, 0));
}

static void
reads_all_pcrs_of_two_banks_in_order(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    struct selection all = {
        .n_banks = 2,
        .banks = {{.alg = ALG_SHA384, .mask = 0xFFFFFFu}, {.alg = ALG_SHA256, .mask = 0xFFFFFFu}},
    };
    CLEANUP(buffer_free) struct buffer values = {0};
    assert_status(STATUS_OK, tpm_pcrs_get(t, &all, &values, NULL));
    assert_int_equal(24 * (48 + 32), values.size);
    assert_int_equal(0x00, values.data[0]);
    assert_int_equal(0xFF, values.data[17 * 48]); /* PCR 17 resets to ones */
    assert_int_equal(0xFF, values.data[24 * 48 + 22 * 32]);
    assert_int_equal(0x00, values.data[24 * 48 + 23 * 32]);
}

static void
says_which_bank_the_tpm_has_not(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    struct selection sha512 = {.n_banks = 1, .banks = {{.alg = ALG_SHA512, .mask = 1}}};
    CLEANUP(buffer_free) struct buffer values = {0};
    struct diag diag = {0};
    assert_status(STATUS_UNSUPPORTED, tpm_pcrs_get(t, &sha512, &values, &diag));
    assert_non_null(strstr(diag.text, "sha512"));
}

static void
finds_and_reads_certificates_in_nv(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    struct tpm_nv_indices indices;
    assert_status(STATUS_OK, tpm_nv_list(t, 0x01C00000u, 0x01C000FFu, &indices, NULL));
    assert_int_equal(2, indices.n_items);
    assert_int_equal(0x01C00002, indices.items[0]);
    CLEANUP(buffer_free) struct buffer der = {0};
    assert_status(STATUS_OK, tpm_nv_get(t, 0x01C00016u, 16384, &der, NULL));
    assert_int_equal(0x30, der.data[0]);
    assert_status(STATUS_LIMIT, tpm_nv_get(t, 0x01C00016u, 100, &der, NULL));
    assert_status(STATUS_NOT_FOUND, tpm_nv_get(t, 0x01C00099u, 100, &der, NULL));
}

static void
make_ak(struct tpm *t, enum tpm_ak_algorithm algorithm, uint32_t counter, struct tpm_key *ak)
{
    struct diag diag = {0};
    enum status s = tpm_ak_create(t, algorithm, counter, ak, &diag);
    if (s != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, s);
}

static void
keep_ak(enum tpm_ak_algorithm algorithm, uint32_t counter, struct buffer *out)
{
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    CLEANUP(tpm_key_close) struct tpm_key ak = {0};
    make_ak(t, algorithm, counter, &ak);
    buffer_append(out, buffer_bytes(&ak.public_area));
}

static void
expect_same_ak(enum tpm_ak_algorithm algorithm, const struct buffer *before)
{
    CLEANUP(buffer_free) struct buffer after = {0};
    keep_ak(algorithm, 0, &after);
    assert_true(bytes_equal(buffer_bytes(before), buffer_bytes(&after)));
}

static void
clear_tpm(void)
{
    const char *argv[] = {"tpm2_clear", "-c", "platform", NULL};
    swtpm_run(&machine, argv);
}

static void
makes_the_same_ak_after_a_restart_and_a_clear(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer p256 = {0};
    CLEANUP(buffer_free) struct buffer rsa = {0};
    keep_ak(TPM_AK_P256, 0, &p256);
    keep_ak(TPM_AK_RSA2048, 0, &rsa);
    swtpm_power_cut(&machine);
    swtpm_power_on(&machine);
    expect_same_ak(TPM_AK_P256, &p256);
    expect_same_ak(TPM_AK_RSA2048, &rsa);
    clear_tpm();
    expect_same_ak(TPM_AK_P256, &p256);
    expect_same_ak(TPM_AK_RSA2048, &rsa);
}

static void
makes_another_ak_of_another_counter(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer first = {0};
    CLEANUP(buffer_free) struct buffer second = {0};
    keep_ak(TPM_AK_P256, 0, &first);
    keep_ak(TPM_AK_P256, 1, &second);
    assert_false(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void
gives_the_ak_the_attributes_that_a_verifier_wants(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    CLEANUP(tpm_key_close) struct tpm_key ak = {0};
    make_ak(t, TPM_AK_P256, 0, &ak);
    struct tpm_public public;
    assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&ak.public_area), &public, NULL));
    assert_int_equal(TPM_OBJECT_FIXED_TPM | TPM_OBJECT_FIXED_PARENT |
                         TPM_OBJECT_SENSITIVE_DATA_ORIGIN | TPM_OBJECT_USER_WITH_AUTH |
                         TPM_OBJECT_NO_DA | TPM_OBJECT_RESTRICTED | TPM_OBJECT_SIGN,
                     public.attributes);
    assert_int_equal(TPM_ALG_ECDSA, public.scheme);
    assert_int_equal(ALG_SHA256, public.scheme_hash);
}

static void
quote_once(struct tpm *t, enum tpm_ak_algorithm algorithm, struct tpm_quote *q)
{
    static const uint8_t nonce[32] = {1, 2, 3};
    struct selection s = {
        .n_banks = 2,
        .banks = {{.alg = ALG_SHA256, .mask = 0xFFFFu}, {.alg = ALG_SHA384, .mask = 0x4FFu}},
    };
    CLEANUP(tpm_key_close) struct tpm_key ak = {0};
    make_ak(t, algorithm, 0, &ak);
    struct diag diag = {0};
    enum status status = tpm_quote_get(&ak, bytes_of(nonce, sizeof nonce), &s, q, &diag);
    if (status != STATUS_OK)
        print_error("%s\n", diag.text);
    assert_status(STATUS_OK, status);
    assert_true(selection_equal(&s, &q->selection));
}

static void
quotes_with_values_that_agree(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    for (int algorithm = TPM_AK_P256; algorithm <= TPM_AK_RSA2048; algorithm++) {
        CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
        quote_once(t, (enum tpm_ak_algorithm)algorithm, &q);
        assert_int_equal(16 * 32 + 9 * 48, q.pcrs.size);
        struct tpm_attest attest;
        assert_status(STATUS_OK, tpm_attest_parse(buffer_bytes(&q.attest), &attest, NULL));
        assert_int_equal(TPM_GENERATED_VALUE, attest.magic);
        assert_int_equal(32, attest.extra_data.size);
    }
}

static void
quotes_without_a_bank_that_the_tpm_has_not(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    CLEANUP(tpm_key_close) struct tpm_key ak = {0};
    CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
    make_ak(t, TPM_AK_P256, 0, &ak);
    struct selection s = {
        .n_banks = 2,
        .banks = {{.alg = ALG_SHA256, .mask = 1}, {.alg = ALG_SHA512, .mask = 1}},
    };
    assert_status(STATUS_OK, tpm_quote_get(&ak, bytes_of("x", 1), &s, &q, NULL));
    assert_true(selection_has(&q.selection, ALG_SHA256, 0));
    assert_false(selection_has(&q.selection, ALG_SHA512, 0));
}

static void
make_every_key_once(struct tpm *t)
{
    CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
    quote_once(t, TPM_AK_P256, &q);
    CLEANUP(tpm_key_close) struct tpm_key ek = {0};
    assert_status(STATUS_OK, tpm_ek_create(t, P384_WHICH, &ek, NULL));
}

static void
leaves_nothing_in_the_tpm(void **state)
{
    (void)state;
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    for (int i = 0; i < 8; i++)
        make_every_key_once(t);
}

static void
stays_unlocked_over_ten_power_cuts(void **state)
{
    (void)state;
    for (int i = 0; i < POWER_CUTS; i++) {
        CLEANUP(tpm_closep) struct tpm *t = open_tpm();
        CLEANUP(tpm_quote_free) struct tpm_quote q = {0};
        quote_once(t, TPM_AK_P256, &q);
        swtpm_power_cut(&machine);
        swtpm_power_on(&machine);
    }
    CLEANUP(tpm_closep) struct tpm *t = open_tpm();
    struct tpm_info info;
    assert_status(STATUS_OK, tpm_info_get(t, &info, NULL));
    assert_int_equal(0, info.lockout_counter);
    assert_false(info.in_lockout);
}

static void
says_that_there_is_no_tpm(void **state)
{
    (void)state;
    struct tpm *t = NULL;
    struct diag diag = {0};
    assert_status(STATUS_NOT_FOUND, tpm_open("device:/dev/no-such-tpm", &t, &diag));
    assert_non_null(strstr(diag.text, "/dev/no-such-tpm"));
    assert_status(STATUS_NOT_FOUND, tpm_open("swtpm:path=/nowhere/tpm", &t, &diag));
    assert_null(t);
}

static void
loads_no_other_tcti(void **state)
{
    (void)state;
    struct tpm *t = NULL;
    assert_status(STATUS_INVALID, tpm_open("cmd:touch /tmp/x", &t, NULL));
    assert_status(STATUS_INVALID, tpm_open("device:relative", &t, NULL));
    assert_status(STATUS_INVALID, tpm_open("", &t, NULL));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_what_it_is),
        cmocka_unit_test(lists_only_the_allocated_banks),
        cmocka_unit_test(reads_all_pcrs_of_two_banks_in_order),
        cmocka_unit_test(says_which_bank_the_tpm_has_not),
        cmocka_unit_test(finds_and_reads_certificates_in_nv),
        cmocka_unit_test(makes_another_ak_of_another_counter),
        cmocka_unit_test(gives_the_ak_the_attributes_that_a_verifier_wants),
        cmocka_unit_test(quotes_with_values_that_agree),
        cmocka_unit_test(quotes_without_a_bank_that_the_tpm_has_not),
        cmocka_unit_test(leaves_nothing_in_the_tpm),
        cmocka_unit_test(stays_unlocked_over_ten_power_cuts),
        cmocka_unit_test(makes_the_same_ak_after_a_restart_and_a_clear),
        cmocka_unit_test(says_that_there_is_no_tpm),
        cmocka_unit_test(loads_no_other_tcti),
    };
    if (!swtpm_available())
        return 77;
    return cmocka_run_group_tests(tests, setup, teardown);
}
