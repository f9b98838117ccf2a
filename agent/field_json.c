/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/field_json.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define CLAUSE "json"

enum status
field_json_load(struct bytes text, json_t **out, struct diag *diag)
{
    json_error_t error;
    *out = NULL;
    if (text.size == 0 || text.size > LIMIT_JSON_BODY)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "no JSON, or too much of it");
    json_t *root = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        json_decref(root);
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "not a JSON object");
    }
    *out = root;
    return STATUS_OK;
}

bool
field_json_text(const json_t *object, const char *key, char *out, size_t out_size)
{
    const char *value = json_string_value(json_object_get(object, key));
    out[0] = '\0';
    if (!value || strlen(value) >= out_size)
        return false;
    return text_copy(out, out_size, value);
}

bool
field_json_base64url(const json_t *object, const char *key, struct buffer *out)
{
    const char *value = json_string_value(json_object_get(object, key));
    return value && text_parse_base64url(bytes_of_text(value), out) == STATUS_OK;
}

bool
field_json_hex(const json_t *object, const char *key, uint8_t *out, size_t size)
{
    const char *value = json_string_value(json_object_get(object, key));
    memset(out, 0, size);
    return value && text_parse_hex_exact(value, out, size) == STATUS_OK;
}

bool
field_json_u64(const json_t *object, const char *key, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    *out = 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *out = (uint64_t)json_integer_value(value);
    return true;
}

bool
field_json_set_text(json_t *object, const char *key, const char *value)
{
    return json_object_set_new(object, key, json_string(value)) == 0;
}

bool
field_json_set_base64url(json_t *object, const char *key, struct bytes value)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    text_append_base64url(&text, value);
    const char *encoded = buffer_text(&text);
    return encoded && field_json_set_text(object, key, encoded);
}

bool
field_json_set_hex(json_t *object, const char *key, struct bytes value)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    text_append_hex(&text, value);
    const char *encoded = buffer_text(&text);
    return encoded && field_json_set_text(object, key, encoded);
}

bool
field_json_set_u64(json_t *object, const char *key, uint64_t value)
{
    return value <= INT64_MAX &&
           json_object_set_new(object, key, json_integer((json_int_t)value)) == 0;
}

bool
field_json_set_bool(json_t *object, const char *key, bool value)
{
    return json_object_set_new(object, key, json_boolean(value)) == 0;
}

static int
append(const char *text, size_t size, void *context)
{
    struct buffer *out = context;
    buffer_append(out, bytes_of(text, size));
    return out->failed ? -1 : 0;
}

enum status
field_json_dump(const json_t *object, bool indent, struct buffer *out)
{
    size_t flags = indent ? JSON_INDENT(2) : JSON_COMPACT;
    if (json_dump_callback(object, append, out, flags) != 0)
        return STATUS_NOMEM;
    if (indent)
        buffer_append_text(out, "\n");
    return buffer_check(out);
}
