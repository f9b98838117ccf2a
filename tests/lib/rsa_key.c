/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/rsa_key.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdatomic.h>
#include <stddef.h>

static const struct {
    unsigned bits;
    const char *pem;
} keys[] = {
#include "tests/lib/rsa_keys.inc"
};

#define N_KEYS (sizeof keys / sizeof keys[0])

EVP_PKEY *
rsa_key_next(unsigned bits)
{
    static atomic_size_t turn;
    const size_t start = atomic_fetch_add(&turn, 1);
    for (size_t i = 0; i < N_KEYS; i++) {
        const size_t n = (start + i) % N_KEYS;
        if (keys[n].bits != bits)
            continue;
        BIO *text = BIO_new_mem_buf(keys[n].pem, -1);
        EVP_PKEY *key = text ? PEM_read_bio_PrivateKey(text, NULL, NULL, NULL) : NULL;
        BIO_free(text);
        return key;
    }
    return NULL;
}
