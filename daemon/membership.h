/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is this device one of ours: by the factory's list, a join token, first use where the operator
 * opened it, or an operator's approval to come. Asked at both halves of an enrolment; the token is
 * spent by the store, at the second. Never asks whether the TPM is genuine. [protocol 2; threats
 * 19, 48]
 */
#pragma once

#include "daemon/verifier.h"
#include "evidence/reason.h"

struct membership_claim {
    struct bytes eks;          /* SHA-256 of each EK's SPKI, the activated one first */
    struct bytes spki;         /* of that one */
    const uint8_t *join_token; /* SHA-256 of the token; NULL: none */
};

struct membership {
    enum member_by by; /* NONE: waits for approval */
    bool pending;
};

/* Not a member: reasons has ek.same-tpm, enroll.revoked, enroll.token or enroll.not-member, and
 * *out is zero. A device is known by its first EK alone: that one was activated then and now; the
 * others that it sends are not proven. */
MUST_CHECK enum status membership_decide(struct verifier *v, struct hasher *h,
                                         const struct membership_claim *claim, int64_t now_s,
                                         struct membership *out, struct reasons *reasons);
