/* SPDX-License-Identifier: Apache-2.0 */
/* from: a payload; to: a signed compact serialisation; never: verifies, or signs with a secret. */
#include "daemon/jws.h"

#include "base/cleanup.h"
#include "base/emit.h"
#include "base/text.h"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#define COORDINATE_SIZE 32u
#define ROOM            384u /* usual size of a header and a signature, encoded */

static void
free_md_ctx(EVP_MD_CTX **c)
{
    EVP_MD_CTX_free(*c);
}

static void
free_ecdsa_sig(ECDSA_SIG **s)
{
    ECDSA_SIG_free(*s);
}

static enum status
append_header(const struct key *key, const char *typ, struct buffer *out)
{
    CLEANUP(buffer_free) struct buffer header = {0};
    struct emit e = emit_of(&header);
    emit_object(&e);
    emit_text_member(&e, "alg", "ES256");
    emit_text_member(&e, "kid", key->kid);
    emit_text_member(&e, "typ", typ);
    emit_end_object(&e);
    enum status s = emit_check(&e);
    if (s == STATUS_OK)
        text_append_base64url(out, buffer_bytes(&header));
    return s;
}

/* DER to r || s, each padded. [RFC 7518 3.4] */
static enum status
fixed_width(const uint8_t *der, size_t size, uint8_t out[static 2 * COORDINATE_SIZE])
{
    CLEANUP(free_ecdsa_sig) ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)size);
    if (!sig || BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, COORDINATE_SIZE) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + COORDINATE_SIZE, COORDINATE_SIZE) < 0)
        return STATUS_CRYPTO;
    return STATUS_OK;
}

enum status
jws_sign(const struct key *key, const char *typ, struct bytes payload, struct buffer *out)
{
    if (!key || !key->signing)
        return STATUS_CRYPTO;
    size_t begin = out->size;
    enum status s = buffer_reserve(out, ROOM + payload.size / 3 * 4);
    if (s == STATUS_OK)
        s = append_header(key, typ, out);
    if (s != STATUS_OK)
        return s;
    buffer_append_u8(out, '.');
    text_append_base64url(out, payload);
    s = buffer_check(out);
    if (s != STATUS_OK)
        return s;
    CLEANUP(free_md_ctx) EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t der[128], fixed[2 * COORDINATE_SIZE];
    size_t size = sizeof der;
    if (!ctx || EVP_MD_CTX_copy_ex(ctx, key->signing) != 1 ||
        EVP_DigestSign(ctx, der, &size, out->data + begin, out->size - begin) != 1)
        return STATUS_CRYPTO;
    s = fixed_width(der, size, fixed);
    if (s != STATUS_OK)
        return s;
    buffer_append_u8(out, '.');
    text_append_base64url(out, bytes_of(fixed, sizeof fixed));
    return buffer_check(out);
}
