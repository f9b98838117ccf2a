/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The survey that looks for digests: which devices measured them, in the newest round or in any
 * boot, and since when: the blast radius. Boot events of proven PCRs in every quoted bank, and the
 * file digests of proven IMA entries. [appraisal 4]
 */
#pragma once

#include "daemon/survey.h"

#define SEARCH_COLLECTION  "searches"
#define SEARCH_DIGESTS_MAX 16u
#define SEARCH_FOUND_MAX   2000u /* devices named for a digest; the rest are counted */

extern const struct survey_kind search_kind;

/* The subject, or NULL without memory. n digests of at most ALG_MAX_SIZE bytes, copied. */
void *search_new(const struct digest *digests, size_t n);
