/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a quote proves, sorted for the rules: the events of each PCR without the structural ones,
 * Secure Boot, the kernel command lines. Made once a round, read by every policy. Borrows the
 * replay. Pure. [appraisal 2, 3; threats 22, 23]
 */
#pragma once

#include "appraise/reference.h"
#include "evidence/replay.h"

/* A kernel command line that a digest covers. */
struct proven_line {
    const struct replay_event *event;
    const char *text; /* as event_text() gives it */
};

struct proven {
    const struct replay *replay;
    struct arena arena;
    size_t bank_of[ALG_COUNT]; /* by alg_index(): bank of the quote; LIMIT_BANKS when not quoted */
    size_t n_events[LIMIT_PCRS];
    const struct replay_event **events[LIMIT_PCRS];
    int secure_boot;                              /* 1, 0, -1 not said */
    const struct replay_event *secure_boot_event; /* NULL when not said */
    size_t n_lines;
    struct proven_line *lines;
};

/* STATUS_NOMEM, STATUS_CRYPTO. proven_clear() after any status. */
struct prediction;
MUST_CHECK enum status proven_init(struct hasher *h, const struct replay *replay,
                                   const struct prediction *prediction, struct proven *out);
void proven_clear(struct proven *p);

/* The event's digest in the first trusted quoted bank, else in any; an empty view when it has none.
 * *alg gets the bank. */
struct bytes proven_digest(const struct proven *p, const struct replay_event *e, uint16_t *alg);
/* A value matches when it is equal in every algorithm that both have, one of them trusted; or when
 * it is any. */
bool proven_matches(const struct proven *p, const struct replay_event *e,
                    const struct reference_value *value);
/* The event's digest is in the set in some quoted trusted bank. */
bool proven_in_set(const struct proven *p, const struct replay_event *e,
                   const struct file_set *set);
/* The EFI stub logs only the digest of its command line. True when this text gives it, in UTF-16
 * with or without a NUL. */
MUST_CHECK enum status proven_is_load_options(struct hasher *h, const struct proven *p,
                                              const struct replay_event *e, const char *text,
                                              bool *is);
/* The log calls some proven event an initrd, by kind or by the boot loader's name: a claim. */
bool proven_has_initrd(const struct proven *p);
