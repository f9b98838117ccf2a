/* SPDX-License-Identifier: Apache-2.0 */
/* from: the text of a script; to: commands with their words filled in; never: runs one. [GRUB
 * manual "Shell-like scripting"] */
#include "base/cleanup.h"
#include "base/text.h"
#include "image/grub_work.h"

#include <stdlib.h>
#include <string.h>

static const char *const keywords[] = {
    "if",    "then", "elif", "else", "fi",   "function", "while",
    "until", "for",  "do",   "done", "case", "esac",     "select",
};

/* One word on its way: pieces gather in text; a split makes more words of it. */
struct word {
    struct grub_run *r;
    struct grub_words *words; /* NULL: only the extent counts */
    struct buffer text;
    bool there; /* something, or quotes around nothing */
    bool bare;  /* no quote, escape or variable in it so far */
};

static void
clear_word(struct word *w)
{
    buffer_free(&w->text);
}

enum status
grub_refuse(const struct grub_run *r, enum status status, const char *what, const char *word)
{
    char shown[64];
    (void)text_escape(bytes_of_text(word), shown, sizeof shown);
    return diag_set(r->diag, status, "GRUB script", r->line, "%s%s%s", what,
                    shown[0] != '\0' ? ": " : "", shown);
}

static int
peek(const struct grub_script *s, size_t ahead)
{
    return s->text.size - s->at > ahead ? s->text.data[s->at + ahead] : -1;
}

static int
take(struct grub_script *s)
{
    int c = peek(s, 0);
    if (c >= 0)
        s->at++;
    s->line += c == '\n' ? 1 : 0;
    return c;
}

static bool
is_blank(int c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_name(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
ends_word(int c)
{
    return c < 0 || is_blank(c) || c == '\n' || c == ';';
}

static enum status
end_word(struct word *w)
{
    if (!w->there || !w->words) {
        w->there = false;
        buffer_reset(&w->text);
        return STATUS_OK;
    }
    if (w->words->n == GRUB_MAX_WORDS || w->text.size > GRUB_MAX_WORD)
        return grub_refuse(w->r, STATUS_LIMIT, "a command with too many or too long words", "");
    const char *copy = grub_keep(w->r, buffer_bytes(&w->text));
    if (!copy || w->text.failed)
        return STATUS_NOMEM;
    w->words->items[w->words->n++] = copy;
    w->there = false;
    buffer_reset(&w->text);
    return STATUS_OK;
}

static void
add_byte(struct word *w, int c)
{
    buffer_append_u8(&w->text, (uint8_t)c);
    w->there = true;
}

/* Outside of quotes a value is split at its blanks. */
static enum status
add_value(struct word *w, const char *value, bool quoted)
{
    if (w->text.size > GRUB_MAX_WORD)
        return grub_refuse(w->r, STATUS_LIMIT, "a word that is too long", "");
    if (quoted) {
        buffer_append_text(&w->text, value);
        return STATUS_OK;
    }
    for (size_t i = 0; value[i] != '\0'; i++) {
        enum status s = STATUS_OK;
        if (is_blank(value[i]) || value[i] == '\n')
            s = end_word(w);
        else
            add_byte(w, (uint8_t)value[i]);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static const char *
value_of(const struct grub_run *r, const char *name)
{
    static char one_digit[2][2] = {"0", "1"};
    uint64_t number = 0;
    if (text_equal(name, "?"))
        return one_digit[r->result != 0];
    if (text_parse_u64(name, GRUB_MAX_WORDS, &number) != STATUS_OK)
        return grub_get(r, name);
    return r->params && number > 0 && number <= r->params->n ? r->params->items[number - 1] : "";
}

/* "$name", "${name}", "$1", "$?"; a dollar before anything else is one. */
static enum status
read_variable(struct word *w, struct grub_script *s, bool quoted)
{
    char name[64];
    size_t n = 0;
    w->bare = false;
    bool braces = peek(s, 0) == '{';
    if (braces)
        (void)take(s);
    while (n + 1 < sizeof name && (is_name(peek(s, 0)) || (n == 0 && peek(s, 0) == '?')))
        name[n++] = (char)take(s);
    name[n] = '\0';
    if ((braces && take(s) != '}') || (braces && n == 0) || (!braces && is_name(peek(s, 0))))
        return grub_refuse(w->r, STATUS_MALFORMED, "a variable's name is not one", name);
    if (n == 0) {
        int c = peek(s, 0);
        if (c == '*' || c == '@' || c == '#')
            return grub_refuse(w->r, STATUS_UNSUPPORTED, "$*, $@ and $# are not known", "");
        add_byte(w, '$');
        return STATUS_OK;
    }
    return w->words ? add_value(w, value_of(w->r, name), quoted) : STATUS_OK;
}

static enum status
read_quoted(struct word *w, struct grub_script *s, int quote)
{
    w->bare = false;
    w->there = true;
    for (int c = take(s); c != quote; c = take(s)) {
        enum status status = STATUS_OK;
        if (c < 0)
            return grub_refuse(w->r, STATUS_MALFORMED, "a quote that does not end", "");
        if (quote == '"' && c == '\\' && peek(s, 0) == '\n')
            (void)take(s);
        else if (quote == '"' && c == '\\' &&
                 (peek(s, 0) == '"' || peek(s, 0) == '\\' || peek(s, 0) == '$'))
            add_byte(w, take(s));
        else if (quote == '"' && c == '$')
            status = read_variable(w, s, true);
        else
            add_byte(w, c);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status
read_word(struct word *w, struct grub_script *s)
{
    w->bare = true;
    while (!ends_word(peek(s, 0))) {
        int c = take(s);
        enum status status = STATUS_OK;
        if (c == '\'' || c == '"') {
            status = read_quoted(w, s, c);
        } else if (c == '$') {
            status = read_variable(w, s, false);
        } else if (c == '\\') {
            c = take(s);
            w->bare = false;
            if (c >= 0 && c != '\n')
                add_byte(w, c);
        } else if (c == '|' || c == '&' || c == '<' || c == '>') {
            status = grub_refuse(w->r, STATUS_UNSUPPORTED, "|, &, < and > have no meaning", "");
        } else {
            add_byte(w, c);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static void
skip_comment(struct grub_script *s)
{
    while (peek(s, 0) >= 0 && peek(s, 0) != '\n')
        (void)take(s);
}

/* Blanks, and between commands also their ends and comments. */
static void
skip_blanks(struct grub_script *s, bool between)
{
    for (;;) {
        int c = peek(s, 0);
        if (c == '#') {
            skip_comment(s);
            continue;
        }
        if (c == '\\' && peek(s, 1) == '\n')
            s->at++;
        else if (!is_blank(c) && !(between && (c == '\n' || c == ';')))
            return;
        (void)take(s);
    }
}

static void
skip_quoted(struct grub_script *s, int quote)
{
    for (int c = take(s); c >= 0 && c != quote; c = take(s)) {
        if (c == '\\' && quote == '"')
            (void)take(s);
    }
}

/* From an opening brace to its end. */
static enum status
read_block(struct grub_run *r, struct grub_script *s, struct grub_script *block)
{
    size_t begin = s->at;
    unsigned depth = 0;
    bool word_begins = true;
    block->line = s->line;
    do {
        int c = take(s);
        if (c < 0)
            return grub_refuse(r, STATUS_MALFORMED, "a block that does not end", "");
        if (c == '#' && word_begins)
            skip_comment(s);
        else if (c == '\'' || c == '"')
            skip_quoted(s, c);
        else if (c == '\\')
            (void)take(s);
        depth += c == '{' ? 1 : 0;
        depth -= c == '}' ? 1 : 0;
        word_begins = is_blank(c) || c == '\n' || c == ';' || c == '{';
    } while (depth > 0);
    block->text = bytes_slice(s->text, begin, s->at - begin);
    block->at = 0;
    return STATUS_OK;
}

static bool
is_keyword(const char *word)
{
    for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
        if (text_equal(word, keywords[i]))
            return true;
    }
    return false;
}

/* The first word of a command decides whether it is one. */
static enum status
read_first(struct word *w, struct grub_script *s, enum grub_token *token)
{
    char bare[16];
    enum status status = read_word(w, s);
    if (status != STATUS_OK)
        return status;
    bool fits = w->bare && w->text.size < sizeof bare && !w->text.failed;
    (void)snprintf(bare, sizeof bare, "%.*s", fits ? (int)w->text.size : 0,
                   fits ? (const char *)w->text.data : "");
    *token = fits && is_keyword(bare) ? GRUB_KEYWORD : GRUB_COMMAND;
    return STATUS_OK;
}

enum status
grub_next(struct grub_run *r, struct grub_script *s, bool run, enum grub_token *token,
          struct grub_words *words, struct grub_script *block)
{
    CLEANUP(clear_word) struct word w = {.r = r, .words = words};
    words->n = 0;
    *block = (struct grub_script){0};
    skip_blanks(s, true);
    *token = GRUB_END;
    r->line = s->line;
    if (peek(s, 0) < 0)
        return STATUS_OK;
    enum status status = read_first(&w, s, token);
    if (status == STATUS_OK)
        status = end_word(&w);
    if (*token == GRUB_KEYWORD)
        return status;
    w.words = run ? words : NULL;
    for (skip_blanks(s, false); status == STATUS_OK && !ends_word(peek(s, 0));
         skip_blanks(s, false)) {
        if (peek(s, 0) == '{' && ends_word(peek(s, 1)))
            return read_block(r, s, block);
        status = read_word(&w, s);
        if (status == STATUS_OK)
            status = end_word(&w);
    }
    return status;
}
