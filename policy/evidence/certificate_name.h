/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common name of a certificate's subject, for people: read without libcrypto, since a round
 * sees the same dozen of certificates every time. Says nothing of who signed it. Pure. [RFC
 * 5280 4.1]
 */
#pragma once

#include "base/bytes.h"

/* The last common name of the subject, as its bytes stand (UTF-8 or ASCII in practice); empty when
 * der is no certificate or has none. Borrows. */
struct bytes certificate_name(struct bytes der);
