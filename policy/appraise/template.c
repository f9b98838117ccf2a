/* SPDX-License-Identifier: Apache-2.0 */
/* from: a template and a text; to: whether the whole text fits; never: backtracks (a set of states
 * moves over the text once). */
#include "appraise/template.h"

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define DIGITS     "0123456789"
#define HEX_DIGITS DIGITS "abcdefABCDEF"
#define NAME_CHARS DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._-"
#define UUID_FORM  "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh"

enum token_kind { TOKEN_LITERAL, TOKEN_HEX, TOKEN_INT, TOKEN_NAME, TOKEN_PATH, TOKEN_ANY };

/* One byte of the text, or one or more of a class. */
struct token {
    enum token_kind kind;
    bool repeats;
    char literal;
};

struct template
{
    char *text;    /* of the first: as it was written */
    char *literal; /* without doubled braces; NULL when it has holes */
    size_t n_tokens;
    struct token *tokens;
    struct template *next; /* where {a|b} stands for the next text */
};

struct hole {
    const char *name; /* with its braces */
    enum token_kind kind;
    const char *form; /* fixed: h is a hex digit, the rest stands for itself */
};

static const struct hole holes[] = {
    {"{uuid}", TOKEN_HEX, UUID_FORM}, {"{hex}", TOKEN_HEX, NULL},   {"{int}", TOKEN_INT, NULL},
    {"{name}", TOKEN_NAME, NULL},     {"{path}", TOKEN_PATH, NULL}, {"{any}", TOKEN_ANY, NULL},
};

static bool
is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c);
}

static bool
token_takes(const struct token *t, char c)
{
    switch (t->kind) {
    case TOKEN_LITERAL:
        return c == t->literal;
    case TOKEN_HEX:
        return is_one_of(c, HEX_DIGITS);
    case TOKEN_INT:
        return is_one_of(c, DIGITS);
    case TOKEN_NAME:
        return is_one_of(c, NAME_CHARS);
    case TOKEN_PATH:
        return is_one_of(c, NAME_CHARS "/+:@%~");
    case TOKEN_ANY: /* a backslash begins what event_text() escapes: a tab, say */
        return c > ' ' && c <= '~' && !is_one_of(c, "\"'\\");
    }
    return false;
}

static void
add_token(struct template *t, enum token_kind kind, bool repeats, char literal)
{
    t->tokens[t->n_tokens++] = (struct token){.kind = kind, .repeats = repeats, .literal = literal};
}

static void
add_form(struct template *t, const char *form)
{
    for (; *form; form++)
        add_token(t, *form == 'h' ? TOKEN_HEX : TOKEN_LITERAL, false, *form);
}

static const struct hole *
find_hole(const char *at)
{
    for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        if (text_starts(at, holes[i].name))
            return &holes[i];
    }
    return NULL;
}

static bool
touches_hole(const struct template *t)
{
    return t->n_tokens > 0 && t->tokens[t->n_tokens - 1].repeats;
}

/* The hole at the brace; *size is what it takes of the template. */
static enum status
add_hole(struct template *t, const char *at, size_t offset, size_t *size, struct diag *diag)
{
    const struct hole *hole = find_hole(at);
    if (!hole)
        return diag_set(
            diag, STATUS_INVALID, "template", offset,
            "no such hole at byte %zu; there are {uuid} {hex} {int} {name} {path} {any}, "
            "{a|b}, and {{ for a brace",
            offset);
    if (touches_hole(t))
        return diag_set(diag, STATUS_INVALID, "template", offset, "two holes touch at byte %zu",
                        offset);
    *size = strlen(hole->name);
    if (hole->form)
        add_form(t, hole->form);
    else
        add_token(t, hole->kind, true, '\0');
    return STATUS_OK;
}

static enum status
add_all(struct template *t, struct diag *diag)
{
    size_t size = 0;
    for (size_t i = 0; t->text[i]; i += size) {
        size = 1;
        if (t->text[i] != '{') {
            add_token(t, TOKEN_LITERAL, false, t->text[i]);
            continue;
        }
        if (t->text[i + 1] == '{') {
            add_token(t, TOKEN_LITERAL, false, '{');
            size = 2;
            continue;
        }
        enum status s = add_hole(t, t->text + i, i, &size, diag);
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status
keep_literal(struct arena *arena, struct template *t)
{
    char *literal = arena_alloc(arena, t->n_tokens + 1);
    if (!literal)
        return STATUS_NOMEM;
    for (size_t i = 0; i < t->n_tokens; i++) {
        if (t->tokens[i].kind != TOKEN_LITERAL)
            return STATUS_OK;
        literal[i] = t->tokens[i].literal;
    }
    t->literal = literal;
    return STATUS_OK;
}

static enum status
parse_one(struct arena *arena, const char *text, struct template **out, struct diag *diag)
{
    size_t size = strlen(text); /* at the most LIMIT_TEMPLATE: a choice makes it shorter */
    if (!text_is_printable(bytes_of_text(text)))
        return diag_set(diag, STATUS_INVALID, "template", 0, "holds control characters");
    struct template *t = arena_alloc(arena, sizeof *t);
    if (!t)
        return STATUS_NOMEM;
    t->text = arena_copy_text(arena, text);
    /* The longest token form for its text is the UUID: 36 tokens for 6 bytes. */
    t->tokens = arena_alloc_array(arena, size * 6 + 1, sizeof *t->tokens);
    if (!t->text || !t->tokens)
        return STATUS_NOMEM;
    enum status s = add_all(t, diag);
    if (s == STATUS_OK)
        s = keep_literal(arena, t);
    if (s == STATUS_OK)
        *out = t;
    return s;
}

/* ---- alternatives ---- */

/* The first {a|b}; NULL: there is none. *end is behind its brace. */
static const char *
find_choice(const char *text, const char **end)
{
    for (const char *at = strchr(text, '{'); at; at = strchr(at, '{')) {
        size_t size = strcspn(at + 1, "{}");
        bool choice = at[1 + size] == '}' && memchr(at + 1, '|', size) != NULL;
        if (at[1] != '{' && choice) {
            *end = at + size + 2;
            return at;
        }
        at += at[1] == '{' ? 2 : 1;
    }
    return NULL;
}

/* Text with one of the choice's texts in its place. */
static enum status
choose(struct arena *arena, const char *text, const char *from, size_t size, char **out)
{
    const char *end = NULL;
    const char *choice = find_choice(text, &end);
    size_t before = (size_t)(choice - text);
    *out = arena_alloc(arena, before + size + strlen(end) + 1);
    if (!*out)
        return STATUS_NOMEM;
    memcpy(*out, text, before);
    memcpy(*out + before, from, size);
    memcpy(*out + before + size, end, strlen(end) + 1);
    return STATUS_OK;
}

/* Texts without a choice, from one with some; in order. */
static enum status
expand(struct arena *arena, char **texts, size_t *n, struct diag *diag)
{
    const char *end = NULL;
    for (size_t i = 0; i < *n;) {
        const char *choice = find_choice(texts[i], &end);
        if (!choice) {
            i++;
            continue;
        }
        const char *text = texts[i];
        texts[i] = texts[--*n];
        for (const char *at = choice + 1; at < end; at++) {
            size_t size = strcspn(at, "|}");
            if (*n == LIMIT_TEMPLATE_CHOICES)
                return diag_set(diag, STATUS_LIMIT, "template", 0, "stands for more than %u texts",
                                LIMIT_TEMPLATE_CHOICES);
            enum status s = choose(arena, text, at, size, &texts[(*n)++]);
            if (s != STATUS_OK)
                return s;
            at += size;
        }
    }
    return STATUS_OK;
}

enum status
template_parse(struct arena *arena, const char *text, struct template **out, struct diag *diag)
{
    char *texts[LIMIT_TEMPLATE_CHOICES];
    size_t n = 1;
    struct template *first = NULL;
    if (strlen(text) > LIMIT_TEMPLATE)
        return diag_set(diag, STATUS_LIMIT, "template", 0, "longer than %u bytes", LIMIT_TEMPLATE);
    texts[0] = arena_copy_text(arena, text);
    enum status s = texts[0] ? expand(arena, texts, &n, diag) : STATUS_NOMEM;
    for (size_t i = n; s == STATUS_OK && i-- > 0;) {
        struct template *t = NULL;
        s = parse_one(arena, texts[i], &t, diag);
        if (s == STATUS_OK && t) {
            t->next = first;
            first = t;
        }
    }
    if (s != STATUS_OK || !first)
        return s;
    first->text = arena_copy_text(arena, text);
    *out = first;
    return first->text ? STATUS_OK : STATUS_NOMEM;
}

const char *
template_literal(const struct template *t, size_t i)
{
    for (; t && i > 0; i--)
        t = t->next;
    return t ? t->literal : NULL;
}

const char *
template_text(const struct template *t)
{
    return t->text;
}

/* States between the bytes of a text: state i says that the tokens before i are done. Only those
 * from low to high can be set, so that literal text costs one look a byte. */
struct states {
    uint8_t *set; /* n_tokens + 1 */
    size_t low, high;
};

static void
states_add(struct states *s, size_t i)
{
    s->set[i] = 1;
    if (i < s->low)
        s->low = i;
    if (i > s->high)
        s->high = i;
}

static void
states_empty(struct states *s, size_t n)
{
    if (s->low <= s->high)
        memset(s->set + s->low, 0, s->high - s->low + 1);
    s->low = n;
    s->high = 0;
}

/* next = the states after now and c. */
static void
step(const struct template *t, char c, const struct states *now, struct states *next)
{
    states_empty(next, t->n_tokens + 1);
    for (size_t i = now->low; i <= now->high; i++) {
        if (!now->set[i])
            continue;
        if (i < t->n_tokens && token_takes(&t->tokens[i], c))
            states_add(next, i + 1);
        /* A repeating token that was just done may take one more. */
        if (i > 0 && t->tokens[i - 1].repeats && token_takes(&t->tokens[i - 1], c))
            states_add(next, i);
    }
}

static enum status
match_one(const struct template *t, struct bytes text, bool *matches)
{
    size_t n = t->n_tokens + 1;
    CLEANUP(free_charp) char *memory = calloc(2, n);
    if (!memory)
        return STATUS_NOMEM;
    struct states a = {.set = (uint8_t *)memory, .low = n, .high = 0};
    struct states b = {.set = (uint8_t *)memory + n, .low = n, .high = 0};
    struct states *now = &a;
    struct states *next = &b;
    states_add(now, 0);
    for (size_t i = 0; i < text.size && now->low <= now->high; i++) {
        step(t, (char)text.data[i], now, next);
        struct states *swap = now;
        now = next;
        next = swap;
    }
    *matches = now->low <= now->high && now->set[t->n_tokens] != 0;
    return STATUS_OK;
}

enum status
template_match(const struct template *t, struct bytes text, bool *matches)
{
    enum status s = STATUS_OK;
    *matches = false;
    for (; s == STATUS_OK && t && !*matches && text.size <= LIMIT_TEMPLATE; t = t->next)
        s = match_one(t, text, matches);
    return s;
}

void
template_append_literal(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        buffer_append_u8(out, (uint8_t)*text);
        if (*text == '{')
            buffer_append_u8(out, '{');
    }
}
