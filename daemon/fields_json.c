/* SPDX-License-Identifier: Apache-2.0 */
/* from: a small JSON body; to: the members of a table; never: guesses a type. */
#include "daemon/fields_json.h"

#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE    "request body"
#define MAX_TEXT  1024u
#define MAX_LABEL 256u

struct fields {
    json_t *root;
};

static const struct field *
find_row(const struct field *table, size_t n_rows, const char *name)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (text_equal(table[i].name, name))
            return &table[i];
    }
    return NULL;
}

static bool
is_text(json_t *value, size_t max)
{
    size_t size = json_string_length(value);
    return json_is_string(value) && size <= max &&
           text_is_printable(bytes_of(json_string_value(value), size));
}

static bool
take_texts(json_t *value, struct field_texts *out)
{
    size_t i;
    json_t *item;
    if (!json_is_array(value) || json_array_size(value) > FIELD_TEXTS_MAX)
        return false;
    json_array_foreach(value, i, item)
    {
        if (!is_text(item, MAX_TEXT))
            return false;
        out->items[out->n_items++] = json_string_value(item);
    }
    return true;
}

static bool
take_labels(json_t *value, struct field_labels *out)
{
    const char *key;
    json_t *item;
    if (!json_is_object(value) || json_object_size(value) > LIMIT_LABELS)
        return false;
    out->present = true;
    json_object_foreach(value, key, item)
    {
        if (!text_is_name(key) || !is_text(item, MAX_LABEL))
            return false;
        out->items[out->n_items++] = (struct label){.key = key, .value = json_string_value(item)};
    }
    return true;
}

static bool
take(json_t *value, const struct field *row)
{
    switch (row->type) {
    case FIELD_TEXT:
        if (!is_text(value, MAX_TEXT))
            return false;
        *(const char **)row->out = json_string_value(value);
        return true;
    case FIELD_UINT:
        if (!json_is_integer(value) || json_integer_value(value) < 0)
            return false;
        *(uint64_t *)row->out = (uint64_t)json_integer_value(value);
        return true;
    case FIELD_TEXTS:
        return take_texts(value, row->out);
    case FIELD_LABELS:
        return take_labels(value, row->out);
    }
    return false;
}

static enum status
take_all(json_t *root, const struct field *table, size_t n_rows, struct diag *diag)
{
    const char *name;
    json_t *value;
    json_object_foreach(root, name, value)
    {
        const struct field *row = find_row(table, n_rows, name);
        if (!row)
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "a member is not known here");
        if (!take(value, row))
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0,
                            "%s has not the type or size it must", row->name);
    }
    for (size_t i = 0; i < n_rows; i++) {
        if (table[i].required && !json_object_get(root, table[i].name))
            return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "%s is missing", table[i].name);
    }
    return STATUS_OK;
}

enum status
fields_parse(struct bytes body, const struct field *table, size_t n_rows, struct fields **out,
             struct diag *diag)
{
    *out = NULL;
    struct bytes text = body.size > 0 ? body : bytes_of_text("{}");
    json_auto_t *root =
        json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(root))
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "the body is not one JSON object");
    enum status s = take_all(root, table, n_rows, diag);
    if (s != STATUS_OK)
        return s;
    *out = calloc(1, sizeof **out);
    if (!*out)
        return STATUS_NOMEM;
    (*out)->root = json_incref(root);
    return STATUS_OK;
}

void
fields_free(struct fields *f)
{
    if (!f)
        return;
    json_decref(f->root);
    free(f);
}

void
fields_freep(struct fields **f)
{
    fields_free(*f);
}
