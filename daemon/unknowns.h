/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The survey that groups what nothing explains: digests of boot events and files, over the newest
 * rounds of the fleet under the documents in force; most devices first. [appraisal 4]
 */
#pragma once

#include "daemon/survey.h"

#define UNKNOWNS_COLLECTION "unknowns"
#define UNKNOWNS_MAX        4096u /* digests kept; the rest are counted */

extern const struct survey_kind unknowns_kind;

/* The subject; takes over the reference, also on failure. NULL without memory. */
void *unknowns_new(struct documents *in_force);
