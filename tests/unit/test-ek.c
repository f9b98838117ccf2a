/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ek.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"
#include "tests/lib/tpm_builder.h"

#include <string.h>

#define ATTRIBUTES_AT 4u
#define POLICY_AT     10u

static void
make_public(const char *template, struct buffer *out)
{
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new(template);
    ek_builder_public(b, out);
}

static void
assert_refused(struct hasher *h, struct bytes public_area, enum reason_code code)
{
    CLEANUP(ek_freep) struct ek *ek = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    assert_status(STATUS_OK, ek_parse(h, public_area, &ek, &reasons));
    assert_null(ek);
    assert_int_equal(reasons.n_items, 1);
    assert_string_equal(reason_code_name(reasons.items[0].code), reason_code_name(code));
}

static void
accepts_each_standard_template(void **state)
{
    static const char *const names[] = {"L-1", "L-2", "H-1", "H-2", "H-3", "H-4", "H-6"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CLEANUP(ek_freep) struct ek *ek = NULL;
        CLEANUP(reasons_free) struct reasons reasons = {0};
        CLEANUP(buffer_free) struct buffer public = {0};
        make_public(names[i], &public);
        assert_status(STATUS_OK, ek_parse(*state, buffer_bytes(&public), &ek, &reasons));
        assert_non_null(ek);
        assert_string_equal(ek_template(ek), names[i]);
        assert_int_equal(reasons.n_items, 0);
    }
}

static void
identifies_a_key_by_the_digest_of_its_spki(void **state)
{
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("H-3");
    CLEANUP(buffer_free) struct buffer public = {0};
    CLEANUP(buffer_free) struct buffer spki = {0};
    CLEANUP(ek_freep) struct ek *ek = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    uint8_t sha256[DIGEST_SHA256_SIZE];
    ek_builder_public(b, &public);
    assert_status(STATUS_OK, ek_parse(*state, buffer_bytes(&public), &ek, &reasons));
    assert_status(STATUS_OK, key_spki(b->ek, &spki));
    assert_true(bytes_equal(buffer_bytes(&spki), ek_spki(ek)));
    assert_status(STATUS_OK, digest_sha256(*state, buffer_bytes(&spki), sha256));
    assert_memory_equal(sha256, ek_sha256(ek), sizeof sha256);
    assert_int_equal(ek_name_alg(ek), ALG_SHA384);
    assert_int_equal(ek_symmetric_bits(ek), 256);
}

static void
takes_a_public_area_with_its_size(void **state)
{
    CLEANUP(ek_freep) struct ek *ek = NULL;
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer public = {0};
    CLEANUP(buffer_free) struct buffer sized = {0};
    make_public("L-2", &public);
    buffer_append_tpm2b(&sized, buffer_bytes(&public));
    assert_status(STATUS_OK, ek_parse(*state, buffer_bytes(&sized), &ek, &reasons));
    assert_non_null(ek);
}

/* Each attribute counts: a key that may sign, or that was imported, is no EK. [threats 16, 17] */
static void
refuses_any_other_attribute(void **state)
{
    CLEANUP(ek_builder_freep) struct ek_builder *b = ek_builder_new("L-2");
    uint32_t standard = b->attributes;
    for (unsigned bit = 0; bit < 20; bit++) {
        CLEANUP(buffer_free) struct buffer public = {0};
        b->attributes = standard ^ (1u << bit);
        ek_builder_public(b, &public);
        assert_refused(*state, buffer_bytes(&public), REASON_EK_TEMPLATE);
    }
}

static void
refuses_another_policy(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-2", &public);
    for (size_t i = 0; i < DIGEST_SHA256_SIZE; i += 31) {
        public.data[POLICY_AT + i] ^= 1;
        assert_refused(*state, buffer_bytes(&public), REASON_EK_TEMPLATE);
        public.data[POLICY_AT + i] ^= 1;
    }
}

/* The symmetric algorithm, its size and mode, the scheme: two bytes each behind the policy. */
static void
refuses_other_parameters(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-2", &public);
    size_t at = POLICY_AT + DIGEST_SHA256_SIZE;
    public.data[at + 2] ^= 1; /* AES of 384 bits */
    assert_refused(*state, buffer_bytes(&public), REASON_EK_TEMPLATE);
    public.data[at + 2] ^= 1;
    public.data[at + 5] ^= 1; /* OFB */
    assert_refused(*state, buffer_bytes(&public), REASON_EK_TEMPLATE);
    public.data[at + 5] ^= 1;
    public.data[3] = ALG_SHA384; /* nameAlg */
    assert_refused(*state, buffer_bytes(&public), REASON_EK_TEMPLATE);
}

static void
refuses_an_attestation_key(void **state)
{
    CLEANUP(tpm_builder_freep)
    struct tpm_builder *t = tpm_builder_new(TPM_BUILDER_P256, ALG_SHA256);
    CLEANUP(buffer_free) struct buffer public = {0};
    tpm_builder_public(t, &public);
    assert_refused(*state, buffer_bytes(&public), REASON_EK_TEMPLATE);
}

/* CVE-2017-15361. */
static void
refuses_a_roca_modulus(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-1", &public);
    tpm_builder_roca_modulus(1234, public.data + public.size - TPM_BUILDER_MODULUS_SIZE);
    assert_refused(*state, buffer_bytes(&public), REASON_EK_WEAK);
}

static void
refuses_an_exponent_of_three(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-1", &public);
    public.data[public.size - TPM_BUILDER_MODULUS_SIZE - 3] = 3;
    assert_refused(*state, buffer_bytes(&public), REASON_EK_WEAK);
}

static void
refuses_a_point_off_the_curve(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-2", &public);
    public.data[public.size - 1] ^= 1;
    assert_refused(*state, buffer_bytes(&public), REASON_EK_MALFORMED);
}

static void
refuses_every_prefix_and_a_trailing_byte(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-2", &public);
    for (size_t size = 0; size < public.size; size++)
        assert_refused(*state, bytes_of(public.data, size), REASON_EK_MALFORMED);
    buffer_append_u8(&public, 0);
    assert_refused(*state, buffer_bytes(&public), REASON_EK_MALFORMED);
}

/* SM2 (H-5): well-formed, but not ours. */
static void
calls_another_curve_unsupported(void **state)
{
    CLEANUP(buffer_free) struct buffer public = {0};
    make_public("L-2", &public);
    public.data[POLICY_AT + DIGEST_SHA256_SIZE + 9] = 0x20;
    assert_refused(*state, buffer_bytes(&public), REASON_EK_UNSUPPORTED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_each_standard_template),
        cmocka_unit_test(identifies_a_key_by_the_digest_of_its_spki),
        cmocka_unit_test(takes_a_public_area_with_its_size),
        cmocka_unit_test(refuses_any_other_attribute),
        cmocka_unit_test(refuses_another_policy),
        cmocka_unit_test(refuses_other_parameters),
        cmocka_unit_test(refuses_an_attestation_key),
        cmocka_unit_test(refuses_a_roca_modulus),
        cmocka_unit_test(refuses_an_exponent_of_three),
        cmocka_unit_test(refuses_a_point_off_the_curve),
        cmocka_unit_test(refuses_every_prefix_and_a_trailing_byte),
        cmocka_unit_test(calls_another_curve_unsupported),
    };
    return cmocka_run_group_tests(tests, test_hasher_open, test_hasher_close);
}
