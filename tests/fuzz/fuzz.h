/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzz-NAME.c defines. A finding is a crash, a sanitizer's report or a failed assert();
 * the target returns 0 for every input. A line "max_len: N" in its top comment bounds the inputs
 * that scripts/fuzz makes (4096 without). Seeds and past findings: tests/fuzz/corpus/NAME/.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
