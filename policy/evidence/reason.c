/* SPDX-License-Identifier: Apache-2.0 */
/* from: what a check found; to: a list of coded findings and lines for people; never: keeps a
 * peer's bytes unescaped, fails a caller. */
#include "evidence/reason.h"

#include "base/alg.h"
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ITEMS 8u
#define CUT         "..."
#define CUT_SIZE    3u /* of CUT, without its NUL */

struct row {
    const char *code;
    const char *sentence;
    enum reason_kind kind;
};

static const struct row rows[REASON_COUNT] = {
    [REASON_NONE] = {"none", "nothing was found", REASON_KIND_REASON},
#define REASON_ROW(constant, code, kind, sentence) [constant] = {code, sentence, kind},
    REASON_LIST(REASON_ROW)
#undef REASON_ROW
};

static const char *const log_names[] = {
    [REASON_LOG_NONE] = "none",
    [REASON_LOG_BOOT] = "boot",
    [REASON_LOG_IMA] = "ima",
    [REASON_LOG_USERSPACE] = "userspace",
};

static const struct row *
row_of(enum reason_code code)
{
    return (unsigned)code < REASON_COUNT ? &rows[code] : NULL;
}

/* Room for one more item; false when there is no memory. */
static bool
grow(struct reasons *list)
{
    if (list->n_items < list->n_room)
        return true;
    size_t n_room = list->n_room == 0 ? FIRST_ITEMS : list->n_room * 2;
    struct reason *items = realloc(list->items, n_room * sizeof *items);
    if (!items)
        return false;
    list->items = items;
    list->n_room = n_room;
    return true;
}

/* The place of the next item, or the scratch item. */
static struct reason *
take_place(struct reasons *list)
{
    if (list->n_items >= LIMIT_REASONS) {
        list->n_dropped++;
        return &list->scratch;
    }
    if (!grow(list)) {
        list->failed = true;
        return &list->scratch;
    }
    return &list->items[list->n_items++];
}

struct reason *
reasons_add_at(struct reasons *list, enum reason_code code, enum reason_log log, int32_t pcr,
               int64_t event)
{
    struct reason *r = take_place(list);
    *r = (struct reason){.code = code, .log = log, .pcr = pcr, .event = event};
    return r;
}

struct reason *
reasons_add(struct reasons *list, enum reason_code code)
{
    return reasons_add_at(list, code, REASON_LOG_NONE, REASON_NO_PCR, REASON_NO_EVENT);
}

static bool
is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < ' ' || *text > '~')
            return false;
    }
    return true;
}

/* Text of ours into out, so that a field is always one line of ASCII: plain text as it stands (it
 * may have been escaped before), any other escaped here. */
static void
set_text(char *out, size_t out_size, const char *text)
{
    if (!text || !is_plain(text))
        (void)text_escape(bytes_of_text(text), out, out_size);
    else if (!text_copy(out, out_size, text))
        (void)text_copy(out + out_size - 1 - CUT_SIZE, CUT_SIZE + 1, CUT);
}

static void
set_hex(char *out, size_t out_size, struct bytes digest)
{
    size_t n_shown = (out_size - 1) / 2;
    if (digest.size <= n_shown) {
        (void)text_hex(digest, out, out_size);
        return;
    }
    n_shown = (out_size - 1 - CUT_SIZE) / 2;
    (void)text_hex(bytes_slice(digest, 0, n_shown), out, out_size);
    (void)text_copy(out + 2 * n_shown, out_size - 2 * n_shown, CUT);
}

void
reason_set_what(struct reason *r, const char *what)
{
    set_text(r->what, sizeof r->what, what);
}

void
reason_set_expected(struct reason *r, const char *text)
{
    set_text(r->expected, sizeof r->expected, text);
}

void
reason_set_found(struct reason *r, const char *text)
{
    set_text(r->found, sizeof r->found, text);
}

void
reason_set_expected_hex(struct reason *r, struct bytes digest)
{
    set_hex(r->expected, sizeof r->expected, digest);
}

void
reason_set_found_hex(struct reason *r, struct bytes digest)
{
    set_hex(r->found, sizeof r->found, digest);
}

void
reason_set_found_escaped(struct reason *r, struct bytes claimed)
{
    (void)text_escape(claimed, r->found, sizeof r->found);
}

const struct reason *
reasons_find(const struct reasons *list, enum reason_code code)
{
    for (size_t i = 0; i < list->n_items; i++) {
        if (list->items[i].code == code)
            return &list->items[i];
    }
    return NULL;
}

void
reasons_append(struct reasons *list, const struct reasons *from)
{
    assert(list != from);
    for (size_t i = 0; i < from->n_items; i++)
        *take_place(list) = from->items[i];
    list->n_dropped += from->n_dropped;
    list->failed = list->failed || from->failed;
}

void
reasons_free(struct reasons *list)
{
    free(list->items);
    *list = (struct reasons){0};
}

const char *
reason_code_name(enum reason_code code)
{
    const struct row *row = row_of(code);
    return row ? row->code : "unknown";
}

enum reason_code
reason_code_parse(const char *name)
{
    for (size_t i = REASON_NONE + 1; name && i < REASON_COUNT; i++) {
        if (text_equal(rows[i].code, name))
            return (enum reason_code)i;
    }
    return REASON_NONE;
}

enum reason_kind
reason_code_kind(enum reason_code code)
{
    const struct row *row = row_of(code);
    return row ? row->kind : REASON_KIND_REASON;
}

const char *
reason_code_sentence(enum reason_code code)
{
    const struct row *row = row_of(code);
    return row ? row->sentence : "a code that this version does not know";
}

const char *
reason_log_name(enum reason_log log)
{
    return (unsigned)log < sizeof log_names / sizeof log_names[0] ? log_names[log] : "unknown";
}

/* " (kernel, PCR 4, sha256, boot log event 12)" of what is set. */
static void
append_place(const struct reason *r, struct buffer *out)
{
    const char *before = " (";
    if (r->what[0] != '\0') {
        buffer_append_format(out, "%s%s", before, r->what);
        before = ", ";
    }
    if (r->pcr != REASON_NO_PCR) {
        buffer_append_format(out, "%sPCR %" PRId32, before, r->pcr);
        before = ", ";
    }
    if (r->bank != 0) {
        buffer_append_format(out, "%s%s", before, alg_name(r->bank));
        before = ", ";
    }
    if (r->log != REASON_LOG_NONE) {
        buffer_append_format(out, "%s%s log", before, reason_log_name(r->log));
        before = ", ";
    }
    if (r->event != REASON_NO_EVENT) {
        buffer_append_format(out, "%sevent %" PRId64, before, r->event);
        before = ", ";
    }
    if (before[0] == ',')
        buffer_append_text(out, ")");
}

void
reason_append_text(const struct reason *r, struct buffer *out)
{
    buffer_append_text(out, reason_code_name(r->code));
    append_place(r, out);
    buffer_append_format(out, ": %s", reason_code_sentence(r->code));
    if (r->expected[0] != '\0')
        buffer_append_format(out, "; expected %s", r->expected);
    if (r->found[0] != '\0')
        buffer_append_format(out, "; found %s", r->found);
    if (r->found[0] != '\0' && r->log != REASON_LOG_NONE && !r->bound)
        buffer_append_text(out, " (claimed only)");
}
