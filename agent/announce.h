/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the next boot will show, as it goes to the verifier under a quote of this one: digests of
 * files that were just written (an initrd, grub.cfg) and texts (a command line), each for the role
 * that a reference set gives it. [appraisal 2]
 */
#pragma once

#include "base/bytes.h"

/* Each item is "ROLE=FILE" or "ROLE=TEXT"; borrowed. A role contains no "=". */
struct announce_order {
    const char *const *files;
    size_t n_files;
    const char *const *texts;
    size_t n_texts;
    const char *slot; /* NULL: none */
};

/* The member "announcement" of the evidence, appended. STATUS_INVALID: an item without a role or a
 * value, or no item at all. STATUS_NOT_FOUND, STATUS_DENIED, STATUS_IO: a file; diag names it.
 * STATUS_LIMIT: larger than LIMIT_ANNOUNCEMENT. STATUS_NOMEM, STATUS_CRYPTO. */
MUST_CHECK enum status announce_encode(const struct announce_order *o, struct buffer *out,
                                       struct diag *diag);
