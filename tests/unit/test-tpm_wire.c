/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/tpm_wire.h"
#include "tests/lib/test.h"

/* A quote over sha256:0 with every field different, by hand. */
static const char attest_hex[] = "ff544347"
                                 "8018"
                                 "0004000bcafe"     /* qualifiedSigner */
                                 "0003aabbcc"       /* extraData */
                                 "0102030405060708" /* clock */
                                 "11121314"         /* resetCount */
                                 "21222324"         /* restartCount */
                                 "01"               /* safe */
                                 "3132333435363738" /* firmwareVersion */
                                 "00000001000b03010000"
                                 "00020f0e"; /* pcrDigest */
#define SAFE_AT 33u

static const char rsassa_hex[] = "0014000b0004deadbeef";
static const char ecdsa_hex[] = "0018000c0002aabb0001cc";

static const char ecc_public_hex[] = "0023000b00050072" /* type, nameAlg, attributes */
                                     "0002abcd"         /* authPolicy */
                                     "0010"             /* symmetric */
                                     "0018000b"         /* scheme */
                                     "0003"             /* curve */
                                     "0010"             /* kdf */
                                     "00020102"
                                     "00020304";
static const char rsa_public_hex[] = "0001000c000300b2"
                                     "0000"
                                     "000600800043"
                                     "0010"
                                     "0800"
                                     "00000000"
                                     "0003f10203";

static void
unhex(const char *hex, struct buffer *out)
{
    assert_status(STATUS_OK, text_parse_hex(hex, out));
}

static enum status
parse_attest(struct bytes in)
{
    struct tpm_attest a;
    return tpm_attest_parse(in, &a, NULL);
}

static enum status
parse_signature(struct bytes in)
{
    struct tpm_signature s;
    return tpm_signature_parse(in, &s, NULL);
}

static enum status
parse_public(struct bytes in)
{
    struct tpm_public p;
    return tpm_public_parse(in, &p, NULL);
}

/* The status of hex, as one of the three structures. */
static void
claim_status(enum status expected, enum status (*parse)(struct bytes), const char *hex)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    unhex(hex, &in);
    assert_status(expected, parse(buffer_bytes(&in)));
}

/* Every prefix is refused, and one trailing byte. */
static void
claim_exact(enum status (*parse)(struct bytes), const char *hex)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    unhex(hex, &in);
    for (size_t size = 0; size < in.size; size++)
        assert_status(STATUS_MALFORMED, parse(bytes_of(in.data, size)));
    assert_status(STATUS_OK, parse(buffer_bytes(&in)));
    buffer_append_u8(&in, 0);
    assert_status(STATUS_MALFORMED, parse(buffer_bytes(&in)));
}

static void
attest_has_every_field(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    struct tpm_attest a;
    unhex(attest_hex, &in);
    assert_status(STATUS_OK, tpm_attest_parse(buffer_bytes(&in), &a, NULL));
    assert_int_equal(TPM_GENERATED_VALUE, a.magic);
    assert_int_equal(TPM_ST_ATTEST_QUOTE, a.type);
    assert_hex("000bcafe", a.qualified_signer);
    assert_hex("aabbcc", a.extra_data);
    assert_int_equal(0x0102030405060708, a.clock_ms);
    assert_int_equal(0x11121314, a.reset_count);
    assert_int_equal(0x21222324, a.restart_count);
    assert_true(a.safe);
    assert_int_equal(0x3132333435363738, a.firmware_version);
    assert_int_equal(1, a.selection.n_banks);
    assert_true(selection_has(&a.selection, ALG_SHA256, 0));
    assert_hex("0f0e", a.pcr_digest);
}

static void
attest_is_read_to_its_last_byte_and_no_further(void **state)
{
    (void)state;
    claim_exact(parse_attest, attest_hex);
}

static void
attest_of_another_magic_or_type_is_named_not_read(void **state)
{
    (void)state;
    static const char *const others[] = {"ff5443488018", "ff5443478017", "000000008018ff",
                                         "ff544347801a0022000b"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CLEANUP(buffer_free) struct buffer in = {0};
        struct tpm_attest a;
        unhex(others[i], &in);
        assert_status(STATUS_OK, tpm_attest_parse(buffer_bytes(&in), &a, NULL));
        assert_true(a.magic != TPM_GENERATED_VALUE || a.type != TPM_ST_ATTEST_QUOTE);
        assert_int_equal(0, a.extra_data.size);
        assert_int_equal(0, a.selection.n_banks);
    }
}

static void
attest_takes_no_safe_but_yes_and_no(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    struct tpm_attest a;
    unhex(attest_hex, &in);
    for (unsigned v = 0; v < 256; v++) {
        in.data[SAFE_AT] = (uint8_t)v;
        assert_status(v < 2 ? STATUS_OK : STATUS_MALFORMED,
                      tpm_attest_parse(buffer_bytes(&in), &a, NULL));
        assert_int_equal(v == 1, a.safe);
    }
}

/* hex with the TPM2B whose size begins at byte at made as large as given, then one larger. */
static void
claim_largest(enum status (*parse)(struct bytes), const char *hex, size_t at, uint16_t largest)
{
    CLEANUP(buffer_free) struct buffer in = {0};
    static const uint8_t zeros[ALG_MAX_SIZE + 3];
    unhex(hex, &in);
    size_t rest_at = at + 2 + (size_t)(in.data[at] << 8 | in.data[at + 1]);
    for (uint16_t size = largest; size <= largest + 1; size++) {
        CLEANUP(buffer_free) struct buffer changed = {0};
        buffer_append(&changed, bytes_of(in.data, at));
        buffer_append_tpm2b(&changed, bytes_of(zeros, size));
        buffer_append(&changed, bytes_of(in.data + rest_at, in.size - rest_at));
        assert_status(size == largest ? STATUS_OK : STATUS_MALFORMED,
                      parse(buffer_bytes(&changed)));
    }
}

static void
no_field_is_larger_than_its_structure_allows(void **state)
{
    (void)state;
    claim_largest(parse_attest, attest_hex, 6, 2 + ALG_MAX_SIZE);  /* qualifiedSigner */
    claim_largest(parse_attest, attest_hex, 12, 2 + ALG_MAX_SIZE); /* extraData */
    claim_largest(parse_attest, attest_hex, 52, ALG_MAX_SIZE);     /* pcrDigest */
    claim_largest(parse_public, ecc_public_hex, 8, ALG_MAX_SIZE);  /* authPolicy */
}

static void
refusal_names_clause_and_offset(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    struct tpm_attest a;
    struct diag diag = {0};
    unhex(attest_hex, &in);
    buffer_append_u8(&in, 0);
    assert_status(STATUS_MALFORMED, tpm_attest_parse(buffer_bytes(&in), &a, &diag));
    assert_string_equal("TPM2 P2 10.12.12", diag.clause);
    assert_int_equal(in.size - 1, diag.offset);
}

static void
signature_has_every_field(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer rsa = {0}, ecdsa = {0};
    struct tpm_signature s;
    unhex(rsassa_hex, &rsa);
    assert_status(STATUS_OK, tpm_signature_parse(buffer_bytes(&rsa), &s, NULL));
    assert_int_equal(TPM_ALG_RSASSA, s.scheme);
    assert_int_equal(ALG_SHA256, s.hash);
    assert_hex("deadbeef", s.rsa);
    unhex(ecdsa_hex, &ecdsa);
    assert_status(STATUS_OK, tpm_signature_parse(buffer_bytes(&ecdsa), &s, NULL));
    assert_int_equal(TPM_ALG_ECDSA, s.scheme);
    assert_int_equal(ALG_SHA384, s.hash);
    assert_hex("aabb", s.r);
    assert_hex("cc", s.s);
    assert_int_equal(0, s.rsa.size);
}

static void
signature_is_read_to_its_last_byte_and_no_further(void **state)
{
    (void)state;
    claim_exact(parse_signature, rsassa_hex);
    claim_exact(parse_signature, ecdsa_hex);
    claim_exact(parse_signature, "0016000c00020102");
}

static void
signature_that_we_do_not_verify_is_unsupported_not_malformed(void **state)
{
    (void)state;
    static const char *const schemes[] = {"0005", "0010", "001a", "001b", "001c",
                                          "00a1", "00a2", "0060", "0070"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        claim_status(STATUS_UNSUPPORTED, parse_signature, schemes[i]);
    CLEANUP(buffer_free) struct buffer large = {0};
    uint8_t zeros[4627] = {0}; /* ML-DSA-87 */
    unhex("00a1", &large);
    buffer_append_tpm2b(&large, bytes_of(zeros, sizeof zeros));
    assert_status(STATUS_UNSUPPORTED, parse_signature(buffer_bytes(&large)));
}

static void
signature_larger_than_its_field_is_malformed(void **state)
{
    (void)state;
    uint8_t zeros[513] = {0};
    CLEANUP(buffer_free) struct buffer rsa = {0}, ecdsa = {0};
    unhex("0014000b", &rsa);
    buffer_append_tpm2b(&rsa, bytes_of(zeros, 513));
    assert_status(STATUS_MALFORMED, parse_signature(buffer_bytes(&rsa)));
    unhex("0018000b", &ecdsa);
    buffer_append_tpm2b(&ecdsa, bytes_of(zeros, 67));
    buffer_append_tpm2b(&ecdsa, bytes_of(zeros, 1));
    assert_status(STATUS_MALFORMED, parse_signature(buffer_bytes(&ecdsa)));
}

static void
public_ecc_has_every_field(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    struct tpm_public p;
    unhex(ecc_public_hex, &in);
    assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&in), &p, NULL));
    assert_hex(ecc_public_hex, p.area);
    assert_int_equal(TPM_ALG_ECC, p.type);
    assert_int_equal(ALG_SHA256, p.name_alg);
    assert_int_equal(0x00050072, p.attributes);
    assert_hex("abcd", p.auth_policy);
    assert_int_equal(TPM_ALG_NULL, p.symmetric);
    assert_int_equal(TPM_ALG_ECDSA, p.scheme);
    assert_int_equal(ALG_SHA256, p.scheme_hash);
    assert_int_equal(TPM_ECC_P256, p.curve);
    assert_int_equal(256, p.key_bits);
    assert_hex("0102", p.x);
    assert_hex("0304", p.y);
}

static void
public_rsa_has_every_field(void **state)
{
    (void)state;
    CLEANUP(buffer_free) struct buffer in = {0};
    struct tpm_public p;
    unhex(rsa_public_hex, &in);
    assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&in), &p, NULL));
    assert_int_equal(TPM_ALG_RSA, p.type);
    assert_int_equal(ALG_SHA384, p.name_alg);
    assert_int_equal(TPM_ALG_AES, p.symmetric);
    assert_int_equal(128, p.symmetric_bits);
    assert_int_equal(TPM_ALG_CFB, p.symmetric_mode);
    assert_int_equal(TPM_ALG_NULL, p.scheme);
    assert_int_equal(2048, p.key_bits);
    assert_int_equal(65537, p.exponent);
    assert_hex("f10203", p.modulus);
}

static void
public_with_its_size_is_the_same_area(void **state)
{
    (void)state;
    static const char *const areas[] = {ecc_public_hex, rsa_public_hex};
    for (size_t i = 0; i < 2; i++) {
        CLEANUP(buffer_free) struct buffer area = {0}, sized = {0};
        struct tpm_public p;
        unhex(areas[i], &area);
        buffer_append_tpm2b(&sized, buffer_bytes(&area));
        assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&sized), &p, NULL));
        assert_hex(areas[i], p.area);
        for (size_t size = 0; size < sized.size; size++)
            assert_status(STATUS_MALFORMED, parse_public(bytes_of(sized.data, size)));
        buffer_append_u8(&sized, 0);
        assert_status(STATUS_MALFORMED, parse_public(buffer_bytes(&sized)));
    }
}

static void
public_is_read_to_its_last_byte_and_no_further(void **state)
{
    (void)state;
    claim_exact(parse_public, ecc_public_hex);
    claim_exact(parse_public, rsa_public_hex);
}

static void
public_of_an_unknown_kind_is_unsupported(void **state)
{
    (void)state;
    static const char *const types[] = {"0008000b", "0025000b", "00a0000b", "00a1000b", "00a2000b"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        claim_status(STATUS_UNSUPPORTED, parse_public, types[i]);
    claim_status(STATUS_MALFORMED, parse_public, "0002000b");
    /* curve SM2, scheme SM2, symmetric XOR */
    claim_status(STATUS_UNSUPPORTED, parse_public, "0023000b00050072000000100018000b002000100000");
    claim_status(STATUS_UNSUPPORTED, parse_public, "0023000b0005007200000010001b0012002000100000");
    claim_status(STATUS_UNSUPPORTED, parse_public, "0023000b000500720000000a000b0010000300100000");
}

static void
public_with_ecdaa_or_kdf_is_read(void **state)
{
    (void)state;
    claim_exact(parse_public, "0023000b000500720000"
                              "0010"
                              "001a000b0001"
                              "0003"
                              "0010"
                              "00000000");
    claim_exact(parse_public, "0023000b000500720000"
                              "0010"
                              "0010"
                              "0003"
                              "0020000b"
                              "00000000");
}

static void
names_are_algorithm_and_digest(void **state)
{
    (void)state;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer in = {0}, name = {0};
    struct tpm_public p;
    struct digest d;
    assert_status(STATUS_OK, hasher_new(&h));
    unhex(rsa_public_hex, &in);
    assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&in), &p, NULL));
    assert_status(STATUS_OK, tpm_name(h, &p, &name));
    assert_status(STATUS_OK, digest_compute(h, ALG_SHA384, buffer_bytes(&in), &d));
    assert_int_equal(2 + 48, name.size);
    assert_hex("000c", bytes_of(name.data, 2));
    assert_true(digest_equal_bytes(&d, bytes_of(name.data + 2, 48)));
    p.name_alg = 0x0010;
    assert_status(STATUS_UNSUPPORTED, tpm_name(h, &p, &name));
    assert_status(STATUS_UNSUPPORTED,
                  tpm_qualified_name(h, TPM_RH_ENDORSEMENT, bytes_of_text("?"), &name));
}

/* Names that tpm2-tools printed for keys of a TPM, and the qualified name that it signed with. */
static void
names_of_real_keys_are_the_tpms(void **state)
{
    (void)state;
    static const char *const boots[] = {"A", "B", "C", "D1", "E2", "K"};
    static const char *const keys[] = {"ecc", "rsa"};
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    assert_status(STATUS_OK, hasher_new(&h));
    for (size_t i = 0; i < 12; i++) {
        CLEANUP(buffer_free) struct buffer area = {0}, expected = {0}, name = {0};
        char path[96];
        struct tpm_public p;
        (void)snprintf(path, sizeof path, "measured-boots/%s/quote/ak-%s.pub", boots[i / 2],
                       keys[i % 2]);
        test_corpus(path, &area);
        (void)snprintf(path, sizeof path, "measured-boots/%s/quote/ak-%s.name", boots[i / 2],
                       keys[i % 2]);
        test_corpus(path, &expected);
        assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&area), &p, NULL));
        assert_status(STATUS_OK, tpm_name(h, &p, &name));
        assert_true(bytes_equal(buffer_bytes(&expected), buffer_bytes(&name)));
    }
}

/* A TPM's quote tells the qualified name of its key: a child of the EK, which is a primary key of
 * the endorsement hierarchy. [TPM2 P1 16] */
static void
qualified_name_of_a_real_ek_leads_to_the_quoted_signer(void **state)
{
    (void)state;
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(buffer_free) struct buffer area = {0}, ek = {0}, qualified = {0}, ak = {0}, msg = {0};
    struct tpm_public p;
    struct tpm_attest a;
    struct digest d;
    assert_status(STATUS_OK, hasher_new(&h));
    test_corpus("measured-boots/A/quote/ek.pub", &area);
    test_corpus("measured-boots/A/quote/ak-ecc.name", &ak);
    test_corpus("measured-boots/A/quote/quote-ecc-sha256.msg", &msg);
    assert_status(STATUS_OK, tpm_public_parse(buffer_bytes(&area), &p, NULL));
    assert_status(STATUS_OK, tpm_name(h, &p, &ek));
    assert_status(STATUS_OK,
                  tpm_qualified_name(h, TPM_RH_ENDORSEMENT, buffer_bytes(&ek), &qualified));
    const struct bytes parts[] = {buffer_bytes(&qualified), buffer_bytes(&ak)};
    assert_status(STATUS_OK, digest_compute_parts(h, ALG_SHA256, parts, 2, &d));
    assert_status(STATUS_OK, tpm_attest_parse(buffer_bytes(&msg), &a, NULL));
    assert_int_equal(34, a.qualified_signer.size);
    assert_true(digest_equal_bytes(&d, bytes_slice(a.qualified_signer, 2, 32)));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attest_has_every_field),
        cmocka_unit_test(attest_is_read_to_its_last_byte_and_no_further),
        cmocka_unit_test(attest_of_another_magic_or_type_is_named_not_read),
        cmocka_unit_test(attest_takes_no_safe_but_yes_and_no),
        cmocka_unit_test(no_field_is_larger_than_its_structure_allows),
        cmocka_unit_test(refusal_names_clause_and_offset),
        cmocka_unit_test(signature_has_every_field),
        cmocka_unit_test(signature_is_read_to_its_last_byte_and_no_further),
        cmocka_unit_test(signature_that_we_do_not_verify_is_unsupported_not_malformed),
        cmocka_unit_test(signature_larger_than_its_field_is_malformed),
        cmocka_unit_test(public_ecc_has_every_field),
        cmocka_unit_test(public_rsa_has_every_field),
        cmocka_unit_test(public_with_its_size_is_the_same_area),
        cmocka_unit_test(public_is_read_to_its_last_byte_and_no_further),
        cmocka_unit_test(public_of_an_unknown_kind_is_unsupported),
        cmocka_unit_test(public_with_ecdaa_or_kdf_is_read),
        cmocka_unit_test(names_are_algorithm_and_digest),
        cmocka_unit_test(names_of_real_keys_are_the_tpms),
        cmocka_unit_test(qualified_name_of_a_real_ek_leads_to_the_quoted_signer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
