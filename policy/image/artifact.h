/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that an update bundle installs, as its manifest states them. Pure. [rauc.io reference
 * "Manifest"; SWUpdate "sw-description"]
 */
#pragma once

#include "base/digest.h"
#include "image/leftover.h"

#define ARTIFACT_MAX       1024u
#define ARTIFACT_NAME_SIZE 128u
#define ARTIFACT_ROLE_SIZE 64u

struct artifact {
    char name[ARTIFACT_NAME_SIZE]; /* of the file in the bundle: printable, no path */
    char role[ARTIFACT_ROLE_SIZE]; /* slot class or list; printable */
    struct digest stated;          /* SHA-256; size 0: none is stated */
    bool has_size;
    uint64_t stated_size;
    bool is_file; /* one that is installed as it is, so that IMA may measure it */
    bool seen;    /* set by who compares */
};

struct artifacts {
    struct artifact *items;
    size_t n, room;
};

/* Append one. STATUS_MALFORMED: name is no file's plain name; STATUS_LIMIT above ARTIFACT_MAX;
 * STATUS_NOMEM. *out is borrowed until the next call. */
MUST_CHECK enum status artifacts_add(struct artifacts *list, const char *name, const char *role,
                                     struct artifact **out, struct diag *diag);
/* Set what is stated of it. STATUS_MALFORMED: not the hex of a SHA-256. */
MUST_CHECK enum status artifact_state(struct artifact *a, const char *sha256, struct diag *diag);
/* Whether content is what is stated of every artifact of that name, which are then seen; *n is how
 * many there are. STATUS_INVALID: it is not, diag says what differs; STATUS_CRYPTO. */
MUST_CHECK enum status artifacts_compare(struct artifacts *list, struct hasher *h, const char *name,
                                         struct bytes content, size_t *n, struct diag *diag);
void artifacts_free(struct artifacts *list);
