/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keylime's two documents, for those who move over: the runtime policy (IMA digests by path) and
 * the measured-boot reference state. Taken over is what our reference sets can say; the rest is
 * told. Pure. [Keylime documentation, "Runtime Integrity Monitoring" and "Use Measured Boot"]
 */
#pragma once

#include "image/leftover.h"
#include "image/measurement.h"

typedef enum status (*keylime_visitor)(void *context, const struct digest *digest);

/* Call visit with each file digest of a runtime policy (or of an old allow list). Paths are not
 * taken over, since a digest counts here and a name is only claimed; excludes, keyrings, keys and
 * buffers are told in leftovers. STATUS_MALFORMED, STATUS_LIMIT (LIMIT_FILES), STATUS_NOMEM. */
MUST_CHECK enum status keylime_read_policy(struct bytes text, keylime_visitor visit, void *context,
                                           struct leftovers *leftovers, struct diag *diag);
/* Append what a measured-boot reference state expects: S-CRTM version and firmware of PCR 0, shim,
 * GRUB and kernel of PCR 4, initrd of PCR 9; several kernels are alternatives. Secure Boot content
 * and patterns of command lines are told in leftovers. STATUS_MALFORMED, STATUS_LIMIT,
 * STATUS_NOMEM. */
MUST_CHECK enum status keylime_read_boot(struct bytes text, struct measurements *out,
                                         struct leftovers *leftovers, struct diag *diag);
