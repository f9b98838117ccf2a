/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a policy would do to the fleet as it is now, said when it is put and when it is activated:
 * that it cannot come into force, selects no device, or refuses every one that it selects. Judged
 * by labels and newest stored rounds, so it warns and forbids nothing. Reads only. Any thread.
 * [appraisal 4]
 */
#pragma once

#include "base/emit.h"
#include "daemon/access.h"
#include "daemon/verifier.h"

/* Rounds that are appraised, and bytes of their logs, until it is left at those: a policy that a
 * device passes under is done with at once. */
#define FLEET_CHECK_ROUNDS 256u
#define FLEET_CHECK_BYTES  (64u * 1024u * 1024u)

struct fleet_check {
    char policy[LIMIT_NAME + 1];
    size_t n_devices;  /* in the asker's scope, not revoked nor decommissioned; where some_pass,
                        * perhaps not all */
    size_t n_selected; /* of them */
    size_t n_tried;    /* selected ones whose newest round was appraised */
    bool some_pass;    /* one of them is not refused in the policy's perspective */
    bool compiled;     /* else why says what does not go together */
    struct diag why;
};

/* policy: a document's text that is well-formed and one of that kind. STATUS_NOMEM, STATUS_CRYPTO;
 * statuses of the store. */
MUST_CHECK enum status fleet_check(const struct verifier *v, struct hasher *h,
                                   const struct access *access, struct bytes policy,
                                   struct fleet_check *out);
/* The member "warnings": [{"code", "policy", "text"}]; empty where there is nothing to say, or
 * check is NULL. Codes: policy.unfit, policy.selects-none, policy.refuses-all. */
void fleet_check_emit(struct emit *e, const struct fleet_check *check);
