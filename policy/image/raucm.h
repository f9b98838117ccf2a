/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The manifest of a RAUC bundle (manifest.raucm): groups of KEY=VALUE lines. Taken are the images;
 * everything else is told in leftovers. Pure. [rauc.io reference "Manifest"]
 */
#pragma once

#include "image/artifact.h"

enum raucm_format { RAUCM_PLAIN, RAUCM_VERITY, RAUCM_CRYPT };

struct raucm {
    enum raucm_format format;
    struct artifacts images;
};

/* diag's offset is the line. STATUS_MALFORMED: not of this form, a group or key twice, a format
 * that is not known, an image without a file name, no image; STATUS_LIMIT; STATUS_NOMEM.
 * raucm_free() after any. */
MUST_CHECK enum status raucm_parse(struct bytes text, struct raucm *out,
                                   struct leftovers *leftovers, struct diag *diag);
void raucm_free(struct raucm *m);
