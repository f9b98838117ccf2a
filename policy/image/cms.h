/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature of an update bundle: CMS SignedData, by a certificate that leads to one of the
 * operator's keyring and may sign mail (or says nothing of its use), as RAUC and SWUpdate want it
 * by default. Pure: the time is an argument. [RFC 5652 5]
 */
#pragma once

#include "base/bytes.h"

/* What is signed, when it stands in the signature itself, appended to out without verifying
 * anything; *inside: it does. STATUS_MALFORMED: no SignedData; STATUS_NOMEM. */
MUST_CHECK enum status cms_content(struct bytes cms, bool *inside, struct buffer *out,
                                   struct diag *diag);
/* *valid: every signer's signature over content (detached), or over what stands in it (content.data
 * NULL), verifies under keyring, PEM certificates, at now_s. STATUS_MALFORMED: no SignedData;
 * STATUS_INVALID: no certificate in keyring; STATUS_NOMEM. diag says why it is not valid. */
MUST_CHECK enum status cms_verify(struct bytes cms, struct bytes content, struct bytes keyring,
                                  int64_t now_s, bool *valid, struct diag *diag);
