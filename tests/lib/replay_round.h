/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round for a test of replay: build logs, quote the PCRs that they give, replay, and say which
 * reasons came of it. round_start() makes the hasher too.
 */
#pragma once

#include "evidence/replay.h"
#include "tests/lib/quote_double.h"

struct round {
    struct hasher *h;
    struct log_builder b;
    struct quote q;
    struct replay_input in;
    struct replay *replay;
    struct reasons reasons;
};

struct round *round_start(const uint16_t *banks, size_t n_banks);
/* SHA-256 and log_builder_boot(). */
struct round *round_start_boot(void);
/* log_builder_boot(), boot_aggregate and two files. */
struct round *round_start_ima(const uint16_t *banks, size_t n_banks);
void round_finish(struct round *r);

/* Replay the builder's logs as they are now under r->q; an empty one counts as not sent. */
void round_replay(struct round *r);
/* Quote what the builder's PCRs are now, then replay. */
void round_quote(struct round *r);

/* Facts do not count. */
void round_assert_no_reason(const struct round *r);
/* Exactly one reason, and it is this one. */
const struct reason *round_assert_reason(const struct round *r, enum reason_code code);
/* First proven event of a kind, or NULL. */
const struct replay_event *round_find(const struct round *r, enum event_kind kind);
/* Where event number n begins in the builder's log. */
uint8_t *round_event(struct round *r, uint32_t n);
