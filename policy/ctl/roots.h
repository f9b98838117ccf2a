/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A directory of EK roots, as the verifier reads its own: every file but hidden ones, certificates
 * as anchors and CRLs as CRLs, PEM or DER.
 */
#pragma once

#include "evidence/ek_roots.h"

/* STATUS_INVALID: a file that is neither, which is named. STATUS_NOT_FOUND, STATUS_IO,
 * STATUS_DENIED, STATUS_LIMIT. */
MUST_CHECK enum status roots_load(const char *directory, struct ek_roots **out, struct diag *diag);
