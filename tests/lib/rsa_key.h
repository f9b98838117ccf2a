/* SPDX-License-Identifier: Apache-2.0 */
/* RSA keys for tests that need one and not a new one: finding primes is slow, above all under
 * valgrind. They are in the source for everybody to read and protect nothing.
 */
#pragma once

#include <openssl/evp.h>

/* The next key of that many bits, in turn: four of 2048, one of 3072, one of 4096. The caller frees
 * it. NULL when there is none of that size.
 */
EVP_PKEY *rsa_key_next(unsigned bits);
