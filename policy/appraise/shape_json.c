/* SPDX-License-Identifier: Apache-2.0 */
/* from: a JSON text and tables of members; to: values in the document's arena; never: skips a
 * member that no table names. */
#include "appraise/place.h"
#include "appraise/shape.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <jansson.h>
#include <string.h>

#define CLAUSE         "document"
#define SHORT_TEXT_MAX 63u
#define TEXT_MAX       4096u

PRINTF_LIKE(2, 0)
static enum status
refuse_list(const struct shape_node *node, const char *format, va_list args)
{
    struct place_step steps[LIMIT_JSON_DEPTH + 1];
    size_t n = 0;
    for (const struct shape_node *at = node; at->parent && n <= LIMIT_JSON_DEPTH; at = at->parent)
        n++;
    size_t i = n;
    for (const struct shape_node *at = node; i > 0; at = at->parent)
        steps[--i] = (struct place_step){.key = at->key, .index = at->index};
    CLEANUP(buffer_free) struct buffer text = {0};
    for (i = 0; i < n; i++)
        place_append_step(&text, steps[i].key, steps[i].index);
    buffer_append_text(&text, text.size > 0 ? ": " : "");
    buffer_append_format_list(&text, format, args);
    const char *said = buffer_text(&text);
    return diag_set(node->source->diag, said ? STATUS_INVALID : STATUS_NOMEM, CLAUSE,
                    place_line(node->source->text, steps, n), "%s", said ? said : "no memory");
}

enum status
shape_refuse(const struct shape_node *node, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    enum status s = refuse_list(node, format, args);
    va_end(args);
    return s;
}

struct syntax_row {
    enum json_error_code code;
    enum status status;
    const char *text;
};

static const struct syntax_row syntax_rows[] = {
    {json_error_out_of_memory, STATUS_NOMEM, "no memory"},
    {json_error_duplicate_key, STATUS_INVALID, "the key stands here twice"},
    {json_error_invalid_utf8, STATUS_INVALID, "not UTF-8"},
    {json_error_null_character, STATUS_INVALID, "a NUL character in a string"},
    {json_error_null_byte_in_key, STATUS_INVALID, "a NUL character in a key"},
    {json_error_numeric_overflow, STATUS_INVALID, "the number is too large"},
    {json_error_premature_end_of_input, STATUS_INVALID, "the text ends too early"},
    {json_error_end_of_input_expected, STATUS_INVALID, "text follows the document"},
};

static enum status
refuse_syntax(const struct shape_source *source, const json_error_t *error)
{
    struct syntax_row row = {0, STATUS_INVALID, "not well-formed JSON"};
    for (size_t i = 0; i < sizeof syntax_rows / sizeof syntax_rows[0]; i++) {
        if (json_error_code(error) == syntax_rows[i].code)
            row = syntax_rows[i];
    }
    size_t offset = error->position > 0 ? (size_t)error->position : 0;
    size_t line = error->line > 0 ? (size_t)error->line : place_line_at(source->text, offset);
    CLEANUP(buffer_free) struct buffer path = {0};
    place_path_at(source->text, offset, &path);
    const char *shown = buffer_text(&path);
    return diag_set(source->diag, row.status, CLAUSE, line, "%s%s%s", shown ? shown : "",
                    path.size > 0 ? ": " : "", row.text);
}

enum status
shape_open(struct shape_source *source, struct shape_node *root)
{
    source->root = NULL;
    if (source->text.size > LIMIT_DOCUMENT)
        return diag_set(source->diag, STATUS_LIMIT, CLAUSE, 0, "larger than %u bytes",
                        LIMIT_DOCUMENT);
    if (place_too_deep(source->text, LIMIT_JSON_DEPTH))
        return diag_set(source->diag, STATUS_LIMIT, CLAUSE, 0, "nested deeper than %u",
                        LIMIT_JSON_DEPTH);
    json_error_t error;
    source->root = json_loadb((const char *)source->text.data, source->text.size,
                              JSON_REJECT_DUPLICATES, &error);
    if (!source->root)
        return refuse_syntax(source, &error);
    *root = (struct shape_node){.value = source->root, .source = source};
    if (!json_is_object(source->root))
        return shape_refuse(root, "the document is not an object");
    return STATUS_OK;
}

void
shape_close(struct shape_source *source)
{
    json_decref(source->root);
    source->root = NULL;
}

enum status
shape_read(struct bytes text, struct arena *arena, shape_reader reader, void *out,
           struct diag *diag)
{
    struct diag unused = {0};
    struct shape_source source = {.text = text, .arena = arena, .diag = diag ? diag : &unused};
    struct shape_node root;
    enum status s = shape_open(&source, &root);
    if (s == STATUS_OK)
        s = reader(&root, out);
    shape_close(&source);
    return s;
}

static struct shape_node
child_of(const struct shape_node *node, json_t *value, const char *key, size_t index)
{
    return (struct shape_node){
        .value = value, .parent = node, .key = key, .index = index, .source = node->source};
}

static const struct shape_field *
find_field(const struct shape_field *fields, size_t n_fields, const char *key)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (text_equal(fields[i].key, key))
            return &fields[i];
    }
    return NULL;
}

bool
shape_member(const struct shape_node *node, const char *key, struct shape_node *out)
{
    json_t *value = json_object_get(node->value, key);
    if (value)
        *out = child_of(node, value, key, 0);
    return value != NULL;
}

/* Every key of the object is in the table. */
static enum status
check_keys(const struct shape_node *node, const struct shape_field *fields, size_t n_fields)
{
    for (void *i = json_object_iter(node->value); i; i = json_object_iter_next(node->value, i)) {
        const char *key = json_object_iter_key(i);
        if (find_field(fields, n_fields, key))
            continue;
        struct shape_node child = child_of(node, json_object_iter_value(i), key, 0);
        return shape_refuse(&child, "unknown key");
    }
    return STATUS_OK;
}

enum status
shape_object(const struct shape_node *node, const struct shape_field *fields, size_t n_fields,
             void *out)
{
    if (!json_is_object(node->value))
        return shape_refuse(node, "must be an object");
    enum status s = check_keys(node, fields, n_fields);
    if (s != STATUS_OK)
        return s;
    for (size_t i = 0; i < n_fields; i++) {
        struct shape_node child;
        if (shape_member(node, fields[i].key, &child))
            s = fields[i].reader(&child, (char *)out + fields[i].offset);
        else if (fields[i].required)
            s = shape_refuse(node, "\"%s\" is missing", fields[i].key);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status
make_list(const struct shape_node *node, size_t n, const struct shape_array *shape,
          struct shape_list *out)
{
    if (n < shape->min)
        return shape_refuse(node, "must have at least %zu of them, has %zu", shape->min, n);
    if (n > shape->max) {
        enum status s = shape_refuse(node, "must have at most %zu of them, has %zu", shape->max, n);
        return s == STATUS_INVALID ? STATUS_LIMIT : s;
    }
    out->items = arena_alloc_array(node->source->arena, n, shape->item_size);
    out->n = n;
    return out->items ? STATUS_OK : STATUS_NOMEM;
}

enum status
shape_array(const struct shape_node *node, const struct shape_array *shape, struct shape_list *out)
{
    if (!json_is_array(node->value))
        return shape_refuse(node, "must be an array");
    size_t n = json_array_size(node->value);
    enum status s = make_list(node, n, shape, out);
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        struct shape_node child = child_of(node, json_array_get(node->value, i), NULL, i);
        s = shape->reader(&child, (char *)out->items + i * shape->item_size);
    }
    return s;
}

enum status
shape_map(const struct shape_node *node, const struct shape_array *shape, struct shape_list *out)
{
    if (!json_is_object(node->value))
        return shape_refuse(node, "must be an object");
    enum status s = make_list(node, json_object_size(node->value), shape, out);
    size_t n = 0;
    for (void *i = json_object_iter(node->value); s == STATUS_OK && i;
         i = json_object_iter_next(node->value, i)) {
        struct shape_node child =
            child_of(node, json_object_iter_value(i), json_object_iter_key(i), 0);
        s = shape->reader(&child, (char *)out->items + n++ * shape->item_size);
    }
    return s;
}

bool
shape_is_array(const struct shape_node *node)
{
    return json_is_array(node->value);
}

bool
shape_is_true(const struct shape_node *node)
{
    return json_is_true(node->value);
}

bool
shape_is_object(const struct shape_node *node)
{
    return json_is_object(node->value);
}

bool
shape_is_null(const struct shape_node *node)
{
    return json_is_null(node->value);
}

enum status
shape_skip(const struct shape_node *node, void *unused)
{
    (void)node;
    (void)unused;
    return STATUS_OK;
}

enum status
shape_borrow_text(const struct shape_node *node, const char **out)
{
    *out = json_string_value(node->value);
    return *out ? STATUS_OK : shape_refuse(node, "must be a string");
}

static enum status
copy_text(const struct shape_node *node, size_t max, void *text)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    if (strlen(value) > max)
        return shape_refuse(node, "must have at most %zu bytes", max);
    if (!text_is_printable(bytes_of_text(value)))
        return shape_refuse(node, "must not hold control characters");
    char *copy = arena_copy_text(node->source->arena, value);
    memcpy(text, &copy, sizeof copy);
    return copy ? STATUS_OK : STATUS_NOMEM;
}

enum status
shape_text(const struct shape_node *node, void *text)
{
    return copy_text(node, TEXT_MAX, text);
}

enum status
shape_short_text(const struct shape_node *node, void *text)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    if (value[0] == '\0')
        return shape_refuse(node, "must not be empty");
    return copy_text(node, SHORT_TEXT_MAX, text);
}

enum status
shape_name(const struct shape_node *node, void *name)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    if (!text_is_name(value))
        return shape_refuse(node,
                            "must be a name: 1 to %u of a-z, 0-9, dot and hyphen, first "
                            "and last a letter or digit",
                            LIMIT_NAME);
    return copy_text(node, LIMIT_NAME, name);
}

enum status
shape_any_text(const struct shape_node *node, void *text)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    char *copy = arena_copy_text(node->source->arena, value);
    memcpy(text, &copy, sizeof copy);
    return copy ? STATUS_OK : STATUS_NOMEM;
}

enum status
shape_text_or_null(const struct shape_node *node, void *text)
{
    return shape_is_null(node) ? STATUS_OK : shape_any_text(node, text);
}

enum status
shape_take_bytes(const struct shape_node *node, struct bytes in, struct bytes *out)
{
    uint8_t *copy = arena_alloc(node->source->arena, in.size);
    if (!copy)
        return STATUS_NOMEM;
    if (in.size > 0)
        memcpy(copy, in.data, in.size);
    *out = bytes_of(copy, in.size);
    return STATUS_OK;
}

enum status
shape_base64url(const struct shape_node *node, void *bytes)
{
    CLEANUP(buffer_free) struct buffer value = {0};
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s == STATUS_OK)
        s = text_parse_base64url(bytes_of_text(text), &value);
    if (s == STATUS_MALFORMED)
        s = shape_refuse(node, "must be base64url");
    return s == STATUS_OK ? shape_take_bytes(node, buffer_bytes(&value), bytes) : s;
}

enum status
shape_hex(const struct shape_node *node, void *bytes)
{
    CLEANUP(buffer_free) struct buffer value = {0};
    const char *text = NULL;
    enum status s = shape_borrow_text(node, &text);
    if (s == STATUS_OK)
        s = text_parse_hex(text, &value);
    if (s == STATUS_MALFORMED)
        s = shape_refuse(node, "must be hex");
    return s == STATUS_OK ? shape_take_bytes(node, buffer_bytes(&value), bytes) : s;
}

enum status
shape_parse_digest(const struct shape_node *node, const struct alg *alg, const char *hex,
                   struct digest *out)
{
    out->alg = alg->id;
    out->size = alg->size;
    if (text_parse_hex_exact(hex, out->data, alg->size) != STATUS_OK)
        return shape_refuse(node, "must be %u hex digits", 2u * alg->size);
    return STATUS_OK;
}

enum status
shape_digest(const struct shape_node *node, const struct alg *alg, struct digest *out)
{
    const char *hex = NULL;
    enum status s = shape_borrow_text(node, &hex);
    return s == STATUS_OK ? shape_parse_digest(node, alg, hex, out) : s;
}

enum status
shape_integer(const struct shape_node *node, uint64_t min, uint64_t max, uint64_t *out)
{
    if (!json_is_integer(node->value))
        return shape_refuse(node, "must be an integer");
    uint64_t value = (uint64_t)json_integer_value(node->value); /* below 0: above every max */
    if (value < min || value > max)
        return shape_refuse(node, "must be %llu to %llu", (unsigned long long)min,
                            (unsigned long long)max);
    *out = value;
    return STATUS_OK;
}

enum status
shape_number(const struct shape_node *node, void *number)
{
    return shape_integer(node, 0, INT64_MAX, number);
}

enum status
shape_u32(const struct shape_node *node, void *number)
{
    uint64_t value = 0;
    enum status s = shape_integer(node, 0, UINT32_MAX, &value);
    *(uint32_t *)number = (uint32_t)value;
    return s;
}

enum status
shape_version(const struct shape_node *node, void *number)
{
    return shape_integer(node, 1, INT64_MAX, number);
}

enum status
shape_bool(const struct shape_node *node, void *value)
{
    if (!json_is_boolean(node->value))
        return shape_refuse(node, "must be true or false");
    *(bool *)value = json_is_true(node->value);
    return STATUS_OK;
}

enum status
shape_duration(const struct shape_node *node, void *seconds)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    if (text_parse_duration_s(value, seconds) != STATUS_OK || *(int64_t *)seconds <= 0)
        return shape_refuse(node, "must be a time such as \"90s\", \"15m\", \"1h\" or \"2d\"");
    return STATUS_OK;
}

enum status
shape_time(const struct shape_node *node, void *unix_s)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s == STATUS_OK && text_parse_time(value, unix_s) != STATUS_OK)
        s = shape_refuse(node, "must be a time such as \"2026-11-22T17:10:00Z\"");
    return s;
}

enum status
shape_word(const struct shape_node *node, const char *const *words, size_t n, size_t *out)
{
    const char *value = NULL;
    enum status s = shape_borrow_text(node, &value);
    if (s != STATUS_OK)
        return s;
    for (*out = 0; *out < n; ++*out) {
        if (text_equal(value, words[*out]))
            return STATUS_OK;
    }
    CLEANUP(buffer_free) struct buffer known = {0};
    for (size_t i = 0; i < n; i++)
        buffer_append_format(&known, "%s%s", i > 0 ? ", " : "", words[i]);
    const char *list = buffer_text(&known);
    return shape_refuse(node, "must be one of %s", list ? list : "the known words");
}
