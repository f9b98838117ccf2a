/* SPDX-License-Identifier: Apache-2.0 */
/* from: libconfig's text; to: a tree; never: follows an @include. */
#include "image/libconfig_json.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE    "libconfig"
#define NAME_SIZE 128u

struct work {
    struct bytes in;
    size_t at;
    size_t line;
    unsigned depth;
    struct diag *diag;
};

static enum status read_value(struct work *w, json_t **out);

static enum status
refuse(struct work *w, const char *what)
{
    return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, w->line, "%s", what);
}

static int
peek(const struct work *w)
{
    return w->at < w->in.size ? w->in.data[w->at] : EOF;
}

static bool
begins(const struct work *w, const char *text)
{
    struct bytes t = bytes_of_text(text);
    return w->in.size - w->at >= t.size && bytes_equal(bytes_slice(w->in, w->at, t.size), t);
}

static void
skip_line(struct work *w)
{
    while (w->at < w->in.size && peek(w) != '\n')
        w->at++;
}

/* False when a comment has no end. */
static bool
skip_comment(struct work *w)
{
    for (w->at += 2; w->at < w->in.size; w->at++) {
        if (begins(w, "*/")) {
            w->at += 2;
            return true;
        }
        w->line += peek(w) == '\n';
    }
    return false;
}

/* Blanks and the three forms of comments. */
static bool
skip_blanks(struct work *w)
{
    for (;;) {
        int c = peek(w);
        if (c == '#' || begins(w, "//")) {
            skip_line(w);
        } else if (begins(w, "/*")) {
            if (!skip_comment(w))
                return false;
        } else if (c != EOF && strchr(" \t\r\n\f", c) && c != '\0') {
            w->line += c == '\n';
            w->at++;
        } else {
            return true;
        }
    }
}

static bool
take(struct work *w, const char *one_of)
{
    int c = peek(w);
    if (c <= 0 || !strchr(one_of, c))
        return false;
    w->at++;
    return true;
}

/* ---- scalars ---- */

static bool
take_escape(struct work *w, struct buffer *out)
{
    static const char from[] = "\\\"nrtfab v";
    static const char to[] = "\\\"\n\r\t\f\a\b \v";
    int c = peek(w);
    const char *found = c > ' ' ? strchr(from, c) : NULL;
    if (!found)
        return false; /* \x among them: nothing here needs it */
    w->at++;
    buffer_append_u8(out, (uint8_t)to[found - from]);
    return true;
}

/* One or more strings, which are joined. */
static enum status
read_string(struct work *w, json_t **out)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    while (take(w, "\"")) {
        while (!take(w, "\"")) {
            int c = peek(w);
            if (c == EOF)
                return refuse(w, "a string without an end");
            w->at++;
            w->line += c == '\n';
            if (c != '\\')
                buffer_append_u8(&text, (uint8_t)c);
            else if (!take_escape(w, &text))
                return refuse(w, "an escape that is not known");
        }
        if (!skip_blanks(w))
            return refuse(w, "a comment without an end");
    }
    if (text.failed)
        return STATUS_NOMEM;
    *out = json_stringn(text.data ? (const char *)text.data : "", text.size);
    return *out ? STATUS_OK : refuse(w, "a string that is no UTF-8");
}

/* true, false, or a number, which is kept as its text: nothing here counts with one. */
static enum status
read_word(struct work *w, json_t **out)
{
    char word[NAME_SIZE];
    size_t n = 0;
    while (n + 1 < sizeof word && peek(w) > 0 &&
           (isalnum(peek(w)) || strchr("+-.", peek(w)) != NULL))
        word[n++] = (char)w->in.data[w->at++];
    word[n] = '\0';
    if (text_equal_fold(word, "true") || text_equal_fold(word, "false"))
        *out = json_boolean(text_equal_fold(word, "true"));
    else if (n > 0 && strchr("+-.0123456789", word[0]))
        *out = json_string(word);
    else
        return refuse(w, "a value is missing or not known");
    return *out ? STATUS_OK : STATUS_NOMEM;
}

/* ---- groups and lists ---- */

static enum status
read_name(struct work *w, char out[static NAME_SIZE])
{
    size_t n = 0;
    while (n + 1 < NAME_SIZE && peek(w) > 0 &&
           (isalnum(peek(w)) || (n > 0 && strchr("-_*", peek(w))) || peek(w) == '*'))
        out[n++] = (char)w->in.data[w->at++];
    out[n] = '\0';
    if (n == 0)
        return refuse(w, peek(w) == '@' ? "@include: all settings must be in one file"
                                        : "a setting's name is wanted");
    return STATUS_OK;
}

/* NAME = VALUE; up to the end, which is not taken. */
static enum status
read_settings(struct work *w, int end, json_t *object)
{
    for (;;) {
        char name[NAME_SIZE];
        json_t *value = NULL;
        if (!skip_blanks(w))
            return refuse(w, "a comment without an end");
        if (peek(w) == end)
            return STATUS_OK;
        enum status s = read_name(w, name);
        if (s != STATUS_OK)
            return s;
        if (!skip_blanks(w) || !take(w, "=:"))
            return refuse(w, "= or : is wanted behind a setting's name");
        if (json_object_get(object, name))
            return refuse(w, "a setting that was there before");
        s = read_value(w, &value);
        if (s != STATUS_OK)
            return s;
        if (json_object_set_new(object, name, value) != 0)
            return STATUS_NOMEM;
        if (skip_blanks(w))
            (void)take(w, ";,");
    }
}

static enum status
read_list(struct work *w, const char *end, json_t *list)
{
    for (;;) {
        json_t *value = NULL;
        if (!skip_blanks(w))
            return refuse(w, "a comment without an end");
        if (take(w, end))
            return STATUS_OK;
        enum status s = read_value(w, &value);
        if (s != STATUS_OK)
            return s;
        if (json_array_append_new(list, value) != 0)
            return STATUS_NOMEM;
        if (!skip_blanks(w) || (!take(w, ",") && peek(w) != end[0]))
            return refuse(w, "a list without an end");
    }
}

static enum status
read_container(struct work *w, json_t **out)
{
    json_auto_t *made = NULL;
    enum status s = STATUS_OK;
    if (w->depth == LIMIT_JSON_DEPTH)
        return diag_set(w->diag, STATUS_LIMIT, CLAUSE, w->line, "nested too deep");
    w->depth++;
    if (take(w, "{")) {
        made = json_object();
        s = made ? read_settings(w, '}', made) : STATUS_NOMEM;
        if (s == STATUS_OK)
            w->at++;
    } else {
        made = json_array();
        s = !made ? STATUS_NOMEM : read_list(w, take(w, "(") ? ")" : (w->at++, "]"), made);
    }
    w->depth--;
    if (s == STATUS_OK)
        *out = json_incref(made);
    return s;
}

static enum status
read_value(struct work *w, json_t **out)
{
    if (!skip_blanks(w))
        return refuse(w, "a comment without an end");
    int c = peek(w);
    if (c == '"')
        return read_string(w, out);
    return c > 0 && strchr("{([", c) ? read_container(w, out) : read_word(w, out);
}

enum status
libconfig_parse(struct bytes text, json_t **out, struct diag *diag)
{
    struct work w = {.in = text, .line = 1, .diag = diag};
    json_auto_t *root = json_object();
    if (!root)
        return STATUS_NOMEM;
    enum status s = read_settings(&w, EOF, root);
    if (s == STATUS_OK)
        *out = json_incref(root);
    return s;
}
