/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrolment: show the verifier our EKs and AK, activate its credential, prove it. [protocol 2]
 */
#pragma once

#include "agent/client.h"
#include "agent/outcome.h"
#include "agent/state.h"

/* One try. On OUTCOME_DONE and on OUTCOME_LATER (an operator must approve) state has the device's
 * name and what the verifier said; the caller saves it. */
void enroll(const struct settings *settings, client_stop stop, struct state *state,
            struct outcome *out);
