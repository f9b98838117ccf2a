/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/fault.h"

#include "tests/lib/test.h"

#include <errno.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    bool armed;
    bool fired;
    size_t left; /* calls before the one that fails */
} fault;

size_t
fault_each(enum status (*scenario)(void *context), void *context)
{
    for (size_t n = 0;; n++) {
        fault.armed = true;
        fault.fired = false;
        fault.left = n;
        enum status s = scenario(context);
        fault.armed = false;
        if (!fault.fired) {
            assert_status(STATUS_OK, s);
            return n;
        }
        if (s == STATUS_OK)
            fail_msg("call %zu failed and nobody noticed", n);
    }
}

/* Whether the call that asks is the one. */
static bool
fails(int error)
{
    if (!fault.armed || fault.fired)
        return false;
    if (fault.left-- > 0)
        return false;
    fault.fired = true;
    errno = error;
    return true;
}

/* clang-format off */
#define WRAP(type, name, parameters, arguments, failure, error) \
    type __real_##name parameters; \
    type __wrap_##name parameters; \
    type __wrap_##name parameters { return fails(error) ? (failure) : __real_##name arguments; }

WRAP(void *, malloc, (size_t n), (n), NULL, ENOMEM)
WRAP(void *, calloc, (size_t n, size_t size), (n, size), NULL, ENOMEM)
WRAP(void *, realloc, (void *p, size_t n), (p, n), NULL, ENOMEM)
WRAP(void *, reallocarray, (void *p, size_t n, size_t size), (p, n, size), NULL, ENOMEM)
WRAP(char *, strdup, (const char *s), (s), NULL, ENOMEM)
WRAP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), -1, EIO)
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), -1, ENOSPC)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, EPERM)
WRAP(int, fsync, (int fd), (fd), -1, EIO)
WRAP(int, rename, (const char *from, const char *to), (from, to), -1, EIO)
WRAP(EVP_MD *, EVP_MD_fetch, (OSSL_LIB_CTX *c, const char *name, const char *query),
     (c, name, query), NULL, 0)
WRAP(EVP_MD_CTX *, EVP_MD_CTX_new, (void), (), NULL, ENOMEM)
WRAP(int, EVP_DigestInit_ex2, (EVP_MD_CTX *c, const EVP_MD *md, const OSSL_PARAM *p),
     (c, md, p), 0, 0)
WRAP(int, EVP_DigestUpdate, (EVP_MD_CTX *c, const void *p, size_t n), (c, p, n), 0, 0)
WRAP(int, EVP_DigestFinal_ex, (EVP_MD_CTX *c, unsigned char *out, unsigned *n), (c, out, n), 0, 0)
WRAP(unsigned char *, EVP_Q_mac,
     (OSSL_LIB_CTX *c, const char *name, const char *query, const char *sub,
      const OSSL_PARAM *params, const void *key, size_t key_size, const unsigned char *in,
      size_t in_size, unsigned char *out, size_t out_size, size_t *n),
     (c, name, query, sub, params, key, key_size, in, in_size, out, out_size, n), NULL, 0)
WRAP(int, RAND_bytes, (unsigned char *out, int n), (out, n), 0, 0)
WRAP(int, EVP_DigestVerifyInit_ex,
     (EVP_MD_CTX *c, EVP_PKEY_CTX **p, const char *name, OSSL_LIB_CTX *l, const char *query,
      EVP_PKEY *key, const OSSL_PARAM *params),
     (c, p, name, l, query, key, params), 0, 0)
WRAP(int, EVP_DigestVerify,
     (EVP_MD_CTX *c, const unsigned char *sig, size_t sig_size, const unsigned char *in,
      size_t in_size),
     (c, sig, sig_size, in, in_size), 0, 0)
WRAP(int, EVP_MD_CTX_copy_ex, (EVP_MD_CTX *out, const EVP_MD_CTX *in), (out, in), 0, 0)
WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name,
     (OSSL_LIB_CTX *l, const char *name, const char *query), (l, name, query), NULL, ENOMEM)
WRAP(int, EVP_PKEY_CTX_set_rsa_padding, (EVP_PKEY_CTX *c, int padding), (c, padding), 0, 0)
WRAP(int, EVP_PKEY_CTX_set_rsa_pss_saltlen, (EVP_PKEY_CTX *c, int n), (c, n), 0, 0)
WRAP(int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *c), (c), 0, 0)
WRAP(int, EVP_PKEY_fromdata,
     (EVP_PKEY_CTX *c, EVP_PKEY **key, int selection, OSSL_PARAM *params),
     (c, key, selection, params), 0, 0)
WRAP(int, EVP_PKEY_get_bn_param, (const EVP_PKEY *key, const char *name, BIGNUM **n),
     (key, name, n), 0, 0)
WRAP(int, EVP_PKEY_get_group_name, (const EVP_PKEY *key, char *name, size_t size, size_t *n),
     (key, name, size, n), 0, 0)
WRAP(EVP_PKEY *, EVP_PKEY_dup, (EVP_PKEY *key), (key), NULL, ENOMEM)
WRAP(int, EVP_PKEY_get_int_param, (const EVP_PKEY *key, const char *name, int *n), (key, name, n),
     0, 0)
WRAP(int, EVP_PKEY_get_octet_string_param,
     (const EVP_PKEY *key, const char *name, unsigned char *out, size_t size, size_t *n),
     (key, name, out, size, n), 0, 0)
WRAP(int, EVP_PKEY_paramgen, (EVP_PKEY_CTX *c, EVP_PKEY **out), (c, out), 0, 0)
WRAP(int, EVP_PKEY_set1_encoded_public_key,
     (EVP_PKEY *key, const unsigned char *point, size_t size), (key, point, size), 0, 0)
WRAP(int, EVP_PKEY_up_ref, (EVP_PKEY *key), (key), 0, 0)
WRAP(OSSL_PARAM_BLD *, OSSL_PARAM_BLD_new, (void), (), NULL, ENOMEM)
WRAP(OSSL_PARAM *, OSSL_PARAM_BLD_to_param, (OSSL_PARAM_BLD *b), (b), NULL, ENOMEM)
WRAP(int, OSSL_PARAM_BLD_push_BN, (OSSL_PARAM_BLD *b, const char *key, const BIGNUM *n),
     (b, key, n), 0, 0)
WRAP(BIGNUM *, BN_bin2bn, (const unsigned char *in, int size, BIGNUM *n), (in, size, n), NULL, 0)
WRAP(int, i2d_PUBKEY, (const EVP_PKEY *key, unsigned char **out), (key, out), -1, 0)
WRAP(int, EVP_CIPHER_CTX_ctrl, (EVP_CIPHER_CTX *c, int type, int n, void *p), (c, type, n, p), 0, 0)
WRAP(EVP_CIPHER_CTX *, EVP_CIPHER_CTX_new, (void), (), NULL, ENOMEM)
WRAP(EVP_CIPHER *, EVP_CIPHER_fetch, (OSSL_LIB_CTX *l, const char *name, const char *query),
     (l, name, query), NULL, 0)
WRAP(int, EVP_DecryptInit_ex2,
     (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
      const unsigned char *iv, const OSSL_PARAM *params),
     (c, cipher, key, iv, params), 0, 0)
WRAP(int, EVP_DecryptUpdate,
     (EVP_CIPHER_CTX *c, unsigned char *out, int *n, const unsigned char *in, int size),
     (c, out, n, in, size), 0, 0)
WRAP(int, EVP_DecryptFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *n), (c, out, n), 0, 0)
WRAP(int, EVP_EncryptInit_ex2,
     (EVP_CIPHER_CTX *c, const EVP_CIPHER *cipher, const unsigned char *key,
      const unsigned char *iv, const OSSL_PARAM *params),
     (c, cipher, key, iv, params), 0, 0)
WRAP(int, EVP_EncryptUpdate,
     (EVP_CIPHER_CTX *c, unsigned char *out, int *n, const unsigned char *in, int size),
     (c, out, n, in, size), 0, 0)
WRAP(int, EVP_EncryptFinal_ex, (EVP_CIPHER_CTX *c, unsigned char *out, int *n), (c, out, n), 0, 0)
WRAP(EVP_KDF_CTX *, EVP_KDF_CTX_new, (EVP_KDF *kdf), (kdf), NULL, ENOMEM)
WRAP(int, EVP_KDF_derive,
     (EVP_KDF_CTX *c, unsigned char *out, size_t n, const OSSL_PARAM *params),
     (c, out, n, params), 0, 0)
WRAP(EVP_KDF *, EVP_KDF_fetch, (OSSL_LIB_CTX *l, const char *name, const char *query),
     (l, name, query), NULL, 0)
WRAP(EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey,
     (OSSL_LIB_CTX *l, EVP_PKEY *key, const char *query), (l, key, query), NULL, ENOMEM)
WRAP(int, EVP_PKEY_derive_init, (EVP_PKEY_CTX *c), (c), 0, 0)
WRAP(int, EVP_PKEY_derive_set_peer_ex, (EVP_PKEY_CTX *c, EVP_PKEY *peer, int validate),
     (c, peer, validate), 0, 0)
WRAP(int, EVP_PKEY_derive, (EVP_PKEY_CTX *c, unsigned char *out, size_t *n), (c, out, n), 0, 0)
WRAP(int, EVP_PKEY_encrypt_init_ex, (EVP_PKEY_CTX *c, const OSSL_PARAM *params), (c, params), 0, 0)
WRAP(int, EVP_PKEY_encrypt,
     (EVP_PKEY_CTX *c, unsigned char *out, size_t *n, const unsigned char *in, size_t size),
     (c, out, n, in, size), 0, 0)
WRAP(OPENSSL_STACK *, OPENSSL_sk_new_null, (void), (), NULL, ENOMEM)
WRAP(int, OPENSSL_sk_push, (OPENSSL_STACK *s, const void *p), (s, p), 0, 0)
WRAP(int, X509_STORE_CTX_init,
     (X509_STORE_CTX *c, X509_STORE *s, X509 *x, STACK_OF(X509) *others), (c, s, x, others), 0, 0)
WRAP(X509_STORE_CTX *, X509_STORE_CTX_new, (void), (), NULL, ENOMEM)
WRAP(int, X509_STORE_add_cert, (X509_STORE *s, X509 *x), (s, x), 0, 0)
WRAP(int, X509_STORE_add_crl, (X509_STORE *s, X509_CRL *crl), (s, crl), 0, 0)
WRAP(X509_STORE *, X509_STORE_new, (void), (), NULL, ENOMEM)
WRAP(X509 *, X509_dup, (const X509 *x), (x), NULL, ENOMEM)
WRAP(int, X509_set_pubkey, (X509 *x, EVP_PKEY *key), (x, key), 0, 0)
WRAP(int, X509_up_ref, (X509 *x), (x), 0, 0)
WRAP(int, X509_verify_cert, (X509_STORE_CTX *c), (c), -1, 0)
WRAP(X509_CRL *, d2i_X509_CRL, (X509_CRL **x, const unsigned char **in, long n), (x, in, n), NULL,
     0)
/* clang-format on */
