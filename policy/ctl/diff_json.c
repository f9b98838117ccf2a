/* SPDX-License-Identifier: Apache-2.0 */
/* attestctl reference diff: from: two reference sets; to: what a boot may be under one and not
 * under the other, in words or as JSON; never: compares texts. */
#include "appraise/documents.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "ctl/command.h"
#include "ctl/signed_json.h"

#include <jansson.h>
#include <stdlib.h>

#define CLAUSE    "reference diff"
#define HEX_SHOWN 16

struct diff {
    json_t *from, *to; /* the documents */
    json_t *members;   /* what else of them differs */
    json_t *changes;   /* components */
    json_t *order;     /* PCRs whose components stand in another order */
    json_t *lines_added, *lines_removed;
    json_t *files_added, *files_removed;
};

static void
clear(struct diff *d)
{
    json_t *all[] = {d->from,          d->to,          d->members,
                     d->changes,       d->order,       d->lines_added,
                     d->lines_removed, d->files_added, d->files_removed};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        json_decref(all[i]);
}

static enum status
load(const char *path, json_t **out, struct diag *diag)
{
    CLEANUP(buffer_free) struct buffer text = {0};
    CLEANUP(hasher_freep) struct hasher *h = NULL;
    CLEANUP(document_freep) struct document *d = NULL;
    enum status s = hasher_new(&h);
    if (s == STATUS_OK)
        s = file_load(path, LIMIT_DOCUMENT, &text, diag);
    if (s == STATUS_OK)
        s = document_parse(h, buffer_bytes(&text), &d, diag);
    if (s == STATUS_OK && document_info(d)->kind != DOCUMENT_REFERENCE)
        s = diag_set(diag, STATUS_INVALID, CLAUSE, 0, "the document is no reference set");
    if (s != STATUS_OK)
        return s;
    bool is_signed = false;
    return signed_json_content(buffer_bytes(&text), out, &is_signed, diag);
}

/* ---- components ---- */

static bool
same_place(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "pcr"), json_object_get(b, "pcr")) &&
           json_equal(json_object_get(a, "role"), json_object_get(b, "role"));
}

static bool
holds(const json_t *list, const json_t *item)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (json_equal(json_array_get(list, i), item))
            return true;
    }
    return false;
}

/* Items of a that b has not. */
static json_t *
lacking(const json_t *a, const json_t *b)
{
    json_t *out = json_array();
    for (size_t i = 0; out && i < json_array_size(a); i++) {
        json_t *item = json_array_get(a, i);
        if (!holds(b, item) && json_array_append(out, item) != 0) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* Takes over from and to; NULL ones are left out. */
static bool
add_change(struct diff *d, const char *kind, const json_t *at, json_t *from, json_t *to)
{
    json_t *one =
        json_pack("{s:s, s:O, s:O, s:o*, s:o*}", "kind", kind, "pcr", json_object_get(at, "pcr"),
                  "role", json_object_get(at, "role"), "from", from, "to", to);
    return one && json_array_append_new(d->changes, one) == 0;
}

/* What differs of a component, without what is the same. */
static json_t *
difference(const json_t *of, const json_t *than)
{
    json_t *out = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)of, key, value)
    {
        const json_t *other = json_object_get(than, key);
        json_t *kept = NULL;
        if (json_equal(value, other))
            continue;
        if (text_equal(key, "values"))
            kept = lacking(value, other);
        else
            kept = json_incref(value);
        if (!out || json_object_set_new(out, key, kept) != 0) {
            json_decref(out);
            return NULL;
        }
    }
    return out;
}

/* The next one after *at of that place which is not taken; NULL when there is none. */
static const json_t *
next_free(const json_t *list, const bool *taken, const json_t *place, size_t *at)
{
    for (; *at < json_array_size(list); (*at)++) {
        const json_t *one = json_array_get(list, *at);
        if (!taken[*at] && same_place(one, place))
            return one;
    }
    return NULL;
}

/* Equal components are taken first; matched[i] is the number of b's, one more, or 0. */
static void
match_equal(const json_t *a, const json_t *b, size_t *matched, bool *taken)
{
    for (size_t i = 0; i < json_array_size(a); i++) {
        const json_t *one = json_array_get(a, i);
        for (size_t k = 0; next_free(b, taken, one, &k); k++) {
            if (!json_equal(one, json_array_get(b, k)))
                continue;
            matched[i] = k + 1;
            taken[k] = true;
            break;
        }
    }
}

/* In one PCR what was kept stands as it stood. */
static bool
note_order(struct diff *d, const json_t *a, const size_t *matched)
{
    for (int pcr = 0; pcr < (int)LIMIT_PCRS; pcr++) {
        size_t last = 0;
        bool moved = false;
        for (size_t i = 0; i < json_array_size(a); i++) {
            if (json_integer_value(json_object_get(json_array_get(a, i), "pcr")) != pcr ||
                matched[i] == 0)
                continue;
            moved = moved || matched[i] < last;
            last = matched[i];
        }
        if (moved && json_array_append_new(d->order, json_integer(pcr)) != 0)
            return false;
    }
    return true;
}

static bool
compare_components(struct diff *d, const json_t *a, const json_t *b, size_t *matched, bool *taken)
{
    match_equal(a, b, matched, taken);
    bool ok = note_order(d, a, matched);
    for (size_t i = 0; ok && i < json_array_size(a); i++) {
        const json_t *one = json_array_get(a, i);
        size_t k = 0;
        if (matched[i] > 0)
            continue;
        const json_t *other = next_free(b, taken, one, &k);
        if (!other) {
            ok = add_change(d, "removed", one, json_deep_copy(one), NULL);
            continue;
        }
        taken[k] = true;
        ok = add_change(d, "changed", one, difference(one, other), difference(other, one));
    }
    for (size_t k = 0; ok && k < json_array_size(b); k++) {
        const json_t *one = json_array_get(b, k);
        if (!taken[k])
            ok = add_change(d, "added", one, NULL, json_deep_copy(one));
    }
    return ok;
}

/* ---- the rest ---- */

static bool
compare_members(struct diff *d)
{
    static const char *const members[] = {"id", "version", "description", "platform", "generation"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        json_t *a = json_object_get(d->from, members[i]);
        json_t *b = json_object_get(d->to, members[i]);
        if ((!a && !b) || json_equal(a, b))
            continue;
        json_t *one = json_pack("{s:s, s:O*, s:O*}", "member", members[i], "from", a, "to", b);
        if (json_array_append_new(d->members, one) != 0)
            return false;
    }
    return true;
}

/* Texts of a list, each once, that the other has not; lists may be long. */
static json_t *
lacking_texts(const json_t *a, const json_t *b)
{
    json_auto_t *known = json_object();
    json_t *out = json_array();
    bool ok = known && out;
    for (size_t i = 0; ok && i < json_array_size(b); i++)
        ok = json_object_set_new(known, json_string_value(json_array_get(b, i)), json_true()) == 0;
    for (size_t i = 0; ok && i < json_array_size(a); i++) {
        json_t *text = json_array_get(a, i);
        if (!json_object_get(known, json_string_value(text)))
            ok = json_array_append(out, text) == 0;
    }
    if (ok)
        return out;
    json_decref(out);
    return NULL;
}

static enum status
compare(struct diff *d)
{
    const json_t *a = json_object_get(d->from, "components");
    const json_t *b = json_object_get(d->to, "components");
    CLEANUP(free_charp) char *matched = calloc(json_array_size(a) + 1, sizeof(size_t));
    CLEANUP(free_charp) char *taken = calloc(json_array_size(b) + 1, sizeof(bool));
    d->members = json_array();
    d->changes = json_array();
    d->order = json_array();
    d->lines_added = lacking_texts(json_object_get(d->to, "command_lines"),
                                   json_object_get(d->from, "command_lines"));
    d->lines_removed = lacking_texts(json_object_get(d->from, "command_lines"),
                                     json_object_get(d->to, "command_lines"));
    d->files_added =
        lacking_texts(json_object_get(d->to, "files"), json_object_get(d->from, "files"));
    d->files_removed =
        lacking_texts(json_object_get(d->from, "files"), json_object_get(d->to, "files"));
    bool ok = matched && taken && d->members && d->changes && d->order && d->lines_added &&
              d->lines_removed && d->files_added && d->files_removed;
    ok = ok && compare_members(d) &&
         compare_components(d, a, b, (size_t *)(void *)matched, (bool *)(void *)taken);
    return ok ? STATUS_OK : STATUS_NOMEM;
}

/* The same boots pass under both: what the set is called does not count. */
static bool
is_same(const struct diff *d)
{
    return json_array_size(d->changes) + json_array_size(d->order) +
               json_array_size(d->lines_added) + json_array_size(d->lines_removed) +
               json_array_size(d->files_added) + json_array_size(d->files_removed) ==
           0;
}

/* ---- words ---- */

static void
append_value(struct buffer *out, const json_t *value)
{
    const char *hex = json_string_value(json_object_get(value, "sha256"));
    const char *name = json_string_value(json_object_get(value, "name"));
    const char *status = json_string_value(json_object_get(value, "status"));
    if (!hex)
        hex = json_string_value(json_object_get(value, "sha384"));
    if (json_is_true(json_object_get(value, "any")))
        buffer_append_text(out, "any digest");
    else
        buffer_append_format(out, "%.*s", HEX_SHOWN, hex ? hex : "another algorithm");
    if (name)
        buffer_append_format(out, " (%.80s)", name);
    if (status)
        buffer_append_format(out, " [%s]", status);
}

/* "values a, b; count [1,2]" of one side of a change. */
static void
append_side(struct buffer *out, const json_t *side)
{
    const json_t *values = json_object_get(side, "values");
    const char *key;
    json_t *value;
    bool first = true;
    for (size_t i = 0; i < json_array_size(values); i++) {
        buffer_append_text(out, i > 0 ? ", " : "");
        append_value(out, json_array_get(values, i));
        first = false;
    }
    json_object_foreach((json_t *)(uintptr_t)side, key, value)
    {
        if (text_equal(key, "values") || text_equal(key, "role") || text_equal(key, "pcr"))
            continue;
        CLEANUP(free_charp) char *shown = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        buffer_append_format(out, "%s%s %s", first ? "" : "; ", key, shown ? shown : "");
        first = false;
    }
    if (first)
        buffer_append_text(out, "nothing of its own");
}

static void
append_change(struct buffer *out, const json_t *change)
{
    const json_t *from = json_object_get(change, "from");
    const json_t *to = json_object_get(change, "to");
    buffer_append_format(out,
                         "  %-8s PCR %d %s: ", json_string_value(json_object_get(change, "kind")),
                         (int)json_integer_value(json_object_get(change, "pcr")),
                         json_string_value(json_object_get(change, "role")));
    if (from)
        append_side(out, from);
    if (from && to)
        buffer_append_text(out, " -> ");
    if (to)
        append_side(out, to);
    buffer_append_text(out, "\n");
}

static void
append_texts(struct buffer *out, const char *what, const json_t *texts)
{
    for (size_t i = 0; i < json_array_size(texts); i++)
        buffer_append_format(out, "  %s: %s\n", what, json_string_value(json_array_get(texts, i)));
}

static void
append_members(struct buffer *out, const json_t *members)
{
    for (size_t i = 0; i < json_array_size(members); i++) {
        const json_t *one = json_array_get(members, i);
        const json_t *from = json_object_get(one, "from");
        const json_t *to = json_object_get(one, "to");
        CLEANUP(free_charp) char *a = from ? json_dumps(from, JSON_ENCODE_ANY) : NULL;
        CLEANUP(free_charp) char *b = to ? json_dumps(to, JSON_ENCODE_ANY) : NULL;
        buffer_append_format(out, "  %s: %s -> %s\n",
                             json_string_value(json_object_get(one, "member")), a ? a : "none",
                             b ? b : "none");
    }
}

static enum status
append_words(const struct diff *d, struct buffer *out)
{
    append_members(out, d->members);
    for (size_t i = 0; i < json_array_size(d->changes); i++)
        append_change(out, json_array_get(d->changes, i));
    for (size_t i = 0; i < json_array_size(d->order); i++)
        buffer_append_format(out, "  order    PCR %d: what both have stands in another order\n",
                             (int)json_integer_value(json_array_get(d->order, i)));
    append_texts(out, "command line removed", d->lines_removed);
    append_texts(out, "command line added", d->lines_added);
    if (json_array_size(d->files_added) + json_array_size(d->files_removed) > 0)
        buffer_append_format(out, "  files: %zu added, %zu removed\n",
                             json_array_size(d->files_added), json_array_size(d->files_removed));
    buffer_append_text(out, is_same(d) ? "the same boots pass under both\n"
                                       : "other boots pass under the second\n");
    return buffer_check(out);
}

static enum status
append_json(const struct diff *d, struct buffer *out)
{
    json_auto_t *report =
        json_pack("{s:b, s:O, s:O, s:O, s:{s:O, s:O}, s:{s:O, s:O}}", "same", is_same(d), "members",
                  d->members, "components", d->changes, "order", d->order, "command_lines", "added",
                  d->lines_added, "removed", d->lines_removed, "files", "added", d->files_added,
                  "removed", d->files_removed);
    CLEANUP(free_charp) char *text = report ? json_dumps(report, JSON_INDENT(2)) : NULL;
    if (!text)
        return STATUS_NOMEM;
    buffer_append_text(out, text);
    buffer_append_text(out, "\n");
    return buffer_check(out);
}

static int
run_diff(struct context *c)
{
    CLEANUP(clear) struct diff d = {0};
    CLEANUP(buffer_free) struct buffer out = {0};
    struct diag diag = {0};
    const char *path = c->arguments[0];
    enum status s = load(path, &d.from, &diag);
    if (s == STATUS_OK) {
        path = c->arguments[1];
        s = load(path, &d.to, &diag);
    }
    if (s == STATUS_OK)
        s = compare(&d);
    if (s == STATUS_OK)
        s = c->json ? append_json(&d, &out) : append_words(&d, &out);
    if (s != STATUS_OK) {
        (void)command_fail_in(path, s, &diag);
        return EXIT_USAGE; /* EXIT_NO says that they differ */
    }
    bool written = fwrite(out.data, 1, out.size, stdout) == out.size && fflush(stdout) == 0;
    if (!written)
        return command_fail(STATUS_IO, NULL);
    return is_same(&d) ? EXIT_YES : EXIT_NO;
}

const struct command diff_commands[] = {
    {"reference", "diff", "OLD NEW", 2, 2, "say what differs between two reference sets", run_diff,
     "json"},
};
const size_t diff_n_commands = sizeof diff_commands / sizeof *diff_commands;
