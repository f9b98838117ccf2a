/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The survey that appraises each device's newest round under the documents in force and under
 * candidates: whose verdict would change, and why. Labels and name are the device's of now, all
 * else the round's own inputs. [appraisal 4]
 */
#pragma once

#include "daemon/survey.h"

#define SIMULATION_COLLECTION "simulations"

extern const struct survey_kind simulation_kind;

/* The subject. Takes over both references, also on failure. predict: in each boot, the events of
 * the components that the candidates change are replaced first. NULL without memory. */
void *simulation_new(struct documents *in_force, struct documents *candidates, bool predict);
