/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The description of a SWUpdate image (sw-description), in libconfig's form or in JSON. Taken are
 * the files that its lists images, files and scripts name, wherever these stand; everything else is
 * told in leftovers with its place. Pure. [SWUpdate "sw-description syntax"]
 */
#pragma once

#include "image/artifact.h"

/* diag's offset is the line. STATUS_MALFORMED: neither form, no group software, an entry without
 * filename, no file at all; STATUS_LIMIT; STATUS_NOMEM. artifacts_free() after any. */
MUST_CHECK enum status swdescription_parse(struct bytes text, struct artifacts *out,
                                           struct leftovers *leftovers, struct diag *diag);
