/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encodings of TCG's Canonical Event Log, told apart by how a file begins, so that one which is
 * not read is named instead of called malformed. Pure. [CEL 1.0 5; standards 7]
 */
#pragma once

#include "base/bytes.h"

enum cel_encoding { CEL_NONE = 0, CEL_TLV, CEL_CBOR, CEL_JSON };

enum cel_encoding cel_encoding_of(struct bytes in);
/* "CEL in TLV form": for reason_set_found(); NULL for CEL_NONE. */
const char *cel_encoding_name(enum cel_encoding encoding);
