/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components of systemd-pcrlock: a file lists, in order, what one part of the boot extends into
 * which PCR. Pure. [systemd-pcrlock(8); the digest form of TCG Canonical Event Log 1.0]
 */
#pragma once

#include "image/leftover.h"
#include "image/measurement.h"

/* Append the file's records to *out under this role. Records without a digest that carries trust,
 * members and algorithms that we do not read go to leftovers, with name before them. With
 * alternative, each is one more value of the records before: the caller has checked that
 * their PCRs agree. STATUS_MALFORMED: not JSON, or not of this form; diag says where.
 * STATUS_LIMIT, STATUS_NOMEM. */
MUST_CHECK enum status pcrlock_read(struct bytes text, const char *role, const char *name,
                                    struct measurements *out, struct leftovers *leftovers,
                                    struct diag *diag);
