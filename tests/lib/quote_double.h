/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A quote that was never signed, with the values that a test gives it: stands in for
 * evidence/quote.c where only what comes after it is tried. A program that links this must not call
 * quote_verify().
 */
#pragma once

#include "evidence/quote.h"
#include "tests/lib/log_builder.h"

struct quote {
    struct selection selection;
    struct digest pcr[LIMIT_BANKS][LIMIT_PCRS]; /* by bank of the selection */
};

/* Quotes PCR 0-15 of every bank of the builder as they are now. */
void quote_double_take(struct quote *q, const struct log_builder *b);
