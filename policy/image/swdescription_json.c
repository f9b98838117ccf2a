/* SPDX-License-Identifier: Apache-2.0 */
/* from: the text of sw-description; to: the files that it names; never: chooses one of its
 * software collections: every one is taken. */
#include "base/limits.h"
#include "base/text.h"
#include "image/libconfig_json.h"
#include "image/swdescription.h"

#include <string.h>

#define CLAUSE     "sw-description"
#define PLACE_SIZE 160u

struct work {
    struct artifacts *out;
    struct leftovers *leftovers;
    struct diag *diag;
    unsigned depth;
};

static const char *const lists[] = {"images", "files", "scripts"};

static bool
is_list(const char *key)
{
    bool found = false;
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        found = found || text_equal(lists[i], key);
    return found;
}

/* "software.stable.copy-1", printable. */
static void
join(const char *place, const char *key, char out[static PLACE_SIZE])
{
    char text[64];
    (void)snprintf(out, PLACE_SIZE, "%.90s.%s", place,
                   text_escape(bytes_of_text(key), text, sizeof text));
}

static void
leave(struct work *w, const char *place, const json_t *value)
{
    char text[128];
    if (json_is_string(value))
        leftovers_add(w->leftovers, "%s = %s", place,
                      text_escape(bytes_of_text(json_string_value(value)), text, sizeof text));
    else
        leftovers_add(w->leftovers, "%s", place);
}

/* What says that the file's bytes are not those that are installed. */
static bool
is_packed(const json_t *entry)
{
    const json_t *compressed = json_object_get(entry, "compressed");
    const json_t *encrypted = json_object_get(entry, "encrypted");
    return (compressed && !json_is_false(compressed)) || (encrypted && !json_is_false(encrypted));
}

static void
leave_members(struct work *w, const char *place, json_t *entry)
{
    const char *key;
    json_t *value;
    json_object_foreach(entry, key, value)
    {
        char member[PLACE_SIZE];
        if (text_equal(key, "filename") || text_equal(key, "sha256"))
            continue;
        join(place, key, member);
        leave(w, member, value);
    }
}

/* A file of a list. The place in leftovers is its name, which people know it by. */
static enum status
take_entry(struct work *w, const char *list, json_t *entry)
{
    char place[PLACE_SIZE];
    const char *name = json_string_value(json_object_get(entry, "filename"));
    const json_t *sha256 = json_object_get(entry, "sha256");
    struct artifact *a = NULL;
    if (!name)
        return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0,
                        "an entry of %s without a filename that is text", list);
    enum status s = artifacts_add(w->out, name, list, &a, w->diag);
    if (s != STATUS_OK)
        return s;
    a->is_file = text_equal(list, "files") && !is_packed(entry);
    if (sha256 && !json_is_string(sha256))
        return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0, "%s: sha256 is no text", a->name);
    if (sha256)
        s = artifact_state(a, json_string_value(sha256), w->diag);
    (void)snprintf(place, sizeof place, "%s %s", list, a->name);
    leave_members(w, place, entry);
    return s;
}

static enum status
take_list(struct work *w, const char *list, const json_t *entries)
{
    enum status s = STATUS_OK;
    if (!json_is_array(entries))
        return diag_set(w->diag, STATUS_MALFORMED, CLAUSE, 0, "%s is no list", list);
    for (size_t i = 0; s == STATUS_OK && i < json_array_size(entries); i++)
        s = take_entry(w, list, json_array_get(entries, i));
    return s;
}

static enum status
walk(struct work *w, const char *place, json_t *group)
{
    const char *key;
    json_t *value;
    enum status s = STATUS_OK;
    if (w->depth == LIMIT_JSON_DEPTH)
        return diag_set(w->diag, STATUS_LIMIT, CLAUSE, 0, "nested too deep");
    w->depth++;
    json_object_foreach(group, key, value)
    {
        char member[PLACE_SIZE];
        join(place, key, member);
        if (is_list(key))
            s = take_list(w, key, value);
        else if (json_is_object(value))
            s = walk(w, member, value);
        else
            leave(w, member, value);
        if (s != STATUS_OK)
            return s;
    }
    w->depth--;
    return s;
}

static enum status
load(struct bytes text, json_t **out, struct diag *diag)
{
    json_error_t error;
    size_t at = 0;
    if (text.size > LIMIT_JSON_BODY)
        return diag_set(diag, STATUS_LIMIT, CLAUSE, 0, "larger than %u bytes", LIMIT_JSON_BODY);
    while (at < text.size && strchr(" \t\r\n", text.data[at]) && text.data[at] != '\0')
        at++;
    if (at == text.size || text.data[at] != '{')
        return libconfig_parse(text, out, diag);
    *out = json_loadb((const char *)text.data, text.size, JSON_REJECT_DUPLICATES, &error);
    return *out ? STATUS_OK
                : diag_set(diag, STATUS_MALFORMED, CLAUSE, (uint64_t)error.line, "%.120s",
                           error.text);
}

enum status
swdescription_parse(struct bytes text, struct artifacts *out, struct leftovers *leftovers,
                    struct diag *diag)
{
    struct work w = {.out = out, .leftovers = leftovers, .diag = diag};
    json_auto_t *root = NULL;
    *out = (struct artifacts){0};
    enum status s = load(text, &root, diag);
    if (s != STATUS_OK)
        return s;
    json_t *software = json_object_get(root, "software");
    if (!json_is_object(software) || json_object_size(root) != 1)
        return diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "one group, software, is wanted");
    s = walk(&w, "software", software);
    if (s == STATUS_OK && out->n == 0)
        s = diag_set(diag, STATUS_MALFORMED, CLAUSE, 0, "it names no file");
    return s == STATUS_OK ? leftovers_check(leftovers) : s;
}
