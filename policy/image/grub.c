/* SPDX-License-Identifier: Apache-2.0 */
/* from: scripts and the entry to boot; to: what GRUB measures on the way; never: goes on behind a
 * command that it does not know. */
#include "base/cleanup.h"
#include "base/text.h"
#include "image/grub_work.h"

#include <stdlib.h>
#include <string.h>

#define PCR_COMMANDS 8u

/* What GRUB sets by itself on a PC with EFI. */
static const struct grub_pair presets[] = {
    {"grub_cpu", "x86_64"},
    {"grub_platform", "efi"},
    {"feature_200_final", "y"},
    {"feature_all_video_module", "y"},
    {"feature_chainloader_bpb", "y"},
    {"feature_default_font_path", "y"},
    {"feature_menuentry_id", "y"},
    {"feature_menuentry_options", "y"},
    {"feature_nativedisk_cmd", "y"},
    {"feature_ntldr", "y"},
    {"feature_platform_search_hint", "y"},
    {"feature_timeout_style", "y"},
};

static enum status run_list(struct grub_run *r, struct grub_script *s, bool run,
                            const char **keyword);

static enum status
measure_command(struct grub_run *r, const struct grub_words *words, const struct grub_script *block)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < words->n; i++)
        buffer_append_format(&text, "%s%s", i > 0 ? " " : "", words->items[i]);
    if (block->text.size > 0) {
        buffer_append_text(&text, " ");
        buffer_append(&text, block->text);
    }
    enum status s = buffer_check(&text);
    if (s == STATUS_OK)
        s = measurements_add_data(r->out, r->h,
                                  measurement_of(PCR_COMMANDS, "grub-command", buffer_bytes(&text)),
                                  buffer_bytes(&text));
    return s == STATUS_LIMIT ? grub_refuse(r, s, "too many commands", "") : s;
}

static enum status
call(struct grub_run *r, size_t function, const struct grub_words *words)
{
    const struct grub_words *before = r->params;
    struct grub_words *params = grub_alloc(r, sizeof *params);
    struct grub_script body = r->functions[function];
    const char *keyword = NULL;
    if (!params || r->depth == GRUB_MAX_DEPTH)
        return grub_refuse(r, STATUS_LIMIT, "functions too deep", "");
    params->n = words->n - 1;
    memcpy(params->items, words->items + 1, params->n * sizeof words->items[0]);
    r->params = params;
    r->depth++;
    enum status s = run_list(r, &body, true, &keyword);
    r->depth--;
    r->params = before;
    return s == STATUS_OK && keyword ? grub_refuse(r, STATUS_MALFORMED, "a word too many", keyword)
                                     : s;
}

static enum status
run_command(struct grub_run *r, struct grub_words *words, const struct grub_script *block)
{
    bool invert = false;
    enum status s = measure_command(r, words, block);
    if (s != STATUS_OK)
        return s;
    while (words->n > 0 && text_equal(words->items[0], "!")) {
        invert = !invert;
        words->n--;
        memmove(words->items, words->items + 1, words->n * sizeof words->items[0]);
    }
    if (words->n == 0)
        return STATUS_OK;
    for (size_t i = 0; i < r->n_functions; i++) {
        if (text_equal(r->function_names[i], words->items[0])) {
            s = call(r, i, words);
            r->result = invert ? !r->result : r->result;
            return s;
        }
    }
    r->result = 0;
    s = grub_command(r, words, block);
    r->result = invert ? !r->result : r->result;
    return s;
}

/* ---- grammar ---- */

static enum status
expect(struct grub_run *r, const char *keyword, const char *wanted)
{
    if (r->booted || text_equal(keyword, wanted))
        return STATUS_OK;
    return grub_refuse(r, STATUS_MALFORMED, "not where it is expected", wanted);
}

static enum status
run_if(struct grub_run *r, struct grub_script *s, bool run)
{
    bool done = !run;
    const char *keyword = "elif";
    unsigned result = 0;
    while (text_equal(keyword, "elif")) {
        enum status status = run_list(r, s, !done, &keyword);
        if (status == STATUS_OK)
            status = expect(r, keyword, "then");
        if (status != STATUS_OK)
            return status;
        bool branch = !done && r->result == 0;
        status = run_list(r, s, branch, &keyword);
        if (status != STATUS_OK)
            return status;
        result = branch ? r->result : result;
        done = done || branch;
    }
    if (text_equal(keyword, "else")) {
        enum status status = run_list(r, s, !done, &keyword);
        if (status != STATUS_OK)
            return status;
        result = done ? result : r->result;
    }
    r->result = run ? result : r->result;
    return expect(r, keyword, "fi");
}

static enum status
define(struct grub_run *r, struct grub_script *s, bool run)
{
    struct grub_words words;
    struct grub_script block;
    enum grub_token token;
    enum status status = grub_next(r, s, true, &token, &words, &block);
    if (status != STATUS_OK || !run)
        return status;
    if (token != GRUB_COMMAND || words.n != 1 || block.text.size < 2)
        return grub_refuse(r, STATUS_MALFORMED, "a function is a name and a block", "");
    if (r->n_functions == GRUB_MAX_ENTRIES)
        return grub_refuse(r, STATUS_LIMIT, "too many functions", "");
    block.text = bytes_slice(block.text, 1, block.text.size - 2);
    r->functions[r->n_functions] = block;
    r->function_names[r->n_functions++] = words.items[0];
    return STATUS_OK;
}

static enum status
run_keyword(struct grub_run *r, struct grub_script *s, bool run, const char *word, bool *ends)
{
    static const char *const ending[] = {"then", "elif", "else", "fi", "do", "done", "esac"};
    for (size_t i = 0; i < sizeof ending / sizeof ending[0]; i++)
        *ends = *ends || text_equal(word, ending[i]);
    if (*ends)
        return STATUS_OK;
    if (text_equal(word, "function"))
        return define(r, s, run);
    if (!text_equal(word, "if"))
        return grub_refuse(r, STATUS_UNSUPPORTED, "loops are not run here", word);
    if (r->depth == GRUB_MAX_DEPTH)
        return grub_refuse(r, STATUS_LIMIT, "conditions too deep", "");
    r->depth++;
    enum status status = run_if(r, s, run);
    r->depth--;
    return status;
}

/* Commands up to the end (*keyword is NULL) or to a keyword that ends a list. */
static enum status
run_list(struct grub_run *r, struct grub_script *s, bool run, const char **keyword)
{
    struct grub_words words;
    struct grub_script block;
    enum grub_token token = GRUB_COMMAND;
    *keyword = NULL;
    while (!r->booted) {
        bool ends = false;
        enum status status = grub_next(r, s, run, &token, &words, &block);
        if (status != STATUS_OK || token == GRUB_END)
            return status;
        if (token == GRUB_KEYWORD)
            status = run_keyword(r, s, run, words.items[0], &ends);
        else if (run && words.n > 0)
            status = run_command(r, &words, &block);
        if (status != STATUS_OK)
            return status;
        if (ends) {
            *keyword = words.items[0];
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

static enum status
run_script(struct grub_run *r, struct bytes text)
{
    const char *keyword = NULL;
    struct grub_script s = {.text = text, .line = 1};
    if (text.size > GRUB_MAX_SCRIPT)
        return grub_refuse(r, STATUS_LIMIT, "a script that is too large", "");
    if (r->depth == GRUB_MAX_DEPTH)
        return grub_refuse(r, STATUS_LIMIT, "scripts too deep", "");
    r->depth++;
    enum status status = run_list(r, &s, true, &keyword);
    r->depth--;
    if (status == STATUS_OK && keyword)
        return grub_refuse(r, STATUS_MALFORMED, "a word too many", keyword);
    return status;
}

/* ---- menus ---- */

static enum status
new_menu(struct grub_run *r, struct grub_menu **out)
{
    struct grub_menu *menu = grub_alloc(r, sizeof *menu);
    if (menu)
        menu->entries = grub_alloc(r, GRUB_MAX_ENTRIES * sizeof *menu->entries);
    *out = menu;
    return menu && menu->entries ? STATUS_OK : grub_refuse(r, STATUS_LIMIT, "too many menus", "");
}

/* "A>B" names an entry of a submenu; what stands behind the first is left for it. */
static const struct grub_entry *
find_entry(const struct grub_menu *menu, const char *wanted, size_t size)
{
    struct bytes name = bytes_of(wanted, size);
    uint64_t number = 0;
    char digits[8];
    for (size_t i = 0; i < menu->n; i++) {
        const struct grub_entry *e = &menu->entries[i];
        if (bytes_equal(name, bytes_of_text(e->title)) ||
            (e->id[0] != '\0' && bytes_equal(name, bytes_of_text(e->id))))
            return e;
    }
    (void)snprintf(digits, sizeof digits, "%.*s", (int)(size < 7 ? size : 7), wanted);
    if (text_parse_u64(digits, GRUB_MAX_ENTRIES, &number) != STATUS_OK || number >= menu->n)
        return NULL;
    return &menu->entries[number];
}

static enum status show_menu(struct grub_run *r, const char *wanted);

static enum status
run_entry(struct grub_run *r, const struct grub_entry *e, const char *rest)
{
    struct grub_words words = {.n = 1, .items = {"setparams"}};
    const struct grub_words *before = r->params;
    struct grub_menu *menu = r->menu;
    enum status s = STATUS_OK;
    for (size_t i = 0; i < e->args.n && words.n < GRUB_MAX_WORDS; i++)
        words.items[words.n++] = e->args.items[i];
    if (e->submenu)
        s = new_menu(r, &r->menu);
    r->params = &e->args;
    if (s == STATUS_OK)
        s = measure_command(r, &words, &(struct grub_script){0});
    struct grub_script body = e->body;
    const char *keyword = NULL;
    if (s == STATUS_OK)
        s = run_list(r, &body, true, &keyword);
    r->params = before;
    if (s == STATUS_OK && e->submenu)
        s = show_menu(r, rest[0] != '\0' ? rest : "0");
    r->menu = menu;
    r->booted = r->booted || (s == STATUS_OK && r->has_kernel);
    return s;
}

static enum status
show_menu(struct grub_run *r, const char *wanted)
{
    if (r->menu->n == 0 || r->booted)
        return STATUS_OK;
    if (r->depth == GRUB_MAX_DEPTH)
        return grub_refuse(r, STATUS_LIMIT, "menus too deep", "");
    const char *name = wanted ? wanted : grub_get(r, "default");
    if (name[0] == '\0')
        name = "0";
    /* A title may hold the mark itself. */
    const struct grub_entry *e = find_entry(r->menu, name, strlen(name));
    size_t size = e ? strlen(name) : strcspn(name, ">");
    if (!e)
        e = find_entry(r->menu, name, size);
    if (!e)
        return grub_refuse(r, STATUS_NOT_FOUND, "no such menu entry", name);
    r->depth++;
    enum status s = run_entry(r, e, name[size] == '>' ? name + size + 1 : "");
    r->depth--;
    return s;
}

enum status
grub_run_file(struct grub_run *r, const char *path, bool own_menu)
{
    struct bytes text = {0};
    struct grub_menu *menu = r->menu;
    enum status s = grub_open(r, path, "grub-file", &text);
    if (s == STATUS_NOT_FOUND) {
        r->result = 1;
        return STATUS_OK;
    }
    if (s == STATUS_OK && own_menu)
        s = new_menu(r, &r->menu);
    if (s == STATUS_OK)
        s = run_script(r, text);
    if (s == STATUS_OK && own_menu)
        s = show_menu(r, r->options->entry);
    r->menu = menu;
    return s;
}

/* ---- the run ---- */

static enum status
begin(struct grub_run *r)
{
    const struct grub_options *o = r->options;
    char prefix[512];
    int n = snprintf(prefix, sizeof prefix, "(%s)%s", o->device, o->prefix);
    r->variables = grub_alloc(r, GRUB_MAX_VARIABLES * sizeof *r->variables);
    r->functions = grub_alloc(r, GRUB_MAX_ENTRIES * sizeof *r->functions);
    r->function_names = grub_alloc(r, GRUB_MAX_ENTRIES * sizeof *r->function_names);
    if (!r->variables || !r->functions || !r->function_names)
        return STATUS_NOMEM;
    if (n < 0 || (size_t)n >= sizeof prefix)
        return grub_refuse(r, STATUS_INVALID, "the prefix is too long", "");
    enum status s = new_menu(r, &r->menu);
    for (size_t i = 0; s == STATUS_OK && i < sizeof presets / sizeof presets[0]; i++)
        s = grub_set(r, presets[i].name, presets[i].value);
    if (s == STATUS_OK)
        s = grub_set(r, "root", o->device);
    if (s == STATUS_OK)
        s = grub_set(r, "prefix", prefix);
    if (s == STATUS_OK)
        s = grub_set(r, "cmdpath", prefix);
    for (size_t i = 0; s == STATUS_OK && i < o->n_set; i++)
        s = grub_set(r, o->set[i].name, o->set[i].value);
    return s == STATUS_OK ? grub_read_lists(r) : s;
}

static enum status
run_all(struct grub_run *r)
{
    const struct grub_options *o = r->options;
    enum status s = begin(r);
    if (s != STATUS_OK)
        return s;
    if (o->begin.size > 0) {
        s = run_script(r, o->begin);
    } else {
        CLEANUP(buffer_free) struct buffer path = {0};
        buffer_append_format(&path, "%s/grub.cfg", grub_get(r, "prefix"));
        const char *text = buffer_text(&path);
        s = text ? grub_run_file(r, text, false) : STATUS_NOMEM;
    }
    if (s == STATUS_OK)
        s = show_menu(r, o->entry);
    if (s == STATUS_OK && !r->has_kernel)
        s = grub_refuse(r, STATUS_INVALID, "no kernel is booted by these scripts", "");
    return s;
}

enum status
grub_measure(struct hasher *h, const struct grub_options *options, struct measurements *out,
             struct grub_found *found, struct diag *diag)
{
    CLEANUP(grub_forget)
    struct grub_run r = {
        .h = h, .options = options, .out = out, .found = found, .diag = diag, .line = 1};
    *found = (struct grub_found){0};
    return run_all(&r);
}
