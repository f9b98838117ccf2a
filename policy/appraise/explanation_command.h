/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of explanation: for a reason, one command to have what was found accepted from now on, and
 * one to act on it, each as a person types it. Pure. [appraisal 1]
 */
#pragma once

#include "appraise/appraise.h"

#define EXPLANATION_COMMAND_SIZE 320u

/* A digest becomes a candidate value of the set that it was held against; an event that no
 * component is for, a set of the whole boot; what a generation's state is the reason for, that
 * state. For all else the policy that blamed is what has to say so. */
void explanation_accept(const struct appraisal *a, const struct appraisal_perspective *p,
                        const char *device, const struct reason *r,
                        char out[static EXPLANATION_COMMAND_SIZE]);
void explanation_act(const char *device, const struct reason *r,
                     char out[static EXPLANATION_COMMAND_SIZE]);
