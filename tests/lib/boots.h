/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rounds of one boot over a real store, and what the boot record then says. Claims fail the running
 * test. [protocol 4]
 */
#pragma once

#include "tests/lib/verifier_case.h"

/* A round that is trusted; the boot record that it went into. */
uint64_t boots_attest(struct verifier_case *c, const struct verifier_case_round *r);
/* One that is untrusted; it has this reason, or fact, unless NULL. */
void boots_refuse(struct verifier_case *c, const struct verifier_case_round *r, const char *code);
/* An attempt that asks for this log, and leaves no trace. */
void boots_assert_wanted(struct verifier_case *c, const struct verifier_case_round *r,
                         const char *which);
/* Whether the last round has this fact or reason. */
bool boots_says(struct verifier_case *c, const char *code);
struct store_boot boots_record(struct verifier_case *c, uint64_t id);
/* The kept list is the device's, byte by byte. */
void boots_assert_list_kept(struct verifier_case *c, uint64_t boot);
/* A file that the documents approve runs again. */
void boots_run_file(struct verifier_case *c, const char *path);
