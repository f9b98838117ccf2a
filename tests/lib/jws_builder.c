/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/jws_builder.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/lib/test.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#define COORDINATE 32

void
jws_builder_pem(struct buffer *out, const EVP_PKEY *key, bool escape)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL;
    assert_int_equal(1, PEM_write_bio_PUBKEY(bio, key));
    long size = BIO_get_mem_data(bio, &text);
    for (long i = 0; i < size; i++) {
        if (text[i] == '\n' && escape)
            buffer_append_text(out, "\\n");
        else
            buffer_append_u8(out, (uint8_t)text[i]);
    }
    BIO_free(bio);
}

static void
append_signature(struct buffer *out, EVP_PKEY *key, struct bytes input)
{
    uint8_t raw[512];
    uint8_t fixed[2 * COORDINATE];
    size_t size = sizeof raw;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(1, EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key));
    assert_int_equal(1, EVP_DigestSign(ctx, raw, &size, input.data, input.size));
    EVP_MD_CTX_free(ctx);
    if (EVP_PKEY_is_a(key, "RSA")) {
        text_append_base64url(out, bytes_of(raw, size));
        return;
    }
    const uint8_t *at = raw;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)size);
    assert_int_equal(COORDINATE, BN_bn2binpad(ECDSA_SIG_get0_r(sig), fixed, COORDINATE));
    assert_int_equal(COORDINATE,
                     BN_bn2binpad(ECDSA_SIG_get0_s(sig), fixed + COORDINATE, COORDINATE));
    ECDSA_SIG_free(sig);
    text_append_base64url(out, bytes_of(fixed, sizeof fixed));
}

void
jws_builder_compact(struct buffer *out, const char *payload, EVP_PKEY *key, const char *header)
{
    text_append_base64url(out, bytes_of_text(header));
    buffer_append_text(out, ".");
    text_append_base64url(out, bytes_of_text(payload));
    CLEANUP(buffer_free) struct buffer input = {0};
    buffer_append(&input, buffer_bytes(out));
    buffer_append_text(out, ".");
    append_signature(out, key, buffer_bytes(&input));
}
