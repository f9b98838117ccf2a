/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference set of one device's boot, as reference from-device makes it, for others who want it
 * as text.
 */
#pragma once

#include "appraise/profile.h"
#include "ctl/command.h"

/* --id, --version, --generation. STATUS_INVALID. */
MUST_CHECK enum status profile_set_options(const struct context *c, struct profile_options *out,
                                           struct diag *diag);
/* The set of a device's newest round into out; the exit code, having told why. */
int profile_set_of_device(struct context *c, const char *device, const struct profile_options *o,
                          struct buffer *out);
/* To --output, or to standard output. */
int profile_set_write(const struct context *c, const struct buffer *set);
