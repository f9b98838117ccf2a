/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference from-group: what the trusted devices of a group agree on, as a candidate;
 * who does not agree is listed. */
#include "base/cleanup.h"
#include "base/text.h"
#include "ctl/profile_set.h"
#include "ctl/remote_json.h"

#include <string.h>

#define CELL    256
#define LEAST   2u   /* devices that can agree */
#define MEMBERS 500u /* of a group */

/* ---- the members ---- */

static int
list_members(struct context *c, json_t *ids)
{
    CLEANUP(buffer_free) struct buffer path = {0};
    json_auto_t *answer = NULL;
    buffer_append_format(&path, "/v1/devices?verdict=trusted&limit=%u", MEMBERS);
    const char *label = options_get_nth(c->options, "label", 0);
    if (!label)
        return command_fail(STATUS_INVALID,
                            &(struct diag){.clause = "--label", .text = "a group is expected"});
    for (size_t i = 0; label; label = options_get_nth(c->options, "label", ++i)) {
        if (!strchr(label, '=') || strpbrk(label, "&?#% "))
            return command_fail(STATUS_INVALID, &(struct diag){.clause = "--label",
                                                               .text = "KEY=VALUE is expected"});
        buffer_append_format(&path, "&label=%s", label);
    }
    const char *text = buffer_text(&path);
    int rc = text ? remote_call(c, "GET", text, NULL, &answer) : command_fail(STATUS_NOMEM, NULL);
    size_t i;
    json_t *d;
    json_array_foreach(json_object_get(answer, "devices"), i, d)(void)
        json_array_append(ids, json_object_get(d, "id"));
    if (rc == EXIT_YES && json_is_string(json_object_get(answer, "next")))
        (void)fprintf(stderr, "attestctl: note: only the first %u members are asked\n", MEMBERS);
    return rc;
}

/* One set a member, with its device. */
static int
fetch_sets(struct context *c, const struct profile_options *o, const json_t *ids, json_t *sets)
{
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        CLEANUP(buffer_free) struct buffer text = {0};
        int rc = profile_set_of_device(c, json_string_value(id), o, &text);
        if (rc != EXIT_YES)
            return rc;
        json_t *set = json_loadb((const char *)text.data, text.size, 0, NULL);
        if (!set || json_array_append_new(sets, json_pack("{s:O, s:o}", "device", id, "set", set)))
            return command_fail(STATUS_NOMEM, NULL);
    }
    return EXIT_YES;
}

/* ---- agreement ---- */

/* How often each text was given; the one that more than half gave, or NULL. */
static const char *
find_majority(json_t *counts, size_t n)
{
    const char *text;
    json_t *count;
    json_object_foreach(counts, text, count)
    {
        if ((size_t)json_integer_value(count) * 2 > n)
            return text;
    }
    return NULL;
}

static void
count_text(json_t *counts, const char *text)
{
    json_int_t n = json_integer_value(json_object_get(counts, text));
    (void)json_object_set_new(counts, text, json_integer(n + 1));
}

/* Which components, in which order: "0 firmware;4 shim;". */
static void
append_shape(const json_t *set, struct buffer *out)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(set, "components"), i, one) buffer_append_format(
        out, "%lld %s;", (long long)json_integer_value(json_object_get(one, "pcr")),
        json_string_value(json_object_get(one, "role")));
}

static char *
shape_of(const json_t *set)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    append_shape(set, &text);
    const char *shape = buffer_text(&text);
    return shape ? strdup(shape) : NULL;
}

/* Members whose boot has another build than most are outliers as a whole. */
static json_t *
keep_like(const json_t *sets, const char *majority)
{
    json_t *kept = json_array();
    size_t i;
    json_t *row;
    json_array_foreach(sets, i, row)
    {
        CLEANUP(free_charp) char *shape = shape_of(json_object_get(row, "set"));
        if (text_equal(shape, majority))
            (void)json_array_append(kept, row);
        else
            (void)fprintf(stderr, "outlier: %s boots by other components\n",
                          json_string_value(json_object_get(row, "device")));
    }
    return kept;
}

static json_t *
component_at(const json_t *row, size_t i)
{
    return json_array_get(json_object_get(json_object_get(row, "set"), "components"), i);
}

static char *
values_of(const json_t *row, size_t i)
{
    return json_dumps(json_object_get(component_at(row, i), "values"),
                      JSON_COMPACT | JSON_SORT_KEYS);
}

static void
tell_outliers(const json_t *kept, size_t i, const char *agreed)
{
    size_t k;
    json_t *row;
    json_array_foreach(kept, k, row)
    {
        CLEANUP(free_charp) char *values = values_of(row, i);
        if (!text_equal(values, agreed))
            (void)fprintf(stderr, "outlier: %s has another %s\n",
                          json_string_value(json_object_get(row, "device")),
                          json_string_value(json_object_get(component_at(row, i), "role")));
    }
}

/* The component as more than half have it; false: they do not agree. */
static bool
agree_on(const json_t *kept, size_t i, json_t *components)
{
    json_auto_t *counts = json_object();
    size_t k;
    json_t *row;
    json_array_foreach(kept, k, row)
    {
        CLEANUP(free_charp) char *values = values_of(row, i);
        if (values)
            count_text(counts, values);
    }
    const char *agreed = find_majority(counts, json_array_size(kept));
    if (!agreed) {
        const json_t *one = component_at(json_array_get(kept, 0), i);
        (void)fprintf(stderr, "left out: %s in PCR %lld: %zu members have %zu values\n",
                      json_string_value(json_object_get(one, "role")),
                      (long long)json_integer_value(json_object_get(one, "pcr")),
                      json_array_size(kept), json_object_size(counts));
        return false;
    }
    json_array_foreach(kept, k, row)
    {
        CLEANUP(free_charp) char *values = values_of(row, i);
        if (!text_equal(values, agreed))
            continue;
        (void)json_array_append(components, component_at(row, i));
        break;
    }
    tell_outliers(kept, i, agreed);
    return true;
}

/* Texts of a list (command lines, files) that more than half have. */
static json_t *
agree_on_texts(const json_t *kept, const char *name)
{
    json_auto_t *counts = json_object();
    json_t *agreed = json_array();
    size_t i, k;
    json_t *row, *text, *count;
    const char *key;
    json_array_foreach(kept, i, row)
    {
        json_array_foreach(json_object_get(json_object_get(row, "set"), name), k, text)
            count_text(counts, json_string_value(text));
    }
    json_object_foreach(counts, key, count)
    {
        if ((size_t)json_integer_value(count) * 2 > json_array_size(kept))
            (void)json_array_append_new(agreed, json_string(key));
    }
    return agreed;
}

static void
set_texts(json_t *set, const json_t *kept, const char *name)
{
    json_t *texts = agree_on_texts(kept, name);
    if (json_array_size(texts) > 0)
        (void)json_object_set(set, name, texts);
    else
        (void)json_object_del(set, name);
    json_decref(texts);
}

static json_t *
merge_sets(const json_t *sets)
{
    json_auto_t *shapes = json_object();
    size_t i;
    json_t *row;
    json_array_foreach(sets, i, row)
    {
        CLEANUP(free_charp) char *shape = shape_of(json_object_get(row, "set"));
        if (shape)
            count_text(shapes, shape);
    }
    const char *majority = find_majority(shapes, json_array_size(sets));
    if (!majority) {
        (void)fprintf(stderr,
                      "attestctl: no more than half of the group boot by the same components\n");
        return NULL;
    }
    json_auto_t *kept = keep_like(sets, majority);
    json_t *set = json_deep_copy(json_object_get(json_array_get(kept, 0), "set"));
    json_t *components = json_array();
    size_t n = json_array_size(json_object_get(set, "components"));
    for (i = 0; i < n; i++)
        (void)agree_on(kept, i, components);
    (void)json_object_set_new(set, "components", components);
    set_texts(set, kept, "command_lines");
    set_texts(set, kept, "files");
    return set;
}

static int
write_candidate(const struct context *c, const json_t *set)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(free_charp) char *json = json_dumps(set, JSON_INDENT(2));
    if (!json)
        return command_fail(STATUS_NOMEM, NULL);
    buffer_append_text(&text, json);
    buffer_append_text(&text, "\n");
    return profile_set_write(c, &text);
}

static int
run_from_group(struct context *c)
{
    json_auto_t *ids = json_array();
    json_auto_t *sets = json_array();
    struct profile_options o;
    struct diag diag = {0};
    enum status s = profile_set_options(c, &o, &diag);
    if (s != STATUS_OK)
        return command_fail(s, &diag);
    int rc = list_members(c, ids);
    if (rc == EXIT_YES && json_array_size(ids) < LEAST) {
        (void)fprintf(stderr, "attestctl: the group has %zu trusted members: %u can agree\n",
                      json_array_size(ids), LEAST);
        return EXIT_NO;
    }
    if (rc == EXIT_YES)
        rc = fetch_sets(c, &o, ids, sets);
    if (rc != EXIT_YES)
        return rc;
    json_auto_t *set = merge_sets(sets);
    return set ? write_candidate(c, set) : EXIT_NO;
}

const struct command group_commands[] = {
    {"reference", "from-group",
     "--label KEY=VALUE --id ID --version N [--generation NAME] [--output FILE]", 0, 0,
     "write a candidate of what the trusted devices of a group agree on", run_from_group,
     COMMAND_REMOTE "label id version generation output"},
};
const size_t group_n_commands = sizeof group_commands / sizeof *group_commands;
