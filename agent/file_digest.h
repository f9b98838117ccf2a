/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of a file of any size, read once, in a buffer of fixed size.
 */
#pragma once

#include "base/digest.h"

/* One digest for each of n algorithms (at most ALG_COUNT). STATUS_NOT_FOUND, STATUS_DENIED,
 * STATUS_IO (also what is no regular file); diag names the file. STATUS_UNSUPPORTED: an algorithm
 * that OpenSSL has not. STATUS_CRYPTO. */
MUST_CHECK enum status file_digest(const char *path, const uint16_t *algs, size_t n,
                                   struct digest *out, struct diag *diag);
