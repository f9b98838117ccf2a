/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What GRUB 2.06 and later with its tpm module measures when it boots one menu entry: every command
 * of the scripts that it runs in PCR 8, with its variables filled in, every file that it opens in
 * PCR 9, and the kernel's command line in PCR 8. The scripts are run here, over the files that the
 * machine has; a command whose effect is not known ends the run and is named with its line, it is
 * never skipped. Modules count as built in. Hostile input: sizes, depth and number of commands are
 * bounded, and no script can loop. Pure: files come from a callback. [GRUB manual "Measuring boot
 * components"]
 */
#pragma once

#include "image/measurement.h"

#define GRUB_MAX_SCRIPT (4u * 1024u * 1024u)
#define GRUB_MAX_DEPTH  16u

struct grub_file {
    bool is_folder;
    struct bytes content; /* borrowed until the run ends */
};

/* What lies at an absolute path of a device ("hd0,gpt1"). STATUS_NOT_FOUND: nothing; anything else
 * but STATUS_OK ends the run. */
typedef enum status (*grub_finder)(void *context, const char *device, const char *path,
                                   struct grub_file *out);

struct grub_pair {
    const char *name;
    const char *value;
};

struct grub_options {
    const char *device;          /* that GRUB was started from */
    const char *prefix;          /* its folder there: "/EFI/debian" */
    struct bytes begin;          /* the script in GRUB's image; empty: it reads PREFIX/grub.cfg */
    const char *entry;           /* title, id or number, "A>B" in a submenu; NULL: the default */
    const struct grub_pair *set; /* variables from the start */
    size_t n_set;
    const struct grub_pair *volumes; /* UUID or label of a file system, and its device */
    size_t n_volumes;
    grub_finder find;
    void *context;
};

struct grub_found {
    struct buffer command_line; /* as measured: the kernel's path first; owned by the caller */
    bool reads_modules;         /* insmod was seen */
    bool reads_environment;     /* an environment block was read: it changes from boot to boot */
};

/* Append what is measured, in order. STATUS_MALFORMED: a script that does not parse;
 * STATUS_UNSUPPORTED: a command that is not known; STATUS_NOT_FOUND: the entry, or a file that the
 * boot needs; STATUS_INVALID: no kernel is booted; STATUS_LIMIT; STATUS_NOMEM; STATUS_CRYPTO. diag
 * has the line of the script in offset. */
MUST_CHECK enum status grub_measure(struct hasher *h, const struct grub_options *options,
                                    struct measurements *out, struct grub_found *found,
                                    struct diag *diag);
