/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every unit test includes: cmocka in the order it wants, and claims about statuses and bytes
 * that print both sides when they fail. cmocka.h is included nowhere else.
 */
#pragma once

#include "base/digest.h"

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* The expression has this status; both are printed by name when not. */
#define assert_status(expected, expression)                                                        \
    test_status((expected), (expression), #expression, __FILE__, __LINE__)

/* bytes are these, in lower-case hex. */
#define assert_hex(expected_hex, actual) test_hex((expected_hex), (actual), __FILE__, __LINE__)

void test_status(enum status expected, enum status actual, const char *expression, const char *file,
                 int line);
void test_hex(const char *expected_hex, struct bytes actual, const char *file, int line);

/* A hasher for a group of tests: cmocka_run_group_tests(tests, test_hasher_open,
 * test_hasher_close). It is *state as well. */
extern struct hasher *test_hasher;
int test_hasher_open(void **state);
int test_hasher_close(void **state);

/* Append the corpus's file path to out. Skips the running test, saying so, when there is no corpus;
 * fails it when there is one without this file. */
void test_corpus(const char *path, struct buffer *out);

/* Append a file of the source tree (tests/vectors/...) to out; fails the test when it is absent. */
void test_source(const char *path, struct buffer *out);

/* Append good to out with the first old_hex in it replaced by new_hex: one thing changed. Fails the
 * test when old_hex is not in it. */
void test_change(struct bytes good, const char *old_hex, const char *new_hex, struct buffer *out);
