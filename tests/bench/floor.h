/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bare cost of a round, below which nobody gets: verifying the quote's P-256 signature, hashing
 * the boot log once for the manifest, the extends of one bank, and one ES256 signature over a
 * token. Everything that can be made ready before is.
 */
#pragma once

#include "tests/bench/scene.h"

struct floor;

/* attest: what was quoted; token_size: bytes of a token of such a round. The scene must outlive it.
 */
struct floor *floor_new(const struct appraise_case *scene, struct bytes attest, size_t token_size);
void floor_free(struct floor *f);
/* A bench_run. */
void floor_run(void *floor);
