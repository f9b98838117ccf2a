/* SPDX-License-Identifier: Apache-2.0 */
/* from: a table, a file and its drop-ins; to: checked values with their origins; never: ignores a
 * line, or prints a secret. */
#include "base/config.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE    "config"
#define SEPARATOR " \t," /* between the items of a list */

static const struct {
    const char *word;
    bool value;
} bool_words[] = {{"yes", true}, {"true", true},   {"on", true},
                  {"no", false}, {"false", false}, {"off", false}};

/* One file on its way through inih, which asks for lines and hands back keys. */
struct load {
    struct config *config;
    const char *file;
    struct bytes rest; /* what inih has not asked for yet */
    unsigned long line;
    bool *seen; /* by entry: given in this file already */
    enum status status;
    struct diag *diag;
};

/* The first failure of a file stands; no more of its lines are read. Never holds a value, since it
 * may be a secret. */
static void
fail_line(struct load *l, const char *what, const char *subject)
{
    if (l->status == STATUS_OK)
        l->status = diag_set(l->diag, STATUS_INVALID, CLAUSE, l->line, "%s:%lu: %s%s", l->file,
                             l->line, subject, what);
}

static bool
parse_bool(const char *value, bool *out)
{
    for (size_t i = 0; i < sizeof bool_words / sizeof bool_words[0]; i++) {
        if (text_equal(bool_words[i].word, value)) {
            *out = bool_words[i].value;
            return true;
        }
    }
    return false;
}

/* The next item of a list at or after *p, which moves behind it; size 0 at the end. */
static struct bytes
next_item(const char **p)
{
    const char *begin = *p + strspn(*p, SEPARATOR);
    size_t size = strcspn(begin, SEPARATOR);
    *p = begin + size;
    return bytes_of(begin, size);
}

/* What is wrong with value, or NULL. */
static const char *
check_value(enum config_type type, const char *value)
{
    uint64_t number = 0;
    int64_t duration = 0;
    bool truth = false;
    switch (type) {
    case CONFIG_TEXT:
        return NULL;
    case CONFIG_BOOL:
        return parse_bool(value, &truth) ? NULL : ": neither yes nor no";
    case CONFIG_U64:
        return text_parse_u64(value, UINT64_MAX, &number) == STATUS_OK ? NULL : ": not a number";
    case CONFIG_DURATION_S:
        return text_parse_duration_s(value, &duration) == STATUS_OK ? NULL : ": not a duration";
    case CONFIG_LIST:
        break;
    }
    struct bytes item = next_item(&value);
    while (item.size > 0 && item.size < CONFIG_ITEM_SIZE)
        item = next_item(&value);
    return item.size == 0 ? NULL : ": an item is too long";
}

static struct config_entry *
find_entry(const struct config *c, const char *section, const char *key)
{
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct config_spec *spec = c->entries[i].spec;
        if (text_equal(spec->section, section) && text_equal(spec->key, key))
            return &c->entries[i];
    }
    return NULL;
}

static void
wipe_text(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
}

/* Give e a copy of value (NULL: unset) and of origin. */
static enum status
set_entry(struct config_entry *e, const char *value, const char *origin)
{
    char *new_value = value ? strdup(value) : NULL;
    char *new_origin = strdup(origin);
    if (!new_origin || (value && !new_value)) {
        wipe_text(new_value);
        free(new_origin);
        return STATUS_NOMEM;
    }
    wipe_text(e->value);
    free(e->origin);
    e->value = new_value;
    e->origin = new_origin;
    return STATUS_OK;
}

static bool
has_section(const struct config *c, struct bytes name)
{
    for (size_t i = 0; i < c->n_entries; i++) {
        if (bytes_equal(bytes_of_text(c->entries[i].spec->section), name))
            return true;
    }
    return false;
}

/* inih tells of a section only with its first key, and ignores what follows the bracket. */
static void
check_section(struct load *l, struct bytes line)
{
    const uint8_t *end = memchr(line.data, ']', line.size);
    if (!end) {
        fail_line(l, "a section without its ]", "");
        return;
    }
    size_t size = (size_t)(end - line.data) - 1;
    if (!has_section(l->config, bytes_slice(line, 1, size)))
        fail_line(l, "unknown section", "");
    for (const uint8_t *p = end + 1; p < line.data + line.size; p++) {
        if (*p == '#' || *p == ';')
            return;
        if (*p != ' ' && *p != '\t' && *p != '\r')
            fail_line(l, "text after a section's ]", "");
    }
}

/* Leading blanks go away, since inih takes an indented line for more of the value above it. */
static struct bytes
take_line(struct load *l)
{
    const uint8_t *newline = memchr(l->rest.data, '\n', l->rest.size);
    size_t size = newline ? (size_t)(newline - l->rest.data) : l->rest.size;
    struct bytes line = bytes_slice(l->rest, 0, size);
    l->rest = bytes_slice(l->rest, newline ? size + 1 : size, l->rest.size - size - !!newline);
    l->line++;
    while (line.size > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        line = bytes_slice(line, 1, line.size - 1);
    return line;
}

/* inih's reader: the next line into out of size n, or NULL at the end or after a failure. */
static char *
give_line(char *out, int n, void *stream)
{
    struct load *l = stream;
    if (l->status != STATUS_OK || l->rest.size == 0)
        return NULL;
    struct bytes line = take_line(l);
    if (line.size + 2 > (size_t)n)
        fail_line(l, "the line is too long", "");
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t' && line.data[i] != '\r'))
            fail_line(l, "a control character", "");
    }
    if (line.size > 0 && line.data[0] == '[')
        check_section(l, line);
    if (l->status != STATUS_OK)
        return NULL;
    if (line.size > 0)
        memcpy(out, line.data, line.size);
    out[line.size] = '\n';
    out[line.size + 1] = '\0';
    return out;
}

/* Set e, or add to a list that this file has begun. */
static enum status
put_value(struct load *l, struct config_entry *e, const char *value)
{
    size_t i = (size_t)(e - l->config->entries);
    CLEANUP(buffer_free) struct buffer whole = {0};
    CLEANUP(buffer_free) struct buffer origin = {0};
    if (l->seen[i] && e->spec->type == CONFIG_LIST)
        buffer_append_format(&whole, "%s ", e->value);
    buffer_append_text(&whole, value);
    buffer_append_format(&origin, "%s:%lu", l->file, l->line);
    l->seen[i] = true;
    const char *text = buffer_text(&whole);
    const char *from = buffer_text(&origin);
    return text && from ? set_entry(e, text, from) : STATUS_NOMEM;
}

/* inih's handler. Its answer does not matter: l->status does. */
static int
take_key(void *user, const char *section, const char *key, const char *value)
{
    struct load *l = user;
    struct config_entry *e = find_entry(l->config, section, key);
    if (!e) {
        fail_line(l, ": unknown key", key);
    } else if (l->seen[e - l->config->entries] && e->spec->type != CONFIG_LIST) {
        fail_line(l, ": given twice in one file", key);
    } else {
        const char *wrong = check_value(e->spec->type, value);
        if (wrong)
            fail_line(l, wrong, key);
        else if (l->status == STATUS_OK && put_value(l, e, value) != STATUS_OK)
            l->status = STATUS_NOMEM;
    }
    return 1;
}

static enum status
parse_file(struct load *l)
{
    int line = ini_parse_stream(give_line, l, take_key, l);
    if (l->status == STATUS_OK && line < 0)
        return STATUS_NOMEM;
    if (line > 0) {
        l->line = (unsigned long)line;
        fail_line(l, "neither a [section] nor key = value", "");
    }
    return l->status;
}

static enum status
load_file(struct config *c, const char *file, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = file_load(file, LIMIT_CONFIG, &text, diag);
    if (s != STATUS_OK)
        return s;
    struct load l = {
        .config = c,
        .file = file,
        .rest = buffer_bytes(&text),
        .seen = calloc(c->n_entries + 1, sizeof(bool)),
        .diag = diag,
    };
    s = l.seen ? parse_file(&l) : STATUS_NOMEM;
    free(l.seen);
    return s;
}

static int
is_drop_in(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return entry->d_name[0] != '.' && size > 5 && text_equal(entry->d_name + size - 5, ".conf");
}

static int
order_by_name(const struct dirent **a, const struct dirent **b)
{
    return text_order((*a)->d_name, (*b)->d_name);
}

/* A drop-in that the directory names but that is not there is not STATUS_NOT_FOUND. */
static enum status
load_drop_in(struct config *c, const char *directory, const char *name, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_format(&path, "%s/%s", directory, name);
    const char *file = buffer_text(&path);
    enum status s = file ? load_file(c, file, diag) : STATUS_NOMEM;
    return s == STATUS_NOT_FOUND ? STATUS_IO : s;
}

static enum status
load_drop_ins(struct config *c, const char *file, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    buffer_append_format(&path, "%s.d", file);
    const char *directory = buffer_text(&path);
    if (!directory)
        return STATUS_NOMEM;
    struct dirent **names = NULL;
    int n = scandir(directory, &names, is_drop_in, order_by_name);
    if (n < 0 && errno == ENOENT)
        return STATUS_OK;
    if (n < 0)
        return diag_set(diag, STATUS_IO, CLAUSE, 0, "%s: %s", directory, strerror(errno));
    enum status s = STATUS_OK;
    for (int i = 0; i < n; i++) {
        if (s == STATUS_OK)
            s = load_drop_in(c, directory, names[i]->d_name, diag);
        free(names[i]);
    }
    free(names);
    return s;
}

static enum status
init_defaults(struct config *c, const struct config_spec *specs, size_t n_specs, struct diag *diag)
{
    *c = (struct config){.entries = calloc(n_specs + 1, sizeof *c->entries)};
    if (!c->entries)
        return STATUS_NOMEM;
    for (size_t i = 0; i < n_specs; i++) {
        const char *wrong = NULL;
        if (specs[i].fallback)
            wrong = check_value(specs[i].type, specs[i].fallback);
        if (wrong)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "default of %s%s", specs[i].key,
                            wrong);
        c->entries[i].spec = &specs[i];
        c->n_entries = i + 1;
        if (set_entry(&c->entries[i], specs[i].fallback, "default") != STATUS_OK)
            return STATUS_NOMEM;
    }
    return STATUS_OK;
}

enum status
config_load(const char *file, const struct config_spec *specs, size_t n_specs, struct config *out,
            struct diag *diag)
{
    enum status s = init_defaults(out, specs, n_specs, diag);
    if (s != STATUS_OK)
        return s;
    enum status main_status = load_file(out, file, diag);
    if (main_status != STATUS_OK && main_status != STATUS_NOT_FOUND)
        return main_status;
    s = load_drop_ins(out, file, diag);
    return s != STATUS_OK ? s : main_status;
}

enum status
config_override(struct config *c, const char *section, const char *key, const char *value,
                struct diag *diag)
{
    struct config_entry *e = find_entry(c, section, key);
    if (!e)
        return diag_set(diag, STATUS_NOT_FOUND, CLAUSE, 0, "%s.%s: unknown key", section, key);
    const char *wrong = check_value(e->spec->type, value);
    if (wrong)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "%s.%s%s", section, key, wrong);
    return set_entry(e, value, "--set");
}

/* The value of a key of the table; another key, or one asked for as another type, is our bug. */
static const char *
value_of(const struct config *c, const char *section, const char *key, enum config_type type)
{
    const struct config_entry *e = find_entry(c, section, key);
    assert(e && e->spec->type == type);
    return e && e->spec->type == type ? e->value : NULL;
}

const char *
config_text(const struct config *c, const char *section, const char *key)
{
    return value_of(c, section, key, CONFIG_TEXT);
}

bool
config_bool(const struct config *c, const char *section, const char *key)
{
    const char *value = value_of(c, section, key, CONFIG_BOOL);
    bool truth = false;
    return value && parse_bool(value, &truth) && truth;
}

uint64_t
config_u64(const struct config *c, const char *section, const char *key)
{
    const char *value = value_of(c, section, key, CONFIG_U64);
    uint64_t number = 0;
    return value && text_parse_u64(value, UINT64_MAX, &number) == STATUS_OK ? number : 0;
}

int64_t
config_duration_s(const struct config *c, const char *section, const char *key)
{
    const char *value = value_of(c, section, key, CONFIG_DURATION_S);
    int64_t duration = 0;
    return value && text_parse_duration_s(value, &duration) == STATUS_OK ? duration : 0;
}

bool
config_list_item(const struct config *c, const char *section, const char *key, size_t i, char *out,
                 size_t out_size)
{
    const char *p = value_of(c, section, key, CONFIG_LIST);
    if (!p)
        return false;
    struct bytes item = next_item(&p);
    for (; i > 0 && item.size > 0; i--)
        item = next_item(&p);
    assert(item.size < out_size);
    if (item.size == 0 || item.size >= out_size)
        return false;
    memcpy(out, item.data, item.size);
    out[item.size] = '\0';
    return true;
}

void
config_print(const struct config *c, FILE *out)
{
    for (size_t i = 0; i < c->n_entries; i++) {
        const struct config_entry *e = &c->entries[i];
        const char *shown = e->value ? e->value : "(unset)";
        if (e->value && e->spec->secret)
            shown = "(set)";
        (void)fprintf(out, "%s.%s = %s  # %s\n", e->spec->section, e->spec->key, shown, e->origin);
    }
}

void
config_free(struct config *c)
{
    for (size_t i = 0; i < c->n_entries; i++) {
        wipe_text(c->entries[i].value);
        free(c->entries[i].origin);
    }
    free(c->entries);
    *c = (struct config){0};
}
