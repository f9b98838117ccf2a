/* SPDX-License-Identifier: Apache-2.0 */
/* from: an EK's SPKI, a secret and what an enrolment was about; to: the device's names and the
 * proof; never: decides whether a device may enrol. */
#include "evidence/enrollment.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "evidence/dcbor.h"

#include <string.h>

#define DEVICE_ID_DIGEST 16u   /* bytes of the SHA-256 that make a device id */
#define UEID_TYPE_RAND   0x01u /* RFC 9711 4.2.1.1 */

enum status
enrollment_device_id(struct hasher *h, struct bytes ek_spki, char out[static DEVICE_ID_SIZE])
{
    uint8_t hash[DIGEST_SHA256_SIZE];
    out[0] = '\0';
    enum status s = digest_sha256(h, ek_spki, hash);
    if (s != STATUS_OK)
        return s;
    (void)text_hex(bytes_of(hash, DEVICE_ID_DIGEST), out, DEVICE_ID_SIZE);
    return STATUS_OK;
}

enum status
enrollment_ueid(struct hasher *h, struct bytes ek_spki, uint8_t out[static UEID_SIZE])
{
    out[0] = UEID_TYPE_RAND;
    return digest_sha256(h, ek_spki, out + 1);
}

bool
enrollment_is_device_id(const char *text)
{
    size_t n = 0;
    while (text && ((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f')))
        n++;
    return text && n == DEVICE_ID_SIZE - 1 && text[n] == '\0';
}

/* Deterministic CBOR [label, enrollment, SHA-256 of the EK's SPKI, AK Name, origin]. */
static enum status
encode_transcript(struct hasher *h, const struct enrollment_transcript *t, struct buffer *out)
{
    uint8_t ek[DIGEST_SHA256_SIZE];
    enum status s = digest_sha256(h, t->ek_spki, ek);
    if (s != STATUS_OK)
        return s;
    dcbor_put_array(out, 5);
    dcbor_put_text(out, ENROLLMENT_LABEL);
    dcbor_put_bytes(out, t->enrollment);
    dcbor_put_bytes(out, bytes_of(ek, sizeof ek));
    dcbor_put_bytes(out, t->ak_name);
    dcbor_put_text(out, t->origin);
    return buffer_check(out);
}

enum status
enrollment_proof(struct hasher *h, struct bytes secret, const struct enrollment_transcript *t,
                 uint8_t out[static DIGEST_SHA256_SIZE])
{
    memset(out, 0, DIGEST_SHA256_SIZE);
    if (secret.size != ENROLLMENT_SECRET_SIZE)
        return STATUS_INVALID;
    CLEANUP(buffer_free) struct buffer transcript = {0};
    enum status s = encode_transcript(h, t, &transcript);
    if (s != STATUS_OK)
        return s;
    struct digest mac = {0};
    s = digest_hmac(ALG_SHA256, secret, buffer_bytes(&transcript), &mac);
    if (s != STATUS_OK)
        return s;
    memcpy(out, mac.data, DIGEST_SHA256_SIZE);
    explicit_bzero(&mac, sizeof mac);
    return STATUS_OK;
}
