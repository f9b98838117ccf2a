/* SPDX-License-Identifier: Apache-2.0 */
/* from: a signature field of an IMA entry and a key; to: whether the file's digest was signed by
 * it; never: lets the field choose a weaker digest than the entry's. */
#include "evidence/ima_signature.h"

#include "base/reader.h"
#include "evidence/prehashed.h"

#define XATTR_SIGNATURE   0x03u /* EVM_IMA_XATTR_DIGSIG */
#define SIGNATURE_VERSION 2u

/* Numbers of enum hash_algo. [kernel include/uapi/linux/hash_info.h] */
static const struct hash_number {
    uint8_t number;
    uint16_t alg;
} hash_numbers[] = {
    {4, ALG_SHA256},    {5, ALG_SHA384},    {6, ALG_SHA512},    {17, ALG_SM3_256},
    {20, ALG_SHA3_256}, {21, ALG_SHA3_384}, {22, ALG_SHA3_512},
};

static uint16_t
alg_of(uint8_t number)
{
    for (size_t i = 0; i < sizeof hash_numbers / sizeof hash_numbers[0]; i++) {
        if (hash_numbers[i].number == number)
            return hash_numbers[i].alg;
    }
    return 0;
}

/* The signature proper; an empty view when the field is none that counts. */
static struct bytes
read_field(const struct ima_entry *e)
{
    struct reader r = reader_of(e->signature);
    uint8_t type = reader_u8(&r);
    uint8_t version = reader_u8(&r);
    uint8_t hash = reader_u8(&r);
    (void)reader_be32(&r); /* a key's short name: every key is tried */
    uint16_t size = reader_be16(&r);
    struct bytes signature = reader_bytes(&r, size);
    bool ours = type == XATTR_SIGNATURE && version == SIGNATURE_VERSION && !e->verity &&
                e->file_alg != 0 && alg_of(hash) == e->file_alg;
    return reader_end(&r, "ima signature", NULL) == STATUS_OK && ours ? signature
                                                                      : (struct bytes){0};
}

enum status
ima_signature_verify(struct bytes spki, const struct ima_entry *e, bool *valid)
{
    *valid = false;
    struct bytes signature = read_field(e);
    const struct alg *alg = alg_by_id(e->file_alg);
    struct digest digest;
    if (signature.size == 0 || !alg || !alg->trusted ||
        digest_from(e->file_alg, e->file_digest, &digest) != STATUS_OK)
        return STATUS_OK;
    return prehashed_verify(spki, PREHASHED_ASN1, &digest, signature, valid);
}
