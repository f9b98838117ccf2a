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

bool
argument_stands(const char *line, const char *argument)
{
    struct argument wanted;
    struct argument found;
    if (!next_argument(&argument, &wanted))
        return false;
    while (next_argument(&line, &found)) {
        if (!is_named(found.name, wanted.name) || found.has_value != wanted.has_value)
            continue;
        if (wanted.value.size == 0 || bytes_equal(found.value, wanted.value))
            return true;
    }
    return false;
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

bool
argument_line_is_plain(const char *line)
{
    for (; *line; line++) {
        if (*line < ' ' || *line > '~')
            return false;
        if (*line == '\\' && *++line != '\\')
            return false;
    }
    return true;
}
