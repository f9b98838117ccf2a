/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields of a JSON object, bounded, for the agent's *_json.c files. A field that is absent, null or
 * of another type reads as false or zero, and the caller decides whether that is bad.
 */
#pragma once

#include "base/bytes.h"

#include <jansson.h>

/* One JSON text: duplicate keys, text after it and anything but an object are STATUS_MALFORMED. */
MUST_CHECK enum status field_json_load(struct bytes text, json_t **out, struct diag *diag);

/* A text of fewer than out_size bytes; out is "" else. */
bool field_json_text(const json_t *object, const char *key, char *out, size_t out_size);
/* The bytes of a base64url text, appended. */
bool field_json_base64url(const json_t *object, const char *key, struct buffer *out);
/* The bytes of a hex text, exactly size of them. */
bool field_json_hex(const json_t *object, const char *key, uint8_t *out, size_t size);
bool field_json_u64(const json_t *object, const char *key, uint64_t *out);

/* Setters; sticky by their return value. */
bool field_json_set_text(json_t *object, const char *key, const char *value);
bool field_json_set_base64url(json_t *object, const char *key, struct bytes value);
bool field_json_set_hex(json_t *object, const char *key, struct bytes value);
bool field_json_set_u64(json_t *object, const char *key, uint64_t value);
bool field_json_set_bool(json_t *object, const char *key, bool value);

/* Compact, or indented for people, appended with a line end when indented. */
MUST_CHECK enum status field_json_dump(const json_t *object, bool indent, struct buffer *out);
