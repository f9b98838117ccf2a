/* SPDX-License-Identifier: Apache-2.0 */
/* from: measurements; to: the text of a reference set; never: writes what the verifier would
 * refuse. */
#include "appraise/documents.h"
#include "appraise/template.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/set.h"
#include "ctl/signed_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE    "reference"
#define FILE_MODE 0644

struct set {
    const struct context *c;
    json_t *document;
    json_t *files;      /* object: each digest once */
    json_t *dbx;        /* the same */
    json_t *components; /* added by this command, for people */
    json_t *pcrs;
    json_t *notes;
    size_t n_files;
    size_t n_dbx;
    json_t *policy;
    struct buffer policy_text;
    const char *policy_path;
};

void
set_free(struct set *set)
{
    if (!set)
        return;
    json_decref(set->document);
    json_decref(set->files);
    json_decref(set->dbx);
    json_decref(set->components);
    json_decref(set->pcrs);
    json_decref(set->notes);
    json_decref(set->policy);
    buffer_free(&set->policy_text);
    free(set);
}

void
set_freep(struct set **set)
{
    set_free(*set);
    *set = NULL;
}

/* ---- where it begins ---- */

static enum status
check_text(struct bytes text, struct diag *diag)
{
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(document_freep) struct document *d = NULL;
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = document_parse(h, text, &d, diag);
    if (s == STATUS_OK && document_info(d)->kind != DOCUMENT_REFERENCE)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the document is no reference set");
    return s;
}

static enum status
load_set(const char *path, json_t **out, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    enum status s = file_load(path, LIMIT_DOCUMENT, &text, diag);
    if (s == STATUS_OK)
        s = check_text(buffer_bytes(&text), diag);
    if (s != STATUS_OK)
        return s;
    bool is_signed = false;
    s = signed_json_content(buffer_bytes(&text), out, &is_signed, diag);
    if (s == STATUS_OK && is_signed)
        (void)fprintf(stderr, "attestctl: %s is signed: sign what is made of it as well\n", path);
    return s;
}

static bool
set_text(json_t *object, const char *key, const char *text)
{
    return !text || json_object_set_new(object, key, json_string(text)) == 0;
}

static enum status
set_version(struct set *set, const char *text, struct diag *diag)
{
    uint64_t version = 0;
    if (text_parse_u64(text, INT64_MAX, &version) != STATUS_OK || version == 0)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--version is a number above 0");
    int rc = json_object_set_new(set->document, "version", json_integer((json_int_t)version));
    return rc == 0 ? STATUS_OK : STATUS_NOMEM;
}

static enum status
begin_new(struct set *set, const char *platform, struct diag *diag)
{
    const char *id = command_option(set->c, "id");
    const char *version = command_option(set->c, "version");
    if (!id || !version)
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--%s is missing", id ? "version" : "id");
    if (command_option(set->c, "alternative"))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--alternative needs --append");
    set->document = json_pack("{s:s, s:s, s:i}", "type", "reference", "id", id, "version", 1);
    const char *chosen = command_option(set->c, "platform");
    return set->document && set_text(set->document, "platform", chosen ? chosen : platform)
               ? STATUS_OK
               : STATUS_NOMEM;
}

static enum status
begin_append(struct set *set, const char *path, struct diag *diag)
{
    const char *id = command_option(set->c, "id");
    enum status s = load_set(path, &set->document, diag);
    if (s != STATUS_OK)
        return s;
    if (id && !text_equal(id, json_string_value(json_object_get(set->document, "id"))))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0, "--append: the set has another id");
    return set_text(set->document, "platform", command_option(set->c, "platform")) ? STATUS_OK
                                                                                   : STATUS_NOMEM;
}

enum status
set_platform(struct set *set, const char *platform)
{
    bool named = json_object_get(set->document, "platform") || command_option(set->c, "append");
    return named || set_text(set->document, "platform", platform) ? STATUS_OK : STATUS_NOMEM;
}

/* The digests that are there become keys, so that none is listed twice. */
static enum status
take_digests(const struct set *set, const char *member, json_t *once)
{
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(set->document, member), i, item)
    {
        if (json_object_set_new(once, json_string_value(item), json_true()) != 0)
            return STATUS_NOMEM;
    }
    return STATUS_OK;
}

enum status
set_open(const struct context *c, const char *platform, struct set **out, struct diag *diag)
{
    CLEANUP(set_freep) struct set *set = calloc(1, sizeof *set);
    if (!set)
        return STATUS_NOMEM;
    set->c = c;
    set->files = json_object();
    set->dbx = json_object();
    set->components = json_array();
    set->pcrs = json_array();
    set->notes = json_array();
    if (!set->files || !set->dbx || !set->components || !set->pcrs || !set->notes)
        return STATUS_NOMEM;
    const char *path = command_option(c, "append");
    const char *version = command_option(c, "version");
    enum status s = path ? begin_append(set, path, diag) : begin_new(set, platform, diag);
    if (s == STATUS_OK && version)
        s = set_version(set, version, diag);
    if (s == STATUS_OK && !set_text(set->document, "generation", command_option(c, "generation")))
        s = STATUS_NOMEM;
    if (s == STATUS_OK)
        s = take_digests(set, "files", set->files);
    if (s == STATUS_OK)
        s = take_digests(set, "dbx", set->dbx);
    if (s != STATUS_OK)
        return s;
    *out = set;
    set = NULL;
    return STATUS_OK;
}

/* ---- components ---- */

/* The array under key, made when it is not there. */
static json_t *
array_of(json_t *object, const char *key)
{
    json_t *list = json_object_get(object, key);
    if (!list && json_object_set_new(object, key, json_array()) == 0)
        list = json_object_get(object, key);
    return list;
}

static json_t *
encode_value(const struct measurement *m)
{
    json_t *value = json_object();
    bool ok = value && (!m->any || json_object_set_new(value, "any", json_true()) == 0);
    for (size_t i = 0; ok && !m->any && i < MEASUREMENT_N_ALGS; i++) {
        char hex[2 * ALG_MAX_SIZE + 1];
        if (m->digests[i].size == 0)
            continue; /* the source has this one algorithm only */
        (void)text_hex(digest_bytes(&m->digests[i]), hex, sizeof hex);
        ok = set_text(value, alg_name(m->digests[i].alg), hex);
    }
    ok = ok && (m->name[0] == '\0' || set_text(value, "name", m->name));
    if (ok)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *
encode_component(const struct set *set, const struct measurement *m)
{
    json_t *out = json_pack("{s:s, s:i, s:[o]}", "role", m->role, "pcr", (int)m->pcr, "values",
                            encode_value(m));
    bool ok = out && set_text(out, "bundle", command_option(set->c, "bundle"));
    if (ok && (m->min != 1 || m->max != 1))
        ok = json_object_set_new(out, "count", json_pack("[i, i]", (int)m->min, (int)m->max)) == 0;
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

/* One more value of a component, unless it is there. */
static enum status
add_value(json_t *component, const struct measurement *m)
{
    json_auto_t *value = encode_value(m);
    json_t *values = array_of(component, "values");
    size_t i;
    json_t *old;
    json_array_foreach(values, i, old)
    {
        if (text_equal(json_string_value(json_object_get(old, "sha256")),
                       json_string_value(json_object_get(value, "sha256"))))
            return STATUS_OK;
    }
    return value && json_array_append(values, value) == 0 ? STATUS_OK : STATUS_NOMEM;
}

static json_t *
find_component(const struct set *set, const struct measurement *m, size_t *from)
{
    const json_t *list = json_object_get(set->document, "components");
    for (size_t i = *from; i < json_array_size(list); i++) {
        json_t *one = json_array_get(list, i);
        if (json_integer_value(json_object_get(one, "pcr")) == (json_int_t)m->pcr &&
            text_equal(json_string_value(json_object_get(one, "role")), m->role)) {
            *from = i + 1;
            return one;
        }
    }
    return NULL;
}

/* PCR by PCR, since nothing orders one against another. */
static enum status
add_alternatives(struct set *set, const struct measurements *list, struct diag *diag)
{
    size_t from[LIMIT_PCRS] = {0};
    json_t *component = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct measurement *m = &list->items[i];
        if (!m->alternative || !component)
            component = m->pcr < LIMIT_PCRS ? find_component(set, m, &from[m->pcr]) : NULL;
        if (!component)
            return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                            "no component %.40s in PCR %u that this could be an alternative of",
                            m->role, m->pcr);
        enum status s = add_value(component, m);
        if (s == STATUS_OK && json_array_append_new(set->components, encode_component(set, m)) != 0)
            s = STATUS_NOMEM;
        if (s != STATUS_OK)
            return s;
    }
    return STATUS_OK;
}

enum status
set_add(struct set *set, const struct measurements *list, struct diag *diag)
{
    if (command_option(set->c, "alternative"))
        return add_alternatives(set, list, diag);
    json_t *components = list->n > 0 ? array_of(set->document, "components") : NULL;
    json_t *last = NULL;
    for (size_t i = 0; i < list->n; i++) {
        const struct measurement *m = &list->items[i];
        if (m->alternative && last) {
            if (add_value(last, m) != STATUS_OK)
                return STATUS_NOMEM;
            continue;
        }
        last = encode_component(set, m);
        if (json_array_append_new(components, last) != 0 ||
            json_array_append(set->components, last) != 0)
            return STATUS_NOMEM;
    }
    return STATUS_OK;
}

/* ---- lines, files, what is told ---- */

enum status
set_add_line(struct set *set, struct bytes text, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer plain = {0};
    CLEANUP(buffer_free) struct buffer literal = {0};
    if (text.size == 0 || !text_is_printable(text))
        return diag_set(diag, STATUS_INVALID, CLAUSE, 0,
                        "a command line is printable text without line ends");
    buffer_append(&plain, text);
    const char *line = buffer_text(&plain);
    if (!line)
        return STATUS_NOMEM;
    template_append_literal(&literal, line);
    line = buffer_text(&literal);
    json_t *lines = array_of(set->document, "command_lines");
    size_t i;
    json_t *old;
    json_array_foreach(lines, i, old)
    {
        if (text_equal(json_string_value(old), line))
            return STATUS_OK;
    }
    return line && json_array_append_new(lines, json_string(line)) == 0 ? STATUS_OK : STATUS_NOMEM;
}

static enum status
add_once(json_t *once, const struct digest *digest)
{
    char hex[2 * ALG_MAX_SIZE + 1];
    char text[sizeof hex + 16];
    (void)snprintf(text, sizeof text, "%s:%s", alg_name(digest->alg),
                   text_hex(digest_bytes(digest), hex, sizeof hex));
    return json_object_set_new(once, text, json_true()) == 0 ? STATUS_OK : STATUS_NOMEM;
}

enum status
set_add_file(struct set *set, const struct digest *digest)
{
    set->n_files++;
    return add_once(set->files, digest);
}

enum status
set_add_dbx(struct set *set, const struct digest *digest)
{
    set->n_dbx++;
    return add_once(set->dbx, digest);
}

enum status
set_tell_pcr(struct set *set, uint32_t pcr, const char *after,
             const struct digest digests[static MEASUREMENT_N_ALGS])
{
    json_t *one = json_pack("{s:i, s:s}", "pcr", (int)pcr, "after", after);
    bool ok = one != NULL;
    for (size_t i = 0; ok && i < MEASUREMENT_N_ALGS; i++) {
        char hex[2 * ALG_MAX_SIZE + 1];
        (void)text_hex(digest_bytes(&digests[i]), hex, sizeof hex);
        ok = set_text(one, alg_name(digests[i].alg), hex);
    }
    if (ok)
        return json_array_append_new(set->pcrs, one) == 0 ? STATUS_OK : STATUS_NOMEM;
    json_decref(one);
    return STATUS_NOMEM;
}

enum status
set_tell(struct set *set, const char *format, ...)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    va_list args;
    va_start(args, format);
    buffer_append_format_list(&text, format, args);
    va_end(args);
    const char *note = buffer_text(&text);
    return note && json_array_append_new(set->notes, json_string(note)) == 0 ? STATUS_OK
                                                                             : STATUS_NOMEM;
}

/* ---- writing ---- */

static int
order_texts(const void *a, const void *b)
{
    return text_order(*(const char *const *)a, *(const char *const *)b);
}

static enum status
put_digests(struct set *set, const char *member, json_t *once)
{
    size_t n = json_object_size(once);
    if (n == 0)
        return STATUS_OK;
    CLEANUP(free_charp) char *memory = calloc(n, sizeof(char *));
    json_auto_t *list = json_array();
    const char **texts = (const char **)(void *)memory;
    if (!texts || !list)
        return STATUS_NOMEM;
    const char *key;
    json_t *value;
    size_t i = 0;
    json_object_foreach(once, key, value) texts[i++] = key;
    qsort(texts, n, sizeof *texts, order_texts);
    for (i = 0; i < n; i++) {
        if (json_array_append_new(list, json_string(texts[i])) != 0)
            return STATUS_NOMEM;
    }
    return json_object_set(set->document, member, list) == 0 ? STATUS_OK : STATUS_NOMEM;
}

enum status
set_add_policy(struct set *set, const char *path, struct bytes text)
{
    set->policy_path = path;
    set->policy = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    buffer_append(&set->policy_text, text);
    return set->policy ? buffer_check(&set->policy_text) : STATUS_NOMEM;
}

bool
set_is_empty(const struct set *set)
{
    const json_t *d = set->document;
    return !json_object_get(d, "components") && !json_object_get(d, "dbx") &&
           !json_object_get(d, "command_lines") && json_object_size(set->files) == 0;
}

/* Nothing but a policy was made. */
static bool
is_policy_only(const struct set *set)
{
    return set->policy && set_is_empty(set);
}

static enum status
encode_set(struct set *set, struct buffer *out, struct diag *diag)
{
    enum status s = put_digests(set, "files", set->files);
    if (s == STATUS_OK)
        s = put_digests(set, "dbx", set->dbx);
    CLEANUP(free_charp)
    char *text = s == STATUS_OK ? json_dumps(set->document, JSON_INDENT(1)) : NULL;
    if (!text)
        return STATUS_NOMEM;
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    s = buffer_check(out);
    return s == STATUS_OK ? check_text(buffer_bytes(out), diag) : s;
}

static bool
print_json(const json_t *value)
{
    CLEANUP(free_charp) char *text = value ? json_dumps(value, JSON_INDENT(2)) : NULL;
    return text && puts(text) >= 0;
}

/* One document: what was added, and the set itself when it is written nowhere else. */
static bool
print_report(const struct set *set, const char *path)
{
    json_auto_t *report = json_pack("{s:O, s:O, s:O, s:I, s:I}", "components", set->components,
                                    "pcr_values", set->pcrs, "notes", set->notes, "files",
                                    (json_int_t)set->n_files, "dbx", (json_int_t)set->n_dbx);
    bool ok = report && set_text(report, "output", path);
    ok = ok && (path || is_policy_only(set) || json_object_set(report, "set", set->document) == 0);
    ok = ok && (!set->policy || json_object_set(report, "policy", set->policy) == 0);
    return ok && print_json(report);
}

static void
print_components(const struct set *set)
{
    size_t i;
    const json_t *one;
    json_array_foreach(set->components, i, one)
    {
        const json_t *value = json_array_get(json_object_get(one, "values"), 0);
        const char *hex = json_string_value(json_object_get(value, "sha256"));
        const char *name = json_string_value(json_object_get(value, "name"));
        (void)printf("  PCR %2d  %-24s  sha256:%.64s  %s\n",
                     (int)json_integer_value(json_object_get(one, "pcr")),
                     json_string_value(json_object_get(one, "role")), hex ? hex : "(any)",
                     name ? name : "");
    }
    json_array_foreach(set->pcrs, i, one)(void) printf(
        "  PCR %2d after %s: sha256:%s\n", (int)json_integer_value(json_object_get(one, "pcr")),
        json_string_value(json_object_get(one, "after")),
        json_string_value(json_object_get(one, "sha256")));
    if (set->n_files > 0)
        (void)printf("  files: %zu digests\n", set->n_files);
    if (set->n_dbx > 0)
        (void)printf("  dbx: %zu entries\n", set->n_dbx);
}

void
set_print_notes(const struct set *set)
{
    CLEANUP(buffer_free) struct buffer room = {0};
    size_t i;
    const json_t *note;
    json_array_foreach(set->notes, i, note)(void)
        fprintf(stderr, "attestctl: note: %s\n", command_plain(json_string_value(note), &room));
}

int
set_write(struct set *set)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    struct diag diag = {0};
    bool alone = is_policy_only(set);
    const char *path = alone ? NULL : command_option(set->c, "output");
    enum status s = alone ? STATUS_OK : encode_set(set, &text, &diag);
    if (s == STATUS_OK && set->policy)
        s = file_save(set->policy_path, buffer_bytes(&set->policy_text), FILE_MODE, &diag);
    if (s == STATUS_OK && path)
        s = file_save(path, buffer_bytes(&text), FILE_MODE, &diag);
    if (s != STATUS_OK) {
        (void)command_fail(s, &diag);
        return EXIT_USAGE;
    }
    bool ok = true;
    if (set->c->json)
        ok = print_report(set, path);
    else if (!path && !alone)
        ok = fwrite(text.data, 1, text.size, stdout) == text.size;
    set_print_notes(set);
    if (set->policy && !set->c->json)
        (void)fprintf(stderr, "attestctl: wrote %s, a policy: read it before it is put\n",
                      set->policy_path);
    if (path && !set->c->json) {
        (void)printf("wrote %s: read it before it is put\n", path);
        print_components(set);
    }
    return ok && fflush(stdout) == 0 ? EXIT_YES : command_fail(STATUS_IO, NULL);
}
