/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a simulation says of policies before they come into force, by name. from: the verifier's
 * answer; to: lines of warning.
 */
#pragma once

#include <jansson.h>
#include <stdio.h>

/* A line for each candidate policy that selects no device, or would refuse the whole fleet; how
 * many lines. */
int simulate_warn(FILE *out, const json_t *answer);
