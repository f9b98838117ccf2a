/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/ak.h"
#include "evidence/signature.h"
#include "tests/lib/test.h"
#include "tests/lib/tpm_builder.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <string.h>

/* One TPM a kind of key, made once: RSA keys take long. */
static struct tpm_builder *tpms[TPM_BUILDER_N_KEYS];

static const struct bytes message = {(const uint8_t *)"what a TPM says", 15};

static struct tpm_builder
tpm(enum tpm_builder_key kind)
{
    return *tpms[kind]; /* a copy, so that no test changes another's */
}

static int
make_tpms(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++)
        tpms[kind] = tpm_builder_new((enum tpm_builder_key)kind, ALG_SHA256);
    return 0;
}

static int
free_tpms(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++)
        tpm_builder_free(tpms[kind]);
    return 0;
}

/* The signature is by the key when expected is REASON_NONE, else it is refused for this one reason.
 */
static void
claim_signature(enum reason_code expected, const struct ak *ak, struct bytes signature)
{
    CLEANUP(reasons_free) struct reasons reasons = {0};
    bool valid = expected != REASON_NONE;
    assert_status(STATUS_OK, ak_verify(ak, message, signature, &valid, &reasons));
    assert_int_equal(expected == REASON_NONE, valid);
    assert_int_equal(valid ? 0 : 1, reasons.n_items);
    if (!valid)
        assert_string_equal(reason_code_name(expected), reason_code_name(reasons.items[0].code));
}

static void
verifies_what_each_kind_signs_with_each_hash(void **state)
{
    (void)state;
    static const uint16_t hashes[] = {ALG_SHA256, ALG_SHA384, ALG_SHA512};
    for (unsigned i = 0; i < TPM_BUILDER_N_KEYS * 3; i++) {
        struct tpm_builder t = tpm((enum tpm_builder_key)(i / 3));
        CLEANUP(buffer_free) struct buffer signature = {0};
        t.hash = hashes[i % 3];
        CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(&t);
        tpm_builder_sign(&t, message, &signature);
        claim_signature(REASON_NONE, ak, buffer_bytes(&signature));
    }
}

static void
verifies_pss_with_any_salt_length(void **state)
{
    (void)state;
    static const int salts[] = {RSA_PSS_SALTLEN_DIGEST, RSA_PSS_SALTLEN_MAX, 0, 20};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_RSAPSS]);
    for (size_t i = 0; i < sizeof salts / sizeof salts[0]; i++) {
        struct tpm_builder t = tpm(TPM_BUILDER_RSAPSS);
        CLEANUP(buffer_free) struct buffer signature = {0};
        t.pss_salt = salts[i];
        tpm_builder_sign(&t, message, &signature);
        claim_signature(REASON_NONE, ak, buffer_bytes(&signature));
    }
}

static void
refuses_signature_over_other_bytes_or_by_another_key(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[kind]);
        CLEANUP(buffer_free) struct buffer other = {0}, foreign = {0};
        tpm_builder_sign(tpms[kind], bytes_of_text("what a TPM did not say"), &other);
        claim_signature(REASON_QUOTE_SIGNATURE, ak, buffer_bytes(&other));
        CLEANUP(tpm_builder_freep)
        struct tpm_builder *stranger = tpm_builder_new((enum tpm_builder_key)kind, ALG_SHA256);
        tpm_builder_sign(stranger, message, &foreign);
        claim_signature(REASON_QUOTE_SIGNATURE, ak, buffer_bytes(&foreign));
    }
}

static void
threat_08_signature_cannot_choose_scheme_or_hash(void **state)
{
    (void)state;
    static const struct {
        enum tpm_builder_key key, signer;
        uint16_t hash;
    } rows[] = {
        {TPM_BUILDER_P256, TPM_BUILDER_P256, ALG_SHA384},
        {TPM_BUILDER_P256, TPM_BUILDER_P256, ALG_SHA1},
        {TPM_BUILDER_P256, TPM_BUILDER_RSASSA, ALG_SHA256},
        {TPM_BUILDER_RSASSA, TPM_BUILDER_RSASSA, ALG_SHA512},
        {TPM_BUILDER_RSASSA, TPM_BUILDER_RSASSA, ALG_SHA1},
        {TPM_BUILDER_RSAPSS, TPM_BUILDER_P256, ALG_SHA256},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[rows[i].key]);
        CLEANUP(buffer_free) struct buffer signature = {0};
        struct tpm_builder t = tpm(rows[i].signer);
        t.hash = rows[i].hash;
        tpm_builder_sign(&t, message, &signature);
        claim_signature(REASON_QUOTE_ALGORITHM, ak, buffer_bytes(&signature));
    }
}

/* The same RSA key: a PKCS #1 v1.5 signature is none of a PSS key, and the reverse. */
static void
threat_08_rsa_paddings_are_not_exchanged(void **state)
{
    (void)state;
    struct tpm_builder t = tpm(TPM_BUILDER_RSASSA);
    CLEANUP(buffer_free) struct buffer signature = {0};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(&t);
    t.scheme = TPM_ALG_RSAPSS;
    tpm_builder_sign(&t, message, &signature);
    claim_signature(REASON_QUOTE_ALGORITHM, ak, buffer_bytes(&signature));
    signature.data[1] = TPM_ALG_RSASSA; /* renamed: the padding is still PSS */
    claim_signature(REASON_QUOTE_SIGNATURE, ak, buffer_bytes(&signature));
}

static void
threat_08_unsupported_signature_is_not_called_malformed(void **state)
{
    (void)state;
    static const uint16_t schemes[] = {TPM_ALG_ECDAA, 0x001B, 0x001C,      0x0005,
                                       0x00A1,        0x00A2, TPM_ALG_NULL};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_P256]);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        CLEANUP(buffer_free) struct buffer signature = {0};
        tpm_builder_sign(tpms[TPM_BUILDER_P256], message, &signature);
        signature.data[0] = (uint8_t)(schemes[i] >> 8);
        signature.data[1] = (uint8_t)schemes[i];
        claim_signature(REASON_QUOTE_UNSUPPORTED, ak, buffer_bytes(&signature));
    }
}

static void
threat_07_rsa_signature_of_another_size_than_the_modulus_is_refused(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 128, 255, 257, 384};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_RSASSA]);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        CLEANUP(buffer_free) struct buffer honest = {0}, resized = {0};
        uint8_t padded[384] = {0};
        tpm_builder_sign(tpms[TPM_BUILDER_RSASSA], message, &honest);
        memcpy(padded, honest.data + 6, 256);
        buffer_append_be16(&resized, TPM_ALG_RSASSA);
        buffer_append_be16(&resized, ALG_SHA256);
        buffer_append_tpm2b(&resized, bytes_of(padded, sizes[i]));
        claim_signature(REASON_QUOTE_MALFORMED, ak, buffer_bytes(&resized));
    }
}

static void
append_ecdsa(struct bytes r, struct bytes s, struct buffer *out)
{
    buffer_append_be16(out, TPM_ALG_ECDSA);
    buffer_append_be16(out, ALG_SHA256);
    buffer_append_tpm2b(out, r);
    buffer_append_tpm2b(out, s);
    assert_status(STATUS_OK, buffer_check(out));
}

static void
threat_07_ecdsa_scalars_outside_1_to_n_less_1_are_refused(void **state)
{
    (void)state;
    static const char n_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    uint8_t zero[32] = {0}, n[32], ones[32], good[32];
    memset(ones, 0xFF, sizeof ones);
    memset(good, 0x11, sizeof good);
    assert_status(STATUS_OK, text_parse_hex_exact(n_hex, n, sizeof n));
    const struct bytes bad[] = {bytes_of(zero, 32), bytes_of(zero, 1), bytes_of(zero, 0),
                                bytes_of(n, 32), bytes_of(ones, 32)};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_P256]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CLEANUP(buffer_free) struct buffer bad_r = {0}, bad_s = {0};
        append_ecdsa(bad[i], bytes_of(good, 32), &bad_r);
        append_ecdsa(bytes_of(good, 32), bad[i], &bad_s);
        claim_signature(REASON_QUOTE_SIGNATURE, ak, buffer_bytes(&bad_r));
        claim_signature(REASON_QUOTE_SIGNATURE, ak, buffer_bytes(&bad_s));
    }
}

static void
threat_07_ecdsa_scalars_longer_than_the_field_are_refused(void **state)
{
    (void)state;
    struct tpm_signature sig;
    uint8_t longer[33] = {0};
    CLEANUP(buffer_free) struct buffer honest = {0}, resized = {0};
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_P256]);
    tpm_builder_sign(tpms[TPM_BUILDER_P256], message, &honest);
    assert_status(STATUS_OK, tpm_signature_parse(buffer_bytes(&honest), &sig, NULL));
    memcpy(longer + 1, sig.r.data, 32);
    append_ecdsa(bytes_of(longer, 33), sig.s, &resized);
    claim_signature(REASON_QUOTE_MALFORMED, ak, buffer_bytes(&resized));
}

/* A TPM may leave leading zeros of r and s out. */
static void
verifies_ecdsa_scalars_without_leading_zeros(void **state)
{
    (void)state;
    CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[TPM_BUILDER_P256]);
    struct tpm_signature sig = {0};
    CLEANUP(buffer_free) struct buffer honest = {0}, cut = {0};
    do {
        buffer_reset(&honest);
        tpm_builder_sign(tpms[TPM_BUILDER_P256], message, &honest);
        assert_status(STATUS_OK, tpm_signature_parse(buffer_bytes(&honest), &sig, NULL));
    } while (sig.r.data[0] != 0);
    append_ecdsa(bytes_slice(sig.r, 1, 31), sig.s, &cut);
    claim_signature(REASON_NONE, ak, buffer_bytes(&honest));
    claim_signature(REASON_NONE, ak, buffer_bytes(&cut));
}

static void
threat_07_every_cut_and_every_added_byte_of_a_signature_is_refused(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        CLEANUP(buffer_free) struct buffer signature = {0};
        CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[kind]);
        tpm_builder_sign(tpms[kind], message, &signature);
        for (size_t size = 0; size < signature.size; size++)
            claim_signature(REASON_QUOTE_MALFORMED, ak, bytes_of(signature.data, size));
        buffer_append_u8(&signature, 0);
        claim_signature(REASON_QUOTE_MALFORMED, ak, buffer_bytes(&signature));
    }
}

struct worker {
    const struct ak *ak;
    struct bytes signature;
    unsigned n_valid;
};

static void *
verify_often(void *argument)
{
    struct worker *w = argument;
    for (unsigned i = 0; i < 100; i++) {
        CLEANUP(reasons_free) struct reasons reasons = {0};
        bool valid = false;
        if (ak_verify(w->ak, message, w->signature, &valid, &reasons) == STATUS_OK && valid)
            w->n_valid++;
    }
    return NULL;
}

static void
one_key_serves_several_threads(void **state)
{
    (void)state;
    for (unsigned kind = 0; kind < TPM_BUILDER_N_KEYS; kind++) {
        CLEANUP(buffer_free) struct buffer signature = {0};
        CLEANUP(ak_freep) struct ak *ak = tpm_builder_ak(tpms[kind]);
        struct worker workers[3];
        pthread_t threads[3];
        tpm_builder_sign(tpms[kind], message, &signature);
        for (size_t i = 0; i < 3; i++) {
            workers[i] = (struct worker){.ak = ak, .signature = buffer_bytes(&signature)};
            assert_int_equal(0, pthread_create(&threads[i], NULL, verify_often, &workers[i]));
        }
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(0, pthread_join(threads[i], NULL));
            assert_int_equal(100, workers[i].n_valid);
        }
    }
}

static void
bare_key_accepts_any_scheme_of_its_type(void **state)
{
    (void)state;
    static const uint16_t hashes[] = {ALG_SHA256, ALG_SHA384, ALG_SHA512};
    for (unsigned i = 0; i < TPM_BUILDER_N_KEYS * 3; i++) {
        struct tpm_builder t = tpm((enum tpm_builder_key)(i / 3));
        CLEANUP(buffer_free) struct buffer der = {0}, signature = {0};
        CLEANUP(ak_freep) struct ak *ak = NULL;
        t.hash = hashes[i % 3];
        assert_status(STATUS_OK, key_spki(t.key, &der));
        assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&der), &ak, NULL));
        tpm_builder_sign(&t, message, &signature);
        claim_signature(REASON_NONE, ak, buffer_bytes(&signature));
        signature.data[signature.size - 1] ^= 1;
        claim_signature(REASON_QUOTE_SIGNATURE, ak, buffer_bytes(&signature));
    }
}

static void
threat_08_bare_key_refuses_sha1_all_the_same(void **state)
{
    (void)state;
    static const enum tpm_builder_key kinds[] = {TPM_BUILDER_P256, TPM_BUILDER_RSASSA};
    for (size_t i = 0; i < 2; i++) {
        struct tpm_builder t = tpm(kinds[i]);
        CLEANUP(buffer_free) struct buffer der = {0}, signature = {0};
        CLEANUP(ak_freep) struct ak *ak = NULL;
        t.hash = ALG_SHA1;
        assert_status(STATUS_OK, key_spki(t.key, &der));
        assert_status(STATUS_OK, ak_parse_spki(buffer_bytes(&der), &ak, NULL));
        tpm_builder_sign(&t, message, &signature);
        claim_signature(REASON_QUOTE_ALGORITHM, ak, buffer_bytes(&signature));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_what_each_kind_signs_with_each_hash),
        cmocka_unit_test(verifies_pss_with_any_salt_length),
        cmocka_unit_test(refuses_signature_over_other_bytes_or_by_another_key),
        cmocka_unit_test(threat_08_signature_cannot_choose_scheme_or_hash),
        cmocka_unit_test(threat_08_rsa_paddings_are_not_exchanged),
        cmocka_unit_test(threat_08_unsupported_signature_is_not_called_malformed),
        cmocka_unit_test(threat_07_rsa_signature_of_another_size_than_the_modulus_is_refused),
        cmocka_unit_test(threat_07_ecdsa_scalars_outside_1_to_n_less_1_are_refused),
        cmocka_unit_test(threat_07_ecdsa_scalars_longer_than_the_field_are_refused),
        cmocka_unit_test(verifies_ecdsa_scalars_without_leading_zeros),
        cmocka_unit_test(threat_07_every_cut_and_every_added_byte_of_a_signature_is_refused),
        cmocka_unit_test(one_key_serves_several_threads),
        cmocka_unit_test(bare_key_accepts_any_scheme_of_its_type),
        cmocka_unit_test(threat_08_bare_key_refuses_sha1_all_the_same),
    };
    return cmocka_run_group_tests(tests, make_tpms, free_tpms);
}
