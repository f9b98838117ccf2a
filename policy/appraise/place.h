/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in a JSON text something stands, for error messages: the line of a path, and the path of a
 * byte. Looks at the text only; well-formedness is the parser's business. Pure. [RFC 8259]
 */
#pragma once

#include "base/bytes.h"

struct place_step {
    const char *key; /* member name; NULL: an item of an array */
    size_t index;    /* of the item */
};

/* Line (from 1) on which the member or item at the end of the path begins. A step that is not found
 * (a key written with escapes, say) gives the line of the value before it. */
size_t place_line(struct bytes json, const struct place_step *steps, size_t n_steps);
/* Line of a byte offset. */
size_t place_line_at(struct bytes json, size_t offset);
/* The path of the value or member being read at offset, as "components[3].values"; "" at the top.
 */
void place_path_at(struct bytes json, size_t offset, struct buffer *out);
/* True when brackets and braces nest deeper than max. */
bool place_too_deep(struct bytes json, size_t max);
/* Append ".key" or "[index]" to a path; unprintable bytes of a key are escaped, long ones cut. */
void place_append_step(struct buffer *out, const char *key, size_t index);
