/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures on demand: the linker wraps the functions listed in tests/fault/meson.build, and one
 * call of them fails as it would without memory, disk or entropy. Only calls from our own objects
 * are wrapped, not those inside a library. Leaks show in a build with address sanitizer.
 */
#pragma once

#include "base/status.h"

/* Runs scenario with its first wrapped call failing, then its second, and so on until none is left.
 * Fails the test unless every run in which a call failed has a status other than STATUS_OK, and the
 * last, in which none failed, has STATUS_OK. Returns the number of calls that were made to fail. */
size_t fault_each(enum status (*scenario)(void *context), void *context);
