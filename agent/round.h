/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round: challenge, quote, evidence, verdict. Coordinates; the work is in bundle.h, tpm_key.h
 * and client.h. [protocol 3]
 */
#pragma once

#include "agent/client.h"
#include "agent/outcome.h"
#include "agent/state.h"

struct round_order {
    const struct settings *settings;
    client_stop stop;          /* NULL: none */
    struct bytes announcement; /* announce_encode()'s; empty: none */
};

/* Attest once. state says what the verifier holds and gets what it holds afterwards, and the
 * verdict; the caller saves it. The signed result is kept beside it at once. */
void round_run(const struct round_order *order, struct state *state, struct outcome *out);
