/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an import read and could not take over, one text each, so that nothing is dropped in
 * silence. Bounded: past LEFTOVER_MAX texts only the number grows. Pure. [attestctl(1)]
 */
#pragma once

#include "base/bytes.h"

#define LEFTOVER_MAX 1024u

struct leftovers {
    struct buffer texts; /* each ends with NUL */
    size_t n;            /* all of them */
    size_t n_kept;
};

void leftovers_add(struct leftovers *l, const char *format, ...) PRINTF_LIKE(2, 3);
/* The text behind *at, which goes on to the next; NULL behind the last. Begin with *at 0. */
const char *leftovers_next(const struct leftovers *l, size_t *at);
/* STATUS_NOMEM when a text was lost to missing memory. */
MUST_CHECK enum status leftovers_check(const struct leftovers *l);
void leftovers_free(struct leftovers *l);
