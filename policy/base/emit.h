/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text emitted into a buffer: for results and replies on the hot path, where building a tree
 * first costs more than the verification (measured 12 to 18 times). Commas and escapes are its
 * business; nesting is the caller's, checked by emit_check(). Parsing is never done here. [RFC
 * 8259]
 */
#pragma once

#include "base/bytes.h"

#define EMIT_DEPTH 16u

struct emit {
    struct buffer *out;
    unsigned depth;
    bool first[EMIT_DEPTH]; /* no comma needed at this depth */
    bool after_key;
    bool failed;
};

/* Begin a text at the end of out. */
struct emit emit_of(struct buffer *out);

void emit_object(struct emit *e);     /* { */
void emit_end_object(struct emit *e); /* } */
void emit_array(struct emit *e);
void emit_end_array(struct emit *e);
/* Member name; the next call is its value. */
void emit_key(struct emit *e, const char *name);
void emit_uint_key(struct emit *e, uint64_t name); /* as decimal digits */

/* Values. NULL text is null. Bytes are taken as UTF-8; ill-formed ones become U+FFFD. */
void emit_text(struct emit *e, const char *value);
void emit_utf8(struct emit *e, struct bytes value);
void emit_hex(struct emit *e, struct bytes value);
void emit_base64url(struct emit *e, struct bytes value);
void emit_int(struct emit *e, int64_t value);
void emit_uint(struct emit *e, uint64_t value);
void emit_bool(struct emit *e, bool value);
void emit_null(struct emit *e);
void emit_time(struct emit *e, int64_t unix_s); /* RFC 3339 UTC; 0 and below: null */
/* A value that is JSON text already, as it stands. */
void emit_raw(struct emit *e, struct bytes json);

/* name: value in one call. */
void emit_text_member(struct emit *e, const char *name, const char *value);
void emit_hex_member(struct emit *e, const char *name, struct bytes value);
void emit_base64url_member(struct emit *e, const char *name, struct bytes value);
void emit_int_member(struct emit *e, const char *name, int64_t value);
void emit_uint_member(struct emit *e, const char *name, uint64_t value);
void emit_bool_member(struct emit *e, const char *name, bool value);
void emit_time_member(struct emit *e, const char *name, int64_t unix_s);

/* STATUS_OK when every container is closed and memory sufficed; STATUS_NOMEM; STATUS_LIMIT: deeper
 * than EMIT_DEPTH or closed more than opened (our bug). */
MUST_CHECK enum status emit_check(const struct emit *e);
