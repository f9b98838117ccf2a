/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests and the hashing of them. struct hasher keeps fetched EVP_MDs, each with one reused
 * context: one a thread, made once, since fetching costs more than hashing a small event. Every
 * pure function that hashes takes it as its first argument. It also keeps curves, which cost as
 * much again. libcrypto is used nowhere else in base.
 */
#pragma once

#include "base/alg.h"
#include "base/bytes.h"

#include <openssl/types.h>

#define DIGEST_SHA256_SIZE 32u
#define DIGEST_KEY_MAX     64u /* bytes of an HMAC key */

struct digest {
    uint16_t alg;  /* TPM identifier; 0 when empty */
    uint16_t size; /* bytes used of data */
    uint8_t data[ALG_MAX_SIZE];
};

struct hasher;

/* STATUS_NOMEM; STATUS_CRYPTO when libcrypto lacks SHA-1, SHA-256, SHA-384 or SHA-512. SM3 and
 * SHA-3 are optional: hashing with an absent one is STATUS_UNSUPPORTED. Not for use by two threads.
 */
MUST_CHECK enum status hasher_new(struct hasher **out);
void hasher_free(struct hasher *h);
void hasher_freep(struct hasher **h);

/* A key without a point, of a curve by its name ("P-256"): for EVP_PKEY_dup(), which is four times
 * faster than making a key's curve anew. Made at first use, owned by h. STATUS_UNSUPPORTED:
 * libcrypto lacks it; STATUS_LIMIT: more than HASHER_CURVES of them; STATUS_NOMEM. */
#define HASHER_CURVES 3u
MUST_CHECK enum status hasher_curve(struct hasher *h, const char *name, EVP_PKEY **out);

/* out = alg(in). STATUS_UNSUPPORTED: alg not in the table, or libcrypto lacks it. STATUS_CRYPTO:
 * libcrypto failed. *out is empty (size 0) then. */
MUST_CHECK enum status digest_compute(struct hasher *h, uint16_t alg, struct bytes in,
                                      struct digest *out);
/* The same over n parts one after the other. */
MUST_CHECK enum status digest_compute_parts(struct hasher *h, uint16_t alg,
                                            const struct bytes *parts, size_t n_parts,
                                            struct digest *out);
/* SHA-256 into a plain array. */
MUST_CHECK enum status digest_sha256(struct hasher *h, struct bytes in,
                                     uint8_t out[static DIGEST_SHA256_SIZE]);

/* pcr = alg(pcr || value), alg being pcr's. STATUS_MALFORMED: value has not pcr's size;
 * pcr is unchanged after any failure. [TPM2 P1 17.4] */
MUST_CHECK enum status digest_extend(struct hasher *h, struct digest *pcr, struct bytes value);

/* HMAC with alg. STATUS_INVALID: key is empty or longer than DIGEST_KEY_MAX. STATUS_UNSUPPORTED,
 * STATUS_CRYPTO. */
MUST_CHECK enum status digest_hmac(uint16_t alg, struct bytes key, struct bytes in,
                                   struct digest *out);

/* An all-zero digest of alg, its last byte set to last (a PCR's reset value). size 0 if unknown. */
struct digest digest_reset(uint16_t alg, uint8_t last);

/* Copy from bytes. STATUS_MALFORMED when the size is not alg's, STATUS_UNSUPPORTED when unknown. */
MUST_CHECK enum status digest_from(uint16_t alg, struct bytes in, struct digest *out);

/* Constant-time comparisons; false when sizes or algorithms differ. An empty struct digest equals
 * nothing, not even another, so that a digest that was never set matches no rule. */
bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_equal_bytes(const struct digest *a, struct bytes b);
bool digest_bytes_equal(struct bytes a, struct bytes b);

static inline struct bytes
digest_bytes(const struct digest *d)
{
    return (struct bytes){.data = d->data, .size = d->size};
}

/* n bytes of the CSPRNG. STATUS_CRYPTO. The only source of randomness of all three programs; the
 * pure rooms never call it, they get random bytes as arguments. */
MUST_CHECK enum status digest_random(uint8_t *out, size_t size);
