/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arguments of a kernel command line, cut as the kernel cuts them: at blanks outside of double
 * quotes; in a name, "-" is "_". Pure. [kernel lib/cmdline.c next_arg, kernel/params.c parameq]
 */
#pragma once

#include "base/bytes.h"

/* Whether the line has this argument: "name=value" and "name" as they stand, "name=" with any
 * value. Behind a bare "--" they are for the first program, and stand here as well. */
bool argument_stands(const char *line, const char *argument);
/* The same before a bare "--": what the kernel itself goes by. */
bool argument_counts(const char *line, const char *argument);
/* The n-th value of "name=" in the line, without quotes, as a view of it; false: not so many. */
bool argument_value(const char *line, const char *name, size_t n, struct bytes *out);
/* The text, as event_text() gives it, is cut alike by the kernel, by systemd and here: no blank but
 * the space, no apostrophe, no backslash in a name or before a blank, double quotes only around a
 * whole argument or value. [systemd proc-cmdline.c; kernel lib/cmdline.c] */
bool argument_line_is_clear(const char *line);
/* Clear, and printable ASCII: nothing in it that the kernel takes for a blank and this room does
 * not. */
bool argument_line_is_plain(const char *line);
