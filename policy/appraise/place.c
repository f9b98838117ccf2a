/* SPDX-License-Identifier: Apache-2.0 */
/* from: a JSON text and a path, or an offset; to: a line, or a path; never: judges the text. */
#include "appraise/place.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define KEY_MAX 40u /* bytes of a key that a message shows */

/* The first byte at or after pos that is not white space. */
static size_t
skip_blanks(struct bytes json, size_t pos)
{
    while (pos < json.size && memchr(" \t\r\n", json.data[pos], 4))
        pos++;
    return pos;
}

/* Behind the string that begins at pos. */
static size_t
skip_string(struct bytes json, size_t pos)
{
    for (pos++; pos < json.size && json.data[pos] != '"'; pos++) {
        if (json.data[pos] == '\\')
            pos++;
    }
    return pos < json.size ? pos + 1 : json.size;
}

/* Behind the value that begins at pos: at the comma or bracket that ends it. */
static size_t
skip_value(struct bytes json, size_t pos)
{
    size_t depth = 0;
    while (pos < json.size) {
        uint8_t c = json.data[pos];
        if (c == '"') {
            pos = skip_string(json, pos);
            continue;
        }
        bool closes = c == '}' || c == ']';
        if (depth == 0 && (closes || c == ','))
            return pos;
        if (c == '{' || c == '[')
            depth++;
        if (closes)
            depth--;
        pos++;
    }
    return pos;
}

static bool
is_at(struct bytes json, size_t pos, char c)
{
    return pos < json.size && json.data[pos] == (uint8_t)c;
}

/* Where the string at pos is key: *value is where its value begins. */
static bool
is_key(struct bytes json, size_t pos, const char *key, size_t *value)
{
    size_t end = skip_string(json, pos);
    size_t colon = skip_blanks(json, end);
    *value = skip_blanks(json, colon + 1);
    if (end < pos + 2)
        return false;
    return bytes_equal(bytes_slice(json, pos + 1, end - pos - 2), bytes_of_text(key));
}

/* The member or item of the container at pos that step names: *place is where it begins, and the
 * result where its value does; 0 when it is not there. */
static size_t
find_step(struct bytes json, size_t pos, const struct place_step *step, size_t *place)
{
    if (!is_at(json, pos, step->key ? '{' : '['))
        return 0;
    pos = skip_blanks(json, pos + 1);
    for (size_t i = 0; pos < json.size; i++) {
        size_t value = pos;
        bool found = step->key ? is_key(json, pos, step->key, &value) : i == step->index;
        if (found) {
            *place = pos;
            return value;
        }
        pos = skip_value(json, value);
        if (!is_at(json, pos, ','))
            return 0;
        pos = skip_blanks(json, pos + 1);
    }
    return 0;
}

size_t
place_line_at(struct bytes json, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && i < json.size; i++) {
        if (json.data[i] == '\n')
            line++;
    }
    return line;
}

size_t
place_line(struct bytes json, const struct place_step *steps, size_t n_steps)
{
    size_t pos = skip_blanks(json, 0);
    size_t place = pos;
    for (size_t i = 0; i < n_steps; i++) {
        pos = find_step(json, pos, &steps[i], &place);
        if (pos == 0)
            break;
    }
    return place_line_at(json, place);
}

void
place_append_step(struct buffer *out, const char *key, size_t index)
{
    if (!key) {
        buffer_append_format(out, "[%zu]", index);
        return;
    }
    char shown[KEY_MAX];
    (void)text_escape(bytes_of_text(key), shown, sizeof shown);
    buffer_append_format(out, "%s%s", out->size > 0 ? "." : "", shown);
}

/* Where a scan stands: the containers around it. */
struct scan {
    struct scan_level {
        bool is_object;
        bool expects_key;
        size_t key_at, key_size; /* in the text, without quotes */
        size_t index;
    } levels[LIMIT_JSON_DEPTH + 1];
    size_t depth;
};

static void
scan_open(struct scan *s, uint8_t c)
{
    if (s->depth < LIMIT_JSON_DEPTH)
        s->depth++;
    s->levels[s->depth] = (struct scan_level){.is_object = c == '{', .expects_key = c == '{'};
}

static void
scan_byte(struct scan *s, uint8_t c)
{
    struct scan_level *level = &s->levels[s->depth];
    if (c == '{' || c == '[') {
        scan_open(s, c);
    } else if (c == '}' || c == ']') {
        s->depth -= s->depth > 0 ? 1 : 0;
    } else if (c == ',') {
        level->expects_key = level->is_object;
        level->index++;
    }
}

static void
scan_string(struct scan *s, size_t from, size_t to)
{
    struct scan_level *level = &s->levels[s->depth];
    if (!level->expects_key)
        return;
    level->expects_key = false;
    level->key_at = from + 1;
    level->key_size = to >= from + 2 ? to - from - 2 : 0;
}

static void
append_level(struct buffer *out, struct bytes json, const struct scan_level *level)
{
    char key[KEY_MAX];
    size_t size = level->key_size < sizeof key - 1 ? level->key_size : sizeof key - 1;
    struct bytes view = bytes_slice(json, level->key_at, size);
    memset(key, 0, sizeof key);
    if (view.size > 0)
        memcpy(key, view.data, view.size);
    place_append_step(out, level->is_object ? key : NULL, level->index);
}

void
place_path_at(struct bytes json, size_t offset, struct buffer *out)
{
    struct scan s = {.depth = 0};
    size_t pos = 0;
    while (pos < offset && pos < json.size) {
        if (json.data[pos] == '"') {
            size_t end = skip_string(json, pos);
            scan_string(&s, pos, end);
            pos = end;
        } else {
            scan_byte(&s, json.data[pos]);
            pos++;
        }
    }
    for (size_t i = 1; i <= s.depth; i++)
        append_level(out, json, &s.levels[i]);
}

bool
place_too_deep(struct bytes json, size_t max)
{
    size_t depth = 0;
    size_t pos = 0;
    while (pos < json.size) {
        uint8_t c = json.data[pos];
        if (c == '"') {
            pos = skip_string(json, pos);
            continue;
        }
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > max)
            return true;
        pos++;
    }
    return false;
}
