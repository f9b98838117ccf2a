/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benchmarks measure on: a boot recorded on a real PC (tests/vectors/boots/secure), made
 * longer by repeating some of its GRUB commands, an IMA list made to order, a software TPM that
 * holds their PCRs, and documents under which the round is trusted.
 */
#pragma once

#include "tests/lib/appraise_case.h"

#define SCENE_BANKS "sha256:0-12,14"

/* Append the recorded boot log with n_events events (the Spec ID record included). */
void scene_boot_log(size_t n_events, struct buffer *out);

struct scene_options {
    size_t n_events; /* of the boot log */
    size_t n_ima;    /* entries, boot_aggregate included; 0: no list and no rule for one */
    size_t n_files;  /* allowed digests: those of the list, and others up to as many */
};

/* Everything quoted, replayed, appraised once, and trusted; else the program ends. */
struct appraise_case *scene_new(const struct scene_options *options);

/* Entry number i's path and content are "/usr/lib/file-i". Appends one more to the list. */
void scene_add_ima(struct appraise_case *c, size_t i);
