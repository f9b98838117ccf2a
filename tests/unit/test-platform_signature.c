/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of platforms: who signed them, and whether that one is believed. */
#include "base/cleanup.h"
#include "evidence/ek_chain.h"
#include "evidence/platform_signature.h"
#include "tests/lib/ek_builder.h"
#include "tests/lib/test.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define SEQUENCE 0x30
#define BITS     0x03

/* AlgorithmIdentifier ecdsa-with-SHA256; id-ecPublicKey, which is none of a signature. */
static const uint8_t ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
                                       0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const uint8_t ec_key[] = {0x30, 0x09, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01};
static const uint8_t info[] = {SEQUENCE, 0x03, 0x02, 0x01, 0x01};

static void
put(struct buffer *out, uint8_t tag, struct bytes content)
{
    assert_true(content.size < 256);
    buffer_append_u8(out, tag);
    if (content.size >= 128)
        buffer_append_u8(out, 0x81);
    buffer_append_u8(out, (uint8_t)content.size);
    buffer_append(out, content);
}

/* The outer form of an attribute certificate: what is signed, by what, the signature. [RFC 5755
 * 4.1] */
static void
make_signed(EVP_PKEY *key, struct bytes algorithm, struct bytes after, struct buffer *out)
{
    uint8_t signature[1 + 80] = {0}; /* no unused bits */
    size_t size = sizeof signature - 1;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(1, EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key));
    assert_int_equal(1, EVP_DigestSign(ctx, signature + 1, &size, info, sizeof info));
    EVP_MD_CTX_free(ctx);
    CLEANUP(buffer_free) struct buffer content = {0};
    buffer_append(&content, bytes_of(info, sizeof info));
    buffer_append(&content, algorithm);
    put(&content, BITS, bytes_of(signature, 1 + size));
    buffer_append(&content, after);
    put(out, SEQUENCE, buffer_bytes(&content));
}

static void
believes_only_the_whole_form_signed_by_the_key(void **state)
{
    (void)state;
    const struct bytes algorithm = bytes_of(ecdsa_sha256, sizeof ecdsa_sha256);
    CLEANUP(buffer_free) struct buffer good = {0}, more = {0}, unknown = {0};
    EVP_PKEY *key = EVP_EC_gen("P-256"), *other = EVP_EC_gen("P-256");
    make_signed(key, algorithm, (struct bytes){0}, &good);
    make_signed(key, algorithm, bytes_of(info, sizeof info), &more);
    make_signed(key, bytes_of(ec_key, sizeof ec_key), (struct bytes){0}, &unknown);
    assert_true(platform_signature_is_by(buffer_bytes(&good), key));
    assert_false(platform_signature_is_by(buffer_bytes(&good), other));
    assert_false(platform_signature_is_by(buffer_bytes(&good), NULL));
    assert_false(platform_signature_is_by(buffer_bytes(&more), key));
    assert_false(platform_signature_is_by(buffer_bytes(&unknown), key));
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

/* ---- paths ---- */

struct scene {
    struct hasher *hasher;
    struct ek_builder *maker;
    struct ek_roots *roots;
    struct ek_certificate *certificate;
};

/* usage: of the certificate, as an extended key usage. */
static struct scene
make_scene(const char *usage)
{
    struct scene s = {.maker = ek_builder_new("L-2")};
    struct ek_builder_spec spec = ek_builder_spec_ek(s.maker);
    struct diag diag = {0};
    CLEANUP(reasons_free) struct reasons reasons = {0};
    CLEANUP(buffer_free) struct buffer der = {0};
    assert_status(STATUS_OK, hasher_new(&s.hasher));
    assert_status(STATUS_OK, ek_roots_new(&s.roots));
    assert_status(STATUS_OK,
                  ek_roots_add(s.roots, EK_ROOTS_ANCHORS, buffer_bytes(&s.maker->root.der), &diag));
    if (usage)
        spec.extended_usage = usage;
    ek_builder_certificate(s.maker, &spec, NULL, &der);
    assert_status(STATUS_OK,
                  ek_certificate_parse(s.hasher, buffer_bytes(&der), &s.certificate, &reasons));
    assert_non_null(s.certificate);
    return s;
}

static void
clear_scene(struct scene *s)
{
    ek_certificate_free(s->certificate);
    ek_roots_free(s->roots);
    ek_builder_free(s->maker);
    hasher_free(s->hasher);
}

#define PLATFORM_USAGE "2.23.133.8.2"

static void
takes_certificates_of_platforms_only(void **state)
{
    (void)state;
    CLEANUP(clear_scene) struct scene s = make_scene(NULL);
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain;
    const struct ek_chain_input in = {.certificate = s.certificate, .now_s = EK_BUILDER_NOW_S};
    assert_status(STATUS_INVALID,
                  ek_chain_verify_platform(s.hasher, s.roots, &in, &chain, &reasons));
}

static void
tells_only_of_the_extra_certificate_that_cannot_be_read(void **state)
{
    (void)state;
    CLEANUP(clear_scene) struct scene s = make_scene(PLATFORM_USAGE);
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain;
    const struct bytes extra[] = {buffer_bytes(&s.maker->intermediate.der), bytes_of_text("junk")};
    struct ek_chain_input in = {
        .certificate = s.certificate, .extra = extra, .n_extra = 1, .now_s = EK_BUILDER_NOW_S};
    assert_int_equal(EK_CERTIFICATE_PLATFORM, s.certificate->kind);
    assert_status(STATUS_OK, ek_chain_verify_platform(s.hasher, s.roots, &in, &chain, &reasons));
    assert_int_equal(EK_STANDING_VERIFIED, chain.standing);
    in.n_extra = 2;
    assert_status(STATUS_OK, ek_chain_verify_platform(s.hasher, s.roots, &in, &chain, &reasons));
    assert_int_equal(EK_STANDING_UNVERIFIED, chain.standing);
    assert_int_equal(1, reasons.n_items);
    assert_int_equal(REASON_EK_MALFORMED, reasons.items[0].code);
}

static void
refuses_more_extra_certificates_than_the_limit(void **state)
{
    (void)state;
    static const struct bytes extra[LIMIT_CERTS + 1];
    CLEANUP(clear_scene) struct scene ek = make_scene(NULL);
    CLEANUP(clear_scene) struct scene platform = make_scene(PLATFORM_USAGE);
    CLEANUP(reasons_free) struct reasons reasons = {0};
    struct ek_chain chain;
    struct ek_chain_input in = {.certificate = ek.certificate,
                                .extra = extra,
                                .n_extra = LIMIT_CERTS + 1,
                                .now_s = EK_BUILDER_NOW_S};
    assert_status(STATUS_LIMIT, ek_chain_verify(ek.hasher, ek.roots, &in, &chain, &reasons));
    in.certificate = platform.certificate;
    assert_status(STATUS_LIMIT,
                  ek_chain_verify_platform(platform.hasher, platform.roots, &in, &chain, &reasons));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_only_the_whole_form_signed_by_the_key),
        cmocka_unit_test(takes_certificates_of_platforms_only),
        cmocka_unit_test(tells_only_of_the_extra_certificate_that_cannot_be_read),
        cmocka_unit_test(refuses_more_extra_certificates_than_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
