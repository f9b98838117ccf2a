/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's own word about itself, sent beside the evidence and bound by the quote's manifest:
 * it is what an operator reads, never what a rule rests on. Pure but for what it is given.
 */
#pragma once

#include "agent/collect.h"
#include "agent/settings.h"

#define CLAIMS_TEXT_SIZE 128u

struct claims {
    char kernel[CLAIMS_TEXT_SIZE];  /* uname -r */
    char machine[CLAIMS_TEXT_SIZE]; /* uname -m */
    char os[CLAIMS_TEXT_SIZE];      /* PRETTY_NAME of os-release */
    int64_t time_s;
    enum collect_state boot_log, ima_log, userspace_log;
};

/* Ask the kernel and os-release. boot_log: as it was read. */
void claims_init(struct claims *c, const struct settings *s, enum collect_state boot_log);
/* A JSON object, appended. STATUS_NOMEM. */
MUST_CHECK enum status claims_encode(const struct claims *c, struct buffer *out);
