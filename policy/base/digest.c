/* SPDX-License-Identifier: Apache-2.0 */
/* from: bytes; to: digests; never: fetches an algorithm for each hash, compares in variable time.
 */
#include "base/digest.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <limits.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* One context an algorithm: a context that changes its algorithm allocates again. */
struct hasher {
    EVP_MD *mds[ALG_COUNT];
    EVP_MD_CTX *contexts[ALG_COUNT]; /* NULL where libcrypto lacks the algorithm */
    struct hasher_curve {
        char name[16];
        EVP_PKEY *key;
    } curves[HASHER_CURVES]; /* the first without a key is free */
};

static bool
is_required(uint16_t alg)
{
    return alg == ALG_SHA1 || alg == ALG_SHA256 || alg == ALG_SHA384 || alg == ALG_SHA512;
}

/* Fetch row i. An optional algorithm may be absent. */
static enum status
fetch(struct hasher *h, size_t i)
{
    const struct alg *alg = alg_at(i);
    h->mds[i] = EVP_MD_fetch(NULL, alg->evp_name, NULL);
    if (!h->mds[i])
        return is_required(alg->id) ? STATUS_CRYPTO : STATUS_OK;
    if (EVP_MD_get_size(h->mds[i]) != alg->size)
        return STATUS_CRYPTO;
    h->contexts[i] = EVP_MD_CTX_new();
    if (!h->contexts[i])
        return STATUS_NOMEM;
    return EVP_DigestInit_ex2(h->contexts[i], h->mds[i], NULL) ? STATUS_OK : STATUS_CRYPTO;
}

enum status
hasher_new(struct hasher **out)
{
    *out = NULL;
    struct hasher *h = calloc(1, sizeof *h);
    if (!h)
        return STATUS_NOMEM;
    for (size_t i = 0; i < ALG_COUNT; i++) {
        enum status s = fetch(h, i);
        if (s != STATUS_OK) {
            hasher_free(h);
            return s;
        }
    }
    *out = h;
    return STATUS_OK;
}

void
hasher_free(struct hasher *h)
{
    if (!h)
        return;
    for (size_t i = 0; i < ALG_COUNT; i++) {
        EVP_MD_CTX_free(h->contexts[i]);
        EVP_MD_free(h->mds[i]);
    }
    for (size_t i = 0; i < HASHER_CURVES; i++)
        EVP_PKEY_free(h->curves[i].key);
    free(h);
}

void
hasher_freep(struct hasher **h)
{
    hasher_free(*h);
}

static void
free_key_context(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static enum status
make_curve(struct hasher_curve *curve, const char *name)
{
    CLEANUP(free_key_context)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (!context || !text_copy(curve->name, sizeof curve->name, name))
        return STATUS_NOMEM;
    if (EVP_PKEY_paramgen_init(context) != 1 || EVP_PKEY_CTX_set_group_name(context, name) != 1 ||
        EVP_PKEY_paramgen(context, &curve->key) != 1) {
        ERR_clear_error();
        return STATUS_UNSUPPORTED;
    }
    return STATUS_OK;
}

enum status
hasher_curve(struct hasher *h, const char *name, EVP_PKEY **out)
{
    *out = NULL;
    size_t i = 0;
    while (i < HASHER_CURVES && h->curves[i].key && !text_equal(h->curves[i].name, name))
        i++;
    if (i == HASHER_CURVES)
        return STATUS_LIMIT;
    if (!h->curves[i].key) {
        enum status s = make_curve(&h->curves[i], name);
        if (s != STATUS_OK)
            return s;
    }
    *out = h->curves[i].key;
    return STATUS_OK;
}

enum status
digest_compute_parts(struct hasher *h, uint16_t alg, const struct bytes *parts, size_t n_parts,
                     struct digest *out)
{
    out->alg = 0;
    out->size = 0;
    size_t i = alg_index(alg);
    if (i == ALG_COUNT || !h->contexts[i])
        return STATUS_UNSUPPORTED;
    EVP_MD_CTX *context = h->contexts[i];
    if (!EVP_DigestInit_ex2(context, h->mds[i], NULL))
        return STATUS_CRYPTO;
    for (size_t part = 0; part < n_parts; part++) {
        if (!EVP_DigestUpdate(context, parts[part].data, parts[part].size))
            return STATUS_CRYPTO;
    }
    unsigned size = 0;
    if (!EVP_DigestFinal_ex(context, out->data, &size))
        return STATUS_CRYPTO;
    out->alg = alg;
    out->size = (uint16_t)size;
    return STATUS_OK;
}

enum status
digest_compute(struct hasher *h, uint16_t alg, struct bytes in, struct digest *out)
{
    return digest_compute_parts(h, alg, &in, 1, out);
}

enum status
digest_sha256(struct hasher *h, struct bytes in, uint8_t out[static DIGEST_SHA256_SIZE])
{
    struct digest d;
    enum status s = digest_compute(h, ALG_SHA256, in, &d);
    if (s != STATUS_OK)
        return s;
    memcpy(out, d.data, DIGEST_SHA256_SIZE);
    return STATUS_OK;
}

enum status
digest_extend(struct hasher *h, struct digest *pcr, struct bytes value)
{
    const struct alg *alg = alg_by_id(pcr->alg);
    if (!alg)
        return STATUS_UNSUPPORTED;
    if (pcr->size != alg->size || value.size != alg->size)
        return STATUS_MALFORMED;
    struct digest extended;
    const struct bytes parts[] = {digest_bytes(pcr), value};
    enum status s = digest_compute_parts(h, alg->id, parts, 2, &extended);
    if (s != STATUS_OK)
        return s;
    *pcr = extended;
    return STATUS_OK;
}

enum status
digest_hmac(uint16_t alg, struct bytes key, struct bytes in, struct digest *out)
{
    out->alg = 0;
    out->size = 0;
    const struct alg *row = alg_by_id(alg);
    if (!row)
        return STATUS_UNSUPPORTED;
    if (key.size == 0 || key.size > DIGEST_KEY_MAX)
        return STATUS_INVALID;
    size_t size = 0;
    if (!EVP_Q_mac(NULL, "HMAC", NULL, row->evp_name, NULL, key.data, key.size, in.data, in.size,
                   out->data, sizeof out->data, &size) ||
        size != row->size)
        return STATUS_CRYPTO;
    out->alg = alg;
    out->size = row->size;
    return STATUS_OK;
}

struct digest
digest_reset(uint16_t alg, uint8_t last)
{
    struct digest d = {0};
    const struct alg *row = alg_by_id(alg);
    if (!row)
        return d;
    d.alg = alg;
    d.size = row->size;
    d.data[row->size - 1] = last;
    return d;
}

enum status
digest_from(uint16_t alg, struct bytes in, struct digest *out)
{
    *out = (struct digest){0};
    const struct alg *row = alg_by_id(alg);
    if (!row)
        return STATUS_UNSUPPORTED;
    if (in.size != row->size)
        return STATUS_MALFORMED;
    out->alg = alg;
    out->size = row->size;
    memcpy(out->data, in.data, in.size);
    return STATUS_OK;
}

/* In constant time, word by word: CRYPTO_memcmp() goes byte by byte, and an appraisal compares
 * hundreds of digests. */
bool
digest_bytes_equal(struct bytes a, struct bytes b)
{
    if (a.size != b.size)
        return false;
    uint64_t differs = 0;
    size_t at = 0;
    for (; a.size - at >= sizeof differs; at += sizeof differs) {
        uint64_t x, y;
        memcpy(&x, a.data + at, sizeof x);
        memcpy(&y, b.data + at, sizeof y);
        differs |= x ^ y;
    }
    for (; at < a.size; at++)
        differs |= (uint64_t)(a.data[at] ^ b.data[at]);
    return differs == 0;
}

bool
digest_equal_bytes(const struct digest *a, struct bytes b)
{
    return a->size > 0 && digest_bytes_equal(digest_bytes(a), b);
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
    return a->alg == b->alg && digest_equal_bytes(a, digest_bytes(b));
}

enum status
digest_random(uint8_t *out, size_t size)
{
    if (size > INT_MAX || RAND_bytes(out, (int)size) != 1)
        return STATUS_CRYPTO;
    return STATUS_OK;
}
