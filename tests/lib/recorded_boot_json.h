/* SPDX-License-Identifier: Apache-2.0 */
/* A recorded boot as a round: its logs, quoted with what its TPM said. */
#pragma once

#include "tests/lib/replay_round.h"

struct recorded_boot {
    const char *folder;
    const char *log;                                    /* NULL: there is none */
    const char *ima;                                    /* binary */
    void (*load)(const char *path, struct buffer *out); /* test_source or test_corpus */
};

/* Not replayed yet: r->b has the logs and the values of pcrs.json, r->q quotes PCR 0-15 of them. */
struct round *recorded_boot_load(const struct recorded_boot *boot);
