/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The little of DER that is needed before libcrypto may see a certificate: where the outermost
 * SEQUENCE ends, and what its first members are. Pure. [X.690 8.1, 10.1]
 */
#pragma once

#include "base/reader.h"

#define DER_INTEGER  0x02u
#define DER_SEQUENCE 0x30u
#define DER_CONTEXT  0xA0u /* constructed, context-specific; plus the number */

/* The next element: its tag, and its content borrowed. Marks r failed on a tag of several bytes, a
 * length that is indefinite, longer than 3 bytes or not in its shortest form, or a short input. */
struct bytes der_next(struct reader *r, uint8_t *tag);
/* The part of in that is its first element, which is a SEQUENCE; empty when it begins with none. */
struct bytes der_outer(struct bytes in);
