/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text at the borders: strict hex and base64url, names, numbers, and the one place that compares
 * strings. Decoders refuse anything that their own encoder would not have made.
 */
#pragma once

#include "base/bytes.h"

#define TEXT_TIME_SIZE      21u
#define TEXT_DURATION_MAX_S (INT64_C(100) * 366 * 86400)

/* Equal strings; NULL equals only NULL. Not constant time. */
bool text_equal(const char *a, const char *b);
bool text_starts(const char *text, const char *prefix);
/* The same for ASCII letters of either case: media types, header names, hosts. */
bool text_equal_fold(const char *a, const char *b);
bool text_starts_fold(const char *text, const char *prefix);

/* Order of two strings by bytes, as qsort() wants it; NULL first. */
int text_order(const char *a, const char *b);

/* Lower-case hex of in into out (2 * size + 1 bytes with the NUL; an empty string when out_size is
 * less). Returns out. */
char *text_hex(struct bytes in, char *out, size_t out_size);
void text_append_hex(struct buffer *out, struct bytes in);

/* Hex of either case, even length. STATUS_MALFORMED else, STATUS_NOMEM. Appends to out, nothing
 * unless STATUS_OK. */
MUST_CHECK enum status text_parse_hex(const char *hex, struct buffer *out);
/* Exactly size bytes of hex. STATUS_MALFORMED else; out is zeroed then. */
MUST_CHECK enum status text_parse_hex_exact(const char *hex, uint8_t *out, size_t size);

/* base64url without padding, RFC 4648 5. The parser refuses padding, other alphabets, white space
 * and non-zero trailing bits: STATUS_MALFORMED, or STATUS_NOMEM, with nothing appended. */
void text_append_base64url(struct buffer *out, struct bytes in);
MUST_CHECK enum status text_parse_base64url(struct bytes in, struct buffer *out);

/* 1 to LIMIT_NAME bytes of [a-z0-9.-], first and last of [a-z0-9]. */
bool text_is_name(const char *text);

/* UTF-8 well-formed (RFC 3629), no control characters below 0x20 nor 0x7f. */
bool text_is_printable(struct bytes in);
bool text_is_utf8(struct bytes in);

/* Peer bytes for people: printable ASCII as it stands, the rest and the backslash as \xNN.
 * Always terminated; cut with "..." when out_size is too small. Returns out. */
char *text_escape(struct bytes in, char *out, size_t out_size);

/* Decimal without sign, blanks or leading zeros, at most max. STATUS_MALFORMED, STATUS_LIMIT. */
MUST_CHECK enum status text_parse_u64(const char *text, uint64_t max, uint64_t *out);

/* Seconds with an optional unit s, m, h, d ("90", "15m"). STATUS_MALFORMED; STATUS_LIMIT above
 * TEXT_DURATION_MAX_S. */
MUST_CHECK enum status text_parse_duration_s(const char *text, int64_t *out);

/* RFC 3339 UTC, "2026-11-22T17:10:00Z" (TEXT_TIME_SIZE bytes with NUL), of the years 0 to 9999;
 * "out-of-range" for any other. Returns out. The parser takes this form only: no offset, no
 * fraction, no leap second. STATUS_MALFORMED else. */
char *text_time(int64_t unix_s, char *out, size_t out_size);
MUST_CHECK enum status text_parse_time(const char *text, int64_t *unix_s);

/* Copy with truncation, always terminated; false when cut. */
bool text_copy(char *out, size_t out_size, const char *text);
