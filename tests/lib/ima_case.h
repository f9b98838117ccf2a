/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One IMA list made to order for the tests of its reader, in the banks SHA-1 and SHA-256; with
 * test.h's hasher.
 */
#pragma once

#include "evidence/ima.h"
#include "tests/lib/log_builder.h"

extern struct log_builder ima_case;

/* For cmocka_run_group_tests(). */
int ima_case_open(void **state);
int ima_case_close(void **state);

/* An empty list. */
void ima_case_start(bool big_endian);
/* A field with its length; a digest field of 01 02 03 ..., size bytes, behind prefix and NUL. */
void ima_case_append_field(struct buffer *out, const char *bytes, size_t size);
void ima_case_append_digest(struct buffer *out, const char *prefix, size_t size);
/* The first entry of the list. */
struct ima_entry ima_case_first(void);
