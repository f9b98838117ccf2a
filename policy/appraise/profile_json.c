/* SPDX-License-Identifier: Apache-2.0 */
/* from: components, command lines and files; to: the text of a reference set; never: writes what
 * document_parse() would refuse. */
#include "appraise/profile_event.h"
#include "appraise/reference.h"
#include "base/text.h"

#include <jansson.h>
#include <stdlib.h>

#define NAME_MAX_SHOWN 200u

/* json_pack() takes over what "o" is given, also on failure; NULL fails it. */
static json_t *
encode_value(const struct profile_component *c)
{
    json_t *value = json_object();
    bool ok = value != NULL;
    if (c->is_volatile)
        ok = ok && json_object_set_new(value, "any", json_true()) == 0;
    const struct profile_event *e = c->event;
    for (size_t i = 0; ok && !c->is_volatile && i < e->n_digests; i++) {
        char hex[2 * ALG_MAX_SIZE + 1];
        (void)text_hex(digest_bytes(&e->digests[i]), hex, sizeof hex);
        ok = json_object_set_new(value, alg_name(e->digests[i].alg), json_string(hex)) == 0;
    }
    char name[NAME_MAX_SHOWN];
    if (ok && c->name[0] != '\0') {
        bool whole = text_copy(name, sizeof name, c->name);
        ok = json_object_set_new(
                 value, "name",
                 whole && text_is_printable(bytes_of_text(name))
                     ? json_string(name)
                     : json_string(text_escape(bytes_of_text(c->name), name, sizeof name))) == 0;
    }
    if (ok)
        return value;
    json_decref(value);
    return NULL;
}

static json_t *
encode_component(const struct profile_component *c)
{
    json_t *out = json_pack("{s:s, s:i, s:[o]}", "role", c->role, "pcr", (int)c->event->pcr,
                            "values", encode_value(c));
    if (out && c->count > 1 &&
        json_object_set_new(out, "count", json_pack("[i, i]", (int)c->count, (int)c->count)) != 0) {
        json_decref(out);
        return NULL;
    }
    return out;
}

static json_t *
encode_texts(const char *const *texts, size_t n)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < n; i++) {
        if (json_array_append_new(list, json_string(texts[i])) == 0)
            continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *
encode_components(const struct profile *p)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < p->n_components; i++) {
        if (json_array_append_new(list, encode_component(&p->components[i])) == 0)
            continue;
        json_decref(list);
        return NULL;
    }
    return list;
}

/* NULL text or list: the member is left out. */
static bool
set_text(json_t *document, const char *key, const char *text)
{
    return !text || json_object_set_new(document, key, json_string(text)) == 0;
}

static bool
set_list(json_t *document, const char *key, json_t *list)
{
    if (list && json_array_size(list) > 0)
        return json_object_set_new(document, key, list) == 0;
    bool ok = list != NULL;
    json_decref(list);
    return ok;
}

enum status
profile_encode(const struct profile *p, struct buffer *out)
{
    const struct profile_options *o = p->options;
    json_auto_t *d = json_pack("{s:s, s:s, s:I}", "type", "reference", "id", o->id, "version",
                               (json_int_t)o->version);
    bool ok =
        d && set_text(d, "description", o->description) &&
        set_text(d, "platform", reference_platform_name(reference_platform_of(p->platform))) &&
        set_text(d, "generation", o->generation) &&
        set_list(d, "components", encode_components(p)) &&
        set_list(d, "command_lines", encode_texts(p->lines, p->n_lines)) &&
        set_list(d, "files", encode_texts(p->files, p->n_files));
    char *text = ok ? json_dumps(d, JSON_INDENT(1)) : NULL;
    if (!text)
        return STATUS_NOMEM;
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    free(text);
    return buffer_check(out);
}
