/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attestctl reference from-...: reference sets from the files that a boot is made of, without a
 * device and without a daemon. What the commands share.
 */
#pragma once

#include "ctl/set.h"
#include "image/leftover.h"

struct fit_found;
struct uki_notes;

/* What a command works on: a hasher, the set, and what was found to be measured. */
struct image_work {
    struct context *c;
    struct hasher *h;
    struct set *set;
    struct measurements list;
    struct diag diag;
    bool unread;  /* diag is not about what is in a file */
    bool by_line; /* diag's offset is a line, not a byte */
};

/* Begin, with the platform of a new set. STATUS as set_open(). image_end() after any status. */
MUST_CHECK enum status image_begin(struct context *c, const char *platform, struct image_work *w);
/* Put the list into the set and write it, or tell why not: s is how the work went, path the file
 * that it failed at (NULL: none). Frees; the exit code. */
int image_end(struct image_work *w, enum status s, const char *path);
/* A whole file, at most LIMIT_IMAGE. */
MUST_CHECK enum status image_load(struct image_work *w, const char *path, struct buffer *out);
/* Number of an option within a range; what it is without the option. STATUS_INVALID. */
MUST_CHECK enum status image_number(struct image_work *w, const char *option, uint64_t max,
                                    uint64_t *value);
/* What an import did not take over, as notes. STATUS_NOMEM. */
MUST_CHECK enum status image_tell_leftovers(struct set *set, const struct leftovers *l);
/* The role of a PE image by its file's name: "shim", "kernel", or "image". */
const char *image_role(const char *path);
/* For people: what the stub's rules leave open of a unified kernel image that was measured. */
MUST_CHECK enum status image_tell_uki(struct image_work *w, const struct uki_notes *notes);
/* The same of a FIT. */
MUST_CHECK enum status image_tell_fit(struct image_work *w, const struct fit_found *found);
/* A path without its directories. */
const char *image_base_name(const char *path);

/* The commands. */
int image_from_efi(struct context *c);
int image_from_uki(struct context *c);
int image_from_grub(struct context *c);
int image_from_fit(struct context *c);
int image_from_bootargs(struct context *c);
int image_from_files(struct context *c);
int image_from_deb(struct context *c);
int image_from_sums(struct context *c);
int image_from_pcrlock(struct context *c);
int image_from_keylime(struct context *c);
int image_from_bundle(struct context *c);
int image_from_corim(struct context *c);
int image_from_dbx(struct context *c);
