/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proven, bound Secure Boot variables hold, as digests that a policy can name: of a
 * certificate the SHA-256 of its DER, of a hash the hash. Made only for a policy that asks. Borrows
 * the replay. Pure. [UEFI 2.10 32.4.1; threats 24, 25]
 */
#pragma once

#include "appraise/proven.h"

enum secure_boot_state {
    SECURE_BOOT_MISSING = 0, /* not measured, or not before the separator of PCR 7 */
    SECURE_BOOT_READ,        /* measured once, bound, well-formed; may be empty */
    SECURE_BOOT_UNREADABLE   /* measured twice, not bound, or not well-formed */
};

/* One variable. */
struct secure_boot_set {
    enum secure_boot_state state;
    const struct replay_event *event; /* NULL when missing */
    size_t n, n_room;
    struct digest *items; /* in the order of secure_boot_order() */
    size_t n_other;       /* signatures of a type that is not known */
};

enum secure_boot_variable {
    SECURE_BOOT_PK = 0,
    SECURE_BOOT_KEK,
    SECURE_BOOT_DB,
    SECURE_BOOT_DBX,
    SECURE_BOOT_USED, /* the certificates that let images run: not one variable */
    SECURE_BOOT_COUNT
};

struct secure_boot_content {
    struct secure_boot_set sets[SECURE_BOOT_COUNT];
    /* In the log of user space, of PCR 7 and no os-separator; NULL: none. An authority or SbatLevel
     * that was taken out of the boot log would be found there. */
    const struct replay_event *stranger;
};

/* STATUS_NOMEM, STATUS_CRYPTO. secure_boot_content_clear() after any status. */
MUST_CHECK enum status secure_boot_content_init(struct hasher *h, const struct proven *proven,
                                                struct secure_boot_content *out);
void secure_boot_content_clear(struct secure_boot_content *c);

/* "PK", "KEK", "db", "dbx", "used". */
const char *secure_boot_variable_name(enum secure_boot_variable v);
bool secure_boot_has(const struct secure_boot_set *set, const struct digest *item);
/* The next SbatLevel at or behind *at among the replay's events; NULL at the end. */
const struct replay_event *secure_boot_next_sbat(const struct proven *proven, size_t *at);
