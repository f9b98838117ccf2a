/* SPDX-License-Identifier: Apache-2.0 */
/* from: an operator's file; to: rows; never: skips a row that it does not understand. */
#include "daemon/advisory_json.h"

#include "base/text.h"

#include <jansson.h>
#include <string.h>

#define CLAUSE       "advisories"
#define VERSION_SIZE 8u
#define TEXT_MAX     1024u

static const char *const members[] = {"id", "manufacturer", "model", "firmware", "source", "text"};

static bool
has_only(json_t *object, const char *const *names, size_t n_names)
{
    const char *name;
    json_t *value;
    json_object_foreach(object, name, value)
    {
        size_t i = 0;
        while (i < n_names && !text_equal(names[i], name))
            i++;
        if (i == n_names)
            return false;
    }
    return true;
}

static bool
take_text(const json_t *object, const char *name, bool required, char *out, size_t out_size)
{
    const json_t *value = json_object_get(object, name);
    size_t size = json_string_length(value);
    out[0] = '\0';
    if (!value)
        return !required;
    return json_is_string(value) && size > 0 &&
           text_is_printable(bytes_of(json_string_value(value), size)) &&
           text_copy(out, out_size, json_string_value(value));
}

static bool
take_version(const json_t *object, const char *name, uint64_t *out)
{
    uint8_t bytes[VERSION_SIZE];
    const char *text = json_string_value(json_object_get(object, name));
    if (!text || text_parse_hex_exact(text, bytes, sizeof bytes) != STATUS_OK)
        return false;
    *out = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

/* One row of the list for each range of the file's. */
static enum status
add_ranges(json_t *ranges, struct advisory *row, struct advisories *list)
{
    static const char *const bounds[] = {"from", "below"};
    size_t i;
    json_t *range;
    if (!json_is_array(ranges) || json_array_size(ranges) == 0)
        return STATUS_INVALID;
    json_array_foreach(ranges, i, range)
    {
        if (!json_is_object(range) || !has_only(range, bounds, 2) ||
            !take_version(range, "from", &row->from) || !take_version(range, "below", &row->below))
            return STATUS_INVALID;
        enum status s = advisories_add(list, row);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status
add_row(json_t *object, struct advisories *list)
{
    struct advisory row = {0};
    char manufacturer[8];
    char text[TEXT_MAX];
    if (!json_is_object(object) || !has_only(object, members, sizeof members / sizeof members[0]) ||
        !take_text(object, "id", true, row.id, sizeof row.id) ||
        !take_text(object, "manufacturer", true, manufacturer, sizeof manufacturer) ||
        !take_text(object, "model", false, row.model, sizeof row.model) ||
        !take_text(object, "source", false, text, sizeof text) ||
        !take_text(object, "text", false, text, sizeof text) ||
        !advisory_manufacturer_parse(manufacturer, &row.manufacturer))
        return STATUS_INVALID;
    return add_ranges(json_object_get(object, "firmware"), &row, list);
}

enum status
advisory_json_parse(struct bytes text, struct advisories *list, struct diag *diag)
{
    json_error_t error;
    size_t i;
    json_t *object;
    json_auto_t *root =
        json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return diag_set(diag, STATUS_INVALID, CLAUSE, (uint64_t)(error.line > 0 ? error.line : 0),
                        "line %d is not JSON", error.line);
    json_t *rows = json_object_get(root, "advisories");
    if (!json_is_array(rows) || json_object_size(root) != 1)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "expected {\"advisories\": [...]}");
    json_array_foreach(rows, i, object)
    {
        enum status s = add_row(object, list);
        if (s != STATUS_OK)
            return diag_set(diag, s, CLAUSE, i, "row %zu is not an advisory", i + 1);
    }
    return STATUS_OK;
}
