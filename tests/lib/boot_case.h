/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A boot of our vectors, approved by the profile made of it, to be booted or told again with one
 * thing changed (log_edit.h).
 */
#pragma once

#include "tests/lib/appraise_case.h"

struct boot_case {
    const char *name;
    const char *log, *pcrs; /* files of the source */
    const char *pcrs_key;   /* in the second; NULL: it is of one boot */
};

/* The boots of every platform: plain, secure, uki, uboot-efi, uboot-fit. */
extern const struct boot_case boot_cases[];
const struct boot_case *boot_case_find(const char *name);

/* Load the boot's log, the TPM being as it was recorded; the set is made of the log after change,
 * which may be NULL, and with the PCRs that it then gives. */
struct appraise_case *boot_case_start(const struct boot_case *b, void (*change)(struct buffer *log),
                                      struct buffer *log);
/* The TPM holds what this log gives. */
void boot_case_follow(struct appraise_case *c, const struct buffer *log);
/* A round with this log, without an IMA list. */
void boot_case_run(struct appraise_case *c, const struct buffer *log);
/* "code:PCR code:PCR ...", a repeated one once. */
void boot_case_list(struct appraise_case *c, struct buffer *out);
/* The reasons as text, to the test's output. */
void boot_case_print(struct appraise_case *c);
