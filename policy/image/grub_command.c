/* SPDX-License-Identifier: Apache-2.0 */
/* from: a command with its words; to: what it does to the run, and what it opens; never: passes
 * over a command that it does not know. [GRUB manual "Commands"] */
#include "base/cleanup.h"
#include "base/text.h"
#include "image/grub_work.h"

#include <stdlib.h>
#include <string.h>

#define PCR_TEXT  8u
#define PCR_FILES 9u
#define ENV_BEGIN "# GRUB Environment Block\n"

typedef enum status (*handler)(struct grub_run *r, const struct grub_words *words,
                               const struct grub_script *block);

/* ---- files ---- */

/* "(device)/path", or "/path" on $root. */
static enum status
resolve(struct grub_run *r, const char *path, const char **device, const char **inside)
{
    const char *end = path[0] == '(' ? strchr(path, ')') : NULL;
    *device = grub_get(r, "root");
    *inside = path;
    if (end) {
        *device = grub_keep(r, bytes_of(path + 1, (size_t)(end - path) - 1));
        *inside = end + 1;
    }
    if (!*device)
        return STATUS_NOMEM;
    if (*inside[0] != '/' || strstr(*inside, "/../"))
        return grub_refuse(r, STATUS_UNSUPPORTED, "a path that is not absolute", path);
    return STATUS_OK;
}

static enum status
find(struct grub_run *r, const char *path, struct grub_file *out)
{
    const char *device;
    const char *inside;
    enum status s = resolve(r, path, &device, &inside);
    return s == STATUS_OK ? r->options->find(r->options->context, device, inside, out) : s;
}

enum status
grub_exists(struct grub_run *r, const char *path, bool *exists, bool *is_folder)
{
    struct grub_file file = {0};
    enum status s = find(r, path, &file);
    *exists = s == STATUS_OK;
    *is_folder = file.is_folder;
    return s == STATUS_NOT_FOUND ? STATUS_OK : s;
}

enum status
grub_open(struct grub_run *r, const char *path, const char *role, struct bytes *out)
{
    struct grub_file file = {0};
    enum status s = find(r, path, &file);
    if (s == STATUS_OK && file.is_folder)
        s = STATUS_NOT_FOUND;
    if (s != STATUS_OK)
        return s;
    *out = file.content;
    return measurements_add_data(r->out, r->h, measurement_of(PCR_FILES, role, bytes_of_text(path)),
                                 file.content);
}

/* A file that the boot cannot do without. */
static enum status
open_needed(struct grub_run *r, const char *path, const char *role)
{
    struct bytes content;
    enum status s = grub_open(r, path, role, &content);
    return s == STATUS_NOT_FOUND ? grub_refuse(r, s, "a file that is not there", path) : s;
}

static const char *
join(struct grub_run *r, const char *a, const char *b, const char *c)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    buffer_append_format(&text, "%s%s%s", a, b, c);
    return text.failed ? NULL : grub_keep(r, buffer_bytes(&text));
}

enum status
grub_read_lists(struct grub_run *r)
{
    static const char *const lists[] = {"command.lst", "fs.lst", "crypto.lst", "terminal.lst"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct bytes content;
        const char *folder = join(r, "/", grub_get(r, "grub_cpu"), "-efi/");
        const char *path = folder ? join(r, grub_get(r, "prefix"), folder, lists[i]) : NULL;
        enum status s = path ? grub_open(r, path, "grub-file", &content) : STATUS_NOMEM;
        if (s != STATUS_OK && s != STATUS_NOT_FOUND)
            return s;
    }
    return STATUS_OK;
}

/* ---- variables ---- */

static enum status
assign(struct grub_run *r, const char *text)
{
    const char *equals = strchr(text, '=');
    const char *name = grub_keep(r, bytes_of(text, (size_t)(equals - text)));
    enum status s = name ? grub_set(r, name, equals + 1) : STATUS_NOMEM;
    return s == STATUS_OK && text_equal(name, "prefix") ? grub_read_lists(r) : s;
}

static enum status
do_set(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    for (size_t i = 1; i < words->n; i++) {
        enum status s = strchr(words->items[i], '=') ? assign(r, words->items[i]) : STATUS_OK;
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

static enum status
do_unset(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    enum status s = STATUS_OK;
    for (size_t i = 1; s == STATUS_OK && i < words->n; i++)
        s = grub_set(r, words->items[i], "");
    return s;
}

static enum status
do_nothing(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)words;
    (void)block;
    r->result = 0;
    return STATUS_OK;
}

static enum status
do_false(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)words;
    (void)block;
    r->result = 1;
    return STATUS_OK;
}

static enum status
do_insmod(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    r->found->reads_modules = true;
    return do_nothing(r, words, block);
}

static enum status
do_test(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    size_t n = words->n - 1;
    bool value = false;
    if (text_equal(words->items[0], "[")) {
        if (n == 0 || !text_equal(words->items[n], "]"))
            return grub_refuse(r, STATUS_MALFORMED, "[ without ]", "");
        n--;
    }
    enum status s = grub_test(r, words->items + 1, n, &value);
    r->result = value ? 0 : 1;
    return s;
}

/* One "name=value" of an environment block; the names on the command, if any, are the only ones. */
static enum status
load_line(struct grub_run *r, const struct grub_words *words, size_t first, struct bytes line)
{
    const char *text = grub_keep(r, line);
    const char *equals = text ? strchr(text, '=') : NULL;
    if (!text)
        return STATUS_NOMEM;
    if (!equals || text[0] == '#')
        return STATUS_OK;
    struct bytes name = bytes_of(text, (size_t)(equals - text));
    bool wanted = first >= words->n;
    for (size_t i = first; i < words->n; i++)
        wanted = wanted || bytes_equal(name, bytes_of_text(words->items[i]));
    return wanted ? assign(r, text) : STATUS_OK;
}

static enum status
do_load_env(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    size_t first = 1;
    const char *path = join(r, grub_get(r, "prefix"), "/grubenv", "");
    struct bytes content = {0};
    for (; first < words->n && words->items[first][0] == '-'; first++) {
        bool named =
            text_equal(words->items[first], "-f") || text_equal(words->items[first], "--file");
        if (!named || first + 1 == words->n)
            return grub_refuse(r, STATUS_UNSUPPORTED, "load_env with", words->items[first]);
        path = words->items[++first];
    }
    enum status s = path ? grub_open(r, path, "grub-environment", &content) : STATUS_NOMEM;
    r->result = s == STATUS_OK ? 0 : 1;
    if (s != STATUS_OK)
        return s == STATUS_NOT_FOUND ? STATUS_OK : s;
    r->found->reads_environment = true;
    for (size_t at = 0; s == STATUS_OK && at < content.size;) {
        const uint8_t *end = memchr(content.data + at, '\n', content.size - at);
        size_t size = end ? (size_t)(end - content.data) - at : content.size - at;
        s = load_line(r, words, first, bytes_slice(content, at, size));
        at += size + 1;
    }
    return s;
}

/* The device of a file system that the person has named. */
static enum status
do_search(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    const char *variable = "root";
    const char *wanted = NULL;
    size_t n_plain = 0;
    bool by_file = text_equal(words->items[0], "search.file");
    for (size_t i = 1; i < words->n; i++) {
        const char *word = words->items[i];
        by_file = by_file || text_equal(word, "--file") || text_equal(word, "-f");
        if (text_starts(word, "--set="))
            variable = word + 6;
        if (word[0] == '-')
            continue;
        if (n_plain == 0)
            wanted = word;
        else if (n_plain == 1 && strchr(words->items[0], '.'))
            variable = word;
        n_plain++;
    }
    if (by_file)
        return grub_refuse(r, STATUS_UNSUPPORTED, "search for a file", wanted ? wanted : "");
    for (size_t i = 0; wanted && i < r->options->n_volumes; i++) {
        if (text_equal(r->options->volumes[i].name, wanted)) {
            r->result = 0;
            return grub_set(r, variable, r->options->volumes[i].value);
        }
    }
    return grub_refuse(r, STATUS_NOT_FOUND, "search for a file system that is not named",
                       wanted ? wanted : "");
}

static enum status
do_loadfont(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    r->result = words->n < 2 ? 1 : 0;
    for (size_t i = 1; i < words->n; i++) {
        const char *path = words->items[i];
        struct bytes content;
        if (path[0] != '(' && path[0] != '/')
            path = join(r, grub_get(r, "prefix"), "/fonts/", path);
        if (path && path != words->items[i])
            path = join(r, path, ".pf2", "");
        enum status s = path ? grub_open(r, path, "grub-font", &content) : STATUS_NOMEM;
        if (s != STATUS_OK && s != STATUS_NOT_FOUND)
            return s;
        r->result = s == STATUS_OK ? r->result : 1;
    }
    return STATUS_OK;
}

static enum status
do_source(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    if (words->n != 2)
        return grub_refuse(r, STATUS_MALFORMED, "a script is named by one word", "");
    return grub_run_file(r, words->items[1], text_equal(words->items[0], "configfile"));
}

/* ---- menu ---- */

static enum status
do_entry(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    struct grub_menu *menu = r->menu;
    struct grub_entry *e = menu->n < GRUB_MAX_ENTRIES ? &menu->entries[menu->n] : NULL;
    if (!e || block->text.size < 2)
        return grub_refuse(r, e ? STATUS_MALFORMED : STATUS_LIMIT,
                           e ? "a menu entry without a block" : "too many menu entries", "");
    *e = (struct grub_entry){.title = "", .id = "", .body = *block};
    e->submenu = text_equal(words->items[0], "submenu");
    e->body.text = bytes_slice(block->text, 1, block->text.size - 2);
    for (size_t i = 1; i < words->n; i++) {
        const char *word = words->items[i];
        bool valued = text_equal(word, "--class") || text_equal(word, "--users") ||
                      text_equal(word, "--hotkey") || text_equal(word, "--id");
        if (text_starts(word, "--id="))
            e->id = word + 5;
        else if (text_equal(word, "--id") && i + 1 < words->n)
            e->id = words->items[i + 1];
        if (valued)
            i++;
        else if (word[0] != '-' || word[1] != '-')
            e->args.items[e->args.n++] = word;
    }
    if (e->args.n > 0)
        e->title = e->args.items[0];
    menu->n++;
    r->result = 0;
    return STATUS_OK;
}

/* ---- kernel ---- */

/* As GRUB hands it over: a word with a blank in double quotes, quotes and backslashes escaped. */
static void
append_argument(struct buffer *out, const char *word)
{
    bool quoted = strchr(word, ' ') != NULL;
    if (quoted)
        buffer_append_u8(out, '"');
    for (size_t i = 0; word[i] != '\0'; i++) {
        if (word[i] == '\\' || word[i] == '\'' || word[i] == '"')
            buffer_append_u8(out, '\\');
        buffer_append_u8(out, (uint8_t)word[i]);
    }
    if (quoted)
        buffer_append_u8(out, '"');
}

static enum status
do_linux(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    if (words->n < 2)
        return grub_refuse(r, STATUS_MALFORMED, "no kernel is named", "");
    enum status s = open_needed(r, words->items[1], "kernel");
    if (s != STATUS_OK)
        return s;
    struct buffer *line = &r->found->command_line;
    buffer_reset(line);
    for (size_t i = 1; i < words->n; i++) {
        if (i > 1)
            buffer_append_u8(line, ' ');
        append_argument(line, words->items[i]);
    }
    s = buffer_check(line);
    r->has_kernel = true;
    r->result = 0;
    if (s != STATUS_OK)
        return s;
    return measurements_add_data(r->out, r->h,
                                 measurement_of(PCR_TEXT, "command-line", buffer_bytes(line)),
                                 buffer_bytes(line));
}

static enum status
do_initrd(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    (void)block;
    enum status s = STATUS_OK;
    for (size_t i = 1; s == STATUS_OK && i < words->n; i++) {
        if (text_starts(words->items[i], "newc:"))
            return grub_refuse(r, STATUS_UNSUPPORTED, "initrd with", words->items[i]);
        s = open_needed(r, words->items[i], "initrd");
    }
    r->result = 0;
    return s;
}

/* fwsetup is asked whether firmware has a setup program, which nearly all has. */
static const struct {
    const char *name;
    handler run;
} commands[] = {
    {"set", do_set},
    {"unset", do_unset},
    {"[", do_test},
    {"test", do_test},
    {"true", do_nothing},
    {"false", do_false},
    {"echo", do_nothing},
    {"export", do_nothing},
    {"insmod", do_insmod},
    {"setparams", do_nothing},
    {"clear", do_nothing},
    {"serial", do_nothing},
    {"terminal_input", do_nothing},
    {"terminal_output", do_nothing},
    {"sleep", do_nothing},
    {"terminal", do_nothing},
    {"play", do_nothing},
    {"fwsetup", do_nothing},
    {"background_color", do_nothing},
    {"keystatus", do_false},
    {"save_env", do_nothing},
    {"load_env", do_load_env},
    {"loadfont", do_loadfont},
    {"search", do_search},
    {"search.fs_uuid", do_search},
    {"search.fs_label", do_search},
    {"search.file", do_search},
    {"source", do_source},
    {".", do_source},
    {"configfile", do_source},
    {"menuentry", do_entry},
    {"submenu", do_entry},
    {"linux", do_linux},
    {"linuxefi", do_linux},
    {"initrd", do_initrd},
    {"initrdefi", do_initrd},
};

enum status
grub_command(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (text_equal(commands[i].name, words->items[0]))
            return commands[i].run(r, words, block);
    }
    if (strchr(words->items[0], '=') && words->items[0][0] != '=')
        return assign(r, words->items[0]);
    return grub_refuse(r, STATUS_UNSUPPORTED,
                       "a command whose effect on what is measured is not known", words->items[0]);
}
