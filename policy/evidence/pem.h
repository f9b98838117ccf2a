/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PEM blocks as they stand in files of certificates: text around them is passed over, lines may
 * have any length, and what lies between the lines must be base64 and nothing else. Pure. [RFC
 * 7468]
 */
#pragma once

#include "base/bytes.h"

#define PEM_LABEL_SIZE 64u

/* True when there is a block in text. */
bool pem_is(struct bytes text);
/* Take the first block off *rest: its label ("CERTIFICATE") and its content, which replaces what
 * der held. STATUS_NOT_FOUND: no block is left; STATUS_MALFORMED: no end line, a label that is too
 * long or not the end line's, or content that is not base64. STATUS_NOMEM. */
MUST_CHECK enum status pem_next(struct bytes *rest, char label[static PEM_LABEL_SIZE],
                                struct buffer *der);
