/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as UTF-16LE, which UEFI's strings are. Pure. [UEFI 2.10 2.3.1; RFC 3629; RFC 2781] */
#pragma once

#include "base/bytes.h"

/* Append; no NUL is added. STATUS_MALFORMED: not UTF-8; out may then hold a part. STATUS_NOMEM. */
MUST_CHECK enum status utf16_append(struct bytes utf8, struct buffer *out);
