/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trusted device said, under a quote, that its next boot will show: values that explain that
 * boot of that device and no other, where policy lets their roles be announced. Kept by the store,
 * handed to appraise() with each round of that boot. Visible plain values; strings and lists are
 * borrowed. Pure. [appraisal 2; attest-policy(5) announce]
 */
#pragma once

#include "appraise/arena.h"
#include "appraise/documents.h"
#include "appraise/subject.h"
#include "appraise/verdict.h"
#include "base/emit.h"
#include "evidence/reason.h"

#define ANNOUNCEMENT_MAX 256u /* values of one announcement */

/* One value for the components of a role ("initrd", "grub-file:...", "command-line"): digests of
 * the event, or its text where a digest binds it (a GRUB command, a kernel command line). Several
 * items may have one role. Exactly one of n_digests and text is set. */
struct announcement_item {
    const char *role; /* 1 to 63 bytes, as in a reference set's component */
    size_t n_digests; /* of the same content under different algorithms, one of them trusted */
    struct digest digests[ALG_COUNT];
    const char *text; /* as event_text() gives it; NULL: by digests */
};

struct announcement {
    const char *device_id;
    uint32_t reset_count; /* of the boot that it is for: that of the quote it came under, plus 1 */
    int64_t issued_s;     /* when the quote's challenge was issued */
    int64_t expires_s;    /* a boot that is first seen after this is not explained */
    const char *slot;     /* the slot that will boot, for people; NULL */
    size_t n_items;
    const struct announcement_item *items;
};

/* How an announcement arrives. */
struct announcement_offer {
    const struct documents *documents;
    const struct subject *subject;
    const struct announcement *announcement;
    const struct announcement *held; /* the device's newest that was accepted; NULL */
    enum verdict verdict;            /* of the boot that announces, in its newest round */
    uint32_t reset_count;            /* the device's newest that the verifier has seen */
};

/* Whether an offer is accepted: refusals are added to reasons as attempts, nothing added means
 * yes. announce.not-trusted; announce.role: no policy that selects the device lets this role be
 * announced; announce.twice: one for that boot is held; announce.late: that boot has begun, or the
 * life is over; announce.malformed: an item without digests and text, with both, or none at all. */
void announcement_check(const struct announcement_offer *offer, int64_t now_s,
                        struct reasons *reasons);
/* How long an announcement of this device explains a boot: the longest of the policies that select
 * it and let anything be announced (each policy still applies its own); 0: none does. */
int64_t announcement_life_s(const struct documents *d, const struct subject *subject);

struct shape_node;

/* What a device sends: {"slot": ..., "items": [{"role", "digests" or "text"}]}; the rest of *out is
 * the caller's to fill. Lives in arena. STATUS_INVALID: not of that form; diag says where.
 * STATUS_LIMIT, STATUS_NOMEM. */
MUST_CHECK enum status announcement_parse_sent(struct bytes json, struct arena *arena,
                                               struct announcement *out, struct diag *diag);
/* The kept form: the same, and device, reset_count, issued and expires (unix s). */
MUST_CHECK enum status announcement_parse(struct bytes json, struct arena *arena,
                                          struct announcement *out, struct diag *diag);
enum status announcement_read(const struct shape_node *node, void *announcement);
/* The kept form; null for NULL. */
void announcement_emit(struct emit *e, const struct announcement *a);
