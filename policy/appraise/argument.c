/* SPDX-License-Identifier: Apache-2.0 */
/* from: a command line; to: its arguments; never: lets quotes or dashes hide one. */
#include "appraise/argument.h"

#include <string.h>

struct argument {
    struct bytes name, value; /* without their quotes */
    bool has_value;
};

static struct bytes
unquote(const char *from, size_t size)
{
    if (size > 0 && from[0] == '"') {
        from++;
        size--;
    }
    if (size > 0 && from[size - 1] == '"')
        size--;
    return bytes_of(from, size);
}

/* The argument at *at, which is moved behind it; false at the end. */
static bool
next_argument(const char **at, struct argument *out)
{
    const char *from = *at + strspn(*at, " \t\n");
    const char *end = from;
    const char *equals = NULL;
    bool quoted = false;
    for (; *end && (quoted || !strchr(" \t\n", *end)); end++) {
        if (*end == '"')
            quoted = !quoted;
        if (*end == '=' && !equals)
            equals = end;
    }
    *at = end;
    const char *name_end = equals ? equals : end;
    out->has_value = equals != NULL;
    out->name = unquote(from, (size_t)(name_end - from));
    out->value = equals ? unquote(equals + 1, (size_t)(end - equals - 1)) : (struct bytes){0};
    return end > from;
}

static char
plain(uint8_t c)
{
    return c == '-' ? '_' : (char)c;
}

static bool
is_named(struct bytes a, struct bytes b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        if (plain(a.data[i]) != plain(b.data[i]))
            return false;
    }
    return a.size == b.size;
}

static bool
is_same(const struct argument *found, const struct argument *wanted)
{
    return is_named(found->name, wanted->name) && found->has_value == wanted->has_value &&
           (wanted->value.size == 0 || bytes_equal(found->value, wanted->value));
}

static bool
find(const char *line, const char *argument, bool whole)
{
    struct argument wanted;
    struct argument found;
    if (!next_argument(&argument, &wanted))
        return false;
    while (next_argument(&line, &found)) {
        if (is_same(&found, &wanted))
            return true;
        if (!whole && !found.has_value && bytes_equal(found.name, bytes_of_text("--")))
            return false;
    }
    return false;
}

bool
argument_stands(const char *line, const char *argument)
{
    return find(line, argument, true);
}

bool
argument_counts(const char *line, const char *argument)
{
    return find(line, argument, false);
}

bool
argument_value(const char *line, const char *name, size_t n, struct bytes *out)
{
    struct argument found;
    while (next_argument(&line, &found)) {
        if (!found.has_value || !is_named(found.name, bytes_of_text(name)) || n-- > 0)
            continue;
        *out = found.value;
        return true;
    }
    return false;
}

/* event_text() doubles a backslash; a single one begins what it escaped. */
static bool
is_escaped(const char *line)
{
    for (; *line; line++) {
        if (*line == '\\' && *++line != '\\')
            return true;
    }
    return false;
}

/* Around all of it, or all of its value, and nowhere else. */
static bool
is_quoted_clearly(const char *from, const char *end)
{
    const char *first = memchr(from, '"', (size_t)(end - from));
    if (!first)
        return true;
    const char *equals = memchr(from, '=', (size_t)(end - from));
    const char *last = end - 1;
    return (first == from || (equals && first == equals + 1)) && first < last && *last == '"' &&
           memchr(first + 1, '"', (size_t)(last - first - 1)) == NULL;
}

static bool
is_clear(const char *from, const char *end)
{
    const char *equals = memchr(from, '=', (size_t)(end - from));
    const char *name_end = equals ? equals : end;
    return is_quoted_clearly(from, end) && end[-1] != '\\' &&
           memchr(from, '\\', (size_t)(name_end - from)) == NULL;
}

bool
argument_line_is_clear(const char *line)
{
    struct argument unused;
    if (is_escaped(line) || strpbrk(line, "'\t\n"))
        return false;
    for (;;) {
        const char *from = line + strspn(line, " ");
        if (!next_argument(&line, &unused))
            return true;
        if (!is_clear(from, line))
            return false;
    }
}

bool
argument_line_is_plain(const char *line)
{
    for (const char *at = line; *at; at++) {
        if (*at < ' ' || *at > '~')
            return false;
    }
    return argument_line_is_clear(line);
}
