/* SPDX-License-Identifier: Apache-2.0 */
/* from: what an enrolment is about; to: an opaque identifier and back; never: judges it. */
#include "daemon/ticket.h"

#include "base/cleanup.h"
#include "evidence/dcbor.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <string.h>

#define LABEL      "attestd ticket 1" /* also the associated data */
#define N_MEMBERS  10u
#define NONCE_SIZE 12u
#define TAG_SIZE   16u
#define KEY_SIZE   32u

static void
free_cipher(EVP_CIPHER_CTX **c)
{
    EVP_CIPHER_CTX_free(*c);
}

static void
encode(const struct ticket *t, bool with_certificate, struct buffer *out)
{
    dcbor_put_array(out, N_MEMBERS);
    dcbor_put_text(out, LABEL);
    dcbor_put_uint(out, (uint64_t)t->expires_s);
    dcbor_put_bytes(out, bytes_of(t->secret, sizeof t->secret));
    dcbor_put_bytes(out, t->spki);
    dcbor_put_bytes(out, t->eks);
    dcbor_put_bytes(out, t->ak_public);
    dcbor_put_bytes(out, with_certificate ? t->certificate : (struct bytes){0});
    dcbor_put_bytes(out, t->join_token);
    dcbor_put_bytes(out, t->tpm_json);
    dcbor_put_uint(out, (uint64_t)t->genuine);
}

/* nonce || cipher text || tag, appended. */
static enum status
seal(struct bytes key, struct bytes plain, struct buffer *out)
{
    uint8_t nonce[NONCE_SIZE], tag[TAG_SIZE];
    int size = 0;
    CLEANUP(free_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    enum status s = digest_random(nonce, sizeof nonce);
    if (s == STATUS_OK)
        s = buffer_reserve(out, NONCE_SIZE + plain.size + TAG_SIZE);
    if (s != STATUS_OK || !c)
        return c ? s : STATUS_NOMEM;
    uint8_t *at = out->data + out->size;
    if (EVP_EncryptInit_ex2(c, EVP_aes_256_gcm(), key.data, nonce, NULL) != 1 ||
        EVP_EncryptUpdate(c, NULL, &size, (const uint8_t *)LABEL, sizeof LABEL) != 1 ||
        EVP_EncryptUpdate(c, at + NONCE_SIZE, &size, plain.data, (int)plain.size) != 1 ||
        (size_t)size != plain.size || EVP_EncryptFinal_ex(c, tag, &size) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, sizeof tag, tag) != 1)
        return STATUS_CRYPTO;
    memcpy(at, nonce, sizeof nonce);
    memcpy(at + NONCE_SIZE + plain.size, tag, sizeof tag);
    out->size += NONCE_SIZE + plain.size + TAG_SIZE;
    return STATUS_OK;
}

enum status
ticket_seal(struct bytes key, const struct ticket *t, struct buffer *out)
{
    const size_t most = TICKET_MAX - NONCE_SIZE - TAG_SIZE;
    CLEANUP(buffer_free) struct buffer plain = {0};
    if (key.size != KEY_SIZE)
        return STATUS_CRYPTO;
    encode(t, true, &plain);
    if (!plain.failed && plain.size > most) {
        buffer_reset(&plain);
        encode(t, false, &plain);
    }
    enum status s = buffer_check(&plain);
    if (s != STATUS_OK)
        return s;
    return plain.size > most ? STATUS_LIMIT : seal(key, buffer_bytes(&plain), out);
}

static enum status
unseal(struct bytes key, struct bytes sealed, struct buffer *plain)
{
    size_t size = sealed.size - NONCE_SIZE - TAG_SIZE;
    uint8_t tag[TAG_SIZE];
    int n = 0;
    CLEANUP(free_cipher) EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    enum status s = buffer_reserve(plain, size);
    if (s != STATUS_OK || !c)
        return c ? s : STATUS_NOMEM;
    memcpy(tag, sealed.data + NONCE_SIZE + size, sizeof tag);
    if (EVP_DecryptInit_ex2(c, EVP_aes_256_gcm(), key.data, sealed.data, NULL) != 1 ||
        EVP_DecryptUpdate(c, NULL, &n, (const uint8_t *)LABEL, sizeof LABEL) != 1 ||
        EVP_DecryptUpdate(c, plain->data, &n, sealed.data + NONCE_SIZE, (int)size) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) != 1)
        return STATUS_CRYPTO;
    plain->size = size;
    if (EVP_DecryptFinal_ex(c, plain->data + size, &n) == 1)
        return STATUS_OK;
    ERR_clear_error();
    return STATUS_DENIED;
}

/* What we sealed is what we encoded: anything else is our bug, and refused all the same. */
static enum status
decode(struct bytes plain, struct ticket *out)
{
    struct dcbor r = dcbor_of(plain);
    if (dcbor_array(&r) != N_MEMBERS)
        dcbor_fail(&r);
    dcbor_expect_text(&r, LABEL);
    out->expires_s = (int64_t)dcbor_uint(&r);
    struct bytes secret = dcbor_bytes(&r);
    out->spki = dcbor_bytes(&r);
    out->eks = dcbor_bytes(&r);
    out->ak_public = dcbor_bytes(&r);
    out->certificate = dcbor_bytes(&r);
    out->join_token = dcbor_bytes(&r);
    out->tpm_json = dcbor_bytes(&r);
    uint64_t genuine = dcbor_uint(&r);
    if (secret.size != sizeof out->secret || genuine > GENUINE_VERIFIED || out->eks.size == 0 ||
        out->eks.size % DIGEST_SHA256_SIZE != 0 ||
        (out->join_token.size != 0 && out->join_token.size != DIGEST_SHA256_SIZE))
        dcbor_fail(&r);
    if (dcbor_end(&r, "ticket", NULL) != STATUS_OK)
        return STATUS_DENIED;
    memcpy(out->secret, secret.data, secret.size);
    out->genuine = (enum genuine)genuine;
    return STATUS_OK;
}

enum status
ticket_open(struct bytes key, struct bytes sealed, struct buffer *plain, struct ticket *out)
{
    *out = (struct ticket){0};
    buffer_reset(plain);
    if (key.size != KEY_SIZE)
        return STATUS_CRYPTO;
    if (sealed.size <= NONCE_SIZE + TAG_SIZE || sealed.size > TICKET_MAX)
        return STATUS_DENIED;
    enum status s = unseal(key, sealed, plain);
    return s == STATUS_OK ? decode(buffer_bytes(plain), out) : s;
}
